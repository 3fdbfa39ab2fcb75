"""What became of each command of a batch, and what that means for those behind it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from server.log.base import Conflict, KeyUsed, Outcome, StorageFull
from server.room.commands import Refused, Say
from server.room.context import Context
from server.room.events import Draft, Event, TextSaid, numbered
from server.rooms.plan import Plan, plans
from server.rooms.requests import Request, pending
from server.rooms.settlement import RACES_TRIED, Settlement
from tests.support.actors import ANNA, RULES

HEAD = 7


def planned(*words: str) -> list[Plan]:
    commands = [pending(Request(Say(word), ANNA, key=word)) for word in words]
    return plans(RULES, RULES.empty, HEAD, commands, Context(5, Random(1)))


def settled(batch: Sequence[Plan], *outcomes: Outcome | None) -> Settlement:
    settlement = Settlement(HEAD)
    for plan, outcome in zip(batch, outcomes, strict=True):
        plan.outcome = outcome
        settlement.settle(plan)
    return settlement


def stored(plan: Plan) -> list[Event]:
    return list(plan.events)


async def test_what_was_stored_as_planned_is_granted_and_leads_to_its_state() -> None:
    batch = planned("a", "b")
    settlement = settled(batch, *map(stored, batch))
    assert settlement.granted == [(plan.command, list(plan.events)) for plan in batch]
    assert settlement.fresh == [*batch[0].events, *batch[1].events]
    assert settlement.state is batch[1].state
    assert settlement.again == []


async def test_a_key_of_before_is_granted_and_those_behind_it_are_decided_again() -> None:
    batch = planned("a", "b")
    before = [numbered(Draft(TextSaid("a"), 1, ANNA), HEAD, HEAD - 1)]
    settlement = settled(batch, before, Conflict())
    assert settlement.granted == [(batch[0].command, before)]
    assert settlement.again == [batch[1].command]
    assert settlement.state is None
    assert batch[1].command.races == 0  # it lost to nobody


async def test_a_race_that_is_lost_is_tried_again_until_it_is_too_often() -> None:
    (plan,) = planned("a")
    settlement = settled([plan], Conflict())
    assert (settlement.again, plan.command.races, settlement.unsure) == ([plan.command], 1, False)
    plan.command.races = RACES_TRIED
    settlement = settled([plan], Conflict())
    assert (settlement.again, settlement.unsure) == ([], True)
    assert isinstance(plan.command.done.exception(), Conflict)


async def test_a_full_disk_and_a_key_used_for_something_else_refuse_their_command_alone() -> None:
    batch = planned("a", "b", "c")
    settlement = settled(batch, KeyUsed(), StorageFull(), Conflict())
    refused = [plan.command.done.exception() for plan in batch[:2]]
    assert [each.code for each in refused if isinstance(each, Refused)] == ["id_used", "storage_full"]
    assert settlement.again == [batch[2].command]


async def test_a_refusal_stands_only_as_long_as_what_it_was_decided_on_happened() -> None:
    (no,) = planned("no")
    assert settled([no], None).again == []
    assert isinstance(no.command.done.exception(), Refused)
    a, no = planned("a", "no")
    settlement = settled([a, no], Conflict(), None)
    assert settlement.again == [a.command, no.command]
    assert not no.command.done.done()
