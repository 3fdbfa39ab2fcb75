"""A machine that does anything in any order to a log, and compares it with lists in memory."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.blobs.base import Blob
from server.log.base import Conflict, Effect, Entry, KeyUsed, LogWithBlobs, Projected, Snapshot, Withdrawn
from server.room.events import Event, erased, numbered
from tests.support.feed_contract import all_changes
from tests.support.log_contract import said

ROOMS = st.sampled_from(["r", "s"])
KEYS = st.none() | st.sampled_from(["k1", "k2", "k3"])
DIGESTS = st.sampled_from([b"one", b"one", b"two"])
ITEMS = st.lists(st.tuples(ROOMS, st.sampled_from("xyz"), st.integers(0, 5), st.booleans()), max_size=4)
READERS = st.sampled_from(["a", "b"])
WORDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=30), max_size=3)


class LogMachine(RuleBasedStateMachine):
    """Does anything in any order to a log and to lists in memory, and compares them.

    Subclasses say how to `open` the log; it is closed and opened again on the way.
    """

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.events: dict[str, list[Event]] = {"r": [], "s": []}
        self.keys: dict[tuple[str, str], tuple[bytes, list[int]]] = {}
        self.blobs: dict[str, Blob] = {}
        self.snapshots: dict[str, tuple[int, bytes] | None] = {"r": None, "s": None}
        self.parts: dict[str, dict[str, bytes]] = {"r": {}, "s": {}}
        self.made = 0
        self.order: list[tuple[str, int]] = []  # of all events: the rooms and seqs as they came
        self.seen: dict[tuple[str, int], int] = {}  # their positions, once they were read
        self.newest = 0
        self.cursors: dict[str, int] = {}
        self.rows: dict[tuple[str, str, str], Projected] = {}

    async def open(self) -> LogWithBlobs:
        raise NotImplementedError

    @initialize()
    def begin(self) -> None:
        self.log = self.runner.run(self.open())

    @rule()
    def close_and_open(self) -> None:
        self.runner.run(self.log.close())
        self.log = self.runner.run(self.open())

    @rule(
        room=ROOMS,
        words=WORDS,
        key=KEYS,
        digest=DIGESTS,
        off=st.sampled_from([None, 0, 0, 1, -1]),
        blob=st.booleans(),
    )
    def append(
        self, room: str, words: list[str], key: str | None, digest: bytes, off: int | None, blob: bool
    ) -> None:
        expect = None if off is None else len(self.events[room]) + off
        blobs = [self._blob(room)] if blob else []
        drafts = [said(word) for word in words]
        wanted = self._appended(room, Entry(drafts, key, blobs, digest=digest), expect)
        append = self.log.append(room, drafts, expect=expect, key=key, digest=digest, blobs=blobs)
        try:
            result: Any = self.runner.run(append)
        except (Conflict, KeyUsed) as error:
            result = type(error)
        assert result == wanted

    @rule(
        room=ROOMS,
        chain=st.lists(st.tuples(WORDS, KEYS, DIGESTS), max_size=4),
        off=st.sampled_from([0, 0, 0, 1]),
    )
    def extend(self, room: str, chain: list[tuple[list[str], str | None, bytes]], off: int) -> None:
        expect = len(self.events[room]) + off
        entries = [Entry([said(word) for word in words], key, digest=use) for words, key, use in chain]
        wanted: list[Any] = []
        at = expect
        for entry in entries:
            before = len(self.events[room])
            wanted.append(self._appended(room, entry, at))
            stored = len(self.events[room]) > before
            at = len(self.events[room]) if stored else at if not entry.drafts else -1
        outcomes = self.runner.run(self.log.extend(room, entries, expect=expect))
        assert [type(x) if isinstance(x, Exception) else x for x in outcomes] == wanted

    @rule(room=ROOMS, seqs=st.lists(st.integers(0, 12), min_size=1, max_size=3), renew=st.booleans())
    def take_back(self, room: str, seqs: list[int], renew: bool) -> None:
        events = self.events[room]
        made = self._snapshot(len(events) + 1, ["p"]) if renew else None
        entry = Entry([said("taken back")], None, (), seqs, snapshot=made)
        self._appended(room, entry, None)
        self.runner.run(self.log.extend(room, [entry], expect=len(events) - 1))
        self.events[room] = [erased(event) if event.seq in seqs else event for event in self.events[room]]
        self.snapshots[room] = None
        if made:
            self._kept(room, made)

    @rule(
        room=ROOMS,
        off=st.sampled_from([0, 0, 0, 1]),
        names=st.lists(st.sampled_from("pqr")),
        kept=st.frozensets(st.sampled_from("pqr")),
    )
    def keep_snapshot(self, room: str, off: int, names: list[str], kept: frozenset[str]) -> None:
        made = self._snapshot(len(self.events[room]) - off, names, kept)
        stored = bool(self.events[room]) and not off

        async def keep() -> bool:
            return await self.log.keep_snapshot(room, made)

        assert self.runner.run(keep()) == stored
        if stored:
            self._kept(room, made)

    def _snapshot(self, seq: int, names: list[str], kept: frozenset[str] = frozenset()) -> Snapshot:
        self.made += 1
        parts = {name: f"part {name} {self.made}".encode() for name in names}
        return Snapshot(seq, b"v", f"body {self.made}".encode(), parts, kept)

    def _kept(self, room: str, made: Snapshot) -> None:
        self.snapshots[room] = (made.seq, made.body)
        left = {name: body for name, body in self.parts[room].items() if name in made.kept}
        self.parts[room] = {**left, **made.parts}

    @invariant()
    def snapshots_agree(self) -> None:
        for room, made in self.snapshots.items():
            wanted = Snapshot(made[0], b"v", made[1], self.parts[room]) if made else None
            assert self.runner.run(self.log.snapshot(room)) == wanted

    @rule(room=ROOMS, seqs=st.lists(st.integers(0, 12), min_size=1, max_size=3))
    def blank(self, room: str, seqs: list[int]) -> None:
        self.runner.run(self.log.erase(room, seqs))
        self.snapshots[room], self.parts[room] = None, {}
        events = self.events[room]
        self.events[room] = [erased(event) if event.seq in seqs else event for event in events]

    @rule(room=ROOMS, number=st.integers(0, 20))
    def drop_blob(self, room: str, number: int) -> None:
        self.runner.run(self.log.erase(room, blobs=[f"blob{number}"]))
        self.snapshots[room], self.parts[room] = None, {}
        if (blob := self.blobs.get(f"blob{number}")) and blob.room == room:
            del self.blobs[blob.id]

    @rule(room=ROOMS)
    def drop(self, room: str) -> None:
        self.runner.run(self.log.erase(room))
        self.snapshots[room], self.parts[room] = None, {}
        self.events[room] = []
        self.order = [place for place in self.order if place[0] != room]
        self.seen = {place: position for place, position in self.seen.items() if place[0] != room}
        self.rows = {key: row for key, row in self.rows.items() if row.room != room}
        self.keys = {key: seqs for key, seqs in self.keys.items() if key[0] != room}
        self.blobs = {id_: blob for id_, blob in self.blobs.items() if blob.room != room}

    @rule(room=ROOMS, after=st.integers(-1, 15), limit=st.integers(0, 6))
    def read(self, room: str, after: int, limit: int) -> None:
        wanted = self.events[room][max(after, 0) :][:limit]
        assert self.runner.run(self.log.read(room, after, limit)) == wanted

    @rule(
        reader=READERS,
        off=st.sampled_from([0, 0, 0, 1]),
        by=st.integers(0, 3),
        items=st.lists(
            st.tuples(ROOMS, st.sampled_from("xyz"), st.integers(0, 5), st.booleans()), max_size=4
        ),
    )
    def advance(self, reader: str, off: int, by: int, items: list[tuple[str, str, int, bool]]) -> None:
        at = self.cursors.get(reader, 0)
        effects: list[Effect] = [
            Projected(room, item, f"part{number % 2}", number) if keep else Withdrawn(room, item)
            for room, item, number, keep in items
        ]
        try:
            self.runner.run(self.log.advance(reader, at + by, expect=at + off, effects=effects))
        except Conflict:
            assert off
            return
        assert not off
        self.cursors[reader] = at + by
        for effect in effects:
            self.rows.pop((reader, effect.room, effect.item), None)
            if isinstance(effect, Projected) and self.events[effect.room]:
                self.rows[reader, effect.room, effect.item] = effect

    @rule(reader=READERS)
    def restart(self, reader: str) -> None:
        self.runner.run(self.log.restart(reader))
        self.cursors.pop(reader, None)
        self.rows = {key: row for key, row in self.rows.items() if key[0] != reader}

    @invariant()
    def the_feed_is_the_same(self) -> None:
        if not hasattr(self, "log"):
            return
        changes = self.runner.run(all_changes(self.log, page=3))
        assert [(change.room, change.event) for change in changes] == [
            (room, self.events[room][seq - 1]) for room, seq in self.order
        ]
        for change in changes:
            place = (change.room, change.event.seq)
            if place not in self.seen:
                assert change.position > self.newest, "a position came again"
                self.newest = self.seen[place] = change.position
            assert self.seen[place] == change.position
        for reader in ("a", "b"):
            assert self.runner.run(self.log.cursor(reader)) == self.cursors.get(reader, 0)
            for part in ("part0", "part1"):
                own = [row for key, row in self.rows.items() if key[0] == reader and row.part == part]
                found = self.runner.run(self.log.projection(reader, part))
                assert sorted(found, key=str) == sorted(own, key=str)

    @invariant()
    def the_same(self) -> None:
        if not hasattr(self, "log"):
            return
        for room, events in self.events.items():
            assert self.runner.run(self.log.newest(room, 1_000)) == events
            assert self.runner.run(self.log.head(room)) == len(events)
        for number in range(self.made):
            blob = self.runner.run(self.log.blob(f"blob{number}"))
            assert blob == self.blobs.get(f"blob{number}")
        listed = {listing.room for listing in self.runner.run(self.log.rooms())}
        assert listed == {room for room, events in self.events.items() if events}

    def teardown(self) -> None:
        if hasattr(self, "log"):
            self.runner.run(self.log.close())
        self.runner.close()

    def _blob(self, room: str) -> Blob:
        self.made += 1
        return Blob(f"blob{self.made - 1}", room, bytes(self.made * 700))

    def _appended(self, room: str, entry: Entry, expect: int | None) -> Any:
        """Do to the lists what the log should do; `Conflict` or `KeyUsed` when it should refuse."""
        events = self.events[room]
        if entry.key is not None and (use := self.keys.get((room, entry.key))):
            return [events[seq - 1] for seq in use[1]] if use[0] == entry.digest else KeyUsed
        if not entry.drafts:
            return []
        if expect is not None and expect != len(events):
            return Conflict
        head = len(events)
        fresh = [numbered(draft, head + 1 + i, head + i) for i, draft in enumerate(entry.drafts)]
        events += fresh
        self.order += [(room, event.seq) for event in fresh]
        if entry.key is not None:
            self.keys[room, entry.key] = (entry.digest, [event.seq for event in fresh])
        self.blobs.update((blob.id, blob) for blob in entry.blobs)
        return fresh
