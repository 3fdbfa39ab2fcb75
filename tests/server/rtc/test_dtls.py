"""Both sides of DTLS-SRTP against OpenSSL's own other side, datagram by datagram."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

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
    """A stranger and our side, with the datagrams between them in two lists."""

    def __init__(
        self, fingerprints: Sequence[tuple[str, str]] = FINGERPRINTS, *, passive: bool = False
    ) -> None:
        self.to_them: list[bytes] = []
        self.ours = Dtls(IDENTITY, fingerprints, self.to_them.append, passive=passive)
        self.theirs = SSL.Connection(CERTIFICATE._create_ssl_context(SRTP_PROFILES))
        if passive:
            self.theirs.set_accept_state()
        else:
            self.theirs.set_connect_state()
        self.passive = passive
        self.ours.begin()

    def their_step(self) -> bytes:
        """Let them read what came and return what they say."""
        for datagram in self.to_them:
            self.theirs.bio_write(datagram)
        self.to_them.clear()
        with suppress(SSL.WantReadError):
            self.theirs.do_handshake()
        try:
            return self.theirs.bio_read(8_192)
        except SSL.WantReadError:
            return b""

    def shake_hands(self) -> None:
        while datagram := self.their_step():
            self.ours.feed(datagram)

    def keys(self, side: Literal["ours", "theirs"]) -> bytes:
        """Return what one side protects with: the client's are the first (RFC 5764 4.2)."""
        chosen = next(
            p for p in SRTP_PROFILES if p.openssl_profile == self.theirs.get_selected_srtp_profile()
        )
        size = 2 * (chosen.key_length + chosen.salt_length)
        material = self.theirs.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        return chosen.get_key_and_salt(material, int((side == "ours") is not self.passive))


def session(key: bytes, kind: int) -> pylibsrtp.Session:
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    return pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=profile))


sides = pytest.mark.parametrize("passive", [False, True])


@pytest.fixture(params=[False, True], ids=["we wait", "they wait"])
def pair(request: pytest.FixtureRequest) -> Pair:
    made = Pair(passive=request.param)
    made.shake_hands()
    assert made.ours.connected
    return made


def test_both_sides_agree_on_keys(pair: Pair) -> None:
    out = pair.ours.outgoing(9).protect(PACKET)
    back = session(pair.keys("theirs"), pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect(PACKET)

    assert session(pair.keys("ours"), pylibsrtp.Policy.SSRC_ANY_INBOUND).unprotect(out) == PACKET
    assert pair.ours.incoming().unprotect(back) == PACKET


def test_the_cheapest_profile_is_taken(pair: Pair) -> None:
    assert pair.theirs.get_selected_srtp_profile() == b"SRTP_AEAD_AES_128_GCM"


@sides
def test_a_flight_fits_every_path(passive: bool) -> None:
    pair = Pair(passive=passive)
    pair.ours.feed(pair.their_step())

    assert pair.to_them
    assert max(map(len, pair.to_them)) <= 1_200


@sides
def test_a_certificate_that_is_not_the_offers_is_refused(passive: bool) -> None:
    pair = Pair([("sha-256", ":".join(["00"] * 32))], passive=passive)
    pair.shake_hands()

    assert pair.ours.over
    assert not pair.ours.connected


@sides
def test_a_flight_that_was_lost_is_sent_again(passive: bool) -> None:
    pair = Pair(passive=passive)
    pair.ours.feed(pair.their_step())
    lost = list(pair.to_them)
    pair.to_them.clear()
    assert pair.ours.wait_s() is not None

    pair.ours.repeat()

    assert len(pair.to_them) <= len(lost)
    pair.to_them[:] = lost
    pair.shake_hands()
    assert pair.ours.connected


def test_a_goodbye_ends_it_at_once(pair: Pair) -> None:
    pair.theirs.shutdown()

    pair.ours.feed(pair.theirs.bio_read(2_048))

    assert pair.ours.over


def test_a_goodbye_behind_other_words_is_heard(pair: Pair) -> None:
    for _ in range(3):
        pair.theirs.send(b"words that nobody asked for")
    pair.theirs.shutdown()

    pair.ours.feed(pair.theirs.bio_read(4_096))

    assert pair.ours.over


def test_our_goodbye_is_heard(pair: Pair) -> None:
    pair.ours.goodbye()

    assert pair.ours.over
    for datagram in pair.to_them:
        pair.theirs.bio_write(datagram)
    with pytest.raises(SSL.ZeroReturnError):
        pair.theirs.recv(1)


def test_a_goodbye_in_clear_after_the_handshake_is_ignored(pair: Pair) -> None:
    """ASVS 17.2.6: an alert that is not encrypted is nobody's."""
    pair.ours.feed(b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x01\x00")

    assert pair.ours.connected


def test_one_of_several_certificates_is_enough() -> None:
    """RFC 8122 5: an offer may name the certificate of each key that its program has."""
    pair = Pair([("sha-256", ":".join(["00"] * 32)), *FINGERPRINTS])
    pair.shake_hands()

    assert pair.ours.connected


def test_only_the_active_side_says_the_first_word_and_only_when_it_may() -> None:
    silent, waiting = list[bytes](), Pair()
    Dtls(IDENTITY, FINGERPRINTS, silent.append, passive=True)

    assert silent == waiting.to_them == []
    assert len(Pair(passive=True).to_them) == 1


def test_a_hello_that_nobody_hears_is_said_again() -> None:
    pair = Pair(passive=True)
    hello = pair.to_them.pop()
    while not pair.to_them:  # OpenSSL has a clock of its own, which may be set meanwhile
        wait_s = pair.ours.wait_s()
        assert wait_s is not None
        time.sleep(wait_s)
        pair.ours.repeat()

    assert len(pair.to_them) == 1
    assert len(pair.to_them[0]) == len(hello)
    pair.shake_hands()
    assert pair.ours.connected


def test_rubbish_breaks_nothing(pair: Pair) -> None:
    for size in (1, 13, 14, 100, 1_400):
        pair.ours.feed(bytes((22,)) + os.urandom(size))

    assert pair.ours.connected


@sides
def test_rubbish_during_the_handshake_breaks_nothing(passive: bool) -> None:
    pair = Pair(passive=passive)
    pair.ours.feed(pair.their_step())
    for kind in (20, 22, 23):
        pair.ours.feed(bytes((kind,)) + os.urandom(60))
    pair.shake_hands()

    assert pair.ours.connected


def test_what_comes_after_the_end_is_ignored(pair: Pair) -> None:
    pair.ours.goodbye()
    pair.to_them.clear()

    pair.ours.feed(os.urandom(50))
    pair.ours.repeat()
    pair.ours.goodbye()

    assert pair.to_them == []
    assert pair.ours.wait_s() is None
