"""What became of a batch: which commands are granted, which fail, and which are decided again."""

from __future__ import annotations

from msgspec import Struct, field

from server.log.base import Conflict, KeyUsed, Outcome, StorageFull
from server.room.commands import storage_full
from server.room.events import Event
from server.room.state import RoomState
from server.rooms.plan import Plan
from server.rooms.requests import PendingCommand, id_used

RACES_TRIED = 16


class Settlement(Struct):
    """The outcomes of a batch that was decided on a `head`, taken in one after another.

    `state` is the one after the newest event in `fresh`, None without any. A batch is `sound` for as long as
    what was decided on is what happened; what comes after that is decided `again`. `unsure` is that the log
    may hold what the state does not.
    """

    head: int
    state: RoomState | None = None
    fresh: list[Event] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    granted: list[tuple[PendingCommand, list[Event]]] = field(default_factory=list)
    again: list[PendingCommand] = field(default_factory=list)
    sound: bool = True
    unsure: bool = False

    def settle(self, plan: Plan) -> None:
        """Take in what became of the next command."""
        match plan.outcome:
            case [first, *_] as events if first.seq <= self.head:
                self.granted.append((plan.command, events))
                self.sound = self.sound and not plan.drafts
            case [_, *_] as events if self.sound and events == plan.events:
                self._take_in(plan, events)
            case (KeyUsed() | StorageFull()) as refusal:
                self._refuse(plan, refusal)
            case outcome if outcome or not self.sound:  # a `Conflict`, or what another has just stored
                self._race(plan.command, outcome)
            case _ if plan.error is not None:
                plan.command.fail(plan.error)
            case _:
                self.granted.append((plan.command, []))

    def _take_in(self, plan: Plan, events: list[Event]) -> None:
        self.granted.append((plan.command, events))
        self.fresh += events
        self.gone += plan.erases
        self.state = plan.state

    def _refuse(self, plan: Plan, refusal: KeyUsed | StorageFull) -> None:
        if isinstance(refusal, KeyUsed):
            plan.command.fail(id_used())
            self.sound = self.sound and not plan.drafts
        else:
            plan.command.fail(storage_full())
            self.sound = False

    def _race(self, command: PendingCommand, outcome: Outcome | None) -> None:
        """Mark a command to be decided again; one that lost too many races fails."""
        if outcome and self.sound and command.races >= RACES_TRIED:
            command.fail(outcome if isinstance(outcome, Conflict) else Conflict())
            self.unsure = True
        else:
            command.races += self.sound
            self.again.append(command)
        self.sound = False
