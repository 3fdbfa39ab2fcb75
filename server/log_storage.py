"""Opens what keeps events, as the settings say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from server import places
from server.config import Config
from server.log.base import Unusable
from server.log.memory import MemoryLog
from server.log.moving import Movable
from server.log.sqlite import SqliteLog

if TYPE_CHECKING:
    from server.log.nats import NatsLog  # of an extra

DATABASE = "wonder.db"
EXTRA = "`make extras` installs what a log in NATS needs."


async def open_log(
    config: Config, broken: asyncio.Event, on_commit: Callable[[float], None] | None = None
) -> Movable:
    """Return the log that the settings ask for; `broken` is set when its storage fails for good.

    Raises `Unusable` with a sentence.
    """
    if config.log == "memory":
        return MemoryLog()
    place = places.nats(config.log)
    if place is not None:
        return await _open_nats(config, place, on_commit)
    config.data.mkdir(parents=True, exist_ok=True)
    path = config.data / DATABASE
    return await SqliteLog.open(path, on_failure=lambda _: broken.set(), on_commit=on_commit)


async def weaknesses(config: Config) -> tuple[str, ...]:
    """Return what a log in NATS cannot promise, a sentence each. Raises `Unusable` for none at all."""
    place = places.nats(config.log)
    if place is None:
        return ()
    log = await _open_nats(replace(config, strict="off"), place, None)
    await log.close()
    return log.weak


async def _open_nats(
    config: Config, place: places.Nats, on_commit: Callable[[float], None] | None
) -> NatsLog:
    """Return the log of a server that is alone: it takes its rooms over by writing to them."""
    try:
        from server.log.nats import NatsLog  # noqa: PLC0415 - optional
    except ModuleNotFoundError as missing:
        raise Unusable(
            f"--log {places.shown(place.servers)} needs the library {missing.name}. {EXTRA}"
        ) from None
    return await NatsLog.open(
        place.servers,
        claims="implied",
        strict=config.strict == "on",
        monitors=place.monitors,
        on_commit=on_commit,
    )
