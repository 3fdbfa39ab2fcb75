"""DTLS-SRTP of one peer, driven by its datagrams alone: it has no task, no queue and never waits.

`RTCDtlsTransport` of aiortc knows its states and which profiles SRTP has; how it is fed is ours: stock,
every peer has a task and an unbounded queue (80 MB after 20,000 datagrams of a stranger).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, cast

import pylibsrtp
from aiortc.rtcdtlstransport import RTCDtlsTransport, State
from OpenSSL import SSL

from server.rtc.certificate import SRTP_PROFILES, Identity
from server.rtc.settings import LARGEST_DATAGRAM_BYTES, LARGEST_PAYLOAD_BYTES

# Above our flights, so that one read takes a whole flight out of OpenSSL.
FLIGHT_BYTES = 8_192


# Packets that a replay check remembers. Ours need none; libsrtp wants 64 at least, and moves them with
# every packet (stock: 1024 both ways, and both ways for everybody).
SEND_WINDOW = 64
RECEIVE_WINDOW = 1_024


class Dtls(RTCDtlsTransport):
    """One DTLS association: its server, or its client when the peer is `passive`.

    Feed it datagrams; look at `state` after. The certificate must match one of the fingerprints.
    """

    def __init__(
        self,
        identity: Identity,
        fingerprints: Sequence[tuple[str, str]],
        send: Callable[[bytes], None],
        *,
        passive: bool = False,
    ) -> None:
        # The transport object of aiortc is asked for nothing: all its callers are overridden.
        super().__init__(cast(Any, None), [identity.certificate])
        self._set_role("client" if passive else "server")
        # Whose keys are whose (RFC 5764 4.2): the client's are the first.
        self._own_keys = 0 if passive else 1
        self._expected = fingerprints
        self._send_datagram = send
        self._keys: tuple[int, list[bytes]] = (0, [])
        # The parts that RTCPeerConnection would use: 3 KB a peer.
        del self._rtp_router, self._rtp_header_extensions_map
        self._tls = self._ssl = SSL.Connection(identity.context)
        self._tls.set_ciphertext_mtu(LARGEST_PAYLOAD_BYTES)
        if passive:
            self._tls.set_connect_state()
        else:
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

    def begin(self) -> None:
        """Begin the handshake, as the client, once the peer's address is proven; as the server, wait."""
        if self._own_keys == 0 and not self.over and not self.connected:
            self._shake_hands()
            self._flush()

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
        if not self._is_who_it_said():
            self._set_state(State.FAILED)
            return
        self._setup_srtp()
        if not self.over:
            self._set_state(State.CONNECTED)

    def _is_who_it_said(self) -> bool:
        """Tell whether the peer's certificate is one that its offer named (RFC 8122 5).

        Only its digest is asked for: what else is in it may be odd (FFmpeg's serial numbers are negative).
        """
        shown = self._tls.get_peer_certificate()
        return shown is not None and any(
            shown.digest(name.replace("-", "")).decode() == value for name, value in self._expected
        )

    def _read(self) -> None:
        """Read what follows the handshake: repeated flights, and the peer's goodbye."""
        try:
            while self._tls.recv(LARGEST_DATAGRAM_BYTES):
                pass  # nothing is said over DTLS itself
        except SSL.ZeroReturnError:
            self._set_state(State.CLOSED)
        except SSL.Error:
            return

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
        # Whoever sends for us holds us: so what OpenSSL keeps (60 KB) goes now, not when a collection comes.
        self._send_datagram = _discard

    def _setup_srtp(self) -> None:
        """Take the keys of both directions from the association (RFC 5764 4.2)."""
        chosen = self._tls.get_selected_srtp_profile()
        profile = next((each for each in SRTP_PROFILES if each.openssl_profile == chosen), None)
        if profile is None:
            self._set_state(State.FAILED)
            return
        size = 2 * (profile.key_length + profile.salt_length)
        keys = self._tls.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        self._keys = profile.libsrtp_profile, [profile.get_key_and_salt(keys, side) for side in (0, 1)]

    def outgoing(self, ssrc: int) -> pylibsrtp.Session:
        """Return a session that protects the one stream we send."""
        policy = self._policy(self._own_keys, pylibsrtp.Policy.SSRC_SPECIFIC)
        policy.ssrc_value = ssrc
        policy.window_size = SEND_WINDOW
        policy.allow_repeat_tx = True  # the same packet, for who missed it
        return pylibsrtp.Session(policy)

    def incoming(self, window: int = RECEIVE_WINDOW) -> pylibsrtp.Session:
        """Return a session that reads what the peer sends."""
        policy = self._policy(1 - self._own_keys, pylibsrtp.Policy.SSRC_ANY_INBOUND)
        policy.window_size = window
        return pylibsrtp.Session(policy)

    def _policy(self, side: int, kind: int) -> pylibsrtp.Policy:
        profile, keys = self._keys
        return pylibsrtp.Policy(key=keys[side], ssrc_type=kind, srtp_profile=profile)


def _discard(_: bytes) -> None:
    """Discard what an association that has ended would send."""
