"""Opens what keeps clips, as the settings say, for the server and for `wonder doctor`."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from msgspec import Struct

from server import places
from server.blobs.base import Away, Blobs, Denied, RemoteBlobs
from server.blobs.beside import LogBeside
from server.blobs.memory import MemoryBlobs
from server.blobs.sqlite import SqliteBlobs
from server.config import Config
from server.log.base import Damaged, Log, Unusable
from server.log.memory import MemoryLog
from server.log.sqlite import SqliteLog

EXTRA = "`make extras` installs what clips elsewhere need."

logger = logging.getLogger("wonder")


class ClipStorage(Struct, frozen=True):
    """Where clips are, and the log that rooms write to; `remote` is None where both are one storage."""

    blobs: Blobs
    log: Log
    remote: RemoteBlobs | None
    close: Callable[[], Awaitable[None]]
    cdn: Callable[[str], str] | None = None  # the address of a clip, where that may be fetched from another


async def open_clips(config: Config, log: Log) -> ClipStorage:
    """Return where clips go.

    What cannot keep clips as we promise is refused (`Unusable`). One that only does not answer now is not:
    people may listen to what else there is, and clips wait for it.
    """
    if not is_remote(config):
        local = _local(log)
        return ClipStorage(local, log, None, _nothing)
    remote = await open_remote(config, await log.secret())
    try:
        for doubt in await remote.check():
            logger.warning("clips: %s", doubt)
    except (Denied, Damaged) as why:
        await remote.close()
        raise Unusable(f"Clips cannot be kept: {why}.") from None
    except Away as away:
        logger.warning("clips cannot be had now, new ones wait: %s", away)
    return ClipStorage(remote, LogBeside(log, remote), remote, remote.close, _cdn(config, remote))


def is_remote(config: Config) -> bool:
    """Tell whether clips go to a storage of their own."""
    return places.bucket(config.blobs) is not None or places.is_nats(config.blobs, config.log)


async def open_remote(config: Config, secret: bytes = b"") -> RemoteBlobs:
    """Return a storage that is not the log's; by `secret`, the installation's, clips have names there.

    Raises `Unusable`, also where its library is missing.
    """
    try:
        place = places.bucket(config.blobs)
        return await _nats(config) if place is None else _bucket(config, place, secret)
    except ModuleNotFoundError as missing:
        raise Unusable(f"--blobs {config.blobs} needs the library {missing.name}. {EXTRA}") from None


def _bucket(config: Config, place: places.Place, secret: bytes) -> RemoteBlobs:
    from server.blobs.s3 import Bucket, S3Blobs  # noqa: PLC0415 - optional

    given = config.s3_endpoint, config.s3_region, config.s3_key, config.s3_secret
    return S3Blobs(Bucket(place.bucket, place.prefix, *given), secret)


def _cdn(config: Config, remote: RemoteBlobs) -> Callable[[str], str] | None:
    """Return what tells the address of a clip at the CDN that stands before the bucket."""
    if not config.blobs_url:
        return None
    path: Callable[[str], str] = remote.path  # type: ignore[attr-defined]  # of a bucket alone
    return lambda clip: f"{config.blobs_url}/{path(clip)}"


async def _nats(config: Config) -> RemoteBlobs:
    """Return the clips in NATS, by a connection of their own: an append does not wait for their bytes."""
    from server.blobs.nats import NatsBlobs  # noqa: PLC0415 - optional
    from server.nats.connection import connect  # noqa: PLC0415 - the same

    place = places.nats(config.log)
    assert place is not None
    try:
        connection = await connect(place.servers, name="clips")
    except OSError as silent:
        raise Unusable(f"Clips cannot be kept: {silent}.") from silent
    try:
        return await NatsBlobs.open(connection, closing=connection.close)
    except BaseException as failed:
        await connection.close()
        if isinstance(failed, Away):
            raise Unusable(f"Clips cannot be kept: {failed}.") from failed
        raise


def _local(log: Log) -> Blobs:
    """Return the clips in the storage of a log."""
    if isinstance(log, MemoryLog):
        return MemoryBlobs(log)
    assert isinstance(log, SqliteLog)
    return SqliteBlobs(log)


async def _nothing() -> None:
    """Let go of nothing: the log does."""
