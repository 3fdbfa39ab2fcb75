"""The media plane in two processes: the same promises, and a crash that costs only its own peers."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from audio import opus
from server.clock import time_of_day_ms
from server.rtc import process, wire
from server.rtc.media import BadOffer, Busy, Media
from server.rtc.remote import PLAY_IN_S, RemoteMedia
from server.rtc.settings import Settings
from tests.support.media_harness import ROOM, SPEECH, MediaHarness
from tests.support.rtc_bare import BarePeer

# What is said in a test belongs to its take however slowly the machine comes to begin it.
SETTINGS = Settings(connect_ms=4_000, lead_in_ms=100, peers=8, peers_per_address=6, preroll_ms=10_000)
# Longer than the slowest machine needs for what a test does while it plays: 20 s.
LONG = [b"\x78" + number.to_bytes(2, "big") * 20 for number in range(1_000)]


@asynccontextmanager
async def opened(
    workers: int = 2, clock: Callable[[], int] = time_of_day_ms
) -> AsyncIterator[MediaHarness[RemoteMedia]]:
    made = MediaHarness(await RemoteMedia.open("127.0.0.1", 0, None, SETTINGS, workers=workers, clock=clock))
    pids = made.media.pids
    try:
        yield made
    finally:
        await made.close()
        await made.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture
async def harness() -> AsyncIterator[MediaHarness[RemoteMedia]]:
    async with opened() as made:
        yield made


def sound(remote: BarePeer) -> list[bytes]:
    return [each.payload for each in remote.heard if each.payload != opus.silence()]


async def listeners(harness: MediaHarness[RemoteMedia], count: int) -> list[tuple[BarePeer, str]]:
    joined = [await harness.join("listener") for _ in range(count)]
    for remote, _ in joined:
        await remote.hear(lambda heard: len(heard) >= 5)
    return joined


async def heard(remote: BarePeer, wanted: list[bytes]) -> list[bytes]:
    await remote.hear(lambda _: len(sound(remote)) >= len(wanted))
    return sound(remote)


async def heard_last(remote: BarePeer, wanted: bytes) -> None:
    """Wait until this is the newest sound: silence may have come with it."""
    await remote.hear(lambda _: sound(remote)[-1:] == [wanted])


async def test_a_room_is_heard_through_every_worker_from_one_moment(
    harness: MediaHarness[RemoteMedia],
) -> None:
    media: Media = harness.media
    joined = await listeners(harness, 4)
    ports = {remote.server[1] for remote, _ in joined}
    assert len(ports) == 2
    assert media.endpoint()[1] in ports
    assert media.listeners(ROOM) == 4

    before_ms = time_of_day_ms()
    starts_at_ms, duration_ms = media.play(ROOM, SPEECH[:30])

    assert before_ms <= starts_at_ms - PLAY_IN_S * 1000 <= time_of_day_ms()
    assert duration_ms == 600
    for remote, _ in joined:
        assert await heard(remote, SPEECH[:30]) == SPEECH[:30]
    await harness.until(lambda: media.counts().packets_out >= 120)
    assert media.counts().listeners == 4
    for remote, peer in joined:
        await remote.close()
        await harness.until(lambda peer=peer: harness.times_gone(peer) == 1)  # type: ignore[misc]
    assert media.listeners(ROOM) == 0


async def test_a_take_began_by_the_servers_own_clock_whatever_the_machine_shows() -> None:
    hour_ms = 3_600_000

    def own_ms() -> int:
        return time_of_day_ms() + hour_ms

    async with opened(workers=1, clock=own_ms) as harness:
        speaker, peer = await harness.join("speaker", commanded=True)
        await speaker.speak(SPEECH[:20])
        before_ms = own_ms()
        assert harness.media.begin_take(peer, 60_000)
        await speaker.speak(SPEECH[20:40])
        harness.media.end_take(peer)
        await harness.until(lambda: bool(harness.takes))

    assert before_ms - 1 <= harness.takes[0].began_at_ms <= own_ms()


async def test_a_clip_is_stopped_everywhere(harness: MediaHarness[RemoteMedia]) -> None:
    joined = await listeners(harness, 2)
    harness.media.play(ROOM, LONG)
    for remote, _ in joined:
        await heard(remote, LONG[:5])

    harness.media.stop(ROOM)
    harness.media.play(ROOM, SPEECH[:5])

    for remote, _ in joined:
        await heard_last(remote, SPEECH[4])
        before = sound(remote)[:-5]
        assert sound(remote) == LONG[: len(before)] + SPEECH[:5]
        assert len(before) < len(LONG)


async def test_who_comes_to_a_worker_without_the_clip_hears_its_rest(
    harness: MediaHarness[RemoteMedia],
) -> None:
    first, _ = (await listeners(harness, 1))[0]
    harness.media.play(ROOM, LONG)
    await heard(first, LONG[:10])
    second, _ = (await listeners(harness, 1))[0]
    assert second.server != first.server

    await second.hear(lambda _: len(sound(second)) >= 20)
    rest = sound(second)
    begins = LONG.index(rest[0])
    assert begins >= 10
    assert rest == LONG[begins : begins + len(rest)]


async def test_a_commanded_take_comes_over_the_pipe(harness: MediaHarness[RemoteMedia]) -> None:
    remote, peer = await harness.join("speaker", commanded=True)
    await remote.speak(SPEECH[:10])
    assert not harness.media.end_take(peer)
    assert harness.media.begin_take(peer, 5_000)
    assert not harness.media.begin_take(peer, 5_000)
    await remote.speak(SPEECH[10:30])
    assert harness.media.end_take(peer)
    assert not harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))

    (ended,) = harness.takes
    assert (ended.peer, ended.ending) == (peer, "stopped")
    assert [each.payload for each in ended.take.packets] == SPEECH[:30]
    assert ("on", peer) in harness.told
    assert harness.media.begin_take(peer, 5_000)
    await remote.close()


async def test_a_closed_peer_leaves_its_take_and_is_gone_once(harness: MediaHarness[RemoteMedia]) -> None:
    remote, peer = await harness.join("speaker")
    await remote.speak(SPEECH[:20])
    await harness.received(20)

    await asyncio.gather(harness.media.close_peer(peer), harness.media.close_peer(peer))
    await harness.media.close_peer(peer)

    assert [(len(each.take.packets), each.ending) for each in harness.takes] == [(20, "gone")]
    assert harness.told[-1] == ("gone", peer)
    assert harness.times_gone(peer) == 1
    await remote.vanish()


async def test_a_session_that_is_one_take_ends_at_its_limit(harness: MediaHarness[RemoteMedia]) -> None:
    remote, _ = await harness.join("speaker", limit_ms=200)

    await remote.speak(SPEECH[:30])
    await harness.until(lambda: bool(harness.takes))

    assert [each.ending for each in harness.takes] == ["limit"]
    await remote.close()


async def test_bad_offers_and_full_houses_are_told(harness: MediaHarness[RemoteMedia]) -> None:
    with pytest.raises(BadOffer):
        await harness.media.answer(ROOM, "speaker", "v=0", address="192.0.2.1")
    offer = harness.peer("listener").offer()
    for _ in range(6):
        await harness.media.answer(ROOM, "listener", offer, address="192.0.2.1")
    with pytest.raises(Busy, match="network"):
        await harness.media.answer(ROOM, "listener", offer, address="192.0.2.1")
    for number in range(2):
        await harness.media.answer(ROOM, "listener", offer, address=f"192.0.2.{number + 2}")
    with pytest.raises(Busy, match="full"):
        await harness.media.answer(ROOM, "listener", offer, address="192.0.2.9")

    await harness.until(lambda: sum(kind == "gone" for kind, _ in harness.told) == 8)
    assert not harness.media._peers
    assert len(harness.media._admission) == 0


async def test_whoever_asks_and_leaves_has_no_peer(harness: MediaHarness[RemoteMedia]) -> None:
    asking = asyncio.ensure_future(
        harness.media.answer(ROOM, "listener", harness.peer("listener").offer(), address="192.0.2.1")
    )
    await asyncio.sleep(0)
    asking.cancel()

    await harness.until(lambda: any(kind == "gone" for kind, _ in harness.told))
    assert not harness.media._peers


async def test_a_worker_that_is_killed_takes_only_its_own_peers_along(
    harness: MediaHarness[RemoteMedia],
) -> None:
    joined = await listeners(harness, 4)
    speaker, speaking = await harness.join("speaker", commanded=True)
    harness.media.begin_take(speaking, 5_000)
    killed = next(worker for worker in harness.media._workers if worker.port == joined[0][0].server[1])
    theirs = {peer for peer, known in harness.media._peers.items() if known.worker is killed}
    port, pid = killed.port, killed.pid
    assert pid is not None

    os.kill(pid, signal.SIGKILL)
    await harness.until(lambda: {peer for kind, peer in harness.told if kind == "gone"} == theirs)

    assert harness.media.listeners(ROOM) == 2
    others = [remote for remote, peer in joined if peer not in theirs]
    harness.media.play(ROOM, SPEECH[:10])
    for remote in others:
        assert await heard(remote, SPEECH[:10]) == SPEECH[:10]

    await harness.until(lambda: killed.alive, limit_s=20)
    assert (killed.port, killed.pid != pid) == (port, True)
    back = [await harness.join("listener") for _ in range(2)]
    assert port in {remote.server[1] for remote, _ in back}
    assert harness.media.listeners(ROOM) == 4
    assert all(harness.times_gone(peer) == 1 for peer in theirs)
    for remote, _ in [*joined, *back]:
        await remote.vanish()
    await speaker.vanish()


@pytest.mark.parametrize(
    "report", [wire.Answered(99, "peer", "answer"), wire.Declined(99, False, ""), wire.Opened("", 0)]
)
async def test_an_answer_that_nobody_asked_for_is_nonsense(
    harness: MediaHarness[RemoteMedia], report: wire.Report
) -> None:
    with pytest.raises(OSError, match="understands"):
        harness.media._told(harness.media._workers[0], report)

    assert not harness.media._peers


async def test_nobody_is_let_in_while_every_worker_is_down(
    harness: MediaHarness[RemoteMedia], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "AGAIN_S", 60.0)
    for pid in harness.media.pids:
        os.kill(pid, signal.SIGKILL)
    await harness.until(lambda: not any(worker.alive for worker in harness.media._workers))

    with pytest.raises(Busy):
        await harness.media.answer(ROOM, "listener", harness.peer("listener").offer(), address="192.0.2.1")
    await harness.media.close()
    assert harness.media.pids == []


async def test_a_port_in_use_is_told_and_leaves_no_process(harness: MediaHarness[RemoteMedia]) -> None:
    _, port = harness.media.endpoint()

    with pytest.raises(OSError, match="in use"):
        await RemoteMedia.open("127.0.0.1", port, None, SETTINGS, workers=1)


async def test_closing_hands_over_open_takes_and_tells_everybody(harness: MediaHarness[RemoteMedia]) -> None:
    remote, peer = await harness.join("speaker")
    await remote.speak(SPEECH[:60])
    await harness.received(60)
    listener, other = await harness.join("listener")

    await asyncio.wait_for(harness.media.close(), 10)

    assert [len(each.take.packets) for each in harness.takes] == [60]
    assert (harness.times_gone(peer), harness.times_gone(other)) == (1, 1)
    with pytest.raises(Busy):
        await harness.media.answer(ROOM, "listener", listener.offer(), address="192.0.2.1")
    await remote.vanish()
    await listener.vanish()


async def test_a_take_is_heard_in_every_worker_while_it_is_spoken(harness: MediaHarness[RemoteMedia]) -> None:
    joined = await listeners(harness, 2)
    remote, peer = await harness.join("speaker", commanded=True)
    assert harness.media.begin_take(peer, 60_000)
    assert harness.media.begin_live_relay(peer, ROOM, 100)
    while not any(sound(listener) for listener, _ in joined):  # both orders are on their way
        await remote.speak(SPEECH[:1])
        await asyncio.sleep(0.02)

    await remote.speak(SPEECH[1:30])

    for listener, _ in joined:
        await heard_last(listener, SPEECH[29])
        live = sound(listener)
        assert live == SPEECH[:1] * (len(live) - 29) + SPEECH[1:30]
    assert not harness.takes

    harness.media.end_live_relay(peer, ROOM)
    harness.media.end_live_relay(peer, ROOM)
    await remote.speak(SPEECH[30:40])
    harness.media.end_take(peer)
    await harness.until(lambda: bool(harness.takes))
    assert SPEECH[39] in [packet.payload for packet in harness.takes[0].take.packets]
    for listener, _ in joined:
        assert not set(SPEECH[30:40]) & set(sound(listener))
