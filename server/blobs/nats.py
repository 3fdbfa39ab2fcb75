"""Blobs in NATS: one message each, in streams beside those of the log.

The object store of NATS leaves the bytes of what is deleted on the disk; a message that is erased does not.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from server.blobs.base import Away, Blob, BlobInfo, Page
from server.blobs.recent import RecentInfos
from server.blobs.sums import sums
from server.log.base import Conflict, Damaged, StorageFull
from server.nats.connection import Connection, NatsRefused, NatsSilent, TooLarge
from server.together import settled

# Fixed for ever: by it a blob is found.
STREAMS = 16
REPLICAS = 3
# One request, and one call with what is tried again: a landing waits for it, and a round for the landing.
REQUEST_S, CALL_S = 3.0, 10.0
PAUSE_S = 0.02
REQUESTS_AT_ONCE = 64
LETTERS = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"  # of ids, in their order
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The ids of a stream are listed whole up to here, else by their first letter.
LISTED_WHOLE = 20_000
PAGE = 100
PAGE_BYTES = 4_000_000
# A clip of 30 s at Opus's highest bitrate; NATS takes 1 MB unless `max_payload` says more.
LARGEST_CLIP_BYTES = 2_100_000
ROOM, SUM = "W-Room", "W-Sum"
_EXPECTS_NONE = {"Nats-Expected-Last-Subject-Sequence": "0"}
# Codes of JetStream's errors. The first: something is there; the second: another put is under way.
_THERE, _UNDER_WAY = 10071, 10164
_FULL = {10023, 10047, 10077, 10122}
_NO_STREAM, _NO_MESSAGE = 10059, 10037
_NO_REPLICAS = 10074  # of a server that is in no cluster


class _Found(Struct, frozen=True):
    """A message, and where it is."""

    stream: str
    seq: int
    headers: Mapping[str, str]
    body: bytes


class NatsBlobs:
    """The blobs of a NATS server or cluster; made by `open`."""

    def __init__(self, connection: Connection, closing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._nats, self._closing = connection, closing
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)
        self._infos = RecentInfos()

    @classmethod
    async def open(
        cls,
        connection: Connection,
        *,
        stream_bytes: int | None = None,
        closing: Callable[[], Awaitable[None]] | None = None,
    ) -> NatsBlobs:
        """Return the blobs; streams that are not there are made, of at most `stream_bytes` each.

        `closing` is called at the end; without it the connection is let go by who opened it.
        """
        made = cls(connection, closing)
        async with made._asking():
            await settled(made._stream(number, stream_bytes) for number in range(STREAMS))
        return made

    async def put(self, blob: Blob) -> Sequence[Blob]:
        """Store a blob under an id that nothing has; after doubt the very same is asked for again."""
        if not ID.fullmatch(blob.id):
            raise ValueError(f"a blob cannot be called {blob.id!r:.80}")
        headers = {**_EXPECTS_NONE, ROOM: blob.room, SUM: sums(blob.room, blob.id, blob.body)}
        async with self._asking():
            while True:
                if await self._stored(blob, headers):
                    return ()
                await asyncio.sleep(PAUSE_S)

    async def get(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob, when it is as it was put."""
        found = await self._found(id)
        return None if found is None else _blob(id, found)

    async def get_range(self, id: str, first: int, size: int) -> bytes | None:  # noqa: A002
        """Return a part of a blob. It is read as a whole: NATS has no parts of messages."""
        blob = await self.get(id)
        return None if blob is None else blob.body[first : first + size]

    async def info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what is known of a blob; when it was not asked for lately that is read with it."""
        if (known := self._infos.get(id)) is not None:
            return known
        found = await self._found(id)
        if found is None:
            return None
        return self._infos.keep(BlobInfo(id, _room(id, found), len(found.body)))

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        """Overwrite blobs of a room in the files of their streams."""
        for id_ in ids:
            self._infos.drop(id_)
            found = await self._found(id_)
            if found is not None and _room(id_, found) == room:
                async with self._asking():
                    await self._nats.erase(found.stream, found.seq, REQUEST_S)

    async def ids(self, after: str = "", limit: int = 500) -> list[str]:
        """Return ids in their order."""
        found: list[str] = []
        async with self._asking():
            count = sum(await settled(map(self._count, range(STREAMS))))
            filters = ("*",) if count <= LISTED_WHOLE else [c for c in LETTERS if c >= after[:1]]
            for letter in filters:
                if len(found) >= limit:
                    break
                pages = await settled(self._listed(number, letter) for number in range(STREAMS))
                found += sorted(id_ for page in pages for id_ in page if id_ > after)
        return found[: max(limit, 0)]

    async def written(self, since_ms: int, place: str = "") -> Page:
        """Return a page of what was written since then, stream by stream."""
        number, seq = map(int, place.split()) if place else (0, 0)
        since = datetime.fromtimestamp(since_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
        asked = {"next_by_subj": f"blobs.{number}.>", "batch": PAGE, "max_bytes": PAGE_BYTES}
        async with self._asking():
            stored = await self._nats.batch(
                _name(number), {**asked, **({"seq": seq} if seq else {"start_time": since})}, REQUEST_S
            )
        if not stored:
            return Page([], f"{number + 1} 0" if number + 1 < STREAMS else "")
        ids = [message.subject.rpartition(".")[2] for message in stored]
        return Page(ids, f"{number} {stored[-1].seq + 1}")

    async def check(self) -> list[str]:
        """Store, read and erase a probe, and look at how the streams are set up."""
        probe = Blob("-probe", "-", b"wonder")
        await self.put(probe)
        read = await self.get(probe.id)
        await self.delete(probe.room, [probe.id])
        if read != probe:
            raise Damaged("NATS answers something else than was stored")
        async with self._asking():
            told = await settled(self._nats.js(f"STREAM.INFO.{_name(n)}") for n in range(STREAMS))
        sentences = {sentence for info in told for sentence in _doubts(info)}
        if self._nats.max_payload < LARGEST_CLIP_BYTES:
            sentences.add(
                f"max_payload is {self._nats.max_payload} bytes: set 4MB, or the longest clips are lost"
            )
        return sorted(sentences)

    async def close(self) -> None:
        """Let go of the connection when it is ours; may be called again."""
        if self._closing is not None:
            await self._closing()

    async def _stream(self, number: int, stream_bytes: int | None) -> None:
        """Make a stream that is not there; one that is stays as its operator has set it up."""
        name = _name(number)
        try:
            await self._nats.js(f"STREAM.INFO.{name}")
        except NatsRefused as refused:
            if refused.code != _NO_STREAM:
                raise
            config = {
                "name": name,
                "subjects": [f"blobs.{number}.*.*"],
                "storage": "file",
                "retention": "limits",
                "discard": "new",
                "num_replicas": REPLICAS,
                "allow_direct": True,
                "max_bytes": stream_bytes or -1,
                "duplicate_window": 100_000_000,  # ns, the shortest; nothing is told apart by message ids
            }
            try:
                await self._nats.js(f"STREAM.CREATE.{name}", config)
            except NatsRefused as alone:
                if alone.code != _NO_REPLICAS:
                    raise
                await self._nats.js(f"STREAM.CREATE.{name}", {**config, "num_replicas": 1})

    async def _stored(self, blob: Blob, headers: Mapping[str, str]) -> bool:
        """Try to store a blob; tell whether it is stored, by this try or one before."""
        try:
            await self._nats.publish(_subject(blob.id), blob.body, headers, REQUEST_S)
        except NatsSilent:
            return False
        except TooLarge:
            raise OSError(
                f"NATS takes no clip of {len(blob.body)} bytes: its max_payload is too small"
            ) from None
        except NatsRefused as refused:
            if refused.code not in (_THERE, _UNDER_WAY):
                raise
            there = await self._at_leader(blob.id)
            if there is None:
                return False
            if (there.headers.get(ROOM), there.headers.get(SUM)) != (blob.room, headers[SUM]):
                raise Conflict(f"blob {blob.id} is another's") from None
        return True

    async def _found(self, id: str) -> _Found | None:  # noqa: A002
        """Return a message. A replica that lags does not know the newest ones: then the leader is asked."""
        if not ID.fullmatch(id):
            return None
        stream = _name(_number(id))
        async with self._asking():
            near = await self._nats.newest(stream, _subject(id), REQUEST_S)
            if near is not None:
                return _Found(stream, near.seq, near.headers, near.body)
            return await self._at_leader(id)

    async def _at_leader(self, id: str) -> _Found | None:  # noqa: A002
        stream = _name(_number(id))
        try:
            answer = await self._nats.js(
                f"STREAM.MSG.GET.{stream}", {"last_by_subj": _subject(id)}, REQUEST_S
            )
        except NatsRefused as refused:
            if refused.code == _NO_MESSAGE:
                return None
            raise
        message = answer["message"]
        headers = _headers(b64decode(message.get("hdrs", "")))
        return _Found(stream, message["seq"], headers, b64decode(message.get("data", "")))

    async def _count(self, number: int) -> int:
        info = await self._nats.js(f"STREAM.INFO.{_name(number)}", timeout_s=REQUEST_S)
        return int(info["state"].get("num_subjects", 0))

    async def _listed(self, number: int, letter: str) -> list[str]:
        """Return the ids in a stream that begin with a letter, `*` for all."""
        found: list[str] = []
        while True:
            asked = {"subjects_filter": f"blobs.{number}.{letter}.*", "offset": len(found)}
            info = await self._nats.js(f"STREAM.INFO.{_name(number)}", asked, REQUEST_S)
            page = info["state"].get("subjects") or {}
            found += [subject.rpartition(".")[2] for subject in page]
            if not page or len(found) >= info.get("total", 0):
                return found

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Ask when it is our turn, for a limited time. Raises `Away`, and `StorageFull`."""
        try:
            async with asyncio.timeout(CALL_S), self._turns:
                yield
        except (NatsSilent, TimeoutError):
            raise Away("NATS does not answer, so clips are not to be had") from None
        except NatsRefused as refused:
            if refused.code in _FULL:
                raise StorageFull(f"the clips in NATS are full: {refused}") from None
            raise Away(f"NATS refuses: {refused}") from None


def _number(id: str) -> int:  # noqa: A002
    """Return the number of the stream that a blob is in."""
    return hashlib.blake2b(id.encode(), digest_size=1).digest()[0] % STREAMS


def _name(number: int) -> str:
    return f"BLOBS_{number}"


def _subject(id: str) -> str:  # noqa: A002
    """Return a blob's subject; by its letter a part of the ids can be listed."""
    return f"blobs.{_number(id)}.{id[0]}.{id}"


def _room(id: str, found: _Found) -> str:  # noqa: A002
    """Return whose a blob is. Raises `Damaged` for a message that we did not write."""
    try:
        return found.headers[ROOM]
    except KeyError:
        raise Damaged(f"blob {id} in NATS is no clip of ours") from None


def _blob(id: str, found: _Found) -> Blob:  # noqa: A002
    room = _room(id, found)
    if found.headers.get(SUM) != sums(room, id, found.body):
        raise Damaged(f"blob {id} in NATS is not what was stored")
    return Blob(id, room, found.body)


def _headers(raw: bytes) -> dict[str, str]:
    """Return the headers of a message as the leader sends them."""
    lines = raw.decode("utf-8", "replace").split("\r\n")[1:]
    return {name: value.strip() for name, colon, value in (line.partition(":") for line in lines) if colon}


def _doubts(info: Mapping[str, Any]) -> list[str]:
    """Return what of a stream's configuration cannot keep what is promised."""
    config, doubts = info["config"], []
    if config.get("storage") != "file":
        doubts.append("clips are kept in memory: they are lost when NATS stops")
    if config.get("deny_delete"):
        doubts.append("streams of clips deny deletion: clips that are removed stay")
    if config.get("retention") != "limits" or config.get("max_age") or config.get("discard") != "new":
        doubts.append("streams of clips drop old messages: their events stay without a sound")
    if info.get("cluster", {}).get("name") and config.get("num_replicas", 1) < REPLICAS:
        doubts.append(f"clips are on fewer than {REPLICAS} servers of the cluster")
    return doubts
