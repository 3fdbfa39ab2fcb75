"""What every back end of the log must hold: one suite of tests."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from server.blobs.base import Blob
from server.log import chain
from server.log.base import Conflict, Entry, KeyUsed, Log, LogWithBlobs, Outcome, StorageFull, Unusable
from server.room.events import Draft, Erased, Event, RoomClosed, RoomOpened, TextSaid, erased
from tests.support.snapshot_contract import ANNA, Open, SnapshotContract, said

__all__ = [
    "ANNA",
    "BlobsInCommitContract",
    "LogContract",
    "Open",
    "known",
    "lists",
    "opened",
    "said",
    "texts",
]


def opened(name: str, at_ms: int = 1_000, *, public: bool = True) -> Draft:
    """Return a draft of a room's opening."""
    return Draft(RoomOpened("wonder", name, public=public), at_ms, ANNA)


def texts(events: list[Event]) -> list[str]:
    """Return the words of events, '' for what is no text (any more)."""
    return [event.data.text if isinstance(event.data, TextSaid) else "" for event in events]


class LogContract(SnapshotContract, ABC):
    """Subclass it and give `open`: a log, the same storage each time it is called in a test.

    A log is closed before it is opened again; a log without storage returns the same object.
    """

    @pytest.fixture
    @abstractmethod
    def open(self, tmp_path: Any) -> Open: ...

    @pytest.fixture
    @abstractmethod
    def open_small(self, tmp_path: Any) -> Open:
        """Open a log that is full after some 100 KB."""

    def lasts(self) -> bool:
        """Return whether the log outlives its closing."""
        return True

    async def reopen(self, log: Log, open: Open) -> Log:
        """Close a log and open it again, when it is one that lasts."""
        if not self.lasts():
            return log
        await log.close()
        self.opened.append(await open())
        return self.opened[-1]

    @pytest.fixture
    async def log(self, open: Open) -> AsyncIterator[Log]:
        self.opened = [await open()]
        yield self.opened[0]
        for log in self.opened:
            await log.close()

    async def test_numbers_events_from_one_without_gaps(self, log: Log) -> None:
        first = await log.append("r", [said("a"), said("b")])
        second = await log.append("r", [said("c")])
        assert [(e.seq, e.prev) for e in first + second] == [(1, 0), (2, 1), (3, 2)]
        assert await log.read("r") == first + second
        assert await log.head("r") == 3

    async def test_rooms_are_apart(self, log: Log) -> None:
        await log.append("r", [said("a")])
        await log.append("s", [said("b")])
        assert texts(await log.read("r")) == ["a"]
        assert texts(await log.read("s")) == ["b"]
        assert await log.head("t") == 0
        assert await log.read("t") == []
        assert await log.newest("t") == []

    async def test_reads_pages_and_newest(self, log: Log) -> None:
        events = await log.append("r", [said(str(i)) for i in range(20)])
        assert await log.read("r", 5, 3) == events[5:8]
        assert await log.read("r", 18, 100) == events[18:]
        assert await log.read("r", 20) == await log.read("r", 99) == await log.read("r", 0, 0) == []
        assert await log.read("r", -5, 2) == events[:2]
        assert await log.newest("r", 4) == events[16:]
        assert await log.newest("r", 400) == events
        assert await log.newest("r", 0) == []

    async def test_gives_back_exactly_what_was_stored(self, log: Log, open: Open) -> None:
        odd = ["\x00", "\u202e right to left", "🥁" * 40, "line\nline", '"}{"', "x" * 20_000]
        stored = await log.append("r", [said(text) for text in odd])
        log = await self.reopen(log, open)
        assert await log.read("r") == stored
        assert texts(stored) == odd

    async def test_appends_nothing_when_the_head_moved(self, log: Log) -> None:
        await log.append("r", [said("a")], expect=0)
        for expect in (0, 2, 7, -1):
            with pytest.raises(Conflict):
                await log.append("r", [said("b")], expect=expect, key="k")
        assert texts(await log.read("r")) == ["a"]
        assert texts(await log.append("r", [said("c")], expect=1, key="k")) == ["c"]

    async def test_one_of_fifty_racing_writers_wins(self, log: Log) -> None:
        await log.append("r", [said("a")])
        raced = [log.append("r", [said(str(i))], expect=1) for i in range(50)]
        results = await asyncio.gather(*raced, return_exceptions=True)
        won = [result for result in results if isinstance(result, list)]
        assert len(won) == 1
        assert all(isinstance(result, Conflict) for result in results if result not in won)
        assert await log.read("r", 1) == won[0]

    async def test_fifty_writers_without_expectation_all_get_a_place_of_their_own(self, log: Log) -> None:
        results = await asyncio.gather(*[log.append("r", [said(f"{i}"), said(f"{i}+")]) for i in range(50)])
        assert sorted(e.seq for events in results for e in events) == list(range(1, 101))
        assert all(b.seq == a.seq + 1 for a, b in results)
        assert await log.read("r") == sorted((e for pair in results for e in pair), key=lambda e: e.seq)

    async def test_a_key_repeated_returns_the_events_of_its_first_use(self, log: Log, open: Open) -> None:
        first = await log.append("r", [said("a"), said("b")], key="k")
        assert await log.append("r", [said("other")], key="k") == first
        assert await log.append("r", [said("other")], key="k", expect=99) == first
        log = await self.reopen(log, open)
        assert await log.append("r", [said("other")], key="k", expect=0) == first
        assert await log.head("r") == 2

    async def test_a_key_counts_in_its_own_room_only(self, log: Log) -> None:
        await log.append("r", [said("a")], key="k")
        assert texts(await log.append("s", [said("b")], key="k")) == ["b"]

    async def test_the_same_key_at_once_stores_once(self, log: Log) -> None:
        results = await asyncio.gather(*[log.append("r", [said(str(i))], key="k") for i in range(20)])
        assert all(result == results[0] for result in results)
        assert await log.head("r") == 1

    async def test_a_key_used_for_something_else_is_refused(self, log: Log, open: Open) -> None:
        first = await log.append("r", [said("a"), said("b")], key="k", digest=b"one")
        log = await self.reopen(log, open)
        for expect in (None, 2, 99):
            with pytest.raises(KeyUsed):
                await log.append("r", [said("c")], key="k", digest=b"two", expect=expect)
        with pytest.raises(KeyUsed):
            await log.append("r", [], key="k", digest=b"two")
        assert await log.append("r", [said("c")], key="k", digest=b"one") == first
        assert texts(await log.append("s", [said("c")], key="k", digest=b"two")) == ["c"]
        chain = [Entry([said("c")]), Entry([said("d")], "k", digest=b"two"), Entry([said("e")])]
        outcomes = await log.extend("r", chain, expect=2)
        assert [type(outcome) for outcome in outcomes] == [list, KeyUsed, Conflict]
        looks = [Entry([], "k", digest=b"two"), Entry([said("d")])]
        assert [type(outcome) for outcome in await log.extend("r", looks, expect=3)] == [KeyUsed, list]
        assert texts(await log.read("r")) == ["a", "b", "c", "d"]

    async def test_a_key_is_known_for_a_day_and_as_one_of_the_newest_for_ever(self, log: Log) -> None:
        day_ms = chain.KEYS_KEPT_MS
        entries = [Entry([said(f"{i}", i)], f"k{i}") for i in range(chain.KEYS_KEPT + 500)]
        first = lists(await log.extend("r", entries, expect=0))
        assert await known(log, "r", len(entries)) == list(range(len(entries))), "within a day all are"
        later = [Entry([said(f"later {i}", day_ms + 200)], f"l{i}") for i in range(200)]
        await log.extend("r", later, expect=len(entries))
        still = await known(log, "r", len(entries))
        assert still == list(range(200, len(entries))), "and after it those that are younger than a day"
        much_later = [Entry([said(f"much {i}", 9 * day_ms)], f"m{i}") for i in range(600)]
        await log.extend("r", much_later, expect=await log.head("r"))
        still = await known(log, "r", len(entries))
        assert still == list(range(still[0], len(entries)))
        assert 0 <= 1_300 - still[0] <= chain.KEYS_LOOKED_AT_EVERY, (
            "the newest thousand stay, whatever their age"
        )
        assert await log.append("r", [said("other")], key="k1499") == first[1_499]
        assert await log.head("r") == len(entries) + 800

    async def test_a_clock_that_was_wrong_by_years_keeps_no_key_for_ever(self, log: Log) -> None:
        years_ms = 10_000 * chain.KEYS_KEPT_MS
        await log.extend("r", [Entry([said("a", years_ms)], f"k{i}") for i in range(40)], expect=0)
        more = [Entry([said("b", 5)], f"l{i}") for i in range(1_100)]
        await log.extend("r", more, expect=40)
        assert await known(log, "r", 40) == []

    async def test_what_an_append_will_be_numbered_is_known_before(self, log: Log) -> None:
        await log.extend("r", [Entry([said("a"), said("b")], "k"), Entry([said("c")])], expect=0)
        await log.erase("r", [2])
        entries = [Entry([], "k"), Entry([said("d"), said("e")]), Entry([], "new"), Entry([said("f")], "l")]
        outcomes = lists(await log.extend("r", entries, expect=3))
        assert [[event.seq for event in outcome] for outcome in outcomes] == [[1, 2], [4, 5], [], [6]]
        assert [event.seq for event in await log.read("r")] == [1, 2, 3, 4, 5, 6]

    async def test_a_chain_erases_what_it_stored_itself_before(self, log: Log, open: Open) -> None:
        taking = Entry([said("taken back")], None, (), erases=[1, 2])
        outcomes = await log.extend("r", [Entry([said("a")]), Entry([said("b")], "k"), taking], expect=0)
        assert [texts(outcome) for outcome in lists(outcomes)] == [["a"], ["b"], ["taken back"]]
        log = await self.reopen(log, open)
        assert texts(await log.read("r")) == ["", "", "taken back"]

    async def test_an_append_without_drafts_looks_its_key_up(self, log: Log) -> None:
        first = await log.append("r", [said("a")], key="k")
        assert await log.append("r", [], key="k") == first
        assert await log.append("r", [], key="new") == await log.append("r", []) == []
        assert texts(await log.append("r", [said("b")], key="new")) == ["b"]

    async def test_a_chain_goes_in_order(self, log: Log) -> None:
        outcomes = await log.extend("r", [Entry([said("a"), said("b")]), Entry([said("c")], "k")], expect=0)
        assert [texts(outcome) for outcome in lists(outcomes)] == [["a", "b"], ["c"]]
        assert texts(await log.read("r")) == ["a", "b", "c"]

    async def test_a_chain_on_a_wrong_head_stores_nothing(self, log: Log) -> None:
        known = await log.append("r", [said("a")], key="known")
        entries = [Entry([said("b")]), Entry([said("c")]), Entry([], "known"), Entry([said("d")], "known")]
        outcomes = await log.extend("r", entries, expect=0)
        assert [type(outcome) for outcome in outcomes[:2]] == [Conflict, Conflict]
        assert outcomes[2:] == [known, known]
        assert texts(await log.read("r")) == ["a"]

    async def test_a_chain_ends_at_a_key_that_was_used_before(self, log: Log) -> None:
        first = await log.append("r", [said("a")], key="k")
        chain = [Entry([said("b")]), Entry([said("c")], "k"), Entry([said("d")]), Entry([], "none")]
        outcomes = await log.extend("r", chain, expect=1)
        assert texts(lists(outcomes[:1])[0]) == ["b"]
        assert outcomes[1] == first
        assert isinstance(outcomes[2], Conflict)
        assert outcomes[3] == []
        assert texts(await log.read("r")) == ["a", "b"]

    async def test_a_cancelled_append_is_whole_or_not_at_all(self, log: Log) -> None:
        for i in range(20):
            drafts = [said(f"{i}-{part}") for part in range(3)]
            append = asyncio.create_task(log.append("r", drafts))
            for _ in range(i % 4):
                await asyncio.sleep(0)
            append.cancel()
        await log.append("r", [said("end")])
        stored = texts(await log.read("r"))[:-1]
        whole = {text.split("-")[0] for text in stored}
        assert stored == [f"{i}-{part}" for i in range(20) if str(i) in whole for part in range(3)]

    async def test_erase_blanks_events_and_keeps_their_places(self, log: Log, open: Open) -> None:
        events = await log.append("r", [said(str(i)) for i in range(5)], key="k")
        await log.erase("r", [2, 4, 99, 0])
        log = await self.reopen(log, open)
        after = await log.read("r")
        wanted = [erased(e) if e.seq in (2, 4) else e for e in events]
        assert after == wanted
        assert after[1].by is None
        assert isinstance(after[1].data, Erased)
        assert await log.append("r", [said("again")], key="k") == wanted

    async def test_an_append_erases_what_it_takes_back_or_nothing(self, log: Log, open: Open) -> None:
        events = await log.append("r", [said("a"), said("b")])
        await log.append("s", [said("other")])
        taking = Entry([said("c")], "k", (), erases=[1, 3, 99])
        assert isinstance((await log.extend("r", [taking], expect=1))[0], Conflict)
        assert await log.read("r") == events
        await log.extend("r", [taking], expect=2)
        log = await self.reopen(log, open)
        assert texts(await log.read("r")) == ["", "b", ""]
        assert texts(await log.read("s")) == ["other"]

    async def test_erase_of_nothing_named_erases_nothing(self, log: Log) -> None:
        await log.append("r", [said("a")])
        await log.erase("r", [])
        await log.erase("none")
        assert texts(await log.read("r")) == ["a"]

    async def test_a_room_can_go_as_a_whole_and_come_anew(self, log: Log, open: Open) -> None:
        await log.append("r", [opened("Old")], key="k")
        await log.append("s", [opened("Other")])
        await log.erase("r")
        assert await log.head("r") == 0
        assert await log.read("r") == []
        assert [listing.room for listing in await log.rooms()] == ["s"]
        assert texts(await log.append("r", [said("new")], expect=0, key="k")) == ["new"]
        log = await self.reopen(log, open)
        assert texts(await log.read("r")) == ["new"]

    async def test_the_catalogue_lists_rooms_liveliest_first(self, log: Log) -> None:
        await log.append("a", [opened("A", 1_000)])
        await log.append("b", [opened("B", 2_000, public=False)])
        await log.append("c", [opened("C", 3_000)])
        await log.append("a", [said("hi", 4_000)])
        listings = await log.rooms()
        assert [(x.room, x.head, x.last_at_ms, x.public) for x in listings] == [
            ("a", 2, 4_000, True),
            ("c", 1, 3_000, True),
            ("b", 1, 2_000, False),
        ]
        assert listings[0].opened == (await log.read("a", 0, 1))[0]
        assert [x.room for x in await log.rooms(public=True)] == ["a", "c"]
        assert [x.room for x in await log.rooms(public=False)] == ["b"]
        assert [x.room for x in await log.rooms(1)] == ["a"]
        assert await log.rooms(0) == []

    async def test_a_closed_room_is_public_no_more(self, log: Log) -> None:
        await log.append("a", [opened("A")])
        await log.append("a", [Draft(RoomClosed("over"), 2_000)])
        assert [x.room for x in await log.rooms(public=False)] == ["a"]

    async def test_an_erased_opening_leaves_the_catalogue_too(self, log: Log) -> None:
        await log.append("a", [opened("A secret name")])
        await log.erase("a", [1])
        assert isinstance((await log.rooms())[0].opened.data, Erased)

    async def test_a_full_log_refuses_and_keeps_what_it_has(self, open_small: Open) -> None:
        log = await open_small()
        kept: list[str] = []
        refused = 0
        for i in range(100):
            try:
                await log.append("r", [said(f"{i}" + "x" * 4_000)])
                kept.append(f"{i}" + "x" * 4_000)
            except StorageFull:
                refused += 1
        assert refused
        assert 5 < len(kept) < 100
        assert texts(await log.read("r")) == kept
        await log.close()

    async def test_in_a_full_log_a_chain_ends_at_what_does_not_fit(self, open_small: Open) -> None:
        log = await open_small()
        chain = [
            Entry([said("a")]),
            Entry([said("b" * 400_000)], "k"),
            Entry([said("c")]),
        ]
        outcomes = await log.extend("r", chain, expect=0)
        assert texts(lists(outcomes[:1])[0]) == ["a"]
        assert [type(outcome) for outcome in outcomes[1:]] == [StorageFull, Conflict]
        assert texts(await log.append("r", [said("d")], key="k", expect=1)) == ["d"]
        await log.check()
        await log.close()

    async def test_the_secret_stays_the_same(self, log: Log, open: Open) -> None:
        secret = await log.secret()
        assert len(secret) == 32
        assert await log.secret() == secret
        log = await self.reopen(log, open)
        assert await log.secret() == secret

    async def test_a_closed_log_says_so(self, log: Log) -> None:
        await log.check()
        await log.close()
        await log.close()
        with pytest.raises(Unusable):
            await log.append("r", [said("a")])
        with pytest.raises(Unusable):
            await log.read("r")


async def known(log: Log, room: str, number: int) -> list[int]:
    """Return which of the keys `k0`, `k1` and so on a room still knows."""
    looked_up = await log.extend(room, [Entry([], f"k{i}") for i in range(number)], expect=0)
    return [i for i, events in enumerate(looked_up) if events]


class BlobsInCommitContract(LogContract):
    """What a log holds, besides, that stores blobs in the commit of their events."""

    async def test_appends_no_blob_when_the_head_moved(self, log: LogWithBlobs) -> None:
        await log.append("r", [said("a")], expect=0)
        for expect in (0, 2, 7, -1):
            with pytest.raises(Conflict):
                await log.append("r", [said("b")], expect=expect, key="k", blobs=[Blob("b", "r", b"b")])
        assert texts(await log.read("r")) == ["a"]
        assert await log.blob("b") is None
        assert texts(await log.append("r", [said("c")], expect=1, key="k")) == ["c"]

    async def test_a_chain_drops_the_blob_that_it_stored(self, log: LogWithBlobs, open: Open) -> None:
        taking = Entry([said("taken back")], None, (), erases=[1, 2], drops=["b"])
        outcomes = await log.extend(
            "r", [Entry([said("a")]), Entry([said("b")], "k", [Blob("b", "r", b"1")]), taking], expect=0
        )
        assert [texts(outcome) for outcome in lists(outcomes)] == [["a"], ["b"], ["taken back"]]
        log = cast(LogWithBlobs, await self.reopen(log, open))
        assert texts(await log.read("r")) == ["", "", "taken back"]
        assert await log.blob("b") is None

    async def test_a_cancelled_append_is_whole_with_its_blob_or_not_at_all(self, log: LogWithBlobs) -> None:
        for i in range(20):
            drafts = [said(f"{i}-{part}") for part in range(3)]
            blob = Blob(f"blob{i}", "r", b"sound")
            append = asyncio.create_task(log.append("r", drafts, blobs=[blob]))
            for _ in range(i % 4):
                await asyncio.sleep(0)
            append.cancel()
        await log.append("r", [said("end")])
        stored = texts(await log.read("r"))[:-1]
        whole = {text.split("-")[0] for text in stored}
        assert stored == [f"{i}-{part}" for i in range(20) if str(i) in whole for part in range(3)]
        assert [i for i in range(20) if await log.blob(f"blob{i}")] == sorted(map(int, whole))

    async def test_blobs_are_stored_with_their_events(self, log: LogWithBlobs, open: Open) -> None:
        blobs = [Blob("b1", "r", b"\x00" * 5), Blob("b2", "r", bytes(range(256)) * 400), Blob("b3", "r", b"")]
        await log.append("r", [said("a")], blobs=blobs)
        log = cast(LogWithBlobs, await self.reopen(log, open))
        assert [await log.blob(blob.id) for blob in blobs] == blobs
        assert await log.blob("none") is None
        with pytest.raises(Conflict):
            await log.append("r", [said("b")], blobs=[Blob("b1", "r", b"other")])
        assert await log.head("r") == 1

    async def test_erase_drops_blobs_of_its_room_only(self, log: LogWithBlobs) -> None:
        await log.append("r", [said("a")], blobs=[Blob("b1", "r", b"1"), Blob("b2", "r", b"2")])
        await log.erase("s", blobs=["b1"])
        await log.append("s", [said("a")])
        await log.erase("s", blobs=["b1"])
        assert await log.blob("b1") is not None
        await log.erase("r", blobs=["b1", "none"])
        assert await log.blob("b1") is None
        assert await log.blob("b2") is not None
        assert texts(await log.read("r")) == ["a"]

    async def test_an_append_drops_blobs_or_nothing(self, log: LogWithBlobs, open: Open) -> None:
        events = await log.append("r", [said("a"), said("b")], blobs=[Blob("b1", "r", b"1")])
        await log.append("s", [said("other")], blobs=[Blob("b2", "s", b"2")])
        taking = Entry([said("c")], "k", (), erases=[1, 3, 99], drops=["b1", "b2", "none"])
        assert isinstance((await log.extend("r", [taking], expect=1))[0], Conflict)
        assert (await log.read("r"), await log.blob("b1") is None) == (events, False)
        await log.extend("r", [taking], expect=2)
        log = cast(LogWithBlobs, await self.reopen(log, open))
        assert texts(await log.read("r")) == ["", "b", ""]
        assert [await log.blob(id_) is None for id_ in ("b1", "b2")] == [True, False]
        assert texts(await log.read("s")) == ["other"]

    async def test_a_room_that_goes_as_a_whole_takes_its_blobs(self, log: LogWithBlobs, open: Open) -> None:
        await log.append("r", [opened("Old")], key="k", blobs=[Blob("b", "r", b"1")])
        await log.append("s", [opened("Other")])
        await log.erase("r")
        assert await log.head("r") == 0
        assert await log.read("r") == []
        assert await log.blob("b") is None
        assert [listing.room for listing in await log.rooms()] == ["s"]
        assert texts(await log.append("r", [said("new")], expect=0, key="k")) == ["new"]
        log = cast(LogWithBlobs, await self.reopen(log, open))
        assert texts(await log.read("r")) == ["new"]

    async def test_a_full_log_refuses_and_keeps_the_blobs_it_has(self, open_small: Open) -> None:
        log = cast(LogWithBlobs, await open_small())
        kept: list[str] = []
        refused = 0
        for i in range(100):
            try:
                await log.append("r", [said(f"{i}" + "x" * 2_000)], blobs=[Blob(f"b{i}", "r", b"s" * 2_000)])
                kept.append(f"b{i}")
            except StorageFull:
                refused += 1
        assert refused
        assert 5 < len(kept) < 100
        assert [blob.id for i in range(100) if (blob := await log.blob(f"b{i}"))] == kept
        assert len(await log.read("r")) == len(kept)
        await log.close()

    async def test_in_a_full_log_a_chain_ends_at_a_blob_that_does_not_fit(self, open_small: Open) -> None:
        log = cast(LogWithBlobs, await open_small())
        chain = [
            Entry([said("a")]),
            Entry([said("b")], "k", [Blob("b", "r", b"s" * 400_000)]),
            Entry([said("c")]),
        ]
        outcomes = await log.extend("r", chain, expect=0)
        assert texts(lists(outcomes[:1])[0]) == ["a"]
        assert [type(outcome) for outcome in outcomes[1:]] == [StorageFull, Conflict]
        assert texts(await log.append("r", [said("d")], key="k", expect=1)) == ["d"]
        await log.check()
        await log.close()


def lists(outcomes: list[Outcome]) -> list[list[Event]]:
    """Return outcomes that must all be events."""
    assert all(isinstance(outcome, list) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, list)]
