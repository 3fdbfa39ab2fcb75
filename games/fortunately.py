"""Fortunately, unfortunately: a story that turns with every line (game 6)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext
from games.round import Round, RoundFact, Take
from games.words import tokens

WORDS_LIMIT = 15
ASK = {
    "en": ("Fortunately …", "Unfortunately …"),
    "de": ("Zum Glück …", "Leider …"),
}


class Fortunately(Chain):
    """Lines that begin with luck and bad luck by turns, one fact a line."""

    id = "fortunately"
    names = {"en": "Fortunately, unfortunately", "de": "Zum Glück, leider"}
    rules = {
        "en": "Take turns: “Fortunately …”, then “Unfortunately …”. One fact a line.",
        "de": "Reihum: „Zum Glück …“, dann „Leider …“. Eine Tatsache pro Satz.",
    }
    kinds = ("topic", "local", "humour")
    pack = "scenes"
    staged = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Give the first words, and what it is about at the start."""
        start = ASK[context.language][len(round_.takes) % 2]
        return start if round_.takes else f"{theme(round_)} {start}"

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Check the first words and the breath."""
        at = round_.takes.index(take) % 2 if take in round_.takes else 0
        tongue = referee.tongue(context)
        said = " ".join(tongue.opening(tokens(take.text or "")))
        if not said.startswith((tongue.luck, tongue.bad_luck)[at]):
            return referee.verdict(round_, take, context, "start_with", word=ASK[context.language][at])
        too_long = len(take.words or ()) > WORDS_LIMIT
        return referee.verdict(round_, take, context, "too_wordy") if too_long else []
