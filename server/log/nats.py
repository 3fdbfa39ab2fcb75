"""The log in NATS JetStream, which several processes share: a subject a room, a message an append.

Fenced by the room's own subject: an append says after which message it comes, and of which epoch it is.
`jetstream/` has the parts; docs/adr/0036 says why they are so.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial

from server.blobs.base import Blob
from server.log.base import (
    Change,
    Effect,
    Entry,
    Listing,
    Outcome,
    Projected,
    Snapshot,
    StorageFull,
    Unusable,
)
from server.log.bell import Bell
from server.log.claims import Ownership
from server.log.jetstream.catalogue import Catalogue, ListedRoom
from server.log.jetstream.changes import Changes
from server.log.jetstream.eraser import Eraser
from server.log.jetstream.following import Following
from server.log.jetstream.readers import Readers
from server.log.jetstream.reading import NOT_FOUND, READ_S, Rooms
from server.log.jetstream.records import Place
from server.log.jetstream.records import shard as shard_of
from server.log.jetstream.sending import Sender
from server.log.jetstream.sequence import Order
from server.log.jetstream.setup import SHARDS, Found, adopt, set_up
from server.log.jetstream.snapshots import Snapshots
from server.log.jetstream.writing import ClaimsAre, Writing, ownership
from server.log.moving import KeyUse
from server.nats.connection import CONNECT_S, Connection, NatsRefused, connect
from server.room.events import Draft, Event
from server.together import settled

TEND_S = 1.0
FILL_S = 30.0  # a million rooms are heard of in some seconds

logger = logging.getLogger(__name__)


class NatsLog:
    """Events, snapshots and readers' progress in NATS; made by `NatsLog.open`. It stores no blobs.

    With `explicit` claims a node appends only to rooms that it claimed, or opened; with `implied` ones its
    first append takes a room over, which is for a server that is alone.
    """

    def __init__(
        self,
        connection: Connection,
        found: Found,
        *,
        node: str,
        claims: ClaimsAre,
        on_commit: Callable[[float], None] | None = None,
    ) -> None:
        self.bell = Bell()
        self.weak = found.weak
        self.node = node
        self._connection, self._secret, self._on_commit = connection, found.meta.secret, on_commit
        shards = found.meta.shards
        self._rooms = Rooms(connection, shards)
        self._order = Order(connection, shards)
        self._snapshots = Snapshots(connection, self._rooms)
        self._readers = Readers(connection)
        self._changes = Changes(connection, self._rooms, self._order)
        self._eraser = Eraser(connection, self._rooms, self._order, self._snapshots, self._readers)
        self._catalogue = Catalogue()
        self._sender = Sender(connection, self._rooms)
        self._writing = Writing(self._rooms, self._sender, self._snapshots, self, node=node, claims=claims)
        self._following = [Following(connection, shard, self._heard) for shard in range(shards)]
        self._tending: asyncio.Task[None] | None = None
        self._closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        node: str | None = None,
        claims: ClaimsAre = "explicit",
        strict: bool = False,
        monitors: Sequence[str] = (),
        shards: int = SHARDS,
        max_bytes: int = -1,
        within_s: float = CONNECT_S,
        on_commit: Callable[[float], None] | None = None,
    ) -> NatsLog:
        """Connect, make the streams where they are missing, and begin to follow them.

        Raises `Unusable` with a sentence when that cannot be; if `strict`, also for what cannot be promised.
        `monitors` tell of the servers; `shards` and `max_bytes` are those of streams that are made now.
        """
        node = node or secrets.token_urlsafe(9)
        try:
            connection = await connect(url, name=f"wonder {node}", within_s=within_s)
        except OSError as error:
            raise Unusable(f"The log cannot be reached at {_shown(url)}: {error}.") from error
        try:
            found = await set_up(connection, monitors=monitors, shards=shards, max_bytes=max_bytes)
            for sentence in found.weak:
                logger.warning("log.weak %s", sentence)
            if found.weak and strict:
                raise Unusable(f"The log cannot keep what is promised. {' '.join(found.weak)}")
            log = cls(connection, found, node=node, claims=claims, on_commit=on_commit)
            await log.begin()
        except OSError as error:
            await connection.close()
            raise Unusable(f"The log at {_shown(url)} does not answer: {error}.") from error
        except Unusable:
            await connection.close()
            raise
        return log

    async def begin(self) -> None:
        """Learn where the shards end, and follow them."""
        tops = (self._top(shard) for shard in range(len(self._following)))
        self._order.tops = list(await settled(tops))
        for following in self._following:
            following.start()
        self._tending = asyncio.get_running_loop().create_task(self._tend(), name="log eraser")

    @property
    def connection(self) -> Connection:
        """Return the connection, which others may use too."""
        return self._connection

    # Appending

    async def append(
        self,
        room: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        key: str | None = None,
        digest: bytes = b"",
        blobs: Sequence[Blob] = (),
    ) -> list[Event]:
        """Store all drafts, or nothing."""
        (outcome,) = await self._append(room, [Entry(drafts, key, blobs, digest=digest)], expect)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        """Append a chain; nobody else comes in between."""
        return await self._append(room, entries, expect)

    async def _append(self, room: str, entries: Sequence[Entry], expect: int | None) -> list[Outcome]:
        began_s = time.monotonic()
        outcomes = await self._writing.put(room, partial(self._writing.append, room, entries, expect))
        if self._on_commit:
            self._on_commit(time.monotonic() - began_s)
        return outcomes

    async def erase(self, room: str, seqs: Sequence[int] | None = None, blobs: Sequence[str] = ()) -> None:
        """Blank events, or drop the room; no byte is left in the streams' files."""
        if seqs is None and not blobs:
            await self._writing.put(room, partial(self._writing.drop, room))
        elif seqs or blobs:
            await self._writing.put(room, partial(self._writing.erase, room, seqs or ()))

    async def look(self, room: str) -> Ownership | None:
        """Return who owns a room; None when there is no such room."""
        self._check_open()
        place = await self._rooms.look(room)
        return ownership(place) if place.last else None

    async def claim(self, room: str, seen: Ownership) -> Ownership:
        """Become the owner of a room where it ends as was seen."""
        return await self._writing.put(room, partial(self._writing.claim, room, seen))

    # Reading

    async def read(self, room: str, after: int = 0, limit: int = 500) -> list[Event]:
        """Return events after a seq."""
        self._check_open()
        return await self._rooms.events(room, after, limit, self._own(room))

    async def newest(self, room: str, limit: int = 100) -> list[Event]:
        """Return the newest events."""
        self._check_open()
        place = self._own(room) or await self._rooms.look(room)
        return await self._rooms.events(room, place.last - max(limit, 0), max(limit, 0), place)

    async def head(self, room: str) -> int:
        """Return the newest seq."""
        self._check_open()
        return (self._own(room) or await self._rooms.look(room)).last

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        """Return changes of all rooms after a position."""
        self._check_open()
        return await self._changes.read(after, limit)

    async def rooms(self, limit: int = 100, *, public: bool | None = None) -> list[Listing]:
        """Return the rooms, liveliest first: of the liveliest some thousands."""
        self._check_open()
        async with asyncio.timeout(FILL_S):
            await settled(following.filled.wait() for following in self._following)
        rows = self._catalogue.liveliest(limit, public=public)
        listings = await settled(self._listing(row) for row in rows)
        return [listing for listing in listings if listing is not None]

    async def _listing(self, row: ListedRoom) -> Listing | None:
        if row.opened is None:
            row.opened = next(iter(await self.read(row.room, 0, 1)), None)
        if row.opened is None:
            return None
        return Listing(row.room, row.head, row.opened, row.last_at_ms, row.public)

    # Readers

    async def cursor(self, reader: str) -> int:
        """Return a reader's position."""
        self._check_open()
        return (await self._readers.current(reader)).cursor(reader)

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        """Move a reader's cursor with its effects, or nothing."""
        self._check_open()
        rooms = sorted({effect.room for effect in effects})
        heads = await settled(self.head(room) for room in rooms)
        alive = {room for room, head in zip(rooms, heads, strict=True) if head}
        await self._readers.advance(
            reader, position, expect, [effect for effect in effects if effect.room in alive]
        )

    async def restart(self, reader: str) -> None:
        """Forget a reader's cursor and all that it keeps."""
        self._check_open()
        await self._readers.restart(reader)

    async def projected(self, reader: str, room: str, item: str) -> Projected | None:
        """Return what a reader keeps of an item."""
        self._check_open()
        return (await self._readers.current(reader)).projected(reader, room, item)

    async def projection(
        self, reader: str, part: str, *, after: tuple[int, str] = (-1, ""), limit: int = 500
    ) -> list[Projected]:
        """Return rows of a part in their order."""
        self._check_open()
        return (await self._readers.current(reader)).projection(reader, part, after)[: max(limit, 0)]

    async def parts(self, reader: str) -> list[str]:
        """Return the parts in which a reader keeps something."""
        self._check_open()
        return (await self._readers.current(reader)).parts(reader)

    # Snapshots

    def keep_snapshot(self, room: str, snapshot: Snapshot) -> Awaitable[bool]:
        """Put a snapshot in the place of the one before, if it is as of the head."""
        return self._writing.put(room, partial(self._writing.keep, room, snapshot))

    async def snapshot(self, room: str) -> Snapshot | None:
        """Return the room's snapshot."""
        self._check_open()
        return await self._snapshots.read(room)

    async def drop_snapshot(self, room: str) -> None:
        """Drop the room's snapshot."""
        await self._writing.put(room, partial(self._snapshots.drop, room))

    # The rest

    async def secret(self) -> bytes:
        """Return this installation's secret."""
        return self._secret

    async def all_rooms(self) -> AsyncIterator[str]:
        """Yield the id of every room."""
        self._check_open()
        async for room in self._rooms.all():
            if (await self._rooms.look(room)).last:
                yield room

    async def key_uses(self, room: str, first: int, last: int) -> list[KeyUse]:
        """Return the keys that still count of some events."""
        self._check_open()
        uses = await self._rooms.uses(room, first, last, self._own(room))
        return [KeyUse(use.key, use.first, use.last, use.digest) for use in uses]

    async def readers(self) -> list[str]:
        """Return the names of readers."""
        self._check_open()
        return await self._readers.names()

    async def end_of_feed(self) -> int:
        """Return a position after all that is stored."""
        self._check_open()
        return await self._order.end()

    async def is_shared(self) -> bool:
        """Tell whether another process follows the rooms now."""
        self._check_open()
        return await self._following[0].is_followed_by_others()

    async def adopt_secret(self, secret: bytes) -> None:
        """Take another installation's secret."""
        self._check_open()
        await adopt(self._connection, secret)
        self._secret = secret

    async def check(self) -> None:
        """Raise when an append would find no room, or no server."""
        self._check_open()
        await settled(self._check(f"ROOMS_{shard}") for shard in range(len(self._following)))

    async def _check(self, stream: str) -> None:
        try:
            info = await self._connection.js(f"STREAM.INFO.{stream}", timeout_s=READ_S)
        except NatsRefused as refused:
            raise OSError(f"the storage is broken: {refused}") from refused
        if 0 < info["config"].get("max_bytes", -1) <= info["state"]["bytes"]:
            raise StorageFull(f"the stream {stream} is full")

    async def close(self) -> None:
        """Finish what was begun and let go of the connection; may be called again."""
        self._closed = True
        self.bell.close()
        await self._writing.close()
        for following in self._following:
            await following.close()
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        await self._connection.close()

    # What the parts tell

    def appended(self, room: str, place: Place, kinds: Iterable[str]) -> None:
        """Note an append of this process."""
        shard = shard_of(room, len(self._following))
        self._order.tops[shard] = max(self._order.tops[shard], place.seq)
        self._catalogue.note(room, place)
        kinds = tuple(kinds)
        if kinds:
            self.bell.ring(kinds)

    async def gone(self, room: str, place: Place) -> None:
        """Erase what the newest message of a room takes back."""
        await self._eraser.gone(room, place)

    def unfinished(self, room: str) -> None:
        """Look in a while whether all of a room that should be is erased."""
        self._eraser.later(room)

    def _heard(self, shard: int, room: str, place: Place) -> None:
        """Note what any process stored, as its shard tells."""
        record = place.record
        self._order.tops[shard] = max(self._order.tops[shard], place.seq)
        self._catalogue.note(room, place)
        if record.node == self.node and record.append not in self._sender.doubted:
            return
        self._sender.doubted.discard(record.append)
        if place.pending:
            self._eraser.later(room, place)
        if record.kinds:
            self.bell.ring(record.kinds)

    async def _tend(self) -> None:
        """Finish what was to be erased, by this process or by one that died; the root of its task."""
        while True:
            await asyncio.sleep(TEND_S)
            for room in self._eraser.due():
                try:
                    await self._writing.put(room, partial(self._eraser.again, room))
                except Exception as error:
                    logger.exception("log.eraser_failed room=%.6s %s", room, type(error).__name__)

    async def _top(self, shard: int) -> int:
        """Return the newest sequence of a shard's rooms."""
        asked = {"last_by_subj": f"rooms.{shard}.*"}
        try:
            answer = await self._connection.js(f"STREAM.MSG.GET.ROOMS_{shard}", asked)
        except NatsRefused as refused:
            if refused.code not in NOT_FOUND:
                raise OSError(str(refused)) from refused
            return 0
        return int(answer["message"]["seq"])

    def _own(self, room: str) -> Place | None:
        """Return where a room ends that this process alone appends to, None where another may have."""
        place = self._rooms.known(room)
        return place if place is not None and place.record.node == self.node else None

    def _check_open(self) -> None:
        if self._closed:
            raise Unusable("The log is closed.")


def _shown(url: str) -> str:
    """Return an address without what may be a password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{','.join(server.rpartition('@')[2] for server in rest.split(','))}"
