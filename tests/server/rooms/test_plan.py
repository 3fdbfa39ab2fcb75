"""A batch is planned on what it will do itself; a refusal or a mistake concerns its own command alone."""

from __future__ import annotations

from random import Random

import pytest

from server.blobs.base import Blob
from server.room.commands import Refused, Say
from server.room.context import Context
from server.rooms.plan import Plan, plans
from server.rooms.requests import Request, pending
from tests.support.actors import ANNA, RULES

CONTEXT = Context(5, Random(1))


def planned(*words: str) -> list[Plan]:
    commands = [pending(Request(Say(word), ANNA, key=word, blobs=[Blob(word, "r", b"x")])) for word in words]
    return plans(RULES, RULES.empty, 7, commands, CONTEXT)


async def test_each_plan_is_numbered_on_from_the_one_before() -> None:
    a, bc, d = planned("a", "b|c", "d")
    assert [event.seq for plan in (a, bc, d) for event in plan.events] == [8, 9, 10, 11]
    assert [event.prev for plan in (a, bc, d) for event in plan.events] == [7, 8, 9, 10]
    assert d.state.said == ("a", "b", "c", "d")  # type: ignore[attr-defined]


async def test_a_plan_stands_on_what_those_before_it_would_store() -> None:
    first, second = planned("once", "once")
    assert first.error is None
    assert isinstance(second.error, Refused)


async def test_a_refusal_and_a_mistake_change_nothing_for_those_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    no, boom, nothing, a = planned("no", "boom", "nothing", "a")
    assert isinstance(no.error, Refused)
    assert isinstance(boom.error, ZeroDivisionError)
    assert "room.decide_failed" in caplog.text
    assert [plan.events for plan in (no, boom, nothing)] == [(), (), []]
    assert a.events[0].seq == 8


async def test_the_log_is_asked_to_erase_with_the_events_that_say_so() -> None:
    (plan,) = planned("erase 2")
    assert (plan.entry().erases, list(plan.entry().drops)) == ([2], [])


async def test_what_stores_nothing_brings_no_blob_but_its_key_is_looked_up() -> None:
    no, a = planned("no", "a")
    assert (no.entry().drafts, no.entry().blobs) == ((), ())
    assert no.entry().key is not None
    assert [blob.id for blob in a.entry().blobs] == ["a"]
