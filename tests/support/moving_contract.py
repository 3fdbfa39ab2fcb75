"""What every log must tell and take to be moved: one suite, for those that can be moved."""

from __future__ import annotations

from abc import ABC

from server.log.base import Log, Projected
from server.log.moving import KeyUse, Movable, copied
from server.room.events import Draft, Erased
from tests.support.log_contract import ANNA, LogContract, opened, said


def movable(log: Log) -> Movable:
    """Return a log as one that can be moved: it says so by its type alone."""
    return log  # type: ignore[return-value]


class MovingContract(LogContract, ABC):
    """Subclass it beside the other suites of the log."""

    async def test_all_rooms_are_told_but_those_that_were_dropped(self, log: Log) -> None:
        for room in ("a", "b", "c d"):
            await log.append(room, [opened(room, public=room == "a")])
        await log.erase("b")
        assert sorted([room async for room in movable(log).all_rooms()]) == ["a", "c d"]

    async def test_keys_that_count_are_told_with_what_they_stored(self, log: Log) -> None:
        await log.append("r", [opened("r"), said("one")], key="k1", digest=b"d")
        await log.append("r", [said("two")])
        await log.append("r", [said("three")], key="k2")
        uses = [KeyUse("k1", 1, 2, b"d"), KeyUse("k2", 4, 4, b"")]
        assert await movable(log).key_uses("r", 1, 4) == uses
        assert await movable(log).key_uses("r", 2, 4) == uses[1:]
        assert await movable(log).key_uses("nowhere", 1, 4) == []

    async def test_readers_are_told_and_those_that_begin_anew_are_none(self, log: Log) -> None:
        await log.append("r", [opened("r")])
        assert await movable(log).readers() == []
        await log.advance("b", 3, expect=0)
        await log.advance("a", 0, expect=0, effects=[Projected("r", "i", "p", 1)])
        await log.advance("c", 1, expect=0)
        await log.restart("c")
        assert await movable(log).readers() == ["a", "b"]

    async def test_the_end_of_the_feed_is_after_what_is_stored_and_before_what_comes(self, log: Log) -> None:
        for room in ("a", "b"):
            await log.append(room, [opened(room)])
        end = await movable(log).end_of_feed()
        assert await log.changes(end) == []
        await log.append("b", [said("later")])
        assert [change.event.seq for change in await log.changes(end)] == [2]
        assert await movable(log).end_of_feed() > end

    async def test_a_copied_event_is_as_it_was_also_where_it_was_erased(self, log: Log) -> None:
        stored = await log.append("r", [opened("r"), said("gone"), Draft(said("stays").data, 5_000, ANNA)])
        await log.erase("r", [2])
        events = await log.read("r")
        assert isinstance(events[1].data, Erased)
        await log.append("copy", [copied(event) for event in events])
        assert await log.read("copy") == events
        assert [event.kind for event in events] == [event.kind for event in stored]

    async def test_the_secret_of_another_installation_takes_the_place_of_ours(self, log: Log) -> None:
        assert await log.secret() != b"s" * 32
        await movable(log).adopt_secret(b"s" * 32)
        assert await log.secret() == b"s" * 32

    async def test_a_log_that_one_process_has_open_is_not_shared(self, log: Log) -> None:
        assert not await movable(log).is_shared()
