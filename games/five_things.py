"""Five things: a category, and five of it before you can think (game 3)."""

from __future__ import annotations

from games import referee
from games.game import GameContext
from games.line_up import LineUp
from games.round import Round, RoundFact, Take

THINGS = 5


class FiveThings(LineUp):
    """One take with a list of five; quick and sure counts, right does not."""

    id = "five_things"
    names = {"en": "Five things", "de": "Fünf Dinge"}
    short = {"en": "Name five, fast", "de": "Nenn fünf, schnell"}
    rules = {
        "en": "Name five. Quick and sure counts; true does not.",
        "de": "Nenn fünf. Schnell und sicher zählt, wahr nicht.",
    }
    kinds = ("wonder", "topic", "roleplay")
    seconds = 15
    pack = "categories"
    voted = False

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a pause."""
        return referee.hesitation(round_, take, context)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Count the things."""
        return referee.at_least(round_, take, context, THINGS)
