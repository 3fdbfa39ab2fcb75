"""Wrong names: five things, one after the other; call each what it is not (Johnstone; game 2)."""

from __future__ import annotations

from games import referee
from games.chain import theme
from games.game import GameContext, Mood, Setup, fresh, give
from games.line_up import LineUp
from games.round import Round, RoundFact, RoundOpened, Take, TurnGiven, opened
from games.words import tokens

THINGS = 5
THING_MS = 1_500
ASK = {"en": "Call each thing what it is not.", "de": "Nenn jedes Ding, wie es nicht heißt."}


class WrongNames(LineUp):
    """One take of five nouns, none of them true."""

    id = "wrong_names"
    names = {"en": "Wrong names", "de": "Falsche Namen"}
    short = {"en": "Call things what they aren't", "de": "Nenn alles falsch"}
    rules = {
        "en": "Five things appear, one after the other. Call each something that it is not.",
        "de": "Fünf Dinge erscheinen nacheinander. Nenn jedes so, wie es nicht heißt.",
    }
    kinds = ("wonder", "humour")
    seconds = 15
    mood: Mood = "silly"
    pack = "objects"
    voted = False

    def open(self, setup: Setup) -> RoundOpened:
        """Draw five things; the scene remembers them in order."""
        opening = self.opening(setup, setup.context.draw(self.pack))
        things = [theme(opened(opening, setup.context.now_ms))]
        while len(things) < THINGS:
            thing = setup.context.draw(self.pack).text
            things += [thing] if thing not in things or len(things) > 3 else []
        return self.opening(setup, opening.prompt, scene=", ".join(things))

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Ask for the names; the things are shown one after the other over the window."""
        if round_.turns:
            return None
        things = tuple(round_.scene.split(", ")) if round_.scene else (fresh(context, self.pack, round_),)
        window_ms = THINGS * THING_MS * (2 if round_.tempo == "slow" else 1)
        return give(round_, context, ASK[context.language], window_ms=window_ms, steps=things)

    def judge(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Fault a pause."""
        return referee.hesitation(round_, take, context)

    def judge_words(self, round_: Round, take: Take, context: GameContext) -> list[RoundFact]:
        """Catch a true name and a repeat; then count."""
        lies = referee.forbidden(round_, take, context, tokens(round_.scene), "true_name")
        return (
            lies
            or referee.repetition(round_, take, context)
            or referee.at_least(round_, take, context, THINGS)
        )
