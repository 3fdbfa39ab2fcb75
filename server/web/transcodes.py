"""Clips as AAC for players without Opus: made when first asked for, kept within a byte budget."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web

from server.http.problems import Problem
from server.room.events import ClipRemoved
from server.rooms.base import Room
from server.rooms.tail import Batch

# Sizes of what was made once and is kept no more, for feeds and for who asks for headers alone.
SIZES_KEPT = 20_000


class Transcodes:
    """The least recently used goes first; a clip is transcoded once however many ask at once."""

    def __init__(self, transcode: Callable[[bytes], Awaitable[bytes]], limit_bytes: int) -> None:
        self._transcode = transcode
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self.size_bytes = 0

    def size_of(self, clip: str) -> int | None:
        """Return the size of a clip that was made before."""
        return self._sizes.get(clip)

    def kept(self, clip: str) -> bytes | None:
        """Return what is kept of a clip."""
        found = self._kept.get(clip)
        if found is not None:
            self._kept.move_to_end(clip)
        return found

    async def get(self, clip: str, ogg: bytes) -> bytes:
        """Return a clip as AAC in MP4. Raises what the transcoder does, or `Problem` when the clip goes."""
        found = self.kept(clip)
        if found is not None:
            return found
        task = self._running.get(clip)
        if task is None:
            task = self._running[clip] = asyncio.create_task(self._make(clip, ogg), name=f"m4a {clip[:6]}")
            task.add_done_callback(lambda _: self._running.pop(clip, None))
        # One who goes away does not spoil it for the others who wait.
        await asyncio.wait([task])
        if task.cancelled():
            raise Problem("no_such_clip", "This clip is not here any more.")
        return task.result()

    def attach(self, room: Room) -> None:
        """Forget what is removed from a room, whoever removes it."""
        room.tail.subscribe(self._read, passive=True)

    def detach(self, room: Room) -> None:
        """Do nothing: the tail of a room that falls asleep lets passive readers go."""

    def _read(self, batch: Batch) -> None:
        for encoded in batch.events:
            if isinstance(encoded.event.data, ClipRemoved):
                self.forget(encoded.event.data.clip)

    def forget(self, clip: str) -> None:
        """Drop a clip, also one that is being made."""
        self.size_bytes -= len(self._kept.pop(clip, b""))
        self._sizes.pop(clip, None)
        task = self._running.pop(clip, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """End what runs; may be called again."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _make(self, clip: str, ogg: bytes) -> bytes:
        made = await self._transcode(ogg)
        self._sizes[clip] = len(made)
        while len(self._sizes) > SIZES_KEPT:
            self._sizes.popitem(last=False)
        if len(made) <= self._limit_bytes:
            self._kept[clip] = made
            self.size_bytes += len(made)
        while self.size_bytes > self._limit_bytes:
            self.size_bytes -= len(self._kept.popitem(last=False)[1])
        return made


TRANSCODES: web.AppKey[Transcodes] = web.AppKey("transcodes")
