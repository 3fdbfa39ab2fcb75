"""The media plane in several processes: `Media` for the main process, which sees no packet.

Every worker has its own port and peers. A room's listeners are spread over all of them, and a clip
goes once to each that has some, with one moment at which it begins.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from msgspec import Struct
from msgspec.structs import replace

from audio import opus
from audio.take import LONGEST_TAKE_MS
from server.clock import time_of_day_ms
from server.rtc import wire
from server.rtc.admission import Admission
from server.rtc.media import BadOffer, Busy, Counts, MediaObserver, MediaObservers, Role, TakeEnded
from server.rtc.process import WorkerProcess
from server.rtc.settings import Settings
from server.together import settled

# A clip begins this much later than now: all workers have read it by then.
PLAY_IN_S = 0.02
FRAME_S = 0.02


class RemotePeer(Struct):
    """What the main process knows of a peer."""

    worker: WorkerProcess
    room: str
    role: Role
    source: str
    commanded: bool
    connected: bool = False
    has_take: bool = False
    is_ending: bool = False


class Playing(Struct):
    """A clip that plays, kept for listeners that join a worker which does not have it."""

    frames: list[bytes]
    starts_s: float
    workers: list[WorkerProcess]


class LiveRelay(Struct):
    """A take that a room hears while it is spoken."""

    room: str
    take: str
    delay_ms: int


class RemoteMedia:
    """`Media` over media workers. `clock` gives epoch milliseconds."""

    def __init__(self, settings: Settings, clock: Callable[[], int]) -> None:
        self._observers = MediaObservers()
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._workers: list[WorkerProcess] = []
        self._totals: dict[WorkerProcess, Counts] = {}
        self._past = Counts()
        self._peers: dict[str, RemotePeer] = {}
        self._asked: dict[int, tuple[RemotePeer, asyncio.Future[tuple[str, str]]]] = {}
        self._admission = Admission(settings)
        self._number = 0
        self._load: Counter[WorkerProcess] = Counter()
        self._listeners: dict[str, Counter[WorkerProcess]] = {}
        self._playing: dict[str, Playing] = {}
        self._live_relays: dict[str, LiveRelay] = {}
        self._parting: dict[str, asyncio.Future[None]] = {}

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        public_ip: str | None = None,
        settings: Settings | None = None,
        *,
        workers: int,
        clock: Callable[[], int] = time_of_day_ms,
    ) -> RemoteMedia:
        """Start the workers on `port` and those after it (0: each a free one). Raises OSError."""
        async with AsyncExitStack() as unopened:
            made = cls(settings or Settings(), clock)
            unopened.push_async_callback(made.close)
            for number in range(workers):
                opening = wire.Open(host, port and port + number, public_ip or "", made._settings)
                worker = WorkerProcess(opening, made._told, made._ended)
                made._workers.append(worker)
                await worker.start()
            unopened.pop_all()
        return made

    def observe(self, observer: MediaObserver) -> None:
        """Tell an observer what peers do."""
        self._observers.add(observer)

    # --- peers

    async def answer(
        self,
        room: str,
        role: Role,
        offer: str,
        *,
        address: str,
        commanded: bool = False,
        limit_ms: int = LONGEST_TAKE_MS,
    ) -> tuple[str, str]:
        """Return (peer id, answer SDP). Raises `BadOffer` or `Busy`."""
        source = self._admission.check(address)
        remote_peer = RemotePeer(self._least_busy(), room, role, source, commanded)
        self._number += 1
        number = self._number
        waiting: asyncio.Future[tuple[str, str]] = self._loop.create_future()
        self._asked[number] = remote_peer, waiting
        self._admission.enter(source)
        self._load[remote_peer.worker] += 1
        remote_peer.worker.tell(wire.Ask(number, room, role, offer, address, commanded, limit_ms))
        return await waiting

    def _least_busy(self) -> WorkerProcess:
        alive = [worker for worker in self._workers if worker.alive]
        if not alive:
            raise Busy("The server is restarting its voices.")
        return min(alive, key=lambda worker: self._load[worker])

    def _left(self, remote_peer: RemotePeer) -> None:
        self._load[remote_peer.worker] -= 1
        self._admission.leave(remote_peer.source)

    # --- what workers tell

    def _told(self, worker: WorkerProcess, report: wire.Report) -> None:
        """Take a report. Raises OSError when it makes no sense, which ends its worker."""
        match report:
            case wire.Answered(number, peer, answer) if number in self._asked:
                remote_peer, waiting = self._asked.pop(number)
                self._peers[peer] = remote_peer
                if waiting.cancelled():  # whoever asked is gone
                    worker.tell(wire.Act(peer, "part"))
                else:
                    waiting.set_result((peer, answer))
            case wire.Declined(number, busy, sentence) if number in self._asked:
                self._decline(number, Busy(sentence) if busy else BadOffer(sentence))
            case wire.Changed(peer, now):  # after whoever asked for it has its answer
                self._loop.call_soon(self._changed, peer, now)
            case TakeEnded():
                self._loop.call_soon(self._took, report)
            case wire.LiveRelaySound():
                self._play_live_relay(report)
            case Counts():
                self._totals[worker] = report
            case _:
                raise OSError("the media worker told what nobody understands")

    def _decline(self, number: int, refusal: Exception) -> None:
        remote_peer, waiting = self._asked.pop(number)
        self._left(remote_peer)
        if not waiting.cancelled():
            waiting.set_exception(refusal)

    def _changed(self, peer: str, now: wire.Now) -> None:
        match now:
            case "connected":
                self._connected(peer)
            case "gone":
                self._gone(peer)
            case _:
                self._observers.level(peer, on=now == "loud")

    def _connected(self, peer: str) -> None:
        remote_peer = self._peers.get(peer)
        if remote_peer is None:
            return
        remote_peer.connected = True
        if remote_peer.role == "listener":
            self._listeners.setdefault(remote_peer.room, Counter())[remote_peer.worker] += 1
            self._catch_up(remote_peer)
        self._observers.connected(peer)

    def _took(self, ended: TakeEnded) -> None:
        remote_peer = self._peers.get(ended.peer)
        if remote_peer is not None:
            remote_peer.has_take = remote_peer.is_ending = False
        self._live_relays.pop(ended.peer, None)
        # The worker has no clock of ours, but shares the monotonic one.
        ago_ms = wire.monotonic_ms() - ended.began_at_ms
        self._observers.take_ended(replace(ended, began_at_ms=self._clock() - ago_ms))

    def _gone(self, peer: str) -> None:
        remote_peer = self._peers.pop(peer, None)
        if remote_peer is None:
            return
        self._left(remote_peer)
        self._live_relays.pop(peer, None)
        if remote_peer.connected and remote_peer.role == "listener":
            self._listeners[remote_peer.room] -= Counter([remote_peer.worker])
            if not self._listeners[remote_peer.room]:
                del self._listeners[remote_peer.room]
        try:
            self._observers.gone(peer)
        finally:
            parting = self._parting.pop(peer, None)
            if parting is not None and not parting.done():
                parting.set_result(None)

    def _ended(self, worker: WorkerProcess) -> None:
        """Report the peers of a worker that ended as gone; takes that it had not reported are lost."""
        self._past = _sum([self._past, _lasting(self._totals.pop(worker, Counts()))])
        for number in [
            number for number, (remote_peer, _) in self._asked.items() if remote_peer.worker is worker
        ]:
            self._decline(number, Busy("The server is restarting its voices."))
        for peer in [peer for peer, remote_peer in self._peers.items() if remote_peer.worker is worker]:
            self._loop.call_soon(self._gone, peer)
        for playing in self._playing.values():
            if worker in playing.workers:
                playing.workers.remove(worker)

    # --- takes

    def begin_take(self, peer: str, limit_ms: int) -> bool:
        """Begin a commanded take; False when the peer is gone or has one open."""
        remote_peer = self._peers.get(peer)
        if (
            remote_peer is None
            or not remote_peer.connected
            or not remote_peer.commanded
            or remote_peer.has_take
        ):
            return False
        remote_peer.has_take = True
        remote_peer.worker.tell(wire.Begin(peer, limit_ms))
        return True

    def end_take(self, peer: str) -> bool:
        """End a take; `take_ended` follows when the late packets came."""
        remote_peer = self._peers.get(peer)
        if (
            remote_peer is None
            or remote_peer.is_ending
            or not (remote_peer.has_take or not remote_peer.commanded)
        ):
            return False
        remote_peer.is_ending = remote_peer.commanded
        remote_peer.worker.tell(wire.Act(peer, "end"))
        return True

    # --- rooms

    def play(self, room: str, frames: Sequence[bytes]) -> tuple[int, int]:
        """Play 20 ms Opus frames to a room; return (starts_at_ms, duration_ms), epoch time."""
        playing = Playing(list(frames), time.monotonic() + PLAY_IN_S, self._with_listeners(room))
        self._forget_played()
        self._playing[room] = playing
        for worker in playing.workers:
            worker.tell(wire.Play(room, playing.frames, playing.starts_s))
        return self._clock() + round(PLAY_IN_S * 1000), sum(map(opus.duration, frames)) // 48

    def _forget_played(self) -> None:
        now_s = time.monotonic()
        over = [
            room for room, each in self._playing.items() if now_s > each.starts_s + FRAME_S * len(each.frames)
        ]
        for room in over:
            del self._playing[room]

    def _with_listeners(self, room: str) -> list[WorkerProcess]:
        return list(self._listeners.get(room, ()))

    def _catch_up(self, remote_peer: RemotePeer) -> None:
        """Give a worker that has its first listener of a room the rest of the clip that plays there."""
        playing = self._playing.get(remote_peer.room)
        if playing is None or remote_peer.worker in playing.workers:
            return
        at_s = max(playing.starts_s, time.monotonic() + self._settings.lead_in_ms / 1000)
        rest = playing.frames[round((at_s - playing.starts_s) / FRAME_S) :]
        if rest:
            playing.workers.append(remote_peer.worker)
            remote_peer.worker.tell(wire.Play(remote_peer.room, rest, at_s))

    def stop(self, room: str) -> None:
        """Stop what plays in a room."""
        playing = self._playing.pop(room, None)
        for worker in playing.workers if playing else []:
            worker.tell(wire.Halt(room))

    def begin_live_relay(self, peer: str, room: str, delay_ms: int) -> bool:
        """Let a room hear a peer's open take as it is spoken; False when it cannot."""
        remote_peer = self._peers.get(peer)
        if (
            remote_peer is None
            or not remote_peer.connected
            or self.listeners(room) > self._settings.live_listeners
        ):
            return False
        self.stop(room)
        self._number += 1
        self._live_relays[peer] = LiveRelay(room, f"{peer}:{self._number}", delay_ms)
        remote_peer.worker.tell(wire.Act(peer, "live_relay"))
        return True

    def end_live_relay(self, peer: str, room: str) -> None:
        """Let a room hear a peer's open take no longer."""
        remote_peer = self._peers.get(peer)
        if self._live_relays.pop(peer, None) is None or remote_peer is None:
            return
        remote_peer.worker.tell(wire.Act(peer, "live_relay_off"))
        for worker in self._with_listeners(room):
            worker.tell(wire.Halt(room))

    def _play_live_relay(self, sound: wire.LiveRelaySound) -> None:
        relay = self._live_relays.get(sound.peer)
        if relay is None:
            return
        order = wire.PlayLiveRelay(relay.room, relay.take, sound.at, sound.payload, relay.delay_ms)
        for worker in self._with_listeners(relay.room):
            worker.tell(order)

    def listeners(self, room: str) -> int:
        """Return how many listeners of a room are connected."""
        return sum(self._listeners.get(room, Counter()).values())

    # --- the whole

    def counts(self) -> Counts:
        """Return totals since the start; up to half a second old."""
        return _sum([self._past, *self._totals.values()])

    def endpoint(self) -> tuple[str, int]:
        """Return the advertised address and port of the first worker."""
        return self._workers[0].address, self._workers[0].port

    @property
    def pids(self) -> list[int]:
        """The processes of the workers."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    async def close_peer(self, peer: str) -> None:
        """Close a peer (idempotent); an open take is ended as `gone` first."""
        remote_peer = self._peers.get(peer)
        if remote_peer is None:
            return
        parting = self._parting.setdefault(peer, self._loop.create_future())
        remote_peer.worker.tell(wire.Act(peer, "part"))
        await asyncio.shield(parting)

    async def close(self) -> None:
        """Close every peer and end every process; may be called again."""
        self._admission.close()
        await settled(worker.close() for worker in self._workers)
        for worker in self._workers:
            self._ended(worker)
        await asyncio.sleep(0)  # whoever waits for a peer to be gone is told now
        for peer in list(self._peers):
            self._gone(peer)


def _lasting(counts: Counts) -> Counts:
    """Return the totals without the peers, which ended with their process."""
    return Counts(0, 0, counts.packets_in, counts.packets_out, counts.dropped, counts.resent)


def _sum(all_counts: Sequence[Counts]) -> Counts:
    fields = Counts.__struct_fields__
    return Counts(*(sum(getattr(counts, name) for counts in all_counts) for name in fields))
