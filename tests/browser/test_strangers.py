"""WHIP and WHEP as others implement them: browser libraries and GStreamer, all unchanged."""

from __future__ import annotations

import asyncio
import functools
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.support import gstreamer_peer
from tests.support.browsers import ALIKE, SAID_AT_MOST, all_hear, hears, likeness
from tests.support.microphones import FileMicrophone, speech
from tests.support.server import Server
from tests.support.speech import Pcm, silence, wav
from tests.support.strangers import KEY, PLAY, PUBLISH, bundle, stranger_site
from tests.support.visitor import Invite, Visitor, first_clip, make_room


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Serve the clients of others from an origin of their own."""
    async with stranger_site(bundle(tmp_path_factory.mktemp("strangers"))) as address:
        yield address


# Whether all that the clients of a page connect is connected: some say that they publish before they do.
CONNECTED = """() => window.__peers?.length
  && window.__peers.every((peer) => peer.connectionState === 'connected')"""


@pytest.mark.parametrize("client", PUBLISH)
async def test_a_library_publishes_and_its_session_becomes_a_clip(
    client: str,
    site: str,
    shared_server: Server,
    chromium: Browser,
    invite: Invite,
    file_microphone: FileMicrophone,
) -> None:
    # Where a clip may take 10 s: the microphone speaks from when it is opened, and has to begin anew.
    room = make_room(shared_server.url, kind="roleplay")
    page = await stranger(await invite(chromium), site)

    await page.evaluate(PUBLISH[client], [f"{shared_server.url}/api/rooms/{room}/whip", KEY])
    await page.wait_for_function(CONNECTED)
    await file_microphone.quiet(page)
    await file_microphone.spoken(page)
    await page.evaluate("() => window.end()")

    assert likeness(speech(), await landed(shared_server, room)) >= ALIKE


@pytest.mark.parametrize("client", PLAY)
async def test_a_library_plays_the_radio(
    client: str, site: str, shared_server: Server, listening_chromium: Browser, invite: Invite
) -> None:
    room = make_room(shared_server.url)
    page = await stranger(await invite(listening_chromium), site)

    await page.evaluate(PLAY[client], [f"{shared_server.url}/api/rooms/{room}/whep"])
    await page.wait_for_function("() => document.querySelector('video').srcObject?.active")
    say = functools.partial(asyncio.to_thread, upload, shared_server, room)
    assert await all_hear([page], speech(), say) >= ALIKE


async def test_gstreamer_publishes(shared_server: Server, tmp_path: Path) -> None:
    gstreamer_peer.needed()
    room = make_room(shared_server.url)
    sound = tmp_path / "sound.wav"
    wav(sound, np.concatenate([silence(0.5), speech(), silence(0.5)]))

    await gstreamer_peer.publish(sound, f"{shared_server.url}/api/rooms/{room}/whip", KEY)

    assert likeness(speech(), await landed(shared_server, room)) >= ALIKE


async def test_gstreamer_plays_the_radio(shared_server: Server, tmp_path: Path) -> None:
    gstreamer_peer.needed()
    room = make_room(shared_server.url)
    url = f"{shared_server.url}/api/rooms/{room}/whep"

    async with gstreamer_peer.playing(tmp_path, url, KEY) as heard:
        await asyncio.to_thread(gstreamer_peer.until_listening, shared_server.url, room)
        best = 0.0
        for _ in range(SAID_AT_MOST):
            await asyncio.to_thread(upload, shared_server, room)
            best = max(best, await hears(heard, speech()))
            if best >= ALIKE:
                break

    assert best >= ALIKE


KEEPS_PEERS = """window.__peers = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    window.__peers.push(this);
  }
};"""


async def stranger(visitor: Visitor, site: str) -> Page:
    """Open the page of another origin; what its libraries complain about is not ours."""
    visitor.page.remove_listener("console", visitor.complain)
    await visitor.page.add_init_script(KEEPS_PEERS)
    await visitor.page.goto(site)
    await visitor.page.wait_for_function("() => window.ready")
    return visitor.page


def upload(server: Server, room: str) -> None:
    """Put the sentence into the room, as a file."""
    url, headers = f"{server.url}/api/rooms/{room}/clips", {"Content-Type": "audio/wav"}
    sound = wav(None, np.concatenate([silence(0.3), speech(), silence(0.3)]))
    request = urllib.request.Request(url, sound, headers | {"Authorization": f"Bearer {KEY}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 201


async def landed(server: Server, room: str) -> Pcm:
    """Wait for the first clip of a room and return its sound."""
    known = await asyncio.to_thread(first_clip, server.url, room)
    return await asyncio.to_thread(sound_of, server, known["clip"])


def sound_of(server: Server, clip: str) -> Pcm:
    """Fetch and decode a clip."""
    import av

    with urllib.request.urlopen(f"{server.url}/api/clips/{clip}.ogg") as answer, av.open(answer) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
