"""Word at a time: all speak as one, a word each; the room plays the sentence (game 5)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import WORD_MS, GameContext, Mood, give
from games.measures import is_one_word_long
from games.round import Round, RoundFact, Take, TurnGiven

# A sentence may end from here on.
SHORTEST_TAKES = 4
ASK = {
    "en": "{theme} … next word. “Stop” ends it.",
    "de": "{theme} … nächstes Wort. „Punkt“ beendet.",
}


class WordAtATime(Chain):
    """One-word takes that make one sentence when played in a row."""

    id = "word_at_a_time"
    names = {"en": "Word at a time", "de": "Wort für Wort"}
    short = {"en": "A story, one word each", "de": "Eine Geschichte, reihum ein Wort"}
    rules = {
        "en": "Tell it together, one word each. Say the word that has to come.",
        "de": "Erzählt zusammen, jeder ein Wort. Sag das Wort, das kommen muss.",
    }
    kinds = ("wonder", "roleplay", "healing")
    seconds = 30
    mood: Mood = "story"
    pack = "openings"
    takes = 12
    counted = False
    words_decide = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Show the sentence so far, as far as it is known."""
        words = " ".join(take.text for take in round_.takes[-6:] if take.text)
        return f"{theme(round_)} … {words} …" if words else ASK[context.language].format(theme=theme(round_))

    def turn(self, round_: Round, context: GameContext, voice: str | None) -> TurnGiven:
        """Ask for one word."""
        return give(round_, context, self.ask(round_, context), voice, max_words=1, limit_ms=WORD_MS)

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """End at a full stop."""
        last = round_.takes[-1].words if len(round_.takes) >= SHORTEST_TAKES else None
        stopped = last is not None and set(last) & referee.tongue(context).stops
        return None if stopped else super().next(round_, context)

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault more than one word, by the length of the take."""
        long = not is_one_word_long(take, round_.tempo)
        return referee.verdict(round_, take, context, "too_long") if long else []

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault more than one word."""
        stops = referee.tongue(context).stops
        words = tuple(word for word in take.words or () if word not in stops and word != "full")
        return referee.verdict(round_, take, context, "too_long") if len(words) > 1 else []
