"""The server side of DTLS-SRTP against OpenSSL's own client, datagram by datagram."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

import pylibsrtp
import pytest
from aiortc.rtcdtlstransport import RTCCertificate
from aiortc.rtp import RtpPacket
from OpenSSL import SSL

from server.rtc.certificate import SRTP_PROFILES, Identity
from server.rtc.dtls import Dtls

IDENTITY = Identity()
CERTIFICATE = RTCCertificate.generateCertificate()
FINGERPRINTS = [(each.algorithm, each.value) for each in CERTIFICATE.getFingerprints()]
PACKET = RtpPacket(payload_type=111, ssrc=9, payload=b"sound").serialize()


class Pair:
    """A client and our server, with the datagrams between them in two lists."""

    def __init__(self, fingerprints: Sequence[tuple[str, str]] = FINGERPRINTS) -> None:
        self.to_client: list[bytes] = []
        self.server = Dtls(IDENTITY, fingerprints, self.to_client.append)
        self.client = SSL.Connection(CERTIFICATE._create_ssl_context(SRTP_PROFILES))
        self.client.set_connect_state()

    def client_step(self) -> bytes:
        """Let the client read what came and return what it says."""
        for datagram in self.to_client:
            self.client.bio_write(datagram)
        self.to_client.clear()
        with suppress(SSL.WantReadError):
            self.client.do_handshake()
        try:
            return self.client.bio_read(8_192)
        except SSL.WantReadError:
            return b""

    def shake_hands(self) -> None:
        while datagram := self.client_step():
            self.server.feed(datagram)

    def keys(self, side: int) -> bytes:
        chosen = next(
            p for p in SRTP_PROFILES if p.openssl_profile == self.client.get_selected_srtp_profile()
        )
        size = 2 * (chosen.key_length + chosen.salt_length)
        return chosen.get_key_and_salt(self.client.export_keying_material(b"EXTRACTOR-dtls_srtp", size), side)


def session(key: bytes, kind: int) -> pylibsrtp.Session:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=profile))


@pytest.fixture
def pair() -> Pair:
    made = Pair()
    made.shake_hands()
    assert made.server.connected
    return made


def test_both_sides_agree_on_keys(pair: Pair) -> None:
    out = pair.server.outgoing(9).protect(PACKET)
    back = session(pair.keys(0), pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect(PACKET)

    assert session(pair.keys(1), pylibsrtp.Policy.SSRC_ANY_INBOUND).unprotect(out) == PACKET
    assert pair.server.incoming().unprotect(back) == PACKET


def test_the_cheapest_profile_is_taken(pair: Pair) -> None:
    assert pair.client.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


def test_a_flight_fits_every_path() -> None:
    pair = Pair()
    pair.server.feed(pair.client_step())

    assert pair.to_client
    assert max(map(len, pair.to_client)) <= 1_200


def test_a_certificate_that_is_not_the_offers_is_refused() -> None:
    pair = Pair([("sha-256", ":".join(["00"] * 32))])
    pair.shake_hands()

    assert pair.server.over
    assert not pair.server.connected


def test_a_flight_that_was_lost_is_sent_again() -> None:
    pair = Pair()
    pair.server.feed(pair.client_step())
    lost = list(pair.to_client)
    pair.to_client.clear()
    assert pair.server.wait_s() is not None

    pair.server.repeat()

    assert len(pair.to_client) <= len(lost)
    pair.to_client[:] = lost
    pair.shake_hands()
    assert pair.server.connected


def test_a_goodbye_ends_it_at_once(pair: Pair) -> None:
    pair.client.shutdown()

    pair.server.feed(pair.client.bio_read(2_048))

    assert pair.server.over


def test_a_goodbye_behind_other_words_is_heard(pair: Pair) -> None:
    for _ in range(3):
        pair.client.send(b"words that nobody asked for")
    pair.client.shutdown()

    pair.server.feed(pair.client.bio_read(4_096))

    assert pair.server.over


def test_our_goodbye_is_heard(pair: Pair) -> None:
    pair.server.goodbye()

    assert pair.server.over
    for datagram in pair.to_client:
        pair.client.bio_write(datagram)
    with pytest.raises(SSL.ZeroReturnError):
        pair.client.recv(1)


def test_a_goodbye_in_clear_after_the_handshake_is_ignored(pair: Pair) -> None:
    """ASVS 17.2.6: an alert that is not encrypted is nobody's."""
    pair.server.feed(b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x01\x00")

    assert pair.server.connected


def test_rubbish_breaks_nothing(pair: Pair) -> None:
    for size in (1, 13, 14, 100, 1_400):
        pair.server.feed(bytes((22,)) + os.urandom(size))

    assert pair.server.connected


def test_rubbish_during_the_handshake_breaks_nothing() -> None:
    pair = Pair()
    pair.server.feed(pair.client_step())
    for kind in (20, 22, 23):
        pair.server.feed(bytes((kind,)) + os.urandom(60))
    pair.shake_hands()

    assert pair.server.connected


def test_what_comes_after_the_end_is_ignored(pair: Pair) -> None:
    pair.server.goodbye()
    pair.to_client.clear()

    pair.server.feed(os.urandom(50))
    pair.server.repeat()
    pair.server.goodbye()

    assert pair.to_client == []
    assert pair.server.wait_s() is None
