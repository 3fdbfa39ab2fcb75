"""Games in which everybody answers at once and the room then says which line it loved."""

from __future__ import annotations

from games import referee
from games.chain import theme
from games.endings import crowned, staged, with_twins
from games.game import GameContext, Play, ballot, give
from games.round import Ending, Round, RoundFact, TurnGiven

# So many takes are heard again and voted for: more cannot be told apart.
STAGED_TAKES = 8
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
        return vote(round_, context, self.vote_on(round_, context))

    def told(self, round_: Round) -> Ending:
        """Tell of votes when there was one."""
        return "votes" if any(turn.act == "vote" for turn in round_.turns) else "plain"

    def winners(self, round_: Round) -> tuple[str, ...]:
        """Return the best liked of what was staged, with those who said the same."""
        return with_twins(round_, crowned(round_, staged(round_)))

    def ending(self, round_: Round, context: GameContext) -> list[RoundFact]:
        """Name the favourite."""
        return referee.loved(round_, context)


def vote(round_: Round, context: GameContext, prompt: str) -> TurnGiven:
    """Return a turn to vote for what is staged."""
    clips = on_stage(round_, context)
    return ballot(round_, context, prompt, clips=clips)


def on_stage(round_: Round, context: GameContext) -> tuple[str, ...]:
    """Return the takes that are staged, by lot; voices that were missed the last time come first."""
    lots = {take.clip: (take.voice not in context.missed, context.random.random()) for take in round_.takes}
    chosen = sorted(lots, key=lambda clip: lots[clip])[:STAGED_TAKES]
    return tuple(clip for clip in lots if clip in chosen)
