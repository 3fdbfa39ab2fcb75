"""Compares two logs with their clips, event by event, and sums each end up in a chain of hashes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

from msgspec import Struct, field

from server.blobs.base import Blob
from server.log.base import Damaged
from server.moving.ends import End, Progress, events_after
from server.room.events import ClipLanded, Event, encode, erased
from server.together import settled

CHAIN_BYTES = 16
CLIPS_AT_ONCE = 8
NAMED_MOST = 100


class Comparison(Struct):
    """What was found: what differs, and what is damaged at the source, each as a sentence (the first ones).

    `chain` is the hash of all rooms' chains, whatever the order of the rooms, and the same at both ends when
    nothing differs.
    """

    rooms: int = 0
    events: int = 0
    clips: int = 0
    mended: int = 0
    differing: int = 0
    damaging: int = 0
    differences: list[str] = field(default_factory=list)
    damages: list[str] = field(default_factory=list)
    chain: bytes = bytes(CHAIN_BYTES)

    def differ(self, sentence: str) -> None:
        """Note a difference."""
        self.differing += 1
        self.differences += [sentence] if len(self.differences) < NAMED_MOST else []

    def damage(self, sentence: str) -> None:
        """Note what cannot be read at the source."""
        self.damaging += 1
        self.damages += [sentence] if len(self.damages) < NAMED_MOST else []


class Comparing:
    """Compares; with `mend` what was erased at the source meanwhile is erased at the target too."""

    def __init__(self, source: End, target: End, progress: Progress, *, mend: bool) -> None:
        self._source, self._target, self._progress, self._mend = source, target, progress, mend
        self._found = Comparison()
        self._turns = asyncio.Semaphore(CLIPS_AT_ONCE)

    async def run(self) -> Comparison:
        """Compare all rooms. Raises `OSError`."""
        found = self._found
        rooms = 0
        async for _ in self._source.log.all_rooms():
            rooms += 1
        async for room in self._source.log.all_rooms():
            chain = await self._room(room)
            found.chain = bytes(a ^ b for a, b in zip(found.chain, _link(room.encode(), chain), strict=True))
            found.rooms += 1
            self._progress("comparing", found.rooms, max(rooms, found.rooms))
        await self._rooms_gone()
        if await self._source.log.secret() != await self._target.log.secret():
            found.differ("The two ends have different secrets: ids of voices and links would change.")
        return found

    async def _rooms_gone(self) -> None:
        """See to rooms that the target has and the source has not."""
        async for room in self._target.log.all_rooms():
            if await self._source.log.head(room):
                continue
            if self._mend:
                await self._target.erase(room)
                self._found.mended += 1
            else:
                self._found.differ(
                    f"{self._target.name} has a room {room} that is not at {self._source.name}."
                )

    async def _room(self, room: str) -> bytes:
        """Compare a room; return the hash of its chain."""
        chains, before = (b"", b""), self._found.differing
        after = 0
        while True:
            events, damaged = await events_after(self._source, room, after)
            others, lost = await events_after(self._target, room, after)
            for seq in damaged:
                self._found.damage(f"Event {seq} of room {room} cannot be read: its place is kept, empty.")
            for seq in lost:
                self._found.differ(f"Event {seq} of room {room} cannot be read at {self._target.name}.")
            if self._mend:
                others = await self._erased_too(room, events, others)
            self._compare(room, events, others)
            both = zip(events, others, strict=False)
            pairs = await settled(self._links(room, event, other) for event, other in both)
            for link, other_link in pairs:
                chains = _link(chains[0], link), _link(chains[1], other_link)
            self._found.events += len(events)
            if not events or len(events) != len(others):
                break
            after = events[-1].seq
        if chains[0] != chains[1] and self._found.differing == before:
            self._found.differ(f"The chains of room {room} differ.")
        return chains[0]

    def _compare(self, room: str, events: Sequence[Event], others: Sequence[Event]) -> None:
        """Note what differs, up to the first event that does."""
        if len(events) > len(others):
            self._found.differ(
                f"Room {room} has events that are not at {self._target.name}: stop the servers of both "
                "ends, and say the same again."
            )
        elif len(others) > len(events):
            self._found.differ(
                f"Room {room} has events at {self._target.name} that are not at {self._source.name}: it is "
                "served from there already."
            )
        both = zip(events, others, strict=False)
        seq = next((event.seq for event, other in both if encode(event) != encode(other)), None)
        if seq is not None:
            self._found.differ(f"Event {seq} of room {room} differs.")

    async def _erased_too(self, room: str, events: Sequence[Event], others: list[Event]) -> list[Event]:
        """Erase at the target what was erased at the source since it was copied."""
        gone = [
            other
            for event, other in zip(events, others, strict=False)
            if event != other and event == erased(other)
        ]
        if not gone:
            return others
        clips = [other.data.clip for other in gone if isinstance(other.data, ClipLanded)]
        await self._target.erase(room, [other.seq for other in gone], clips)
        self._found.mended += len(gone)
        return (await events_after(self._target, room, others[0].prev))[0]

    async def _links(self, room: str, event: Event, other: Event) -> tuple[bytes, bytes]:
        """Return what an event, with its clip, adds to the chains of the two ends."""
        link, other_link = encode(event), encode(other)
        if isinstance(event.data, ClipLanded) and event == other:
            async with self._turns:
                body, other_body = await self._clips(room, event.data.clip)
            link, other_link = _link(link, body), _link(other_link, other_body)
        return link, other_link

    async def _clips(self, room: str, clip: str) -> tuple[bytes, bytes]:
        """Return the sound of a clip at both ends; none where the source cannot tell it."""
        try:
            blob = await self._source.blobs.get(clip)
        except Damaged:
            self._found.damage(f"Clip {clip} of room {room} is damaged, and was left out.")
            return b"", b""
        if blob is None or blob.room != room:
            self._found.damage(f"Clip {clip} of room {room} is missing.")
            return b"", b""
        self._found.clips += 1
        other = blob if self._source.clips == self._target.clips else await self._other(clip)
        if other is None or other.body != blob.body or other.room != blob.room:
            is_ = "missing" if other is None else "another"
            self._found.differ(f"Clip {clip} of room {room} is {is_} at {self._target.name}.")
        return blob.body, other.body if other is not None else b""

    async def _other(self, clip: str) -> Blob | None:
        try:
            return await self._target.blobs.get(clip)
        except Damaged:
            return None


def _link(chain: bytes, more: bytes) -> bytes:
    return hashlib.blake2b(hashlib.blake2b(chain).digest() + more, digest_size=CHAIN_BYTES).digest()
