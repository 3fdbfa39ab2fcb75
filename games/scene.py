"""Scene: who, where, what, and a wish that only its player knows; now and then the narrator adds a twist."""

from __future__ import annotations

from games.chain import Chain
from games.game import GameContext, Mood, Setup, TurnOrder, give
from games.round import Ending, Prompt, RoleGiven, Round, RoundFact, RoundOpened, TurnGiven

TAKES = 10
# The narrator throws something in when this much time has gone by since the last time.
TWIST_EVERY_MS = 25_000
ASK = {
    "en": "Go on. Accept what was said, and add to it.",
    "de": "Weiter. Nimm an, was war, und gib etwas dazu.",
}
START = {"en": "Begin!", "de": "Fang an!"}
TWIST = {"en": "Suddenly: {twist}", "de": "Plötzlich: {twist}"}


class ScenePlay(Chain):
    """A scene of ten lines, played as one piece at the end."""

    id = "scene"
    names = {"en": "Scene", "de": "Szene"}
    short = {"en": "Be somebody with a secret", "de": "Sei jemand mit einem Geheimnis"}
    rules = {
        "en": "You are somebody, somewhere, with a secret wish. Take turns; accept every offer.",
        "de": "Du bist jemand, irgendwo, mit einem geheimen Wunsch. Reihum; nimm jedes Angebot an.",
    }
    kinds = ("roleplay",)
    seconds = 80
    mood: Mood = "story"
    turns: TurnOrder = "chain"
    takes = TAKES
    finale: Ending = "secrets"

    def open(self, setup: Setup) -> RoundOpened:
        """Make up where it is and what is the matter."""
        where, what = setup.context.draw("scene_where"), setup.context.draw("scene_what")
        text = f"{where.text} {what.text}"
        return self.opening(setup, Prompt(where.id, text), scene=text)

    def roles(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Tell each player who they are and what they want."""
        facts: list[RoundFact] = []
        for voice in round_.players:
            facts.append(_role(round_, voice, context, facts))
        return facts

    def joined(self, round_: Round, voice: str, context: GameContext) -> list[RoundFact]:
        """Tell a newcomer."""
        return [_role(round_, voice, context, list(round_.roles))]

    def turn(self, round_: Round, context: GameContext, voice: str | None) -> TurnGiven:
        """Go on, with a twist when it is time."""
        if not round_.turns:
            return give(round_, context, f"{round_.scene} {START[context.language]}", voice)
        twists = [turn.go_at_ms for turn in round_.turns if turn.role == "twist"]
        since_ms = twists[-1] if twists else round_.opened_at_ms
        if context.now_ms - since_ms < TWIST_EVERY_MS:
            return give(round_, context, ASK[context.language], voice)
        twist = TWIST[context.language].format(twist=context.draw("twists").text)
        return give(round_, context, twist, voice, role="twist", bell=True)


def _role(round_: Round, voice: str, context: GameContext, given: list[RoundFact]) -> RoleGiven:
    taken = {fact.role for fact in given if isinstance(fact, RoleGiven)}
    drawn = [context.draw("scene_who").text for _ in range(6)]
    who = next((role for role in drawn if role not in taken), drawn[0])
    return RoleGiven(round_.id, voice, who, context.draw("scene_wish").text)
