"""The one writer of a room's log while the room is awake: decide, append, fold, show, answer.

What waits in the inbox is decided as one batch on the state it would lead to, appended in one
chain, and shown only when it is durable. While a chain is on its way the next batch gathers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from server.log.base import Deposed, Log
from server.room.context import Context
from server.room.events import Event
from server.room.state import RoomState
from server.rooms.plan import Plan, plans
from server.rooms.requests import PendingCommand, Requests
from server.rooms.rules import Rules
from server.rooms.settlement import Settlement
from server.rooms.snapshots import RoomSnapshots
from server.rooms.tail import Tail

BATCH_COMMANDS = 128  # some ms of deciding, for audio is paced in the same loop
PAGE_EVENTS = 500

logger = logging.getLogger(__name__)


class WriterRoom(Protocol):
    """The room as its writer knows it: what decisions depend on, and who is told how the writing goes."""

    id: str
    tail: Tail

    def context(self) -> Context:
        """Return what is decided on now beside the state."""

    def appended(self) -> None:
        """Note that something happened, which may have changed what is due."""

    def rested(self) -> None:
        """Note that the inbox is empty."""

    def deposed(self, waiting: Sequence[PendingCommand]) -> None:
        """Step down: another process owns the room, and these commands are for it."""


class Writer:
    """Gathers commands until `begin` gives it the state, then decides them in order."""

    def __init__(self, room: WriterRoom, log: Log, rules: Rules) -> None:
        self.state: RoomState | None = None
        self.requests = Requests()
        self._room, self._log, self._rules = room, log, rules
        self._snapshots: RoomSnapshots | None = None
        self._inbox: list[PendingCommand] = []
        self._worker: asyncio.Task[None] | None = None
        self._unsure = False  # whether the log may hold what the state does not

    @property
    def busy(self) -> bool:
        """Tell whether commands wait or are under way."""
        return self._worker is not None or bool(self._inbox)

    def begin(self, state: RoomState, snapshots: RoomSnapshots) -> None:
        """Start from the state as of the tail's head, with what has gathered."""
        self.state, self._snapshots = state, snapshots
        if self._inbox:
            self._start()

    def put(self, command: PendingCommand) -> asyncio.Future[list[Event]]:
        """Let a command wait for its turn; returns its answer to be."""
        self._inbox.append(command)
        self.requests.begin(command)
        if self._worker is None and self.state is not None:
            self._start()
        return command.done

    def give_up(self, why: Exception) -> None:
        """Fail all that waits: the room did not wake."""
        for command in self.withdraw():
            command.fail(why)

    def withdraw(self) -> list[PendingCommand]:
        """Take out and return what waits undecided."""
        waiting, self._inbox = self._inbox, []
        return [command for command in waiting if not command.done.done()]

    async def settled(self) -> None:
        """Wait until what is in the inbox is done."""
        while self._worker is not None:
            await asyncio.wait([self._worker])

    def _start(self) -> None:
        self._worker = asyncio.get_running_loop().create_task(self._work(), name=f"room {self._room.id[:6]}")

    async def _work(self) -> None:
        """Serve the inbox until it is empty; this is the root of the room's task."""
        while self._inbox:
            batch, self._inbox = self._inbox[:BATCH_COMMANDS], self._inbox[BATCH_COMMANDS:]
            try:
                self._inbox[:0] = await self._serve([each for each in batch if not each.done.done()])
            except Deposed:
                self._step_down(batch)
                return
            except Exception as error:
                logger.exception("room.batch_failed room=%s", self._room.id[:6])
                self._unsure = True
                for command in batch:
                    command.fail(error)
            self.requests.end(batch)
        self._worker = None
        self._room.rested()

    def _step_down(self, batch: list[PendingCommand]) -> None:
        """Hand on what waits, and drop the state: another owner may have written since."""
        self._inbox[:0] = batch
        self._worker = None
        self._room.deposed(self.withdraw())

    async def _serve(self, commands: list[PendingCommand]) -> list[PendingCommand]:
        """Decide, append, show, answer; returns the commands that must be decided again."""
        if self._unsure:
            await self._catch_up()
        state, snapshots = self._known()
        batch = plans(self._rules, state, self._room.tail.head, commands, self._room.context())
        await self._append([plan for plan in batch if plan.drafts or plan.command.key is not None], snapshots)
        again = self._settle(batch)
        if again or self._unsure:
            await self._catch_up()
        snapshots.note(self._known()[0], self._room.tail.head)
        return again

    def _known(self) -> tuple[RoomState, RoomSnapshots]:
        assert self.state is not None, "a writer works from `begin` on"
        assert self._snapshots is not None
        return self.state, self._snapshots

    def sleep(self) -> None:
        """Write a snapshot for the next waking, if that spares it some folding."""
        state, snapshots = self._known()
        snapshots.sleep(state, self._room.tail.head)

    async def _append(self, batch: list[Plan], snapshots: RoomSnapshots) -> None:
        if batch:
            entries = snapshots.renewing([plan.entry() for plan in batch], [plan.state for plan in batch])
            outcomes = await self._log.extend(self._room.id, entries, expect=self._room.tail.head)
            snapshots.appended(entries, outcomes)
            for plan, outcome in zip(batch, outcomes, strict=True):
                plan.outcome = outcome

    def _settle(self, batch: list[Plan]) -> list[PendingCommand]:
        """Take what was stored into the state, show it, answer; returns what must be decided again."""
        settlement = Settlement(self._room.tail.head)
        for plan in batch:
            settlement.settle(plan)
        if settlement.state is not None:
            self.state = settlement.state
        self._unsure = self._unsure or settlement.unsure
        self._show(settlement.fresh)
        for command, events in settlement.granted:
            self.requests.remember(command, events)
            command.grant(events)
        if settlement.gone:
            self._forget(frozenset(settlement.gone))
        return settlement.again

    def _forget(self, gone: frozenset[int]) -> None:
        """Forget in memory what the log has erased."""
        self._room.tail.erase(gone)
        self.requests.forget(gone)

    async def _catch_up(self) -> None:
        """Take in what others wrote into the log."""
        while events := await self._log.read(self._room.id, self._room.tail.head, PAGE_EVENTS):
            state, snapshots = self._known()
            gone, _ = self._rules.erasures(state, [event.data for event in events])
            self.state = self._rules.fold(state, events)
            self._show(events)
            self._forget(frozenset(gone))
            snapshots.lose()
        self._unsure = False

    def _show(self, events: list[Event]) -> None:
        if events:
            self._room.appended()
            self._room.tail.publish(events)
