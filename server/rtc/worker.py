"""A media worker: one process with its own port and peers, at the end of a pipe (standard input)."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys

from server import subprocesses
from server.rtc import wire
from server.rtc.local import LocalMedia
from server.rtc.media import BadOffer, Busy, TakeEnded

# How often figures are told; the main process takes a worker for dead that says nothing for long.
TOTALS_S = 0.5


class Reporter:
    """Reports to the main process what peers do."""

    def __init__(self, channel: subprocesses.MessageChannel[wire.Order]) -> None:
        self._channel = channel

    def connected(self, peer: str) -> None:
        """Report that a peer has connected."""
        self._channel.tell(wire.Changed(peer, "connected"))

    def level(self, peer: str, *, on: bool) -> None:
        """Report that a peer is heard, or falls silent."""
        self._channel.tell(wire.Changed(peer, "loud" if on else "quiet"))

    def take_ended(self, ended: TakeEnded) -> None:
        """Report a take that was cut."""
        self._channel.tell(ended)

    def gone(self, peer: str) -> None:
        """Report that a peer is gone."""
        self._channel.tell(wire.Changed(peer, "gone"))


class Worker:
    """Does what the main process orders, and reports what happens."""

    def __init__(self, media: LocalMedia, channel: subprocesses.MessageChannel[wire.Order]) -> None:
        self._media = media
        self._channel = channel
        self._loop = asyncio.get_running_loop()
        self._to_play: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        media.observe(Reporter(channel))

    async def run(self) -> None:
        """Carry out orders until the main process ends them or is gone."""
        totals = asyncio.ensure_future(self._tell_totals())
        try:
            while True:
                self._obey(await self._channel.read())
        except (OSError, EOFError):
            return
        finally:
            totals.cancel()
            await asyncio.gather(totals, *self._tasks, return_exceptions=True)
            await self._media.close()
            self._channel.tell(self._media.counts())

    async def _tell_totals(self) -> None:
        while True:
            self._channel.tell(self._media.counts())
            await asyncio.sleep(TOTALS_S)

    def _obey(self, order: wire.Order) -> None:
        match order:
            case wire.Ask() as ask:
                self._own(asyncio.ensure_future(self._answer(ask)))
            case wire.Begin(peer, limit_ms):
                self._media.begin_take(peer, limit_ms)
            case wire.Act(peer, "end"):
                self._media.end_take(peer)
            case wire.Play(room, frames, at_s):
                self._forget(room)
                self._to_play[room] = self._loop.call_at(at_s, self._play, room, frames)
            case wire.Halt(room):
                self._forget(room)
                self._media.stop(room)
            case wire.Act(peer, "live_relay"):
                tell = self._channel.tell
                self._media.live_relay_into(
                    lambda at, payload: tell(wire.LiveRelaySound(peer, at, payload)), peer
                )
            case wire.Act(peer, "live_relay_off"):
                self._media.live_relay_off(peer)
            case wire.PlayLiveRelay(room, take, at, payload, delay_ms):
                self._media.play_live_relay(room, take, at, payload, delay_ms)
            case wire.Act(peer, "part"):
                self._own(asyncio.ensure_future(self._media.close_peer(peer)))
            case _:
                raise subprocesses.BadMessage

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _forget(self, room: str) -> None:
        timer = self._to_play.pop(room, None)
        if timer is not None:
            timer.cancel()

    def _play(self, room: str, frames: list[bytes]) -> None:
        self._to_play.pop(room, None)
        self._media.play(room, frames)

    async def _answer(self, ask: wire.Ask) -> None:
        try:
            peer, answer = await self._media.answer(
                ask.room,
                ask.role,
                ask.offer,
                address=ask.address,
                commanded=ask.commanded,
                limit_ms=ask.limit_ms,
            )
        except (BadOffer, Busy) as refusal:
            self._channel.tell(wire.Declined(ask.number, isinstance(refusal, Busy), str(refusal)))
        else:
            self._channel.tell(wire.Answered(ask.number, peer, answer))


async def serve(pipe: socket.socket) -> None:
    """Open the port as the first message says, and work."""
    channel: subprocesses.MessageChannel[wire.Order] = subprocesses.MessageChannel(
        *await asyncio.open_unix_connection(sock=pipe), wire.Order
    )
    first = await channel.read()
    if not isinstance(first, wire.Open):
        raise subprocesses.BadMessage
    try:
        where = first.host, first.port, first.public_ip or None, first.settings
        media = await LocalMedia.open(*where, clock=wire.monotonic_ms)
    except (OSError, RuntimeError) as error:
        channel.tell(wire.Broken(getattr(error, "errno", 0) or 0, str(error)))
    else:
        channel.tell(wire.Opened(*media.endpoint()))
        await Worker(media, channel).run()
    await channel.finish()


def main() -> None:
    """Work at the pipe that is our standard input; the main process decides when we end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    pipe = socket.socket(fileno=sys.stdin.fileno())
    pipe.setblocking(False)
    with contextlib.suppress(EOFError):
        _run(pipe)


def _run(pipe: socket.socket) -> None:
    try:
        import uvloop  # noqa: PLC0415 - a faster loop where there is one
    except ImportError:
        asyncio.run(serve(pipe))
    else:
        uvloop.run(serve(pipe))


if __name__ == "__main__":
    main()
