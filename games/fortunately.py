"""Fortunately, unfortunately: a story that turns with every line (game 6)."""

from __future__ import annotations

from games import referee
from games.chain import Chain, theme
from games.game import GameContext, Mood
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
    short = {"en": "Good luck, then bad luck", "de": "Erst Glück, dann Pech"}
    rules = {
        "en": "Take turns: “Fortunately …”, then “Unfortunately …”. One fact a line.",
        "de": "Reihum: „Zum Glück …“, dann „Leider …“. Eine Tatsache pro Satz.",
    }
    kinds = ("topic", "local", "humour")
    seconds = 45
    mood: Mood = "story"
    pack = "scenes"
    staged = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Give the first words, and what it is about at the start."""
        start = ASK[context.language][len(round_.takes) % 2]
        return start if round_.takes else f"{theme(round_)} {start}"

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a line with other first words, or with too many."""
        turn, tongue = round_.turn_of(take), referee.tongue(context)
        said = " ".join(tongue.opening(tokens(take.text or "")))
        for start, luck in zip(ASK[context.language], (tongue.luck, tongue.bad_luck), strict=True):
            if turn is not None and turn.prompt.endswith(start) and not said.startswith(luck):
                return referee.verdict(round_, take, context, "start_with", word=start)
        too_long = len(take.words or ()) > WORDS_LIMIT
        return referee.verdict(round_, take, context, "too_wordy") if too_long else []
