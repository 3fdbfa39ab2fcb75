"""Same line, new feeling: four plain words in a feeling that the others guess (game 22)."""

from __future__ import annotations

from games.game import GameContext, Mood, Setup
from games.riddle import Riddle
from games.round import Prompt, Round, RoundOpened

TELL = {"en": "{line} Which feeling is it?", "de": "{line} Welches Gefühl ist es?"}


class SameLine(Riddle):
    """The line is public, the feeling is its player's secret."""

    id = "same_line"
    names = {"en": "Same line, new feeling", "de": "Gleicher Satz, neues Gefühl"}
    short = {"en": "Which feeling was it?", "de": "Welches Gefühl war es?"}
    rules = {
        "en": "One says the line in a secret feeling. The others say which.",
        "de": "Jemand sagt den Satz in einem geheimen Gefühl. Die anderen raten, in welchem.",
    }
    kinds = ("roleplay", "healing", "humour")
    seconds = 30
    mood: Mood = "clever"
    pack = "feelings"
    guess = {"en": "Which feeling was it?", "de": "Welches Gefühl war es?"}

    def open(self, setup: Setup) -> RoundOpened:
        """Show the line, keep the feeling."""
        card = setup.context.draw(self.pack)
        line, feeling = parted(card.text)
        return self.opening(setup, Prompt(card.id, line), answer=feeling)

    def telling(self, round_: Round, context: GameContext) -> str:
        """Show the line to all."""
        return TELL[context.language].format(line=round_.prompt.text if round_.prompt else "")


def parted(text: str) -> tuple[str, str]:
    """Return the quoted line and the feeling behind it."""
    end = max(text.rfind('"'), text.rfind("“"), text.rfind("”"))
    return text[: end + 1].strip(), text[end + 1 :].strip(" .")
