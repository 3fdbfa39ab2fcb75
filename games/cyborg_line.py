"""Cyborg line: a stranger sends a line; say it and make sense of it (game 25)."""

from __future__ import annotations

from games import referee
from games.chain import theme
from games.game import GameContext, Mood, Setup
from games.line_up import LineUp
from games.round import Prompt, Round, RoundFact, RoundOpened, Take
from games.words import tokens

# So much of the line must be heard in the take.
HEARD_SHARE = 0.6
ASK = {"en": "Say it, and say why: “{line}”", "de": "Sag es, und sag warum: „{line}“"}


class CyborgLine(LineUp):
    """Everybody says the same strange line and justifies it."""

    id = "cyborg_line"
    names = {"en": "Line from a stranger", "de": "Satz von Fremden"}
    short = {"en": "Say it, make sense of it", "de": "Sag es und begründe es"}
    rules = {
        "en": "A strange line arrives. Say it as your own and make sense of it.",
        "de": "Ein fremder Satz kommt an. Sag ihn wie deinen eigenen und begründe ihn.",
    }
    kinds = ("roleplay", "wonder")
    seconds = 25
    mood: Mood = "silly"
    pack = "lines"

    def open(self, setup: Setup) -> RoundOpened:
        """Deliver the line."""
        line = setup.context.draw(self.pack)
        text = ASK[setup.context.language].format(line=line.text)
        return self.opening(setup, Prompt(line.id, text), scene=line.text)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Look for the line."""
        line = tokens(round_.scene or theme(round_))
        heard = sum(word in set(take.words or ()) for word in line)
        return [] if heard >= HEARD_SHARE * len(line) else referee.verdict(round_, take, context, "no_line")
