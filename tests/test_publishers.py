"""What FFmpeg sends over WHIP, as itself and at its plainest, lands as it was said."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pytest

from audio import ogg, opus
from audio.take import Packet
from tests.support import ffmpeg_peer, speech
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
