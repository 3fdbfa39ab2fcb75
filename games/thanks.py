"""Thanks: a round of appreciation, of things and of moments; nothing is judged."""

from __future__ import annotations

from games.chain import Chain, theme
from games.game import GameContext, Mood, fresh
from games.round import Round, Tempo


class Thanks(Chain):
    """One after the other thanks something."""

    id = "thanks"
    names = {"en": "Thank you", "de": "Danke"}
    short = {"en": "Thank something", "de": "Bedank dich für etwas"}
    rules = {
        "en": "Thank something, in one sentence. There is no hurry.",
        "de": "Bedank dich für etwas, in einem Satz. Es eilt nicht.",
    }
    kinds = ("healing",)
    seconds = 75
    mood: Mood = "calm"
    tempo: Tempo = "slow"
    pack = "thank_you"
    takes = 6
    least = 1

    def ask(self, round_: Round, context: GameContext) -> str:
        """Draw a reason to give thanks for each player."""
        return fresh(context, self.pack, round_) if round_.turns else theme(round_)
