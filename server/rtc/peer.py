"""A peer: its credentials, the addresses it proved, its DTLS, and when it is gone."""

from __future__ import annotations

import asyncio
import secrets
from typing import Protocol

from server.rtc import rtp
from server.rtc.certificate import Identity
from server.rtc.dtls import Dtls
from server.rtc.media import Role
from server.rtc.retransmitter import Retransmitter
from server.rtc.sdp import Offer
from server.rtc.settings import Settings
from server.rtc.speaker import Speaker
from server.rtc.token_bucket import TokenBucket
from server.rtc.udp import Address, Port

# A handshake takes ten datagrams; after it only close_notify comes.
DTLS_PER_SECOND = 30


class Owner(Protocol):
    """Is told when a peer connects, moves, reports or ends."""

    def connected(self, peer: Peer) -> None:
        """Note that keys are agreed."""

    def moved(self, peer: Peer) -> None:
        """Note that a peer is reached under another address."""

    def lost(self, peer: Peer) -> None:
        """Note that a peer failed, left, or fell silent."""

    def reported(self, peer: Peer, datagram: bytes) -> None:
        """Take an SRTCP datagram of a listener."""


class Peer:
    """One speaker or listener, from its offer to its end."""

    __slots__ = (
        "_checks",
        "_dtls_bucket",
        "_loop",
        "_owner",
        "_port",
        "_settings",
        "_timer",
        "address",
        "addresses",
        "checked_s",
        "closed",
        "commanded",
        "deadline_s",
        "dtls",
        "id",
        "limit_ms",
        "password",
        "payload_type",
        "reports_alone",
        "retransmitter",
        "role",
        "room",
        "selected_s",
        "source",
        "speaker",
        "ufrag",
        "username",
    )

    def __init__(
        self,
        room: str,
        role: Role,
        offer: Offer,
        *,
        source: str,
        commanded: bool,
        limit_ms: int,
        identity: Identity,
        port: Port,
        owner: Owner,
        settings: Settings,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.room = room
        self.role = role
        self.source = source
        self.commanded = commanded
        self.limit_ms = limit_ms  # of a session that is one take
        self.payload_type = offer.payload_type
        self.reports_alone = offer.reduced
        self.ufrag = secrets.token_hex(8)
        self.password = secrets.token_hex(16).encode()
        self.username = f"{self.ufrag}:{offer.ufrag}".encode()
        self.addresses: list[Address] = []
        self.address: Address | None = None
        self.speaker: Speaker | None = None
        self.retransmitter: Retransmitter | None = None
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self.checked_s = self.selected_s = self._loop.time()
        self.deadline_s: float | None = self.checked_s + settings.connect_ms / 1000
        self.dtls = Dtls(identity, offer.fingerprints, self.send, passive=offer.passive)
        self._port = port
        self._owner = owner
        self._settings = settings
        self._checks = TokenBucket(settings.checks_per_second)
        self._dtls_bucket = TokenBucket(DTLS_PER_SECOND)
        self._timer: asyncio.TimerHandle | None = None

    # --- what the port tells

    def check_allowed(self, now_s: float) -> bool:
        """Tell whether one more check is answered now."""
        return self._checks.take(1, now_s)

    def checked(self, address: Address, *, nominates: bool, now_s: float) -> None:
        """Note a valid check: the peer lives, and perhaps it moved (RFC 8445 8.1, 12)."""
        self.checked_s = now_s
        stale = now_s - self.selected_s > self._settings.stale_address_ms / 1000
        if address == self.address:
            self.selected_s = now_s
        elif self.address is None or nominates or stale:
            is_first = self.address is None
            self.address = address
            self.selected_s = now_s
            if is_first:
                self.dtls.begin()
                self._settle(was_connected=False)
            elif self.dtls.connected:
                self._owner.moved(self)

    def take_dtls(self, datagram: bytes) -> None:
        """Take a DTLS datagram: the handshake, or a goodbye."""
        if self.closed or not self._dtls_bucket.take(1, self._loop.time()):
            return
        was_connected = self.dtls.connected
        self.dtls.feed(datagram)
        self._settle(was_connected=was_connected)

    def take_media(self, datagram: bytes) -> None:
        """Take an SRTP or SRTCP datagram; a listener's sound is not wanted, nor a speaker's reports."""
        if len(datagram) >= rtp.HEADER_BYTES and rtp.is_rtcp(datagram):
            if self.role == "listener" and self.dtls.connected:
                self._owner.reported(self, datagram)
            return
        if self.speaker is None or not self.speaker.media(datagram):
            self._port.dropped += 1
        else:  # as good a sign of life as a check: FFmpeg 8 sends none once it is connected
            self.checked_s = self._loop.time()

    def send(self, datagram: bytes) -> None:
        """Send to the peer's current address."""
        if self.address is not None:
            self._port.send(datagram, self.address)

    # --- states

    def _settle(self, *, was_connected: bool) -> None:
        """Act on the new state of the DTLS association, and schedule its next retransmission."""
        self._stop_timer()
        if self.dtls.over:
            self._owner.lost(self)
            return
        if self.dtls.connected and not was_connected:
            self.deadline_s = None
            self._owner.connected(self)
        if not self.closed and (wait_s := self.dtls.wait_s()) is not None:
            self._timer = self._loop.call_later(wait_s, self._repeat)

    def _repeat(self) -> None:
        self.dtls.repeat()
        self._settle(was_connected=self.dtls.connected)

    def expired(self, now_s: float) -> bool:
        """Tell whether it did not connect in time, or its consent ran out (RFC 7675)."""
        late = self.deadline_s is not None and now_s >= self.deadline_s
        return late or now_s - self.checked_s > self._settings.consent_ms / 1000

    def close(self) -> None:
        """Say goodbye and stop; may be called again."""
        if self.closed:
            return
        self.closed = True
        self._stop_timer()
        self.dtls.goodbye()
        self._port.forget(self)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
