"""DTLS-SRTP of one peer, driven by its datagrams alone: no task, no queue, no waiting.

`RTCDtlsTransport` of aiortc knows how to check a peer's certificate and to derive the SRTP keys;
how it is fed is ours: stock, every peer has a task and an unbounded queue (80 MB after 20,000
datagrams of a stranger).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport, State
from OpenSSL import SSL

from server.rtc.certificate import SRTP_PROFILES, Identity
from server.rtc.settings import LARGEST_PAYLOAD_BYTES

# Above our flights, so that one read takes a whole flight out of OpenSSL.
FLIGHT_BYTES = 8_192


class Dtls(RTCDtlsTransport):
    """The server side of one DTLS association. Feed it datagrams; look at `state` after."""

    def __init__(
        self, identity: Identity, fingerprints: Sequence[tuple[str, str]], send: Callable[[bytes], None]
    ) -> None:
        # The transport object of aiortc is asked for nothing: all its callers are overridden.
        super().__init__(cast(Any, None), [identity.certificate])
        self._set_role("server")
        self._srtp_profiles = SRTP_PROFILES
        self._expected = RTCDtlsParameters([RTCDtlsFingerprint(*each) for each in fingerprints], "client")
        self._send_datagram = send
        # The parts that RTCPeerConnection would use: 3 KB a peer.
        del self._rtp_router, self._rtp_header_extensions_map
        self._tls = self._ssl = SSL.Connection(identity.context)
        self._tls.set_ciphertext_mtu(LARGEST_PAYLOAD_BYTES)
        self._tls.set_accept_state()
        self._set_state(State.CONNECTING)

    @property
    def connected(self) -> bool:
        """Whether keys are agreed and the peer is who its offer said."""
        return self._state is State.CONNECTED

    @property
    def over(self) -> bool:
        """Whether the association failed, or the peer closed it."""
        return self._state in (State.FAILED, State.CLOSED)

    def feed(self, datagram: bytes) -> None:
        """Take a DTLS datagram of this peer."""
        if self.over:
            return
        self._tls.bio_write(datagram)
        if self.connected:
            self._read()
        else:
            self._shake_hands()
        self._flush()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            return
        except SSL.Error:
            self._set_state(State.FAILED)
            return
        self.encrypted = True
        self._validate_peer_identity(self._expected)
        if not self.over:
            self._setup_srtp()
        if not self.over:
            self._set_state(State.CONNECTED)

    def _read(self) -> None:
        """Read what follows the handshake: repeated flights, and the peer's goodbye."""
        try:
            self._tls.recv(1)
        except SSL.ZeroReturnError:
            self._set_state(State.CLOSED)
        except SSL.Error:
            pass

    def _flush(self) -> None:
        while True:
            try:
                self._send_datagram(self._tls.bio_read(FLIGHT_BYTES))
            except SSL.Error:
                return

    def wait_s(self) -> float | None:
        """Return after how many seconds `repeat` is due; None when nothing is unanswered."""
        return None if self.over else self._tls.DTLSv1_get_timeout()

    def repeat(self) -> None:
        """Send the last flight again: it, or its answer, was lost."""
        if not self.over:
            try:
                self._tls.DTLSv1_handle_timeout()
            except SSL.Error:
                self._set_state(State.FAILED)
            self._flush()

    def goodbye(self) -> None:
        """Tell the peer that we close; harmless when it is over already."""
        if self.connected:
            with suppress(SSL.Error):
                self._tls.shutdown()
            self._flush()
        self._set_state(State.CLOSED)

    def take_outgoing(self) -> pylibsrtp.Session:
        """Return the session that protects what we send, for a broadcast to keep."""
        session = self._tx_srtp
        del self._tx_srtp, self._rx_srtp
        return session

    def unprotect(self, datagram: bytes) -> bytes | None:
        """Return the RTP packet in an SRTP datagram; None when it is not genuine."""
        try:
            packet: bytes = self._rx_srtp.unprotect(datagram)
        except (pylibsrtp.Error, ValueError):
            return None
        return packet
