"""World's worst: one line from the worst of its trade (game 16)."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Mood
from games.line_up import LineUp
from games.round import Round, RoundFact, Take


class WorldWorst(LineUp):
    """One line each, no joke twice."""

    id = "world_worst"
    names = {"en": "World's worst", "de": "So schlecht wie niemand"}
    short = {"en": "Be the worst, one line", "de": "Ein Satz, so schlecht es geht"}
    rules = {
        "en": "Be the worst there ever was. One line. Then vote.",
        "de": "Sei schlechter als alle zuvor. Ein Satz. Dann stimmt ab.",
    }
    kinds = ("humour", "arena")
    seconds = 25
    mood: Mood = "silly"
    pack = "world_worst"
    compares = True

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a line that somebody said before."""
        return referee.old_joke(round_, take, context)
