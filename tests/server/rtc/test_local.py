"""The media plane as a whole, with real peers on loopback."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import socket
import weakref
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from audio import opus
from server.rtc import udp
from server.rtc.local import LocalMedia
from server.rtc.media import BadOffer, Busy, Media, MediaObservers, Role, TakeEnded
from server.rtc.settings import Settings
from tests.support import rtc_client
from tests.support.media_harness import ROOM, SPEECH, MediaHarness
from tests.support.rtc_bare import BarePeer, Setup

PATIENT = Settings(lead_in_ms=100, peers_per_address=6, peers=8)
pytestmark = pytest.mark.virtual_time
CONNECT_S, CONSENT_S = PATIENT.connect_ms / 1000, PATIENT.consent_ms / 1000


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


@pytest.fixture
def settings() -> Settings:
    return PATIENT


@pytest.fixture
async def harness(settings: Settings) -> AsyncIterator[MediaHarness[LocalMedia]]:
    made = MediaHarness(await LocalMedia.open("127.0.0.1", 0, None, settings, clock=now_ms))
    yield made
    await made.close()
    await made.close()


def payloads(remote: BarePeer) -> list[bytes]:
    return [each.payload for each in remote.heard if each.payload != opus.silence()]


async def test_it_is_what_the_server_expects(harness: MediaHarness[LocalMedia]) -> None:
    media: Media = harness.media

    assert media.endpoint() == (udp.own_address(), harness.media._port.number)


@pytest.mark.virtual_time(False)  # aiortc works in threads, and OpenSSL has a clock of its own
async def test_stock_clients_speak_and_listen(harness: MediaHarness[LocalMedia]) -> None:
    """P12: any number of peers, one port."""
    async with rtc_client.connected(rtc_client.Listener(harness.door("listener"))) as listener:
        await listener.hear(lambda heard: len(heard) >= 5)
        listener.heard.clear()
        harness.media.play(ROOM, SPEECH[:30])
        speaker = await rtc_client.speak(harness.door("speaker"), SPEECH[:60])
        await harness.until(lambda: bool(harness.takes))

        heard = await listener.hear(lambda heard: len([h for h in heard if h.payload in SPEECH]) >= 30)
    assert [each.payload for each in heard if each.payload in SPEECH] == SPEECH[:30]
    assert [each.payload for each in harness.takes[0].take.packets] == SPEECH[:60]
    assert speaker.settled


async def test_a_clip_reaches_every_listener_of_its_room_and_nobody_else(
    harness: MediaHarness[LocalMedia],
) -> None:
    remotes = [(await harness.join("listener"))[0] for _ in range(3)]
    stranger = harness.peer("listener")
    await stranger.connect(harness.door("listener", room="another"))
    assert harness.media.listeners(ROOM) == 3

    starts_at_ms, duration_ms = harness.media.play(ROOM, SPEECH[:20])

    assert starts_at_ms == now_ms()
    assert duration_ms == 400
    for remote in remotes:
        await remote.hear(lambda _, remote=remote: len(payloads(remote)) >= 20)  # type: ignore[misc]
        assert payloads(remote) == SPEECH[:20]
        assert all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in pairwise(remote.heard))
        await remote.close()
    assert payloads(stranger) == []
    await stranger.close()
    await harness.until(lambda: harness.media.listeners(ROOM) == 0)
    assert harness.media.counts().packets_out >= 60


async def test_a_commanded_take_carries_its_pre_roll_and_an_honest_beginning(
    harness: MediaHarness[LocalMedia],
) -> None:
    remote, peer = await harness.join("speaker", commanded=True)
    assert not harness.media.end_take(peer)
    await remote.speak(SPEECH[:20])
    await harness.received(20)
    begun_ms = now_ms()
    assert harness.media.begin_take(peer, 5_000)
    assert not harness.media.begin_take(peer, 5_000)
    await remote.speak(SPEECH[20:40])
    assert harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))

    (ended,) = harness.takes
    assert (ended.peer, ended.ending) == (peer, "stopped")
    assert [each.payload for each in ended.take.packets] == SPEECH[:40]
    assert 400 <= ended.take.preroll_ms <= 500
    assert abs(ended.began_at_ms - begun_ms) <= 1
    await remote.close()


async def test_lost_packets_cost_themselves_alone(harness: MediaHarness[LocalMedia]) -> None:
    """P18, and nothing is decoded on the way (P17)."""
    remote, peer = await harness.join("speaker", commanded=True)
    remote.lose = lambda index: index in (7, 8, 20)
    harness.media.begin_take(peer, 5_000)
    await remote.speak(SPEECH[:30])
    harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))

    wanted = [number for number in range(30) if number not in (7, 8, 20)]
    assert [each.payload for each in harness.takes[0].take.packets] == [SPEECH[number] for number in wanted]
    assert [each.at // 960 for each in harness.takes[0].take.packets] == wanted
    await remote.close()


async def test_a_session_that_is_one_take_ends_with_its_peer(harness: MediaHarness[LocalMedia]) -> None:
    remote, peer = await harness.join("speaker")
    await remote.speak(SPEECH[:20])
    await harness.received(20)

    await harness.media.close_peer(peer)
    await harness.media.close_peer(peer)

    assert [(len(each.take.packets), each.ending) for each in harness.takes] == [(20, "gone")]
    assert harness.times_gone(peer) == 1
    assert harness.told.index(("gone", peer)) == len(harness.told) - 1
    await remote.vanish()


async def test_a_session_that_is_one_take_ends_at_its_limit(harness: MediaHarness[LocalMedia]) -> None:
    remote, _ = await harness.join("speaker", limit_ms=200)

    await remote.speak(SPEECH[:30])
    await harness.until(lambda: bool(harness.takes))

    assert [each.ending for each in harness.takes] == ["limit"]
    await remote.close()


async def test_a_speaker_that_is_killed_is_gone_when_its_consent_is_lost(
    harness: MediaHarness[LocalMedia],
) -> None:
    """C5, P7: one ending, and its second is kept."""
    remote, peer = await harness.join("speaker")
    await remote.speak(SPEECH[:60])
    await harness.received(60)
    await remote.vanish()
    harness.media._peers[peer].checked_s -= CONSENT_S + 1  # so long ago
    await harness.until(lambda: harness.times_gone(peer) == 1)

    assert [(len(each.take.packets), each.ending) for each in harness.takes] == [(60, "gone")]
    assert not harness.media.begin_take(peer, 1_000)


async def test_a_silent_speaker_is_not_gone(harness: MediaHarness[LocalMedia]) -> None:
    """Its checks are sign enough, and consent is counted from the newest."""
    remote, peer = await harness.join("speaker", commanded=True)
    ours = harness.media._peers[peer]
    joined_s = ours.checked_s
    await harness.until(lambda: ours.checked_s > joined_s + 0.1)

    assert not ours.expired(joined_s + CONSENT_S + 0.1)
    assert ours.expired(ours.checked_s + CONSENT_S + 0.001)
    assert harness.times_gone(peer) == 0
    await remote.close()


async def test_a_goodbye_is_heard_at_once(harness: MediaHarness[LocalMedia]) -> None:
    remote, peer = await harness.join("listener")

    await remote.close()

    await harness.until(lambda: harness.times_gone(peer) == 1, limit_s=PATIENT.consent_ms / 1000)
    assert harness.media.listeners(ROOM) == 0


@pytest.mark.parametrize("setup", ["active", "passive"])
@pytest.mark.parametrize("role", ["listener", "speaker"])
async def test_a_closed_peer_is_out_of_memory_without_a_collection(
    harness: MediaHarness[LocalMedia], role: Role, setup: Setup
) -> None:
    remote, peer = await harness.join(role, setup=setup)
    association = weakref.ref(harness.media._peers[peer].dtls)
    gc.collect()
    gc.disable()
    try:
        await harness.media.close_peer(peer)
        await harness.until(lambda: association() is None)
    finally:
        gc.enable()
        await remote.close()


async def test_offers_whose_peer_never_comes_are_closed(harness: MediaHarness[LocalMedia]) -> None:
    """C4, P7: stock waits for ever."""
    asks = [harness.door("listener") for _ in range(5)]
    for ask in asks:
        await ask(harness.peer("listener").offer())
    for waiting in harness.media._peers.values():
        offered_s = waiting.checked_s
        assert not waiting.expired(offered_s + CONNECT_S - 0.001)
        assert waiting.expired(offered_s + CONNECT_S + 0.001)
        waiting.deadline_s = offered_s  # as if all that had passed
    await harness.until(lambda: sum(kind == "gone" for kind, _ in harness.told) == 5)

    assert harness.media._sweeper is None or not harness.media._peers
    assert harness.media.counts().listeners == 0


@pytest.mark.parametrize(
    "settings", [Settings(peers=501, peers_per_address=501, lead_in_ms=100)], ids=["501 peers"]
)
async def test_five_hundred_offers_that_never_complete_harm_nobody_and_are_closed(
    harness: MediaHarness[LocalMedia],
) -> None:
    """C1, C4: above the cap newcomers are told so; who listens goes on; nothing of them stays."""
    remote, peer = await harness.join("listener")
    await remote.hear(lambda heard: len(heard) >= 5)
    offer, door = harness.peer("listener").offer(), harness.door("listener")
    harness.media.play(ROOM, SPEECH)
    for _ in range(500):
        await door(offer)
        await asyncio.sleep(0)
    with pytest.raises(Busy):
        await door(offer)

    await remote.hear(lambda _: len(payloads(remote)) >= 100)
    assert payloads(remote) == SPEECH
    for waiting in harness.media._peers.values():
        waiting.deadline_s = waiting.deadline_s and 0.0
    await harness.until(lambda: sum(kind == "gone" for kind, _ in harness.told) == 500)
    assert list(harness.media._peers) == [peer]
    await remote.close()


async def test_a_peer_that_changes_its_network_is_followed(harness: MediaHarness[LocalMedia]) -> None:
    """C7, P8."""
    remote, peer = await harness.join("listener")
    await remote.hear(lambda heard: len(heard) >= 5)
    await remote.move()

    harness.media.play(ROOM, SPEECH[:10])

    await remote.hear(lambda _: len(payloads(remote)) >= 10)
    assert payloads(remote) == SPEECH[:10]
    assert harness.times_gone(peer) == 0
    await remote.close()


async def test_the_caps_hold_and_are_freed(harness: MediaHarness[LocalMedia]) -> None:
    """M3: per address (IPv6: per /64), and for all."""
    offer = harness.peer("listener").offer()

    async def knock(address: str) -> str:
        peer, _ = await harness.media.answer(ROOM, "listener", offer, address=address)
        return peer

    first = [await knock("192.0.2.1") for _ in range(6)]
    with pytest.raises(Busy, match="network"):
        await knock("192.0.2.1")
    for number in range(2):
        await knock(f"2001:db8::{number}")
    with pytest.raises(Busy, match="full"):
        await knock("192.0.2.2")

    await harness.media.close_peer(first[0])

    assert await knock("192.0.2.1")


async def test_a_bad_offer_leaves_no_peer(harness: MediaHarness[LocalMedia]) -> None:
    with pytest.raises(BadOffer):
        await harness.media.answer(ROOM, "speaker", "v=0", address="192.0.2.1")

    assert not harness.media._peers
    assert harness.told == []


def rubbish(chance: random.Random, count: int) -> list[bytes]:
    """Return empty and random datagrams, alerts and handshakes in clear, RTP and STUN of nobody."""
    alert = b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28"
    kinds = [b"", alert, b"\x16" + os.urandom(80), b"\x80\x6f" + os.urandom(60), b"\x00\x01" + os.urandom(40)]
    return [chance.choice([*kinds, chance.randbytes(chance.randrange(1_600))]) for _ in range(count)]


async def test_strangers_harm_nobody_before_during_and_after_the_handshake(
    harness: MediaHarness[LocalMedia],
) -> None:
    """H4, P1, P2, P3: thousands of datagrams, not one session lost."""
    target = harness.media._port.sock.getsockname()
    spraying = True

    async def spray() -> None:
        chance = random.Random(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sprayer:
            while spraying:
                for datagram in rubbish(chance, 40):
                    sprayer.sendto(datagram, target)
                await asyncio.sleep(0.002)

    task = asyncio.create_task(spray())
    joined = [await harness.join("listener") for _ in range(5)]
    harness.media.play(ROOM, SPEECH[:25])
    for remote, _ in joined:
        await remote.hear(lambda _, remote=remote: len(payloads(remote)) >= 25)  # type: ignore[misc]
    await harness.until(lambda: harness.media._port.dropped > 3_000)
    spraying = False
    await task

    assert not [kind for kind, _ in harness.told if kind == "gone"]
    for remote, _ in joined:
        assert payloads(remote) == SPEECH[:25]
        await remote.close()


@pytest.mark.virtual_time(False)
async def test_stock_is_closed_by_one_empty_datagram_of_a_stranger() -> None:
    """P1, the control: what the port above is for."""
    ours, theirs = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    ours.createDataChannel("any")
    await ours.setLocalDescription(await ours.createOffer())
    await theirs.setRemoteDescription(ours.localDescription)
    await theirs.setLocalDescription(await theirs.createAnswer())
    await ours.setRemoteDescription(theirs.localDescription)
    async with asyncio.timeout(10):
        while not all(pc.connectionState == "connected" for pc in (ours, theirs)):
            await asyncio.sleep(0.01)
    transport: Any = ours.sctp.transport.transport if ours.sctp else None
    pair = transport._connection._nominated[1]

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"", (pair.local_candidate.host, pair.local_candidate.port))

    async with asyncio.timeout(10):
        while ours.connectionState == "connected":
            await asyncio.sleep(0.01)
    await asyncio.gather(ours.close(), theirs.close())


async def test_a_listener_that_floods_is_dropped_cheaply_and_hears_on(
    harness: MediaHarness[LocalMedia],
) -> None:
    """M4, P5: RTP, and RTCP with hundreds of NACKs, bring nothing back."""
    remote, peer = await harness.join("listener")
    await remote.hear(lambda heard: len(heard) >= 5)
    sent = harness.media.counts().packets_out
    for _ in range(500):
        remote.send_raw(remote.packet(SPEECH[0]))
        remote.send_raw(b"\x81\xcd" + os.urandom(1_100))
        await asyncio.sleep(0)  # what the socket cannot hold would be dropped by the kernel
    await harness.until(lambda: harness.media.counts().dropped >= 500)

    assert harness.media.counts().packets_out - sent <= 5
    harness.media.play(ROOM, SPEECH[:5])
    await remote.hear(lambda _: len(payloads(remote)) >= 5)
    assert harness.times_gone(peer) == 0
    await remote.close()


async def test_closing_ends_every_peer_once_and_never_hangs(harness: MediaHarness[LocalMedia]) -> None:
    """P4, H5: also when a speaker had used hundreds of streams."""
    remote, peer = await harness.join("speaker", commanded=True)
    listener, other = await harness.join("listener")
    for ssrc in range(1, 301):
        remote.send_raw(remote.packet(SPEECH[0], ssrc=ssrc))
    harness.media.begin_take(peer, 5_000)

    await asyncio.wait_for(harness.media.close(), 5)

    assert (harness.times_gone(peer), harness.times_gone(other)) == (1, 1)
    with pytest.raises(Busy):
        await harness.media.answer(ROOM, "listener", listener.offer(), address="192.0.2.1")
    await remote.vanish()
    await listener.vanish()


async def test_a_take_is_relayed_from_its_beginning_to_its_end(harness: MediaHarness[LocalMedia]) -> None:
    listener, _ = await harness.join("listener")
    remote, peer = await harness.join("speaker", commanded=True)
    assert not harness.media.begin_live_relay(peer, ROOM, 60)
    await remote.speak(SPEECH[:5])
    await harness.received(5)
    assert harness.media.begin_take(peer, 5_000)
    assert harness.media.begin_live_relay(peer, ROOM, 60)
    await remote.speak(SPEECH[5:20])
    await harness.received(20)
    harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))
    await remote.speak(SPEECH[20:25])
    await harness.received(25)

    await listener.hear(lambda _: len(payloads(listener)) >= 15)
    assert payloads(listener) == SPEECH[5:20]
    assert not harness.media.begin_live_relay("nobody", ROOM, 60)
    await listener.close()
    await remote.close()


async def test_a_relay_that_is_ended_is_silent_at_once_and_its_take_goes_on(
    harness: MediaHarness[LocalMedia],
) -> None:
    listener, _ = await harness.join("listener")
    remote, peer = await harness.join("speaker", commanded=True)
    assert harness.media.begin_take(peer, 5_000)
    assert harness.media.begin_live_relay(peer, ROOM, 60)
    await remote.speak(SPEECH[:5])
    await listener.hear(lambda _: len(payloads(listener)) >= 5)

    harness.media.end_live_relay(peer, ROOM)
    harness.media.end_live_relay("nobody", ROOM)
    await remote.speak(SPEECH[5:10])
    await harness.received(10)
    harness.media.play(ROOM, SPEECH[20:22])
    await listener.hear(lambda _: SPEECH[21] in payloads(listener))
    assert not set(SPEECH[5:10]) & set(payloads(listener))

    harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))
    assert [packet.payload for packet in harness.takes[0].take.packets] == SPEECH[:10]
    await listener.close()
    await remote.close()


async def test_speaking_is_told_when_it_begins_and_ends(harness: MediaHarness[LocalMedia]) -> None:
    remote, peer = await harness.join("speaker", commanded=True)
    await remote.speak(SPEECH[:15])
    await harness.received(15)
    await harness.until(lambda: ("off", peer) in harness.told)

    assert [kind for kind, _ in harness.told if kind in ("on", "off")] == ["on", "off"]
    await remote.close()


async def test_rooms_that_nobody_hears_are_forgotten(harness: MediaHarness[LocalMedia]) -> None:
    remote, _ = await harness.join("listener")
    harness.media.play("empty", SPEECH[:2])
    assert harness.media.listeners("empty") == 0
    await remote.close()
    await harness.until(lambda: not harness.media._rooms)

    harness.media.stop("never heard of")


class Failing(MediaObservers):
    """An observer that fails."""

    def take_ended(self, ended: TakeEnded) -> None:
        raise LookupError

    def gone(self, peer: str) -> None:
        raise LookupError


async def test_what_an_observer_raises_does_not_end_the_watch_over_the_others(
    harness: MediaHarness[LocalMedia],
) -> None:
    door = harness.door("listener")
    for _ in range(2):
        await door(harness.peer("listener").offer())
    for peer in harness.media._peers.values():
        peer.deadline_s = 0.0

    harness.media.observe(Failing())
    for left in (1, 0):
        with pytest.raises(LookupError):
            harness.media._sweep()
        assert len(harness.media._peers) == left
        assert (harness.media._sweeper is not None) == bool(left)


async def test_what_an_observer_raises_leaves_no_peer_behind(harness: MediaHarness[LocalMedia]) -> None:
    remote, peer = await harness.join("speaker")
    await remote.speak(SPEECH[:10])

    harness.media.observe(Failing())
    with pytest.raises(LookupError):
        await harness.media.close_peer(peer)

    assert harness.times_gone(peer) == 1
    assert not harness.media._port._by_username
    await remote.vanish()
