"""Last word first: begin with the word that ended the line before (game 8)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood
from games.measures import last_word
from games.round import Round, RoundFact, Take

ASK = {"en": "Begin with: “{word}”", "de": "Fang an mit: „{word}“"}
HEARD = {"en": "Begin with the last word you heard.", "de": "Fang mit dem letzten Wort an, das du hörst."}


class LastWordFirst(Chain):
    """Lines that hang together by one word; what sounds alike passes."""

    id = "last_word_first"
    names = {"en": "Last word first", "de": "Letztes Wort zuerst"}
    short = {"en": "Begin with the last word", "de": "Fang mit dem letzten Wort an"}
    rules = {
        "en": "Begin your line with the last word of the line before.",
        "de": "Beginn deinen Satz mit dem letzten Wort des vorigen.",
    }
    kinds = ("language", "roleplay")
    seconds = 45
    mood: Mood = "clever"
    pack = "word_association"
    words_decide = True
    compares = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Show the word if it is known."""
        word = last_word(round_.takes[-1]) if round_.takes else theme(round_)
        return ASK[context.language].format(word=word) if word else HEARD[context.language]

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Compare both words by ear."""
        before, turn = round_.before(take), round_.turn_of(take)
        wanted = last_word(before[-1]) if before else theme(round_).casefold()
        said = take.words[0] if take.words else ""
        if not wanted or referee.tongue(context).sounds_like(said, wanted):
            return []
        # A turn between them was silent, or its line was taken back: then what was asked for decides.
        if take.turn - (before[-1].turn if before else 0) > 1 and not (
            turn and wanted in turn.prompt.casefold()
        ):
            return []
        return referee.verdict(round_, take, context, "start_with", word=wanted)
