"""A listener gets again what it missed: the same packet, within limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import cast

import pytest

from audio import opus
from server.rtc import batch_sender, local, retransmitter
from server.rtc.batch_sender import BatchSender, Listener
from server.rtc.dtls import Dtls
from server.rtc.local import LocalMedia
from server.rtc.retransmitter import Retransmitter
from server.rtc.settings import Settings
from tests.support import rtc_bare
from tests.support.media_harness import ROOM, MediaHarness, Remote
from tests.support.nacks import nack
from tests.support.rtc_bare import BarePeer
from tests.support.rtc_lossy import LossyListener

pytestmark = pytest.mark.virtual_time
SPEECH = [b"\x78" + number.to_bytes(2, "big") * 20 for number in range(400)]
SILENCE = opus.silence()


@pytest.fixture
async def harness(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MediaHarness[LocalMedia]]:
    clock = SimpleNamespace(monotonic=asyncio.get_running_loop().time)
    for module in (batch_sender, local, rtc_bare):
        monkeypatch.setattr(module, "time", clock)
    made = MediaHarness(await LocalMedia.open("127.0.0.1", 0, None, Settings(lead_in_ms=100)))
    yield made
    await made.close()


@pytest.fixture
def media(harness: MediaHarness[LocalMedia]) -> LocalMedia:
    return harness.media


async def join(harness: MediaHarness[LocalMedia], remote: Remote) -> Remote:
    async def ask(offer: str) -> str:
        _, answer = await harness.media.answer(ROOM, "listener", offer, address="192.0.2.1")
        assert f"a=rtcp-fb:{remote.payload_type} nack" in answer
        return answer

    await harness.own(remote).connect(ask)
    await remote.hear(lambda heard: len(heard) >= 5)
    return remote


async def played(media: LocalMedia, remote: BarePeer, packets: int) -> list[int]:
    """Play the given number of packets; return their sequence numbers."""
    while any(room._leading for room in media._rooms.values()):
        await asyncio.sleep(0.005)
    media.play(ROOM, SPEECH[:packets])
    await remote.hear(lambda heard: sum(h.payload != SILENCE for h in heard) >= packets)
    return [heard.sequence for heard in remote.heard if heard.payload != SILENCE]


def ssrc(media: LocalMedia) -> int:
    return media._source.ssrc


async def test_the_same_packet_comes_again_in_the_same_bytes(
    harness: MediaHarness[LocalMedia], media: LocalMedia
) -> None:
    remote = await join(harness, BarePeer("listener"))
    datagrams: list[bytes] = []
    take = remote._take_datagram

    def noted(datagram: bytes) -> None:
        datagrams.append(datagram)
        take(datagram)

    remote._take_datagram = noted  # type: ignore[method-assign]
    sequences = await played(media, remote, 6)

    remote.report(nack(1, ssrc(media), sequences[1:3]))
    await harness.until(lambda: len([each for each in datagrams if each[0] > 127]) >= 8)

    first, again = datagrams[:-2], datagrams[-2:]
    assert all(each in first for each in again)
    assert [int.from_bytes(each[2:4], "big") for each in again] == sequences[1:3]
    assert media.counts().resent == 2
    await remote.close()


async def test_what_was_never_sent_or_is_too_old_is_not_answered(
    harness: MediaHarness[LocalMedia], media: LocalMedia
) -> None:
    remote = await join(harness, BarePeer("listener"))
    led_in = remote.heard[0].sequence
    sequences = await played(media, remote, 6)
    ahead = [(sequences[-1] + step) & 0xFFFF for step in (1, 2, 30_000)]

    remote.report(nack(1, ssrc(media), [*ahead, led_in, (led_in - 1) & 0xFFFF]))
    remote.report(nack(1, ssrc(media), [sequences[-1]]))
    await harness.until(lambda: media.counts().resent > 0)
    assert media.counts().resent == 1

    await asyncio.sleep(batch_sender.HISTORY_S + 0.05)
    remote.report(nack(2, ssrc(media), sequences[-1:]))
    answered = remote.checks_answered
    remote.send_raw(remote.check())
    await harness.until(lambda: remote.checks_answered > answered)
    assert media.counts().resent == 1
    await remote.close()


class Given:
    """A listener whose every packet is still there, and what it was sent again."""

    def __init__(self, settings: Settings) -> None:
        dtls = SimpleNamespace(incoming=lambda _window: None)
        self.retransmitter = Retransmitter(cast(Dtls, dtls), 1, settings)
        self.again: list[int] = []
        self.batch = SimpleNamespace(sent_as=lambda _ear, _sequence, _now_s: b"packet")

    def resend(self, packet: bytes, listener: Listener, sequence: int) -> None:
        self.again.append(sequence)

    def ask(self, sequence: int, now_s: float) -> None:
        self.retransmitter._give(sequence, cast(Listener, self), cast(BatchSender, self), now_s)


def test_a_packet_that_is_on_its_way_is_not_sent_once_more() -> None:
    given = Given(Settings())
    for now_s in (1.0, 1.0 + 0.9 * retransmitter.ASKED_TWICE_S, 1.0 + 1.1 * retransmitter.ASKED_TWICE_S):
        given.ask(7, now_s)
        given.ask(8, now_s)

    assert given.again == [7, 8, 7, 8]


def test_what_was_given_is_remembered_within_bounds() -> None:
    given = Given(Settings(resends_per_second=1_000))
    for sequence in range(500):
        given.ask(sequence, 1.0)

    assert len(given.again) == 500
    assert len(given.retransmitter._given_s) == retransmitter.REMEMBERED


async def test_a_flood_of_reports_is_bounded(harness: MediaHarness[LocalMedia], media: LocalMedia) -> None:
    """M4, H6: at most the packets of a second a second, whatever is asked, and nobody is lost."""
    remote = await join(harness, BarePeer("listener"))
    sequences = await played(media, remote, 50)
    for number in range(200):
        remote.report(nack(number + 1, ssrc(media), sequences[:32]))
    for _ in range(50):
        remote.report(nack(1, ssrc(media), sequences[32:]))
    answered = remote.checks_answered
    remote.send_raw(remote.check())
    await harness.until(lambda: remote.checks_answered > answered)

    assert media.counts().resent == 32 <= Settings().resends_per_second
    assert media.counts().dropped == 250 - retransmitter.MOST_SSRCS
    assert media.listeners(ROOM) == 1
    await remote.close()


async def test_a_report_that_cannot_be_read_is_dropped(
    harness: MediaHarness[LocalMedia], media: LocalMedia
) -> None:
    remote = await join(harness, BarePeer("listener"))
    before = media.counts().dropped

    for body in (b"", b"\0\1", bytes(8), bytes(1_200)):
        remote.send_raw(b"\x81\xcd" + bytes(10) + body)
    await harness.until(lambda: media.counts().dropped >= before + 4)

    assert media.listeners(ROOM) == 1
    await remote.close()


async def test_with_loss_and_jitter_hardly_anything_is_concealed(
    harness: MediaHarness[LocalMedia], media: LocalMedia
) -> None:
    """5 % loss both ways and 100 ms of jitter, 20 ms packets; the second listener does not ask."""
    asking = await join(harness, LossyListener(loss=0.05, jitter_s=0.1, asks=True))
    silent = await join(harness, LossyListener(loss=0.05, jitter_s=0.1, asks=False, seed=2))
    await harness.until(lambda: not any(room._leading for room in media._rooms.values()))
    for remote in (asking, silent):
        remote.heard.clear()

    media.play(ROOM, SPEECH)
    await asking.hear(lambda heard: any(each.payload in SPEECH[-10:] for each in heard), 12)
    await asyncio.sleep(0.5)

    assert asking.concealed() <= 0.02
    assert silent.concealed() >= 0.02
    assert media.counts().resent >= 10
    await asking.vanish()
    await silent.vanish()
