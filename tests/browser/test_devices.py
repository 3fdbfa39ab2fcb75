"""A microphone whose time is not perfect, as real ones are: what is said lands whole, live and as a file."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page

from tests.browser.test_strangers import sound_of
from tests.support import ffmpeg_peer
from tests.support.microphones import DeviceMicrophone, speech
from tests.support.server import Server
from tests.support.speech import RATE_HZ, Pcm, envelope_correlation, silence, wav
from tests.support.strangers import KEY
from tests.support.visitor import Invite, clips, make_room

WHOLE = 0.95  # the least envelope correlation of a clip with what was said into the device
SAME = 0.98  # and with what FFmpeg hears in the very same upload
ROUNDING = 0.02  # of envelopes: another coding, and a noise floor that is judged a little differently
EDGE_S = 0.3  # of silence, as before and after what is said into the device
STEP_MS = 10  # of envelopes: a clip may begin anywhere between two
QUIET = 0.003  # of full scale: less than any of what is said
# However long a slow machine takes from "live" to the sentence, its end is within what a take may last: 20 s.
PATIENT, KIND = "localStorage.setItem('wonder.pace', '2')", "roleplay"
# Keeps what the browser itself hears from its microphone, and what the page uploads.
KEEPS = """(() => {
  const blobs = window.__blobs = {};
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    const recorder = new MediaRecorder(stream.clone(), { audioBitsPerSecond: 128_000 });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    window.__stop = () => new Promise((resolve) => {
      recorder.onstop = () => resolve(blobs.heard = new Blob(parts));
      recorder.stop();
    });
    recorder.start();
    return stream;
  };
  const ship = window.fetch.bind(window);
  window.fetch = (address, options) => {
    if (options?.body instanceof Blob) blobs.sent = options.body;
    return ship(address, options);
  };
})()"""
READ = """async (name) => {
  const bytes = new Uint8Array(await window.__blobs[name].arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ''));
}"""


@pytest.mark.parametrize(("query", "source"), [("mic=raw", "webrtc"), ("mic=raw&rtc=off", "upload")])
async def test_what_is_said_into_a_device_lands_whole(
    query: str, source: str, shared_server: Server, device_chromium: Browser, invite: Invite, tmp_path: Path
) -> None:
    """On a busy machine the browser itself may lose sound: all that it heard has to land."""
    room = make_room(shared_server.url, kind=KIND)
    speaker = await invite(device_chromium, ears=False)
    await speaker.page.add_init_script(PATIENT)
    await speaker.page.add_init_script(KEEPS)
    await speaker.enter(shared_server.url, room, query)

    await speaker.speak(DeviceMicrophone(tmp_path))

    (clip,) = clips(shared_server.url, room)
    assert clip["source"] == source
    landed = sound_of(shared_server, clip["clip"])
    said = await made_of(shared_server, room, speech())
    await speaker.page.evaluate("window.__stop()")
    heard = await made_of(shared_server, room, decoded(await kept(speaker.page, "heard")))
    assert likeness(said, landed) >= min(WHOLE, likeness(said, heard) - ROUNDING)
    if source == "upload":
        sent = await made_of(shared_server, room, decoded(await kept(speaker.page, "sent")))
        assert likeness(sent, landed) >= SAME


async def made_of(server: Server, room: str, sound: Pcm) -> Pcm:
    """Return what the server makes of a sound that comes to it whole: its edges and its loudness too."""
    url, headers = f"{server.url}/api/rooms/{room}/clips", {"Content-Type": "audio/wav"}
    body = wav(None, np.concatenate([silence(EDGE_S), sound, silence(EDGE_S)]))
    request = urllib.request.Request(url, body, headers | {"Authorization": f"Bearer {KEY}"})
    with await asyncio.to_thread(urllib.request.urlopen, request) as answer:
        return sound_of(server, json.load(answer)["id"])


async def kept(page: Page, name: str) -> bytes:
    """Return what the page kept."""
    return base64.b64decode(await page.evaluate(READ, name))


def decoded(recording: bytes) -> Pcm:
    """Return what FFmpeg hears in a recording, without the silence before and after it."""
    command = [ffmpeg_peer.program(9), "-v", "error", "-i", "pipe:0", "-ac", "1", "-ar", str(RATE_HZ)]
    done = subprocess.run(
        [*command, "-f", "f32le", "pipe:1"], input=recording, capture_output=True, check=True
    )
    heard = np.frombuffer(done.stdout, "<f4").copy()
    loud = np.flatnonzero(np.abs(heard) > QUIET)
    return heard[loud[0] : loud[-1] + 1]


def likeness(source: Pcm, sound: Pcm) -> float:
    """Return how their envelopes correlate, wherever steps begin: 1.0 is the same, and all of it."""
    begins = range(0, RATE_HZ * STEP_MS // 1000, RATE_HZ // 1000)
    return max(envelope_correlation(source, sound[begin:])[0] for begin in begins)
