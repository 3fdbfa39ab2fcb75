"""Run durable readers, each in a task of its own; a change that keeps failing is set aside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct

from server.log.base import LOST, Change, Conflict, DamagedProgress, Effect, Log, Unusable
from server.pauses import doubled
from server.readers.base import Reader, Unavailable
from server.readers.feed import Feed

# A cursor is stored for what was done. What nothing was to be done with is only read again after a kill, so
# a commit for it waits for this many changes.
UNSTORED_CHANGES = 1_000
# A busy log is read this often: it rings for each commit, and a page costs a turn of two threads.
READ_EVERY_S = 0.05
# ... and for what is not urgent so seldom: a line of chat would cost a tenth more if all readers woke for it.
LATER_S = 0.5
# The loop's timers stand still while a machine sleeps, the clock does not.
LONGEST_WAIT_MS = 60_000

log = logging.getLogger(__name__)


class Patience(Struct, frozen=True):
    """How often a failing change is tried in all, and the pauses between: doubled, up to the longest."""

    tries: int = 6
    first_ms: int = 250
    longest_ms: int = 30_000

    def pause_s(self, failures: int) -> float:
        """Return the pause after the given number of failures."""
        return doubled(failures, self.first_ms, self.longest_ms) / 1000


PATIENCE = Patience()


class Runner:
    """Runs one reader; `events`, `retries` and `set_aside` count since the start."""

    def __init__(
        self,
        log_: Log,
        reader: Reader,
        *,
        clock: Callable[[], int],
        patience: Patience = PATIENCE,
        feed: Feed | None = None,
        later_s: float = LATER_S,
    ) -> None:
        self._log, self._reader, self._clock, self._patience = log_, reader, clock, patience
        self._later_s = later_s
        self._feed = feed or Feed(log_)
        self.name = reader.name
        self.events = self.retries = self.set_aside = 0
        self._position = self._stored = 0
        self._effects: list[Effect] = []
        self._unstored = 0
        self._owed = False  # something was done since the cursor was stored
        self._has_idled = False  # nothing that `idle` returned was lost
        self._failures = 0
        self._begins_anew = False
        self._unread_ms: int | None = clock()  # when the oldest change came that is not seen yet

    def behind_ms(self) -> int:
        """Return the age of the oldest change that is not seen yet, 0 at the end of the feed."""
        return 0 if self._unread_ms is None else max(0, self._clock() - self._unread_ms)

    async def run(self) -> None:
        """Follow the feed until the log is closed; the root of its task."""
        with suppress(Unusable):
            while True:
                try:
                    await self._follow()
                except Unusable:
                    raise
                except Conflict:  # another reader of this name was faster: go on where it is
                    await asyncio.sleep(0)
                except Unavailable as away:
                    log.warning("reader.waits reader=%s for=%s", self.name, away)
                    self._failures += 1
                    await asyncio.sleep(self._patience.pause_s(self._failures))
                except Exception as error:
                    log.exception("reader.failed reader=%s", self.name)
                    self._begins_anew = self._reader.derived and isinstance(error, DamagedProgress)
                    self._failures += 1
                    await asyncio.sleep(self._patience.pause_s(self._failures))

    async def _follow(self) -> None:
        if self._begins_anew:
            await self._log.restart(self.name)
            self._begins_anew = False
            log.warning("reader.begins_anew reader=%s", self.name)
        self._position = self._stored = await self._log.cursor(self.name)
        self._effects, self._unstored, self._owed = [], 0, False
        self._has_idled = was_woken = False
        while True:
            rings, began_s = self._log.bell.rings, asyncio.get_running_loop().time()
            page = await self._feed.changes(self._position, self._reader.page)
            for change in page:
                await self._see(change)
            await self._store()
            if not page and was_woken:
                await self._log.cursor(self.name)  # fails when what the reader keeps was found to be damaged
            was_woken = False
            if len(page) < self._reader.page:
                self._unread_ms = self._clock()
                rest = await self._reader.idle()
                self._has_idled = True
                self._effects += rest.effects
                self._owed = self._owed or bool(rest.effects)
                await self._store()
                self._failures = 0
                await self._pause(rings, began_s, rest.within_ms)
                was_woken = True

    async def _see(self, change: Change) -> None:
        self._unread_ms = change.event.at_ms
        effects = await self._tried(change)
        self._position = change.position
        self.events += 1
        self._unstored += 1
        if effects is not None:
            self._effects += effects
            self._owed = True

    async def _tried(self, change: Change) -> Sequence[Effect] | None:
        """Call `read` for a change, again and again until it succeeds or is set aside."""
        failures, waits = int(change.event.kind == LOST) * self._patience.tries, 0
        while failures < self._patience.tries:
            try:
                return await self._reader.read(change)
            except Unusable:
                raise
            except Unavailable as away:
                waits += 1
                log.warning("reader.waits reader=%s for=%s", self.name, away)
            except Exception as error:  # the root of whatever a reader does with a change
                failures += 1
                log.warning("reader.failed_once %s", self._about(change), exc_info=error)
            if failures < self._patience.tries:
                self.retries += 1
                await self._store()
                await asyncio.sleep(self._patience.pause_s(failures + waits))
        self.set_aside += 1
        log.error("reader.set_aside %s", self._about(change))
        return ()

    def _about(self, change: Change) -> str:
        """Return a change's place for the log, without its content."""
        where = f"position={change.position} room={change.room[:6]} seq={change.event.seq}"
        return f"reader={self.name} {where} kind={change.event.kind}"

    async def _store(self) -> None:
        """Store the cursor with the effects; without effects that can wait."""
        if not self._owed and self._unstored < UNSTORED_CHANGES:
            return
        self._effects += await self._reader.flush()
        await self._log.advance(self.name, self._position, expect=self._stored, effects=self._effects)
        self._stored = self._position
        self._effects, self._unstored, self._owed = [], 0, False
        if self._has_idled:
            self._reader.stored()

    async def _pause(self, rings: int, began_s: float, within_ms: int | None) -> None:
        """Wait for more to read, or for the time at which the reader wants to be asked."""
        wait_ms = LONGEST_WAIT_MS if within_ms is None else min(within_ms, LONGEST_WAIT_MS)
        if wait_ms > 0:
            self._unread_ms = None
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_ms / 1000):
                    await self._log.bell.wait(rings)
                    self._unread_ms = self._clock()
                    await self._urgent(rings)
            self._unread_ms = self._unread_ms or self._clock()
        await asyncio.sleep(max(0.0, began_s + READ_EVERY_S - asyncio.get_running_loop().time()))

    async def _urgent(self, rings: int) -> None:
        """Wait until what came has to be read."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._later_s):
                await self._log.bell.wait(rings, self._reader.urgent)


class Readers:
    """All durable readers, each in a task of its own."""

    def __init__(
        self,
        log_: Log,
        readers: Sequence[Reader],
        *,
        clock: Callable[[], int],
        patience: Patience = PATIENCE,
        later_s: float = LATER_S,
    ) -> None:
        feed = Feed(log_)
        self.runners = [
            Runner(log_, reader, clock=clock, patience=patience, feed=feed, later_s=later_s)
            for reader in readers
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to follow; once."""
        self._tasks = [
            asyncio.get_running_loop().create_task(runner.run(), name=f"reader {runner.name}")
            for runner in self.runners
        ]

    async def close(self) -> None:
        """Cancel them where they are, as a kill would; may be called again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
