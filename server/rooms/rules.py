"""The pure functions that a living room works by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from server.room.commands import Command
from server.room.context import Context
from server.room.decide import decide, due, erasures
from server.room.events import Draft, Erased, Event, Fact, Voice
from server.room.snapshot import CODEC, Codec
from server.room.state import EMPTY, RoomState, apply


class Rules(Struct, frozen=True):
    """The functions of `server.room.decide` and `state`; tests give those of a toy room."""

    empty: RoomState
    decide: Callable[[RoomState, Command, Voice | None, Context], list[Draft]]
    apply: Callable[[RoomState, Event], RoomState]
    due: Callable[[RoomState, Context], int | None]
    erasures: Callable[[RoomState, Sequence[Fact | Erased]], tuple[Sequence[int], Sequence[str]]]
    snapshots: Codec | None = None

    def fold(self, state: RoomState, events: Iterable[Event]) -> RoomState:
        """Return a state with events folded in."""
        for event in events:
            state = self.apply(state, event)
        return state


RULES = Rules(EMPTY, decide, apply, due, erasures, CODEC)
