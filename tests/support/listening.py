"""A server with a real recogniser, and rooms in which voices speak by recordings."""

from __future__ import annotations

import asyncio
import functools
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np

from games import pace
from server import app
from server.app import Running
from server.config import Config
from server.engines import models
from server.engines.transcriber import WhisperTranscriber
from server.room import masks
from server.room.clips import ClipRef
from server.room.events import ClipLanded, Event, Language, RoomOpened, Voice
from server.room.state import RoomState
from server.rooms.base import Room
from tests.support import spoken
from tests.support.programs import need_program
from tests.support.shape import ROOT
from tests.support.speech import Pcm, read_wav, silence, wav

KEYS = ("a" * 43, "b" * 43)
WITHIN_S = 60.0
WITHIN_MS = round(WITHIN_S * 1_000)
# Between words that were recorded one by one.
PAUSE_S = 0.15
# The library of the program lies beside it, where it is unpacked and not installed.
FLITE_LIBRARY = ROOT / ".build/programs/usr/lib/x86_64-linux-gnu"


@asynccontextmanager
async def listening(
    weights: Path, folder: Path, *, speech: str = "off", limits: str = "on"
) -> AsyncIterator[Running]:
    """Run a server whose recogniser has these weights.

    Its rounds wait for words as long as it takes, and draw no mask for everybody: through one German words
    are read as others.
    """
    spoken.need_extra("faster_whisper")
    engine = WhisperTranscriber(models.find(str(weights), folder))
    config = Config(port=0, udp_port=0, data=folder, speech=speech, limits=limits, host_engine="off")
    unmasked = patch.object(masks, "drawn", lambda *_: None)
    patient = patch.object(pace, "WORDS_WAIT_MS", WITHIN_MS)  # a busy machine may read for longer than 3 s
    with unmasked, patient:
        async with await app.start(config, transcriber=engine) as running:
            yield running


@functools.cache
def recorded(text: str, language: Language = "en") -> bytes:
    """Return a recording of somebody who says this, as a WAV file.

    Where nobody said all of it, words that were recorded one by one are put together, and what was never
    recorded is said by Flite.
    """
    if language == "de":
        known = {each.text: each for each in spoken.german_words()}
    else:
        known = {each.text: each for each in (*spoken.sentences(), *spoken.words())}
    if text in known:
        return wav(None, known[text].pcm)
    words = text.split()
    if all(word in known for word in words):
        parts = [part for word in words for part in (known[word].pcm, silence(PAUSE_S))]
        return wav(None, np.concatenate(parts))
    assert language == "en", f"nobody says {text!r}"
    return wav(None, flite(text))


def flite(text: str) -> Pcm:
    """Return an English text as Flite says it, whose words are read with 0 to 5 % errors."""
    environment = {**os.environ, "LD_LIBRARY_PATH": str(FLITE_LIBRARY)}
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "said.wav")
        command = [need_program("flite"), "-voice", "slt", "-t", text, "-o", str(file)]
        subprocess.run(command, check=True, capture_output=True, timeout=20, env=environment)
        return read_wav(file.read_bytes())


class SpokenRoom:
    """A room with two who speak in it by recordings."""

    def __init__(self, running: Running, room: Room) -> None:
        self.running, self.room = running, room
        self.voices = [running.registry.voice(key, room) for key in KEYS]
        for voice in self.voices:
            room.consent(voice.id)

    async def say(self, voice: Voice, text: str) -> str:
        """Let a voice say something; return the clip."""
        body = recorded(text, (await self.room.awake()).language)
        event = await self.running.takes.upload(self.room.id, voice, body, "audio/wav")
        assert isinstance(event, Event)
        assert isinstance(event.data, ClipLanded)
        return event.data.clip

    async def until(self, holds: Callable[[RoomState], bool]) -> RoomState:
        """Wait until something holds of the room."""
        async with asyncio.timeout(WITHIN_S):
            while not holds(state := await self.room.awake()):
                await asyncio.sleep(0.02)
        return state

    async def words_of(self, clip: str) -> ClipRef:
        """Wait until the words of a clip are known."""
        state = await self.until(lambda state: state.clips.whole[clip].caption is not None)
        return state.clips.whole[clip]


async def stage(running: Running, kind: str, language: Language = "en") -> SpokenRoom:
    """Open a room for two."""
    opened = RoomOpened(kind, "Stage", language=language)
    return SpokenRoom(running, await running.registry.open(opened, None))
