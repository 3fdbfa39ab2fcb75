"""One media worker seen from the main process: started, listened to, and started again when it died."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from msgspec import Struct, structs

from server import subprocesses
from server.rtc import wire

log = logging.getLogger(__name__)

# A worker reports figures twice a second; one that is silent for this long hangs, and is killed.
SILENT_S = 15.0
# A worker that reads nothing hangs too; a clip for its listeners is 60 KB.
MOST_WAITING_BYTES = 16 << 20
STARTING_S = 20.0
ENDING_S = 5.0
ALONE_S = 2.0
# Between two starts, doubled while it does not come up.
AGAIN_S, AGAIN_AT_MOST_S = 0.2, 5.0


class WorkerProcess:
    """A worker on its own port; `told` gets its reports in order, `ended` comes before it starts again."""

    def __init__(
        self,
        opening: wire.Open,
        told: Callable[[WorkerProcess, wire.Report], None],
        ended: Callable[[WorkerProcess], None],
    ) -> None:
        self.alive = False
        self.address, self.port = "", opening.port
        self._opening = opening
        self._told = told
        self._ended = ended
        self._channel: subprocesses.MessageChannel[wire.Report] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def pid(self) -> int | None:
        """The process, while there is one."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Start it for the first time. Raises OSError when its port cannot be bound."""
        try:
            await self._start()
        finally:
            if not self.alive:
                await self._reap()
        self._task = asyncio.ensure_future(self._watch())

    async def _start(self) -> None:
        self._process, ours = await subprocesses.start("server.rtc.worker")
        self._channel = subprocesses.MessageChannel(
            *await asyncio.open_unix_connection(sock=ours), wire.Report
        )
        self._channel.tell(self._opening)
        async with asyncio.timeout(STARTING_S):
            first = await self._read()
        if isinstance(first, wire.Broken):
            raise OSError(first.errno, first.sentence)
        if not isinstance(first, wire.Opened):
            raise OSError("the media worker did not begin as it should")
        self.address, self.port = first.address, first.port
        self._opening = structs.replace(self._opening, port=first.port)
        self.alive = True

    async def _read(self) -> wire.Report:
        assert self._channel is not None
        try:
            return await self._channel.read()
        except (EOFError, subprocesses.BadMessage) as error:
            raise OSError("the media worker is gone") from error

    def tell(self, order: Struct) -> None:
        """Send the worker an order; it is dropped when the worker is gone or reads nothing any more."""
        if self._channel is None or not self.alive or self._closing:
            return
        if self._channel.waiting_bytes() > MOST_WAITING_BYTES:
            self._channel.hang_up()
            return
        self._channel.tell(order)

    async def _watch(self) -> None:
        """Listen to it, and start it again for as long as we are wanted."""
        wait_s = AGAIN_S
        while True:
            if self.alive:
                wait_s = AGAIN_S
                await self._listen()
                await self._reap()
                self._ended(self)
            if self._closing:
                return
            log.warning("a media worker ended; it is started again")
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, AGAIN_AT_MOST_S)
            try:
                await self._start()
            except (OSError, TimeoutError):
                await self._reap()

    async def _listen(self) -> None:
        try:
            while True:
                async with asyncio.timeout(SILENT_S):
                    report = await self._read()
                self._told(self, report)
        except (OSError, TimeoutError):
            self.alive = False

    async def _reap(self) -> None:
        """Close the channel, and end the process if it still runs."""
        self.alive = False
        if self._channel is not None:
            self._channel.hang_up()
            self._channel = None
        if self._process is not None:
            await subprocesses.end(self._process, ALONE_S)  # it ends by itself when we hang up
            self._process = None

    async def close(self) -> None:
        """Let it close its peers and end; may be called again."""
        self._closing = True
        if self._channel is not None:
            self._channel.tell_no_more()
        if self._task is not None:
            if not self.alive:
                self._task.cancel()  # it is between two starts
            await asyncio.wait([self._task], timeout=ENDING_S)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._reap()
