"""Word association: hear the last word, say one word, without a thought (Jung 1904; game 1)."""

from __future__ import annotations

from games import referee
from games.first_thing import EVERYWHERE
from games.game import WORD_MS, GameContext, Play, TurnOrder, give, player
from games.measures import is_one_word_long, last_word
from games.progress import is_taken
from games.round import Ending, Round, RoundFact, Take, TurnGiven

HEARD = {
    "en": "Say the first word for what you just heard.",
    "de": "Sag das erste Wort zu dem, was du hörst.",
}


class WordAssociation(Play):
    """A chain of single words through all players, in turn."""

    id = "word_association"
    names = {"en": "Word association", "de": "Wortkette"}
    short = {"en": "One word, never think", "de": "Ein Wort, nie nachdenken"}
    rules = {
        "en": "You hear a word. Say one word: the first that comes. Never think.",
        "de": "Du hörst ein Wort. Sag ein Wort: das erste, das kommt. Denk nie nach.",
    }
    turns: TurnOrder = "chain"
    kinds = EVERYWHERE
    seconds = 20
    pack = "word_association"
    takes = 8
    joined_replay = True
    finale: Ending = "chain"
    words_decide = True
    compares = True

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return who comes after in the rota."""
        return player(round_, context) if round_.turn and round_.turn.voice else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Pass the chain on: with the word itself when it is known, else by ear."""
        if len(round_.takes) >= self.takes:
            return None
        last = round_.takes[-1] if round_.takes else None
        start = round_.prompt.text if round_.prompt else ""
        prompt = (last_word(last) or HEARD[context.language]) if last else start
        return give(round_, context, prompt, player(round_, context), max_words=1, limit_ms=WORD_MS)

    def is_full(self, round_: Round) -> bool:
        """Want one word, also when anybody may say it."""
        return is_taken(round_)

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault more than one word, by the length of the take."""
        if is_one_word_long(take, round_.tempo):
            return []
        return referee.verdict(round_, take, context, "too_long")

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault more than one word, and a word that came before."""
        if len(take.words or ()) > 1:
            return referee.counted(round_, take, context, 1)
        return referee.said_before(round_, take, context)
