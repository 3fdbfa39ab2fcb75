"""Plans: what commands would do, each decided on the state that those before it would leave. Pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from msgspec import Struct

from server.log.base import Entry, Outcome
from server.room.commands import Refused
from server.room.context import Context
from server.room.events import Draft, Event, numbered
from server.room.state import RoomState
from server.rooms.requests import PendingCommand
from server.rooms.rules import Rules

logger = logging.getLogger(__name__)


class Plan(Struct, eq=False):
    """What a command would do: its drafts, the events and the state they would become, or why not.

    `erases` and `drops` are the events and blobs that go with them.
    """

    command: PendingCommand
    state: RoomState
    drafts: Sequence[Draft] = ()
    events: Sequence[Event] = ()
    erases: Sequence[int] = ()
    drops: Sequence[str] = ()
    error: Exception | None = None
    outcome: Outcome | None = None

    def entry(self) -> Entry:
        """Return what the log is asked for."""
        blobs = self.command.request.blobs if self.drafts else ()
        return Entry(self.drafts, self.command.key, blobs, self.erases, self.drops, self.command.use)


def plans(
    rules: Rules, state: RoomState, head: int, commands: Iterable[PendingCommand], context: Context
) -> list[Plan]:
    """Return the plans of a batch, each on the state that the one before it leads to."""
    made = []
    for command in commands:
        plan = _plan(rules, command, state, head, context)
        made.append(plan)
        if plan.events:
            state, head = plan.state, plan.events[-1].seq
    return made


def _plan(rules: Rules, command: PendingCommand, state: RoomState, head: int, context: Context) -> Plan:
    try:
        drafts = rules.decide(state, command.request.command, command.request.by, context)
        events = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(drafts)]
        erases, drops = rules.erasures(state, [draft.data for draft in drafts])
        return Plan(command, rules.fold(state, events), drafts, events, erases, drops)
    except Refused as refusal:
        return Plan(command, state, error=refusal)
    except Exception as error:  # the root of a game's rules: the fault is ours, the room lives on
        logger.exception("room.decide_failed")
        return Plan(command, state, error=error)
