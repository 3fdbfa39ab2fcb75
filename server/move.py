"""`wonder move`: all rooms, clips and the secret from one storage to another, with no server running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from server import config as settings
from server import log_storage, places
from server.blobs.base import Away, Blobs, RemoteBlobs
from server.blobs.beside import LogBeside
from server.blobs.sqlite import SqliteBlobs
from server.clip_storage import is_remote, open_remote
from server.config import BadSetting, Config
from server.log.base import Conflict, Damaged, StorageFull, Unusable
from server.log.sqlite import SqliteLog
from server.moving import moving
from server.moving.comparing import Comparison
from server.moving.ends import End, Progress

SQLITE = "sqlite:"


class Place(Struct, frozen=True):
    """One end as its operator says it: `sqlite:FOLDER` or `nats://...`, and where its clips are."""

    option: str
    log: str
    blobs: str

    @property
    def name(self) -> str:
        """Return how it is called, without what may be a password."""
        place = places.nats(self.log)
        if place is None:
            return self.log
        servers = place.servers.removeprefix("nats://").split(",")
        return f"nats://{','.join(server.rpartition('@')[2] for server in servers)}"

    @property
    def clips(self) -> str:
        """Return where its clips are: the same text is the same place."""
        return self.blobs if places.bucket(self.blobs) is not None else self.name


async def move(config: Config, source: Place, target: Place, progress: Progress) -> str:
    """Move all; return what was moved, in sentences. Raises `BadSetting`, `Unusable`."""
    async with _both(config, source, target) as (from_end, to_end):
        moved = await moving.move(from_end, to_end, progress)
    lines = _told(moved.comparison, source, target)
    if moved.anew:
        lines.append(f"These readers begin anew at {target.name}: {', '.join(moved.anew)}.")
    return "\n".join(lines)


async def check(config: Config, source: Place, target: Place, progress: Progress) -> str:
    """Compare only; return what was compared, in sentences. Raises `BadSetting`, `Unusable`."""
    async with _both(config, source, target) as (from_end, to_end):
        return "\n".join(_told(await moving.compare(from_end, to_end, progress), source, target))


def _told(found: Comparison, source: Place, target: Place) -> list[str]:
    """Return what was compared, when nothing differs; else raise it."""
    damages = [*found.damages, *_more(found.damaging, found.damages)]
    if found.differing:
        lines = [*damages, *found.differences, *_more(found.differing, found.differences)]
        raise Unusable("\n".join([*lines, f"{source.name} and {target.name} are not the same."]))
    counted = f"{found.rooms} room(s), {found.events} event(s) and {found.clips} clip(s)"
    chain = found.chain.hex()
    return [*damages, f"The same at {source.name} and {target.name}: {counted} (chain {chain})."]


def _more(count: int, named: list[str]) -> list[str]:
    return [f"... and {count - len(named)} more."] if count > len(named) else []


@asynccontextmanager
async def _both(config: Config, source: Place, target: Place) -> AsyncIterator[tuple[End, End]]:
    """Open both ends; whatever goes wrong with one becomes a sentence."""
    if source.name == target.name:
        raise BadSetting(f"--from and --to are the same: {source.name}.")
    async with AsyncExitStack() as opened:
        try:
            from_end = await _open(opened, _settings(config, source, is_source=True), source, is_source=True)
            yield from_end, await _open(opened, _settings(config, target), target)
        except (Conflict, StorageFull, Away, OSError) as error:
            raise _sentence(error) from error


def _sentence(error: Exception) -> Unusable:
    match error:
        case Conflict():
            return Unusable("Somebody else writes to the target: another move, or a server. Stop that one.")
        case StorageFull():
            return Unusable("The target is full: make room there, and say the same again to go on.")
        case _:
            return Unusable(f"{str(error) or type(error).__name__}. Say the same again to go on.")


def _settings(config: Config, place: Place, *, is_source: bool = False) -> Config:
    """Return the settings of a server that has its storage there. Raises `BadSetting`."""
    if place.log.startswith(SQLITE):
        folder = Path(place.log.removeprefix(SQLITE))
        if not folder.name:
            raise BadSetting(f"{place.option} {place.log}: name the folder, as in sqlite:data.")
        if is_source and not (folder / log_storage.DATABASE).is_file():
            raise BadSetting(
                f"{place.option} {place.log}: there is no {log_storage.DATABASE} in this folder."
            )
        made = replace(config, log="sqlite", data=folder, blobs=place.blobs)
    elif places.nats(place.log) is None:
        raise BadSetting(f"{place.option} {place.log}: must be sqlite:FOLDER or nats://HOST:PORT.")
    else:
        made = replace(config, log=place.log, blobs=place.blobs)
    if places.bucket(place.blobs) is None:
        made = replace(made, s3_endpoint="", s3_key="", s3_secret="")
    settings.check(made)
    return made


async def _open(opened: AsyncExitStack, config: Config, place: Place, *, is_source: bool = False) -> End:
    """Open an end. Raises `Unusable`."""
    log = await log_storage.open_log(config, asyncio.Event())
    opened.push_async_callback(log.close)
    blobs: Blobs
    if not is_remote(config):
        assert isinstance(log, SqliteLog)
        blobs = SqliteBlobs(log)
        return End(place.name, place.clips, log, blobs, log.erase)
    remote = await open_remote(config)
    opened.push_async_callback(remote.close)
    if not is_source:  # which is only read
        await _check(remote, place)
    return End(place.name, place.clips, log, remote, LogBeside(log, remote).erase)


async def _check(remote: RemoteBlobs, place: Place) -> None:
    """Store, read and delete something where clips go to. Raises `Unusable`."""
    try:
        await remote.check()
    except (Away, Damaged) as why:
        raise Unusable(f"Clips cannot be kept at {place.clips}: {why}.") from None
