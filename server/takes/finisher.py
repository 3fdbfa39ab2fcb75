"""Finishing as the server asks for it: takes and uploads are decoded in other processes, never here."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress

from audio.finish import UNDECODABLE
from audio.take import Clip, Limits, Mask, Take, Unfit
from server import subprocesses
from server.takes import finishing
from server.takes.finishing import Finished, FinishTake, FinishUpload, Job, Made, MakeM4a, Reply

log = logging.getLogger(__name__)

UPLOADS_AT_ONCE = 2  # children decoding uploads; more wait
PATIENCE_S = finishing.WALL_S + 5.0  # the child is ended before; a cold start comes on top
CLOSING_S = 3.0
# One thread a process: what one clip needs is little, and threads would forbid forking. Freed memory is kept,
# as clip after clip wants the same (page faults were a third of the time).
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
    "MALLOC_ARENA_MAX": "1",
}


class Gone(Exception):
    """The child process ended before it answered."""


class MessageChannel(subprocesses.MessageChannel[Reply]):
    """A connection to one child."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer, Reply)

    async def ask(self, job: Job) -> Reply:
        """Send a job and wait for its answer. Raises `Gone`."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.tell(job)
                return await self.read()
        except (OSError, EOFError, TimeoutError, subprocesses.BadMessage) as error:
            raise Gone from error


class ForkServer:
    """The process that forks the children; started again when it has died."""

    def __init__(self, environment: Mapping[str, str] = ENVIRONMENT) -> None:
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the process; it warms up by itself while jobs may wait already."""
        async with self._starting:
            if self._process is not None and self._process.returncode is None:
                return
            await self._end()
            self._process, self._control = await subprocesses.start(finishing.__name__, **self._environment)

    async def channel(self, kind: bytes) -> MessageChannel:
        """Return a channel to a fresh child. Raises `Gone`, where descriptors have run out too."""
        try:
            await self.start()
            ours, theirs = socket.socketpair()
        except OSError as error:
            raise Gone from error
        with theirs:
            try:
                assert self._control is not None
                socket.send_fds(self._control, [kind], [theirs.fileno()])
            except OSError as error:
                ours.close()
                raise Gone from error
        ours.setblocking(False)
        return MessageChannel(*await asyncio.open_unix_connection(sock=ours))

    async def close(self) -> None:
        """End the process and its children; may be called again."""
        async with self._starting:
            await self._end()

    async def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            await subprocesses.end(self._process, CLOSING_S)
            self._process = None


class Finisher:
    """Turns takes and uploads into clips, in child processes.

    `workers` processes finish takes, one take at a time each. With `counts_speech` clips that are masked say
    how much speech there was before.
    """

    def __init__(
        self, *, workers: int = 1, uploads: int = UPLOADS_AT_ONCE, counts_speech: bool = False
    ) -> None:
        counting = {finishing.COUNTS_SPEECH: "1"} if counts_speech else {}
        self._fork_server = ForkServer({**ENVIRONMENT, **counting})
        self._channels: asyncio.Queue[MessageChannel | None] = asyncio.Queue()
        for _ in range(workers):
            self._channels.put_nowait(None)
        self._uploads = asyncio.Semaphore(uploads)
        self._closed = False

    async def start(self) -> None:
        """Start the processes; they get ready in the background."""
        await self._fork_server.start()
        for _ in range(self._channels.qsize()):
            channel = self._channels.get_nowait()
            with suppress(Gone):  # whoever has a take tries again
                channel = channel or await self._channel(finishing.LONG_LIVED)
            self._channels.put_nowait(channel)

    async def take(
        self, take: Take, limits: Limits, mask: Mask | None = None, *, reduces_noise: bool = False
    ) -> Clip:
        """Finish a take. Raises `Unfit`, also when it cannot be masked."""
        return _masked(await self._ask_worker(FinishTake(take, limits, mask, reduces_noise)), mask)

    async def upload(
        self,
        body: bytes,
        media_type: str,
        limits: Limits,
        mask: Mask | None = None,
        *,
        reduces_noise: bool = False,
    ) -> Clip:
        """Finish a file, in a child of its own. Raises `Unfit`, also when it cannot be masked."""
        job = FinishUpload(body, media_type, limits, mask, reduces_noise)
        return _masked(await self._ask_once(job), mask)

    async def m4a(self, ogg: bytes) -> bytes:
        """Return a finished clip as AAC in MP4. Raises `Unfit`."""
        reply = await self._ask_once(MakeM4a(ogg))
        if not isinstance(reply, Made):
            raise _unfit(reply)
        return reply.body

    async def close(self) -> None:
        """End all processes; may be called again. Whoever still waits gets `Unfit`."""
        self._closed = True
        for _ in range(self._channels.qsize()):
            _hang_up(self._channels.get_nowait())
            self._channels.put_nowait(None)
        await self._fork_server.close()

    async def _ask_worker(self, job: Job) -> Reply:
        """Ask a worker, and once more a fresh one: what broke it may have been another's doing."""
        channel = await self._channels.get()
        try:
            for _ in range(2):
                try:
                    channel = channel or await self._channel(finishing.LONG_LIVED)
                    return await channel.ask(job)
                except Gone:
                    _hang_up(channel)
                    channel = None
            raise Unfit("undecodable", UNDECODABLE)
        except asyncio.CancelledError:
            _hang_up(channel)  # its answer would be taken for the next one's
            channel = None
            raise
        finally:
            self._channels.put_nowait(channel)

    async def _ask_once(self, job: Job) -> Reply:
        async with self._uploads:
            channel = None
            try:
                channel = await self._channel(finishing.ONCE)
                return await channel.ask(job)
            except Gone as gone:
                raise Unfit("undecodable", UNDECODABLE) from gone
            finally:
                _hang_up(channel)

    async def _channel(self, kind: bytes) -> MessageChannel:
        if self._closed:
            raise Gone
        return await self._fork_server.channel(kind)


def _hang_up(channel: MessageChannel | None) -> None:
    if channel is not None:
        channel.hang_up()


def _masked(reply: Reply, mask: Mask | None) -> Clip:
    """Return the clip, if it has the mask that was asked for."""
    if not isinstance(reply, Finished):
        raise _unfit(reply)
    if reply.clip.mask != (mask.name if mask else None):
        log.error("finish.unmasked")
        raise Unfit("undecodable", UNDECODABLE)
    return reply.clip


def _unfit(reply: Reply) -> Unfit:
    if isinstance(reply, finishing.Declined):
        return Unfit(reply.code, reply.message)
    if isinstance(reply, finishing.Broken):
        log.error("finish.broken %s", reply.trace)
    return Unfit("undecodable", UNDECODABLE)
