"""185 walk into a bar: the room says who; you say what happens (game 15)."""

from __future__ import annotations

from games import referee
from games.game import GameContext, Mood, Setup
from games.line_up import LineUp
from games.round import Prompt, Round, RoundFact, RoundOpened, Take

ASK = {"en": "185 {who} walk into a bar …", "de": "185 {who} kommen in eine Bar …"}


class WalkIntoABar(LineUp):
    """One punch line each."""

    id = "walk_into_a_bar"
    names = {"en": "185 walk into a bar", "de": "185 kommen in eine Bar"}
    short = {"en": "Finish the joke, badly", "de": "Beende den Witz, schlecht"}
    rules = {
        "en": "Finish the joke in one line. The worse the better. Then vote.",
        "de": "Beende den Witz in einem Satz. Je schlechter, desto besser. Dann stimmt ab.",
    }
    kinds = ("humour", "arena")
    seconds = 25
    mood: Mood = "silly"
    pack = "walk_into_a_bar"
    compares = True

    def open(self, setup: Setup) -> RoundOpened:
        """Say who walks in."""
        who = setup.context.draw(self.pack)
        return self.opening(setup, Prompt(who.id, ASK[setup.context.language].format(who=who.text)))

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a line that somebody said before."""
        return referee.old_joke(round_, take, context)
