"""A peer's path: which address it is reached under, and when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from server.rtc import sdp, udp
from server.rtc.certificate import Identity
from server.rtc.peer import Peer
from server.rtc.settings import Settings
from server.rtc.speaker import Speaker
from server.rtc.udp import Address, Port
from tests.support.rtc_bare import BarePeer

pytestmark = pytest.mark.virtual_time
HOME: Address = ("192.0.2.1", 1)
CAFE: Address = ("192.0.2.2", 2)
IDENTITY = Identity()


class Notes:
    """An owner that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def connected(self, peer: Peer) -> None:
        self.told.append("connected")

    def moved(self, peer: Peer) -> None:
        self.told.append("moved")

    def lost(self, peer: Peer) -> None:
        self.told.append("lost")
        peer.close()

    def reported(self, peer: Peer, datagram: bytes) -> None:
        self.told.append("reported")


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    made = Port(udp.open_socket("127.0.0.1", 0))
    yield made
    made.close()


@pytest.fixture
def owner() -> Notes:
    return Notes()


@pytest.fixture
async def remote() -> AsyncIterator[BarePeer]:
    made = BarePeer("listener")
    yield made
    await made.vanish()


@pytest.fixture
async def peer(port: Port, owner: Notes, remote: BarePeer) -> Peer:
    made = Peer(
        "room",
        "listener",
        sdp.read(remote.offer(), "listener"),
        source="here",
        commanded=False,
        limit_ms=1_000,
        identity=IDENTITY,
        port=port,
        owner=owner,
        settings=Settings(),
    )
    port.expect(made)
    return made


def answer(peer: Peer, port: Port) -> str:
    ours = sdp.LocalDescription(
        peer.ufrag, peer.password.decode(), IDENTITY.fingerprint, ("127.0.0.1",), port.number, 1, "wonder"
    )
    return sdp.answer(
        sdp.Offer(ufrag="", fingerprints=(), payload_type=111, audio=0, sections=SECTIONS), "listener", ours
    )


SECTIONS = (sdp.Section("audio", 9, "UDP/TLS/RTP/SAVPF", "111", {"mid": ["0"]}),)


async def test_the_first_address_that_proves_itself_is_taken(peer: Peer) -> None:
    peer.checked(HOME, nominates=False, now_s=1)
    peer.checked(CAFE, nominates=False, now_s=2)

    assert peer.address == HOME


async def test_a_nominated_address_is_followed_at_once(peer: Peer) -> None:
    """C7: another network, the same peer."""
    peer.checked(HOME, nominates=True, now_s=1)
    peer.checked(CAFE, nominates=True, now_s=2)

    assert peer.address == CAFE


class Microphone:
    """Takes what is sound."""

    def media(self, datagram: bytes) -> bool:
        return datagram.endswith(b"sound")


async def test_a_speaker_that_is_heard_lives_without_checks(peer: Peer) -> None:
    """FFmpeg 8 checks its way once and never again."""
    peer.speaker = cast(Speaker, Microphone())
    peer.deadline_s = None
    peer.checked_s -= Settings().consent_ms / 1000 + 1
    now_s = asyncio.get_running_loop().time()
    peer.take_media(b"rubbish")
    assert peer.expired(now_s)

    peer.take_media(b"sound")

    assert not peer.expired(now_s)


async def test_an_address_that_fell_silent_gives_way(peer: Peer) -> None:
    peer.checked(HOME, nominates=True, now_s=1)
    peer.checked(CAFE, nominates=False, now_s=4)
    assert peer.address == HOME

    peer.checked(CAFE, nominates=False, now_s=6)

    assert peer.address == CAFE


async def test_a_peer_that_does_not_connect_expires(peer: Peer) -> None:
    now_s = asyncio.get_running_loop().time()

    assert not peer.expired(now_s + 14)
    assert peer.expired(now_s + 15)


async def test_valid_checks_do_not_put_off_the_deadline(peer: Peer) -> None:
    """P7, C4: who only checks and never shakes hands is closed as well."""
    now_s = asyncio.get_running_loop().time()
    peer.checked(HOME, nominates=True, now_s=now_s + 14.9)

    assert peer.expired(now_s + 15.1)


async def test_a_handshake_connects_and_lifts_the_deadline(
    peer: Peer, port: Port, owner: Notes, remote: BarePeer
) -> None:
    async def ask(_: str) -> str:
        return answer(peer, port)

    await remote.connect(ask)
    now_s = asyncio.get_running_loop().time()

    assert owner.told == ["connected"]
    assert not peer.expired(now_s + 29)
    assert peer.expired(now_s + 31)
    await remote.close()
    async with asyncio.timeout(5):
        while owner.told != ["connected", "lost"]:
            await asyncio.sleep(0.005)


@pytest.mark.virtual_time(False)  # OpenSSL has a clock of its own
async def test_a_lost_flight_is_sent_again(peer: Peer, port: Port, owner: Notes, remote: BarePeer) -> None:
    dropped: list[bytes] = []
    send = port.send

    def lossy(datagram: bytes, address: Address) -> None:
        if datagram[0] > 19 and len(dropped) < 1:
            dropped.append(datagram)
        else:
            send(datagram, address)

    port.send = lossy  # type: ignore[method-assign]

    async def ask(_: str) -> str:
        return answer(peer, port)

    await remote.connect(ask)

    assert dropped
    assert owner.told == ["connected"]
    peer.close()


async def test_checks_and_handshakes_are_bounded(peer: Peer) -> None:
    assert sum(peer.check_allowed(1.0) for _ in range(500)) == Settings().checks_per_second
    for _ in range(500):
        peer.take_dtls(b"\x16rubbish")


async def test_what_a_listener_sends_is_dropped_unread(peer: Peer, port: Port) -> None:
    peer.take_media(b"\x80" + bytes(100))

    assert port.dropped == 1


async def test_a_closed_peer_is_closed(peer: Peer, port: Port) -> None:
    peer.close()
    peer.close()
    peer.take_dtls(b"\x16rubbish")
    peer.send(b"nowhere to go")

    assert peer.dtls.over
    assert peer.username not in port._by_username
