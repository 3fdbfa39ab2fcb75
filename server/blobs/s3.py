"""Blobs in a bucket of an S3-compatible store, one object each; of the extra `cluster` (obstore).

What is needed to know an object for ours goes with it as its metadata: whose it is, its size, and its sums.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from msgspec import Struct
from obstore import exceptions
from obstore.store import S3Store

from server.blobs.base import Away, Blob, BlobInfo, Denied, Page
from server.blobs.recent import RecentInfos
from server.blobs.sums import PART_BYTES, parts_of, piece, sums
from server.log.base import Conflict, Damaged, StorageFull

if TYPE_CHECKING:
    from obstore import Attributes, GetOptions, GetResult

# One request, and one call with what is tried again: a landing waits for it, and a round for the landing.
REQUEST_S, CALL_S = 5, 10
TRIES_AGAIN = 2
REQUESTS_AT_ONCE = 32
MOST_BYTES = 4_000_000  # what the metadata has room for is 5 MB; a clip has at most 2 MB
FOLDER = "clips/"
TAG_BYTES = 15
PAGE = 1_000  # keys that a store lists at once
CONTENT_TYPE = "audio/ogg"
# No cache keeps for long what may be taken back.
CACHED_S = 60
ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
# What is read of a store's answer, of which only the text is told.
_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_FULL = {"QuotaExceeded", "StorageFull", "InsufficientStorage", "XMinioStorageFull"}
_NO_BUCKET, _NO_RANGE = "NoSuchBucket", "416"


class Bucket(Struct, frozen=True):
    """Where a bucket is, and by which key it is opened; without one the machine's own role is asked."""

    name: str
    prefix: str = ""
    endpoint: str = ""
    region: str = ""
    key: str = ""
    secret: str = ""

    def __repr__(self) -> str:
        """Return where it is, without key and secret: this may stand in a trace."""
        return f"Bucket({self.where})"

    @property
    def where(self) -> str:
        """Return its address as an operator knows it."""
        path = "/".join(part for part in (self.name, self.prefix) if part)
        return f"s3://{path}" + (f" at {self.endpoint}" if self.endpoint else "")


class _Known(Struct, frozen=True):
    """What an object says of itself."""

    room: str
    size_bytes: int
    sums: str


class S3Blobs:
    """The blobs of a bucket.

    An object is called by its id and what `secret` makes of that: who knows ids, as of a clip that is held,
    cannot name it to whatever serves the bucket.
    """

    def __init__(self, bucket: Bucket, secret: bytes = b"") -> None:
        self._where, self._secret = bucket.where, secret
        self._folder = f"{bucket.prefix}/{FOLDER}" if bucket.prefix else FOLDER
        self._store = _opened(bucket)
        self._infos = RecentInfos()
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def put(self, blob: Blob) -> Sequence[Blob]:
        """Store a blob under an id that nothing has."""
        if not ID.fullmatch(blob.id) or len(blob.body) > MOST_BYTES:
            raise ValueError(f"blob {blob.id!r:.80} of {len(blob.body)} bytes cannot be stored")
        known = _Known(blob.room, len(blob.body), sums(blob.room, blob.id, blob.body))
        async with self._asking():
            try:
                await self._create(blob, known)
            except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
                await self._must_be(blob.id, known)
        return ()

    async def get(self, id: str) -> Blob | None:  # noqa: A002
        """Return a blob, when it is as it was put."""
        async with self._asking():
            found = await self._found(id)
            if found is None:
                return None
            known, body = _read(found), bytes(await found.bytes_async())
        if len(body) != known.size_bytes or sums(known.room, id, body) != known.sums:
            raise self._damaged(id)
        return Blob(id, known.room, body)

    async def get_range(self, id: str, first: int, size: int) -> bytes | None:  # noqa: A002
        """Return a part of a blob; read are the parts with sums of their own around it."""
        begin = first // PART_BYTES * PART_BYTES
        end = max(first + size + PART_BYTES - 1, begin + PART_BYTES) // PART_BYTES * PART_BYTES
        async with self._asking():
            try:
                found = await self._found(id, {"range": (begin, end)})
            except exceptions.GenericError as error:
                if not _answer(error).startswith(_NO_RANGE):
                    raise
                known = await self._known(id)
                return None if known is None else b""
            if found is None:
                return None
            known, body = _read(found), bytes(await found.bytes_async())
        part = begin // PART_BYTES
        is_whole = found.meta["size"] == known.size_bytes and len(body) == min(end, known.size_bytes) - begin
        if not is_whole or sums(known.room, id, body, part) != piece(known.sums, part, parts_of(len(body))):
            raise self._damaged(id)
        return body[first - begin : first - begin + size]

    async def info(self, id: str) -> BlobInfo | None:  # noqa: A002
        """Return what the object of a blob says of itself."""
        if (info := self._infos.get(id)) is not None:
            return info
        async with self._asking():
            known = await self._known(id)
        return None if known is None else self._infos.keep(BlobInfo(id, known.room, known.size_bytes))

    async def delete(self, room: str, ids: Sequence[str]) -> None:
        """Delete blobs of a room, one after another: they are few."""
        for id_ in ids:
            self._infos.drop(id_)
            async with self._asking():
                known = await self._known(id_)
                if known is not None and known.room == room:
                    await obstore.delete_async(self._store, self.path(id_))

    def path(self, id: str) -> str:  # noqa: A002
        """Return where the object of a blob is in the bucket."""
        tag = hashlib.blake2b(id.encode(), key=self._secret, digest_size=TAG_BYTES).digest()
        return f"{self._folder}{id}.{urlsafe_b64encode(tag).decode()}"

    async def ids(self, after: str = "", limit: int = 500) -> list[str]:
        """Return ids in their order; what is none of ours is left out."""
        found: list[str] = []
        place = f"{after}.~" if after else ""  # behind every tag, before every longer id
        while len(found) < limit:
            page = await self._listed(place)
            found += self._ours(name for name, _ in page)
            if not page:
                break
            place = page[-1][0]
        return found[: max(limit, 0)]

    async def written(self, since_ms: int, place: str = "") -> Page:
        """Return what of a page of the bucket's list is as new; the list is in the order of the ids."""
        page = await self._listed(place)
        new = self._ours(name for name, at_ms in page if at_ms >= since_ms)
        return Page(new, page[-1][0] if page else "")

    def _ours(self, names: Iterable[str]) -> list[str]:
        """Return the ids of those names that we have given."""
        found = ((name.partition(".")[0], name) for name in names)
        return [id_ for id_, name in found if ID.fullmatch(id_) and self.path(id_) == self._folder + name]

    async def _listed(self, after: str) -> list[tuple[str, int]]:
        """Return a page of what lies in our folder, with when it was written (ms)."""
        async with self._asking():
            offset = self._folder + after if after else None
            pages = obstore.list(self._store, self._folder, offset=offset, chunk_size=PAGE)
            async for page in pages:
                items = [(item["path"], item["last_modified"].timestamp()) for item in page]
                return [(path.removeprefix(self._folder), round(at_s * 1000)) for path, at_s in items]
        return []

    async def check(self) -> list[str]:
        """Store, read and delete a probe, and look for what would keep a clip that was removed."""
        # Servers that start at once must not delete each other's.
        probe = f"{self._folder.removesuffix(FOLDER)}probe-{secrets.token_hex(8)}"
        body = b"wonder"
        await self._listed("")  # its refusal says when there is no such bucket
        async with self._asking():
            answer = await obstore.put_async(self._store, probe, body, use_multipart=False)
            try:
                read = bytes(await (await obstore.get_async(self._store, probe)).bytes_async())
                await self._must_not_overwrite(probe)
            finally:
                await obstore.delete_async(self._store, probe)
        if read != body:
            raise Damaged(f"{self._where} answers something else than was stored")
        if answer["version"] not in (None, "null"):
            return ["the bucket keeps old versions, so clips that are removed stay in it"]
        return []

    async def close(self) -> None:
        """Let go of nothing: connections end with the process."""

    async def _must_not_overwrite(self, there: str) -> None:
        """Try to create what is there. A store that lets us would let one clip take another's place."""
        try:
            await obstore.put_async(self._store, there, b"", mode="create", use_multipart=False)
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError):
            return
        raise Denied(f"{self._where} overwrites what is there: it lacks conditional writes (If-None-Match)")

    async def _create(self, blob: Blob, known: _Known) -> None:
        attributes: Attributes = {
            "Content-Type": CONTENT_TYPE,
            "Cache-Control": f"max-age={CACHED_S}",
            "room": known.room,
            "bytes": str(known.size_bytes),
            "sums": known.sums,
        }
        await obstore.put_async(
            self._store,
            self.path(blob.id),
            blob.body,
            attributes=attributes,
            mode="create",
            use_multipart=False,
        )

    async def _found(self, id: str, options: GetOptions | None = None) -> GetResult | None:  # noqa: A002
        if not ID.fullmatch(id):
            return None
        try:
            return await obstore.get_async(self._store, self.path(id), options=options)
        except FileNotFoundError as error:
            if _NO_BUCKET in str(error):
                raise
            return None

    async def _known(self, id: str) -> _Known | None:  # noqa: A002
        found = await self._found(id, {"head": True})
        return None if found is None else _read(found)

    async def _must_be(self, id: str, known: _Known) -> None:  # noqa: A002
        """Look whether what is there is what was to be stored: the answer to its first try may be lost."""
        try:
            there = await self._known(id)
        except Damaged:
            raise Conflict(f"blob {id} is something else") from None
        if there is None:
            raise Away(f"{self._where} does not say whether a clip is there")
        if there != known:
            raise Conflict(f"blob {id} is another's")

    def _damaged(self, id: str) -> Damaged:  # noqa: A002
        return Damaged(f"blob {id} in {self._where} is not what was stored")

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Ask when it is our turn, for a limited time; what fails is told in a sentence, without the request.

        Raises `Away`, and `StorageFull`.
        """
        try:
            async with asyncio.timeout(CALL_S), self._turns:
                yield
        except TimeoutError:
            raise Away(f"{self._where} did not answer within {CALL_S} s") from None
        except (FileNotFoundError, exceptions.BaseError) as error:
            raise self._failure(error) from None

    def _failure(self, error: Exception) -> Away | StorageFull:
        """Return what is told of a request that failed."""
        said = _answer(error)
        if said.startswith("507") or said.rpartition(" ")[2] in _FULL:
            return StorageFull(f"{self._where} is full")
        if said.startswith(("401", "403")):
            return Denied(f"{self._where} denies us ({said}): look at --s3-key and --s3-secret")
        if said.startswith("404"):
            return Denied(f"{self._where} is not there ({said}): the bucket must be made first")
        return Away(f"{self._where} answers {said}" if said else f"{self._where} cannot be reached")


def _answer(error: Exception) -> str:
    """Return what the store answered, as in `403 AccessDenied`; nothing when there was no answer."""
    status, code = _STATUS.search(str(error)), _CODE.search(str(error))
    return f"{status[1] if status else ''} {code[1] if code else ''}".strip()


def _read(found: GetResult) -> _Known:
    """Return what an object says of itself. Raises `Damaged` for one that we did not write."""
    told: dict[Any, str] = dict(found.attributes)
    try:
        return _Known(told["room"], int(told["bytes"]), told["sums"])
    except (KeyError, ValueError):
        raise Damaged(f"{found.meta['path']} in the bucket is no clip of ours") from None


def _opened(bucket: Bucket) -> S3Store:
    """Return the store; `endpoint` makes the bucket a part of the path, as most servers but Amazon's want."""
    given: dict[str, Any] = {"region": bucket.region or "us-east-1"}
    if bucket.endpoint:
        given["endpoint"] = bucket.endpoint
    if bucket.key:
        given |= {"access_key_id": bucket.key, "secret_access_key": bucket.secret}
    return S3Store(
        bucket.name,
        **given,
        virtual_hosted_style_request=False,
        disable_bulk_delete=True,  # not every server has it, and its refusals do not say why
        client_options={
            "allow_http": bucket.endpoint.startswith("http://"),
            "timeout": timedelta(seconds=REQUEST_S),
            "connect_timeout": timedelta(seconds=REQUEST_S / 2),
        },
        retry_config={
            "max_retries": TRIES_AGAIN,
            "retry_timeout": timedelta(seconds=CALL_S),
            "backoff": {
                "init_backoff": timedelta(milliseconds=50),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
    )
