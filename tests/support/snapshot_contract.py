"""What every back end of the log must hold of snapshots: a part of its contract."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from server.log.base import Conflict, Entry, Log, Snapshot
from server.room.events import Draft, TextSaid, Voice

ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")
Open = Callable[[], Awaitable[Log]]


def said(text: str, at_ms: int = 1_000) -> Draft:
    """Return a draft of a text by Anna."""
    return Draft(TextSaid(text), at_ms, ANNA)


class SnapshotContract(ABC):
    """Snapshots are kept as of the head, one a room, and go with what is erased."""

    @abstractmethod
    async def reopen(self, log: Log, open: Open) -> Log:
        """Close a log and open it again, when it is one that lasts."""

    async def test_a_snapshot_takes_the_place_of_the_one_before(self, log: Log, open: Open) -> None:
        assert await log.snapshot("r") is None
        await log.append("r", [said("a")])
        await log.append("s", [said("a")])
        assert await log.snapshot("r") is None
        first = Snapshot(1, b"v1", b"body \x00 1", {"a": b"A" * 90_000, "b": b""})
        assert await log.keep_snapshot("r", first)
        assert await log.keep_snapshot("s", Snapshot(1, b"v1", b"of s", {"a": b"of s"}))
        log = await self.reopen(log, open)
        assert await log.snapshot("r") == first
        await log.append("r", [said("b")])
        assert await log.snapshot("r") == first
        then = Snapshot(2, b"v2", b"body 2", {"b": b"B", "c": b"C"}, frozenset({"a", "none"}))
        assert await log.keep_snapshot("r", then)
        log = await self.reopen(log, open)
        parts = {"a": b"A" * 90_000, "b": b"B", "c": b"C"}
        assert await log.snapshot("r") == Snapshot(2, b"v2", b"body 2", parts)
        assert await log.keep_snapshot("r", Snapshot(2, b"v2", b""))
        assert await log.snapshot("r") == Snapshot(2, b"v2", b"")
        assert await log.snapshot("s") == Snapshot(1, b"v1", b"of s", {"a": b"of s"})

    async def test_a_snapshot_is_kept_only_as_of_the_head(self, log: Log) -> None:
        assert not await log.keep_snapshot("r", Snapshot(0, b"v", b"body"))
        await log.append("r", [said("a"), said("b")])
        for seq in (0, 1, 3):
            assert not await log.keep_snapshot("r", Snapshot(seq, b"v", b"body"))
        assert await log.snapshot("r") is None

    async def test_an_append_that_erases_drops_the_snapshot_or_renews_it(self, log: Log, open: Open) -> None:
        await log.append("r", [said("a"), said("b")])
        await log.keep_snapshot("r", Snapshot(2, b"v", b"a b", {"p": b"P", "q": b"Q"}))
        lost = Entry([said("c")], None, (), [1], snapshot=Snapshot(9, b"v", b"b c"))
        assert isinstance((await log.extend("r", [lost], expect=1))[0], Conflict)
        assert await log.snapshot("r") == Snapshot(2, b"v", b"a b", {"p": b"P", "q": b"Q"})
        renewed = Snapshot(3, b"v", b"b c", {"q": b"R"}, frozenset("p"))
        await log.extend("r", [Entry([said("c")], None, (), [1], snapshot=renewed)], expect=2)
        log = await self.reopen(log, open)
        assert await log.snapshot("r") == Snapshot(3, b"v", b"b c", {"p": b"P", "q": b"R"})
        await log.extend("r", [Entry([said("d")], None, (), (), ["b1"])], expect=3)
        assert await log.snapshot("r") is None
        assert await log.keep_snapshot("r", Snapshot(4, b"v", b"b c d", {}, frozenset("p")))
        assert await log.snapshot("r") == Snapshot(4, b"v", b"b c d", {"p": b"P"}), "its parts hold no words"
        chain = [Entry([said("e")], None, (), [2]), Entry([said("f")], snapshot=Snapshot(6, b"v", b"f"))]
        await log.extend("r", chain, expect=4)
        assert await log.snapshot("r") == Snapshot(6, b"v", b"f")
        await log.extend(
            "r", [Entry([said("g")], snapshot=Snapshot(6, b"v", b"of another moment"))], expect=6
        )
        assert await log.snapshot("r") == Snapshot(6, b"v", b"f")

    async def test_what_erases_beside_the_rooms_writer_drops_the_snapshot_whole(self, log: Log) -> None:
        for seqs, blobs in (([1], []), (None, ["none"])):
            await log.append("r", [said("a")])
            whole = Snapshot(await log.head("r"), b"v", b"body", {"p": b"P"})
            await log.keep_snapshot("r", whole)
            await log.append("s", [said("a")])
            await log.erase("s", [1])
            await log.erase("r", [])
            assert await log.snapshot("r") == whole
            await log.erase("r", seqs, blobs)
            assert await log.snapshot("r") is None
            await log.keep_snapshot("r", Snapshot(whole.seq, b"v", b"body", {}, frozenset("p")))
            assert await log.snapshot("r") == Snapshot(whole.seq, b"v", b"body")
        await log.erase("r")
        assert await log.snapshot("r") is None
        await log.append("r", [said("new")])
        assert await log.snapshot("r") is None

    async def test_a_snapshot_can_be_dropped(self, log: Log) -> None:
        await log.drop_snapshot("r")
        await log.append("r", [said("a")])
        await log.keep_snapshot("r", Snapshot(1, b"v", b"body", {"p": b"P"}))
        await log.drop_snapshot("r")
        assert await log.snapshot("r") is None
        await log.keep_snapshot("r", Snapshot(1, b"v", b"body", {}, frozenset("p")))
        assert await log.snapshot("r") == Snapshot(1, b"v", b"body")
