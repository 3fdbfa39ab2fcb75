"""Games in which everybody answers at once and the room then says which line it loved."""

from __future__ import annotations

from games import referee
from games.chain import theme
from games.game import GameContext, Play, ballot, give
from games.round import Round, RoundFact, TurnGiven

VOTE = {"en": "Which one? Vote!", "de": "Welche? Stimmt ab!"}


class LineUp(Play):
    """One turn for all, a vote when there is something to choose from, and the favourite."""

    takes = 1
    limit_ms = 0
    window_ms: int | None = None
    voted = True

    def ask(self, round_: Round, context: GameContext) -> str:
        """Return what everybody sees."""
        return theme(round_)

    def vote_on(self, round_: Round, context: GameContext) -> str:
        """Return what is shown while the room votes."""
        return VOTE[context.language]

    def next(self, round_: Round, context: GameContext) -> TurnGiven | None:
        """Ask all, then let them vote."""
        if not round_.turns:
            return give(
                round_,
                context,
                self.ask(round_, context),
                window_ms=self.window_ms,
                limit_ms=self.limit_ms,
                hidden=self.hidden,
            )
        if round_.turns[-1].act == "vote" or len(round_.takes) < 2 or not (self.voted and context.scored):
            return None
        return ballot(round_, context, self.vote_on(round_, context))

    def ending(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Name the favourite."""
        return referee.loved(round_, context)
