"""What every back end of the log must hold of its changes feed and of the cursors of readers."""

from __future__ import annotations

import asyncio

import pytest

from server.log.base import Change, Conflict, Effect, Entry, Log, Projected, Unusable, Withdrawn
from server.room.events import Erased, Event
from tests.support.log_contract import LogContract, Open, said, texts


async def all_changes(log: Log, after: int = 0, page: int = 500) -> list[Change]:
    """Return every change after a position, read page by page."""
    found: list[Change] = []
    while changes := await log.changes(found[-1].position if found else after, page):
        found += changes
    return found


def events(changes: list[Change]) -> list[Event]:
    """Return the events of changes."""
    return [change.event for change in changes]


def row(item: str, number: int, *, room: str = "r", part: str = "p") -> Projected:
    """Return a row of a projection."""
    return Projected(room, item, part, number)


class FeedContract(LogContract):
    """All that a log must hold, and its changes feed with it: the class that back ends are tested by."""

    # The feed

    async def test_the_feed_has_the_events_of_all_rooms_in_the_order_of_their_commits(
        self, log: Log, open: Open
    ) -> None:
        for i in range(60):
            await log.append(f"r{i % 7}", [said(f"{i}a"), said(f"{i}b")][: 1 + i % 2])
        log = await self.reopen(log, open)
        wanted = [f"{i}{part}" for i in range(60) for part in "ab"[: 1 + i % 2]]
        changes = await all_changes(log)
        assert texts(events(changes)) == wanted
        assert [change.position for change in changes] == sorted({change.position for change in changes})
        for i in range(7):
            own = [change.event for change in changes if change.room == f"r{i}"]
            assert own == await log.read(f"r{i}")

    @pytest.mark.parametrize("page", [1, 3, 60])
    async def test_pages_of_the_feed_neither_miss_nor_repeat(self, log: Log, page: int) -> None:
        await asyncio.gather(*[log.append(f"r{i % 5}", [said(str(i))]) for i in range(60)])
        whole = await log.changes()
        assert await all_changes(log, page=page) == whole
        at = [0, *(change.position for change in whole)]
        lengths = [len(await log.changes(after, page)) for after in at]
        assert lengths == [min(page, 60 - seen) for seen in range(61)], "a page that is not full is the last"
        assert len(whole) == 60
        assert await log.changes(whole[20].position, 9) == whole[21:30]
        assert await log.changes(whole[-1].position) == await log.changes(0, 0) == []
        assert await log.changes(-5, 2) == whole[:2]

    async def test_what_was_refused_or_said_before_is_no_change(self, log: Log) -> None:
        await log.append("r", [said("a")], key="k")
        await log.append("r", [said("a")], key="k")
        await log.extend("r", [Entry([said("b")]), Entry([said("c")])], expect=7)
        assert texts(events(await log.changes())) == ["a"]

    async def test_an_erased_event_keeps_its_place_in_the_feed_and_loses_its_words(self, log: Log) -> None:
        await log.append("r", [said(str(i)) for i in range(4)])
        before = await log.changes()
        await log.erase("r", [2])
        after = await log.changes()
        assert [change.position for change in after] == [change.position for change in before]
        assert texts(events(after)) == ["0", "", "2", "3"]
        assert isinstance(after[1].event.data, Erased)

    async def test_what_was_just_read_to_its_end_is_read_erased_then(self, log: Log) -> None:
        await log.append("r", [said(str(i)) for i in range(3)])
        assert texts(events(await log.changes(0, 3))) == ["0", "1", "2"]
        await log.erase("r", [1])
        assert texts(events(await log.changes(0, 3))) == ["", "1", "2"]
        await log.extend("r", [Entry([said("3")])], expect=3)
        assert texts(events(await log.changes(0, 4))) == ["", "1", "2", "3"]
        await log.extend("r", [Entry([said("4")], erases=[4])], expect=4)
        assert texts(events(await log.changes(0, 4))) == ["", "1", "2", ""]

    async def test_a_dropped_room_leaves_the_feed_and_its_places_are_not_used_again(
        self, log: Log, open: Open
    ) -> None:
        await log.append("r", [said("a")])
        await log.append("s", [said("b"), said("c")])
        last = (await log.changes())[-1].position
        await log.erase("s")
        assert texts(events(await log.changes())) == ["a"]
        log = await self.reopen(log, open)
        await log.append("s", [said("anew")])
        changes = await log.changes()
        assert [(change.room, *texts([change.event])) for change in changes] == [("r", "a"), ("s", "anew")]
        assert changes[1].position > last

    # The bell

    async def test_the_bell_rings_for_what_is_stored_and_for_nothing_else(self, log: Log) -> None:
        await log.append("r", [said("a")])
        rings = log.bell.rings
        waits = [asyncio.create_task(log.bell.wait(rings)) for _ in range(3)]
        await log.erase("r", [1])
        await log.advance("reader", 1, expect=0)
        await asyncio.sleep(0)
        assert not any(wait.done() for wait in waits)
        await log.append("s", [said("b")])
        async with asyncio.timeout(10):
            await asyncio.gather(*waits)
            await log.bell.wait(rings)

    async def test_who_reads_on_at_each_ring_misses_nothing(self, log: Log) -> None:
        async def follow() -> list[str]:
            seen: list[str] = []
            after = 0
            while len(seen) < 200:
                rings = log.bell.rings
                changes = await log.changes(after, 17)
                seen += texts(events(changes))
                after = changes[-1].position if changes else after
                if not changes:
                    await log.bell.wait(rings)
            return seen

        following = [asyncio.create_task(follow()) for _ in range(3)]
        for i in range(200):
            await log.append(f"r{i % 3}", [said(str(i))])
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            assert await asyncio.gather(*following) == [[str(i) for i in range(200)]] * 3

    async def test_the_bell_rings_for_an_append_nobody_waits_for(self, log: Log) -> None:
        await log.append("r", [said("a")])
        rings = log.bell.rings
        append = asyncio.create_task(log.append("r", [said("b")]))
        await asyncio.sleep(0)
        append.cancel()
        await asyncio.gather(append, return_exceptions=True)
        async with asyncio.timeout(10):
            if await log.head("r") == 2:
                await log.bell.wait(rings)

    async def test_who_waits_when_the_log_closes_is_let_go_and_told_at_the_next_read(self, log: Log) -> None:
        waits = asyncio.create_task(log.bell.wait(log.bell.rings))
        await asyncio.sleep(0)
        assert not waits.done()
        await log.close()
        async with asyncio.timeout(10):
            await waits
            await log.bell.wait(log.bell.rings)
        with pytest.raises(Unusable):
            await log.changes()
        with pytest.raises(Unusable):
            await log.advance("reader", 1, expect=0)

    # Cursors

    async def test_each_reader_has_a_cursor_of_its_own_that_lasts(self, log: Log, open: Open) -> None:
        assert await log.cursor("a") == 0
        await log.advance("a", 5, expect=0)
        await log.advance("a", 9, expect=5)
        await log.advance("b", 2, expect=0)
        log = await self.reopen(log, open)
        assert [await log.cursor(name) for name in ("a", "b", "c")] == [9, 2, 0]

    async def test_a_cursor_that_another_moved_is_a_conflict_and_nothing_is_stored(self, log: Log) -> None:
        await log.append("r", [said("a")])
        await log.advance("a", 5, expect=0)
        for expect in (0, 4, 6):
            with pytest.raises(Conflict):
                await log.advance("a", 7, expect=expect, effects=[row("x", 1)])
        assert await log.cursor("a") == 5
        assert await log.projected("a", "r", "x") is None

    async def test_of_fifty_that_move_a_cursor_at_once_one_does(self, log: Log) -> None:
        await log.append("r", [said("a")])
        moves = [log.advance("a", 1 + i, expect=0, effects=[row("x", i)]) for i in range(50)]
        results = await asyncio.gather(*moves, return_exceptions=True)
        (won,) = [i for i, result in enumerate(results) if result is None]
        assert all(isinstance(result, Conflict) for result in results if result is not None)
        assert await log.cursor("a") == 1 + won
        assert await log.projected("a", "r", "x") == row("x", won)

    # Projections

    async def test_what_a_reader_did_is_stored_with_its_cursor_in_order(self, log: Log, open: Open) -> None:
        await log.append("r", [said("a")])
        await log.append("s", [said("a")])
        effects: list[Effect] = [row("x", 1), row("y", 2), row("x", 3), Withdrawn("r", "y")]
        effects.append(row("x", 4, room="s"))
        await log.advance("a", 1, expect=0, effects=effects)
        await log.advance("b", 1, expect=0, effects=[row("x", 7)])
        log = await self.reopen(log, open)
        assert await log.projected("a", "r", "x") == row("x", 3)
        assert await log.projected("a", "r", "y") is None
        assert await log.projected("a", "s", "x") == row("x", 4, room="s")
        assert await log.projected("b", "r", "x") == row("x", 7)
        assert await log.projected("c", "r", "x") is await log.projected("a", "t", "x") is None

    async def test_a_projection_is_read_by_part_in_order_and_page_by_page(self, log: Log) -> None:
        await log.append("r", [said("a")])
        await log.append("s", [said("a")])
        rows = [row(f"i{i}", 100 - i // 2, room="rs"[i % 2], part="pq"[i % 3 == 0]) for i in range(30)]
        await log.advance("a", 1, expect=0, effects=rows)
        await log.advance("b", 1, expect=0, effects=[row("other", 1)])
        for part in "pq":
            wanted = sorted((r for r in rows if r.part == part), key=lambda r: (r.number, r.item))
            assert await log.projection("a", part) == wanted
            assert await log.projection("a", part, limit=3) == wanted[:3]
            at = (wanted[4].number, wanted[4].item)
            assert await log.projection("a", part, after=at, limit=5) == wanted[5:10]
        assert await log.projection("a", "none") == []
        assert [await log.parts(reader) for reader in "abc"] == [["p", "q"], ["p"], []]

    async def test_an_item_is_in_one_part_only(self, log: Log) -> None:
        await log.append("r", [said("a")])
        await log.advance("a", 1, expect=0, effects=[row("x", 1, part="p")])
        await log.advance("a", 1, expect=1, effects=[row("x", 1, part="q")])
        assert await log.projection("a", "p") == []
        assert await log.projection("a", "q") == [row("x", 1, part="q")]

    async def test_a_reader_that_begins_anew_has_nothing_left_and_others_have_theirs(
        self, log: Log, open: Open
    ) -> None:
        await log.append("r", [said("a")])
        for reader in "ab":
            await log.advance(reader, 1, expect=0, effects=[row("x", 1)])
        await log.restart("a")
        await log.restart("none")
        log = await self.reopen(log, open)
        assert [await log.cursor(reader) for reader in "ab"] == [0, 1]
        assert await log.projection("a", "p") == []
        assert await log.projection("b", "p") == [row("x", 1)]

    async def test_a_dropped_room_takes_what_readers_keep_of_it(self, log: Log, open: Open) -> None:
        await log.append("r", [said("a")])
        await log.append("s", [said("a")])
        await log.advance("a", 1, expect=0, effects=[row("x", 1), row("x", 2, room="s")])
        await log.erase("r")
        await log.advance("a", 2, expect=1, effects=[row("late", 3), row("y", 4, room="s")])
        await log.append("r", [said("anew")])
        log = await self.reopen(log, open)
        assert await log.cursor("a") == 2
        assert await log.projection("a", "p") == [row("x", 2, room="s"), row("y", 4, room="s")]
        assert await log.projected("a", "r", "late") is None
