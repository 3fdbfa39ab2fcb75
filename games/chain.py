"""Games in which one after the other speaks: a set number of takes, whoever of the players is here."""

from __future__ import annotations

from games.game import GameContext, Play, TurnOrder, give, player
from games.progress import is_taken
from games.round import Ending, Round, TurnGiven


class Chain(Play):
    """A chain of takes. A game says `ask`, and perhaps more about each turn."""

    turns: TurnOrder = "chain"
    takes = 8
    least = 2
    seconds = 40
    joined_replay = True
    finale: Ending = "chain"

    def ask(self, round_: Round, context: GameContext) -> str:
        """Return what the next speaker sees."""
        raise NotImplementedError

    def turn(self, round_: Round, context: GameContext, voice: str | None) -> TurnGiven:
        """Return the next turn."""
        return give(round_, context, self.ask(round_, context), voice)

    def follower(self, round_: Round, context: GameContext) -> str | None:
        """Return who comes after in the rota."""
        return player(round_, context) if round_.turn and round_.turn.voice else None

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Pass the chain on until it is long enough."""
        if len(round_.takes) >= self.takes:
            return None
        return self.turn(round_, context, player(round_, context))

    def is_full(self, round_: Round) -> bool:
        """Want one take, also when anybody may speak."""
        return is_taken(round_)


def theme(round_: Round) -> str:
    """Return the words that the round is about."""
    return round_.prompt.text if round_.prompt else ""
