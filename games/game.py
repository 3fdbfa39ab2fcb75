"""What a game is: four pure functions over a round, and the registry of all games."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from msgspec import Struct

from games.round import Prompt, Round, RoundClosed, RoundFact, Take, Tempo, TurnGiven

# Who speaks when: all at once, or one after the other.
TurnOrder = Literal["all", "chain"]
# How long a turn waits after its window: for takes on their way when nobody is speaking, and for
# those still being spoken (the longest clip) and uploaded when somebody is.
QUIET_GRACE_MS = 2_500
SPEAKING_GRACE_MS = 12_000


class Setup(Struct, frozen=True):
    """All that a game needs to begin; `draw` takes a prompt from a named pack, never a recent one."""

    round: str
    tempo: Tempo
    language: str
    players: tuple[str, ...]
    now_ms: int
    count_in_ms: int
    window_ms: int
    draw: Callable[[str], Prompt]


class Scene(Struct, frozen=True):
    """The moment in which a game is asked to go on."""

    now_ms: int
    language: str
    count_in_ms: int
    window_ms: int
    draw: Callable[[str], Prompt]


class Game(Protocol):
    """Rules of play. Everything is a function of its arguments."""

    id: str
    names: dict[str, str]
    rules: dict[str, str]
    turns: TurnOrder
    tempo: Tempo
    kinds: tuple[str, ...]

    def begin(self, setup: Setup) -> list[RoundFact]:
        """Return the facts that open a round, the first turn included."""

    def judge(self, round_: Round, take: Take, scene: Scene) -> list[RoundFact]:
        """Return what follows at once from a take that landed (it is in the round already)."""

    def due(self, round_: Round, speaking: bool) -> int | None:
        """Return when the round wants to go on by itself, in epoch ms."""

    def advance(self, round_: Round, scene: Scene) -> list[RoundFact]:
        """Return what happens when the round is due: another turn, or the end."""


def turn_ends_ms(turn: TurnGiven, speaking: bool) -> int:
    """Return when a turn is over for good, in epoch ms."""
    return turn.closes_at_ms + (SPEAKING_GRACE_MS if speaking else QUIET_GRACE_MS)


def closing(round_: Round) -> RoundClosed:
    """Return the end of a round that came to its own end."""
    takes = tuple(take.clip for take in round_.takes)
    return RoundClosed(round_.id, "done" if takes else "silent", takes)
