"""The media plane in this process: one port, its peers, and the rooms they hear."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence

from audio.take import LONGEST_TAKE_MS
from server.clock import time_of_day_ms
from server.rtc import rtcp, sdp, selfcheck, udp
from server.rtc.admission import Admission
from server.rtc.batch_sender import BatchSender, Listener, kernel_send_many
from server.rtc.broadcast import Broadcast, Source
from server.rtc.capture import Recording
from server.rtc.certificate import Identity
from server.rtc.media import Counts, Ending, MediaObserver, MediaObservers, Role, TakeEnded
from server.rtc.peer import Peer
from server.rtc.retransmitter import Retransmitter
from server.rtc.settings import Settings
from server.rtc.speaker import PacketSink, Speaker

# How often peers are looked at for deadlines and lost consent, while there are any.
SWEEP_S = 0.5


class LocalMedia:
    """`Media` of one process. `clock` gives epoch milliseconds."""

    def __init__(
        self, port: udp.Port, addresses: tuple[str, ...], settings: Settings, clock: Callable[[], int]
    ) -> None:
        self.observers = MediaObservers()
        self._port = port
        self._addresses = addresses
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._identity = Identity()
        self._batch_sender = BatchSender(port.sock, kernel_send_many())
        self._source = Source(secrets.randbits(32), secrets.randbits(32))
        self._peers: dict[str, Peer] = {}
        self._admission = Admission(settings)
        self._listeners: dict[str, Listener] = {}
        self._rooms: dict[str, Broadcast] = {}
        self._heard = 0
        self._sweeper: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        public_ip: str | None = None,
        settings: Settings | None = None,
        *,
        clock: Callable[[], int] = time_of_day_ms,
    ) -> LocalMedia:
        """Bind the port (0 picks a free one). Raises OSError, or RuntimeError by the self-check.

        Answers name `public_ip` (several, separated by commas), or else the address that `host`
        means (see `udp.bind_address` for loopback); "" and "::" listen on IPv4 and IPv6.
        """
        selfcheck.run()
        host = udp.bind_address(host, public_ip)
        addresses = udp.advertised(host, public_ip)
        return cls(udp.Port(udp.open_socket(host, port)), addresses, settings or Settings(), clock)

    def observe(self, observer: MediaObserver) -> None:
        """Tell an observer what peers do."""
        self.observers.add(observer)

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
        wanted = sdp.read(offer, role)
        peer = Peer(
            room,
            role,
            wanted,
            source=source,
            commanded=commanded,
            limit_ms=limit_ms,
            identity=self._identity,
            port=self._port,
            owner=self,
            settings=self._settings,
        )
        self._admit(peer)
        return peer.id, sdp.answer(wanted, role, self._ours(peer))

    def _admit(self, peer: Peer) -> None:
        self._peers[peer.id] = peer
        self._admission.enter(peer.source)
        self._port.expect(peer)
        self._watch()

    def _watch(self) -> None:
        if self._sweeper is None and self._peers:
            self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)

    def _ours(self, peer: Peer) -> sdp.LocalDescription:
        return sdp.LocalDescription(
            peer.ufrag,
            peer.password.decode(),
            self._identity.fingerprint,
            self._addresses,
            self._port.number,
            self._source.ssrc,
            "wonder",
        )

    def connected(self, peer: Peer) -> None:
        """Give a connected peer its part: a microphone, or a place among the listeners of its room."""
        if peer.role == "speaker":
            observer = _Hearer(self, peer.id)
            peer.speaker = Speaker(
                peer.dtls,
                peer.payload_type,
                observer,
                self._settings,
                commanded=peer.commanded,
                limit_ms=peer.limit_ms,
            )
        elif peer.address is not None:
            session = peer.dtls.outgoing(self._source.ssrc)
            listener = Listener(session, peer.payload_type, secrets.randbits(15), peer.address)
            self._listeners[peer.id] = listener
            self._room(peer.room).add(listener)
        self.observers.connected(peer.id)

    def moved(self, peer: Peer) -> None:
        """Follow a listener to its new address."""
        listener = self._listeners.get(peer.id)
        if listener is not None and listener.batch is not None and peer.address is not None:
            listener.address = peer.address
            listener.batch.move(listener)

    def reported(self, peer: Peer, datagram: bytes) -> None:
        """Send packets again that a report asks for; reports sent alone that ask for none are not read."""
        listener = self._listeners.get(peer.id)
        if listener is None or (peer.reports_alone and rtcp.kind(datagram) != rtcp.FEEDBACK):
            return
        if peer.retransmitter is None:
            peer.retransmitter = Retransmitter(peer.dtls, self._source.ssrc, self._settings)
        if not peer.retransmitter.report(datagram, listener, self._batch_sender, time.monotonic()):
            self._port.dropped += 1

    def lost(self, peer: Peer) -> None:
        """Let a peer go that failed, left or fell silent."""
        self._drop(peer, keep_ms=self._settings.kept_when_gone_ms)

    def _drop(self, peer: Peer, *, keep_ms: int) -> None:
        if self._peers.pop(peer.id, None) is None:
            return
        self._admission.leave(peer.source)
        listener = self._listeners.pop(peer.id, None)
        if listener is not None:
            self._room(peer.room).remove(listener)
        peer.close()
        try:
            if peer.speaker is not None:
                self._heard += peer.speaker.heard
                peer.speaker.close(keep_ms=keep_ms)
        finally:
            self.observers.gone(peer.id)

    def _sweep(self) -> None:
        """Drop peers whose time is over; rest when there are none."""
        now_s = self._loop.time()
        self._sweeper = None
        try:
            for peer in [peer for peer in self._peers.values() if peer.expired(now_s)]:
                self.lost(peer)
        finally:
            self._watch()

    # --- takes

    def begin_take(self, peer: str, limit_ms: int) -> bool:
        """Begin a commanded take; False when the peer is gone or has one open."""
        found = self._peers.get(peer)
        return bool(found and found.commanded and found.speaker and found.speaker.begin(limit_ms))

    def end_take(self, peer: str) -> bool:
        """End a take; `take_ended` follows when the late packets came."""
        found = self._peers.get(peer)
        return bool(found and found.speaker and found.speaker.end())

    def took(self, peer: str, recording: Recording, ending: Ending) -> None:
        """Tell of a take that was cut."""
        ago_ms = self._loop.time() * 1000 - recording.began_ms
        self.observers.take_ended(TakeEnded(peer, recording.take, round(self._clock() - ago_ms), ending))

    # --- rooms

    def _room(self, room: str) -> Broadcast:
        found = self._rooms.get(room)
        if found is None:
            found = Broadcast(self._batch_sender, self._source, self._settings, lambda: self._idle(room))
            self._rooms[room] = found
        return found

    def _idle(self, room: str) -> None:
        self._rooms.pop(room, None)

    def play(self, room: str, frames: Sequence[bytes]) -> tuple[int, int]:
        """Play 20 ms Opus frames to a room now; return (starts_at_ms, duration_ms), epoch time."""
        return self._clock(), self._room(room).play(frames)

    def stop(self, room: str) -> None:
        """Stop what plays in a room."""
        if room in self._rooms:
            self._rooms[room].stop()

    def begin_live_relay(self, peer: str, room: str, delay_ms: int) -> bool:
        """Let a room hear a peer's open take as it is spoken; False when it cannot."""
        if self.listeners(room) > self._settings.live_listeners:
            return False
        take = f"{peer}:{secrets.token_hex(4)}"

        def sink(at: int, payload: bytes) -> None:
            self.play_live_relay(room, take, at, payload, delay_ms)

        has_begun = self.live_relay_into(sink, peer)
        if has_begun:
            self.stop(room)
        return has_begun

    def live_relay_into(self, sink: PacketSink, peer: str) -> bool:
        """Tell the packets of an open take as they come, until it ends; False when there is none."""
        found = self._peers.get(peer)
        return bool(found and found.speaker and found.speaker.begin_live_relay(sink))

    def end_live_relay(self, peer: str, room: str) -> None:
        """Let a room hear a peer's open take no longer."""
        if self.live_relay_off(peer):
            self.stop(room)

    def live_relay_off(self, peer: str) -> bool:
        """Tell the packets of an open take no longer; False when there is no such speaker."""
        found = self._peers.get(peer)
        if not found or not found.speaker:
            return False
        found.speaker.end_live_relay()
        return True

    def play_live_relay(self, room: str, take: str, at: int, payload: bytes, delay_ms: int) -> None:
        """Send a packet of a take that is spoken now to a room, `delay_ms` after it was said."""
        if room in self._rooms:
            self._rooms[room].play_live_relay(take, at, payload, delay_ms)

    def listeners(self, room: str) -> int:
        """Return how many listeners of a room are connected."""
        return len(self._rooms[room]) if room in self._rooms else 0

    # --- the whole

    def counts(self) -> Counts:
        """Return totals since the start."""
        speakers = [peer.speaker for peer in self._peers.values() if peer.speaker is not None]
        return Counts(
            len(speakers),
            len(self._listeners),
            self._heard + sum(speaker.heard for speaker in speakers),
            self._batch_sender.sent,
            self._port.dropped + self._batch_sender.dropped,
            self._batch_sender.resent,
        )

    def endpoint(self) -> tuple[str, int]:
        """Return the advertised address and port."""
        return self._addresses[0], self._port.number

    async def close_peer(self, peer: str) -> None:
        """Close a peer (idempotent); an open take is ended as `gone` first, late packets included."""
        found = self._peers.get(peer)
        if found is None:
            return
        if found.speaker is not None and found.speaker.open:
            await asyncio.sleep(self._settings.late_ms / 1000)
        self._drop(found, keep_ms=0)

    async def close(self) -> None:
        """Close every peer and the port; may be called again."""
        self._admission.close()
        for peer in list(self._peers.values()):
            self._drop(peer, keep_ms=self._settings.kept_when_gone_ms)
        for room in list(self._rooms.values()):
            room.close()
        self._rooms.clear()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        self._port.close()


class _Hearer:
    """Passes on what a speaker reports, with the id of its peer."""

    def __init__(self, media: LocalMedia, peer: str) -> None:
        self._media = media
        self._peer = peer

    def took(self, recording: Recording, ending: Ending) -> None:
        """Pass on a take."""
        self._media.took(self._peer, recording, ending)

    def level(self, *, on: bool) -> None:
        """Pass on a change of level."""
        self._media.observers.level(self._peer, on=on)
