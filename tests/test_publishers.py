"""Publishers that are no browsers: FFmpeg as itself and at its plainest, and what OBS offers."""

from __future__ import annotations

import asyncio
import re
import socket
import urllib.request
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

import numpy as np
import pytest

from audio import ogg, opus
from audio.take import Packet
from server.rtc.local import LocalMedia
from server.rtc.settings import Settings
from tests.support import ffmpeg_peer, speech
from tests.support.media_harness import ROOM, SPEECH, MediaHarness
from tests.support.rtc_bare import BarePeer, Setup
from tests.support.server import Server
from tests.support.visitor import first_clip, make_room

SENTENCE = "Purple elephants borrow umbrellas"
MINUTE = 48_000 * 60
VIDEO = (
    *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10", "-shortest", "-c:v", "libx264"),
    *("-pix_fmt", "yuv420p", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"),
)


class Way(NamedTuple):
    """A version and its options."""

    version: ffmpeg_peer.Version
    options: tuple[str, ...] = ()
    rsa: bool = False


WAYS = {
    "8.0": Way(8),
    "9.0": Way(9),
    "9.0, active": Way(9, ("-whip_flags", "dtls_active")),
    "9.0 with RSA": Way(9, rsa=True),
    "8.0 with RSA": Way(8, rsa=True),
    "9.0, active, with RSA": Way(9, ("-whip_flags", "dtls_active"), rsa=True),
    "8.0 in 2.5 ms": Way(8, ("-application", "lowdelay", "-frame_duration", "2.5")),
    "9.0 in 5 ms": Way(9, ("-application", "lowdelay", "-frame_duration", "5")),
    "9.0 in 120 ms": Way(9, ("-frame_duration", "120", "-b:a", "32k")),
    "9.0 with video": Way(9, VIDEO),
}


class Published(NamedTuple):
    """What came of a session."""

    said: str
    clip: speech.Pcm


@pytest.fixture(scope="module")
def published(shared_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Published]:
    """Let all of them speak at once, each in a room of its own."""
    folder = tmp_path_factory.mktemp("ffmpeg")
    sound = folder / "sound.wav"
    speech.wav(sound, np.concatenate([speech.silence(0.4), speech.say(SENTENCE), speech.silence(0.4)]))
    certificate = ffmpeg_peer.rsa_certificate(folder)

    async def publish(number: int, way: Way) -> Published:
        room, key = make_room(shared_server.url), f"{number:x}" * 43
        url = f"{shared_server.url}/api/rooms/{room}/whip"
        options = (*way.options, *(certificate if way.rsa else ()))
        said = await ffmpeg_peer.publish(way.version, sound, url, key, *options)
        landed = await asyncio.to_thread(first_clip, shared_server.url, room)
        return Published(said, await asyncio.to_thread(sound_of, shared_server, landed["clip"]))

    async def publish_all() -> list[Published]:
        return await asyncio.gather(*(publish(number, way) for number, way in enumerate(WAYS.values())))

    return dict(zip(WAYS, asyncio.run(publish_all()), strict=True))


@pytest.fixture(scope="module")
def uploaded(shared_server: Server) -> speech.Pcm:
    """Return the clip of the same sound as a file."""
    room = make_room(shared_server.url)
    url = f"{shared_server.url}/api/rooms/{room}/clips"
    body = speech.wav(None, np.concatenate([speech.silence(0.4), speech.say(SENTENCE), speech.silence(0.4)]))
    headers = {"Content-Type": "audio/wav", "Authorization": "Bearer " + "u" * 43}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        assert answer.status == 201
    return sound_of(shared_server, first_clip(shared_server.url, room)["clip"])


def sound_of(server: Server, clip: str) -> speech.Pcm:
    with urllib.request.urlopen(f"{server.url}/api/clips/{clip}.ogg") as answer:
        frames = ogg.read(answer.read())
    return opus.decode([Packet(n * opus.FRAME, frame) for n, frame in enumerate(frames)], longest=MINUTE)


@pytest.mark.parametrize("way", WAYS)
def test_ffmpeg_is_heard_as_it_spoke(
    way: str, published: Mapping[str, Published], uploaded: speech.Pcm
) -> None:
    said, clip = published[way]

    assert re.search(r"a=setup:(\w+)", said[said.index("offer: v=0") :])[1] == (  # type: ignore[index]
        "active" if "active" in way else "passive"
    )
    assert speech.envelope_correlation(uploaded, clip)[0] >= 0.95
    assert abs(len(clip) - len(uploaded)) <= 48 * 60


def test_ffmpeg_is_content_when_it_ends_its_session(published: Mapping[str, Published]) -> None:
    """9.0 reads no answer to DELETE, whatever is sent; 8.0 says so."""
    assert re.search(r"Dispose resource http\S+ ok", published["8.0"].said)


def test_a_foreign_certificate_is_no_line_in_the_log(
    published: Mapping[str, Published], shared_server: Server
) -> None:
    """FFmpeg's serial numbers are negative, and nobody has to read them."""
    assert published
    assert "Warning" not in shared_server.log
    assert "Traceback" not in shared_server.log


@pytest.fixture
async def harness() -> AsyncIterator[MediaHarness[LocalMedia]]:
    made = MediaHarness(await LocalMedia.open("127.0.0.1", 0, None, Settings(lead_in_ms=100)))
    yield made
    await made.close()


@pytest.fixture
async def hasty() -> AsyncIterator[MediaHarness[LocalMedia]]:
    """Let go soon of who does not connect."""
    made = MediaHarness(await LocalMedia.open("127.0.0.1", 0, None, Settings(connect_ms=1_500)))
    yield made
    await made.close()


def payloads(remote: BarePeer) -> list[bytes]:
    return [each.payload for each in remote.heard if each.payload != opus.silence()]


@pytest.mark.virtual_time
@pytest.mark.parametrize("setup", ["active", "passive"])
async def test_a_peer_of_either_side_of_dtls_speaks_and_listens(
    harness: MediaHarness[LocalMedia], setup: Setup
) -> None:
    listener, _ = await harness.join("listener", setup=setup)
    await listener.hear(lambda heard: len(heard) >= 5)
    speaker, _ = await harness.join("speaker", setup=setup)
    await speaker.speak(SPEECH[:60])
    await speaker.close()
    await harness.until(lambda: bool(harness.takes))
    harness.media.play(ROOM, SPEECH[:20])
    await listener.hear(lambda _: len(payloads(listener)) >= 20)

    assert [packet.payload for packet in harness.takes[0].take.packets] == SPEECH[:60]
    assert payloads(listener) == SPEECH[:20]
    await listener.close()


def as_obs(offer: str) -> str:
    """Give an offer OBS's shape: a fingerprint for all, groups of two, and a video beside the sound."""
    lines = offer.splitlines()
    own = [line for line in lines if line.startswith(("a=ice-", "a=setup"))]
    fingerprint = next(line for line in lines if line.startswith("a=fingerprint"))
    media = next(at for at, line in enumerate(lines) if line.startswith("m="))
    head = [line for line in lines[:media] if not line.startswith("a=group")]
    head += ["a=group:LS 0 1", "a=msid-semantic:WMS *", "a=ice-options:ice2,trickle", "a=group:BUNDLE 0 1"]
    audio = [line for line in lines[media:] if line != fingerprint]
    video = ["m=video 9 UDP/TLS/RTP/SAVPF 96", "c=IN IP4 0.0.0.0", "a=mid:1", "a=sendonly", "a=rtcp-mux"]
    video += ["a=rtpmap:96 H264/90000", "a=rtcp-fb:96 nack", "a=fmtp:96 packetization-mode=1"]
    return "\r\n".join([*head, fingerprint, *audio, *video, *own]) + "\r\n"


@pytest.mark.virtual_time
async def test_obs_is_heard_and_its_video_passed_over(harness: MediaHarness[LocalMedia]) -> None:
    """It has no sound alone; FFmpeg sends pictures although they were declined, over the same transport."""
    remote, door = harness.peer("speaker"), harness.door("speaker")
    answers: list[str] = []

    async def ask(offer: str) -> str:
        answers.append(await door(as_obs(offer)))
        return answers[0]

    await remote.connect(ask)
    await harness.until(lambda: ("connected", harness.last) in harness.told)
    for payload in SPEECH[:60]:
        remote.send(payload)
        remote.payload_type = 96
        for _ in range(8):
            remote.send_raw(remote.packet(bytes(1_100), ssrc=77))
        remote.payload_type = 111
        remote.timestamp -= 8 * 960
        await asyncio.sleep(0)
    await remote.close()
    await harness.until(lambda: bool(harness.takes))

    assert "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n" in answers[0]
    assert [packet.payload for packet in harness.takes[0].take.packets] == SPEECH[:60]


@pytest.mark.virtual_time
async def test_a_passive_peer_that_is_not_who_it_said_is_let_go(harness: MediaHarness[LocalMedia]) -> None:
    remote = harness.peer("speaker", setup="passive")
    door = harness.door("speaker")

    async def ask(offer: str) -> str:
        head, _, rest = offer.partition("a=fingerprint:sha-256 ")
        return await door(f"{head}a=fingerprint:sha-256 {':'.join(['00'] * 32)}{rest[95:]}")

    await remote.connect(ask)  # for the server of DTLS all is well when it has heard the client's last word
    await harness.until(lambda: harness.times_gone(harness.last) == 1)

    assert ("connected", harness.last) not in harness.told
    await remote.vanish()


@pytest.mark.virtual_time
async def test_a_passive_peer_that_never_answers_is_closed_in_time(hasty: MediaHarness[LocalMedia]) -> None:
    """Its hello went to where the check came from."""
    remote = hasty.peer("speaker", setup="passive")
    remote.take_answer(await hasty.door("speaker")(remote.offer()))
    await remote.prove()
    await hasty.until(lambda: hasty.times_gone(hasty.last) == 1)

    assert remote._inbound.qsize() >= 1
    assert not hasty.media._port._by_address
    await remote.vanish()


@pytest.mark.virtual_time
async def test_a_passive_offer_makes_nobody_hear_of_us_that_did_not_ask(
    hasty: MediaHarness[LocalMedia],
) -> None:
    """Whoever offers can name anybody as a candidate: a hello goes to a proven address alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.setblocking(False)
        host, port = victim.getsockname()
        offer = hasty.peer("speaker", setup="passive").offer()
        offer += f"a=candidate:1 1 udp 2130706431 {host} {port} typ host\r\na=end-of-candidates\r\n"
        peer, _ = await hasty.media.answer(ROOM, "speaker", offer, address="192.0.2.1")
        await hasty.until(lambda: hasty.times_gone(peer) == 1)

        with pytest.raises(BlockingIOError):
            victim.recv(2_048)
