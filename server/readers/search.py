"""Search: the words of clips and the lines of chat, kept in an index that forgets with the rooms.

A durable reader. The index is written before the cursor moves, and writing a thing twice changes nothing.
Nobody waits for it, so words are put off and written together; who looks for some has them written first.
What is hidden or held stays in it: who answers a search looks at the room, and reads what is shown from
its log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from server.log.base import Change, DamagedProgress, Effect, Log
from server.readers.base import Reader, Rest, Unavailable
from server.readers.search_index import SearchIndex, Write
from server.room.events import ClipCaptioned, ClipRemoved, TextRemoved, TextSaid

log = logging.getLogger(__name__)

T = TypeVar("T")

# A commit costs as much as a line of chat does: words wait this long for others, and at most so many.
WRITTEN_EVERY_MS = 1_000
WAITING_MOST = 256
# The file is rewritten soon after something was erased; that takes a twentieth of the time at most.
CLEANED_EVERY_MS = 5_000
CLEANED_AT_LATEST_MS = 45_000
CLEANING_PAUSES = 20


class Search(Reader):
    """Keeps the index, and answers what is looked for in it."""

    name = "search"
    derived = True

    def __init__(self, log_: Log, path: Path | None, clock: Callable[[], int]) -> None:
        self._log, self._path, self._clock = log_, path, clock
        self._index: SearchIndex | None = None
        self._thread = ThreadPoolExecutor(1, "search")
        self._is_lost = False  # the index has to be made anew, from the beginning of the feed
        self._is_known = self._was_reset = False
        self._is_unclean: bool | None = None  # None: ask the index
        self._cleaned_at_ms = self._pause_ms = 0
        self._waiting: list[Write] = []
        self._writing = asyncio.Lock()
        self._written_at_ms = 0

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Take words into the index, and out of it."""
        room = change.room
        match change.event.data:
            case TextSaid(text=text):
                await self._put_off(lambda index: index.put(room, str(change.event.seq), text))
            case ClipCaptioned(clip=clip, text=text) if text:
                await self._put_off(lambda index: index.put(room, clip, text))
            case TextRemoved(target=target):
                await self._put_off(lambda index: index.drop(room, str(target)))
            case ClipRemoved(clip=clip):
                await self._put_off(lambda index: index.drop(room, clip))
            case _:
                pass
        return None  # after a kill it is all done again, which costs less than a commit for each line

    async def flush(self) -> Sequence[Effect]:
        """Write what waits. Raises `Unavailable`."""
        async with self._writing:
            if not self._waiting:
                return ()
            written = len(self._waiting)
            writes = self._waiting[:written]
            self._is_unclean = await self._do(lambda index: index.write(writes))
            del self._waiting[:written]
            self._written_at_ms = self._clock()
            return ()

    async def idle(self) -> Rest:
        """Make the index anew when it was lost; write what waited long enough; rewrite what was erased."""
        await self._ready()
        if self._is_lost:
            self._is_known = self._is_lost = self._was_reset = False
            raise DamagedProgress("the index of words was lost: it is made anew")
        if self._waiting:
            wait_ms = self._written_at_ms + WRITTEN_EVERY_MS - self._clock()
            if 0 < wait_ms <= WRITTEN_EVERY_MS:
                return Rest(within_ms=wait_ms)
            await self.flush()
        if self._is_unclean is None:
            self._is_unclean = await self._do(lambda index: index.is_unclean)
        if not self._is_unclean:
            return Rest()
        now_ms = self._clock()
        due_ms = self._cleaned_at_ms + self._pause_ms
        if now_ms < due_ms <= now_ms + CLEANED_AT_LATEST_MS:
            return Rest(within_ms=due_ms - now_ms)
        began_s = asyncio.get_running_loop().time()
        await self._do(lambda index: index.clean())
        self._is_unclean = False
        took_ms = round((asyncio.get_running_loop().time() - began_s) * 1000)
        self._cleaned_at_ms = self._clock()
        self._pause_ms = min(max(CLEANED_EVERY_MS, CLEANING_PAUSES * took_ms), CLEANED_AT_LATEST_MS)
        return Rest()

    async def find(self, room: str, query: str, limit: int, skipped: int = 0) -> list[str]:
        """Return clips, and seqs of texts, that have the words of a query. Raises `OSError`."""
        try:
            await self.flush()
            return await self._do(lambda index: index.find(room, query, limit, skipped=skipped))
        except Unavailable as error:
            raise OSError(str(error)) from error

    async def close(self) -> None:
        """Let go of the file; may be called again."""
        if self._index is not None:
            index, self._index = self._index, None
            await asyncio.get_running_loop().run_in_executor(self._thread, index.close)
        self._thread.shutdown(wait=False)

    async def _ready(self) -> None:
        """Look once whether the index knows what the cursor says that it does."""
        if self._is_known and not self._is_lost:
            return
        if await self._do(lambda index: index.is_anew):
            self._is_lost = self._was_reset or await self._log.cursor(self.name) > 0
            if not self._is_lost:
                await self._do(lambda index: index.begin())
        self._is_known = True

    async def _put_off(self, write: Write) -> None:
        """Keep a change for later, unless the index is to be made anew in any case."""
        await self._ready()
        if self._is_lost:
            return
        if len(self._waiting) >= WAITING_MOST:
            await self.flush()
        self._waiting.append(write)

    async def _do(self, work: Callable[[SearchIndex], T]) -> T:
        """Do something with the index in its thread. Raises `Unavailable` while the disk does not take it."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._with_index, work)
        except apsw.CorruptError:
            log.exception("search.index_damaged")
            self._waiting.clear()
            await asyncio.get_running_loop().run_in_executor(self._thread, self._reset)
            raise Unavailable("the index of words") from None
        except (apsw.FullError, apsw.IOError, apsw.BusyError, apsw.CantOpenError, OSError) as error:
            raise Unavailable("the index of words") from error

    def _with_index(self, work: Callable[[SearchIndex], T]) -> T:
        if self._index is None:
            self._index = SearchIndex(self._path)
        return work(self._index)

    def _reset(self) -> None:
        self._is_known, self._was_reset, self._is_unclean = False, True, None
        if self._index is not None:
            self._index.reset()
