"""From a recorded sentence to its words, the search and the referee: the whole server, a real recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from server import app
from server.app import Running
from server.config import Config
from server.engines import models
from server.engines.transcriber import WhisperTranscriber
from server.room.clips import ClipRef
from server.room.commands import RoundJoin, RoundStart
from server.room.events import ClipLanded, RoomOpened, Voice
from server.room.state import RoomState
from server.rooms.base import Room
from tests.support import spoken
from tests.support.speech import wav

KEYS = ("a" * 43, "b" * 43)
WITHIN_S = 60.0
# A game, what two say in it in turn, and the verdicts of the referee on that.
GAMES = [
    ("arena", "word_association", ("seven", "monday", "seven"), ["repeat"]),
    ("humour", "questions_only", ("something is terribly wrong",), ["statement"]),
    ("humour", "fortunately", ("weasels have eaten our phone system",), ["start_with"]),
    ("roleplay", "yes_and", ("please check the number and dial again",), ["start_with"]),
]


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[Running]:
    """Run a server whose recogniser reads English."""
    spoken.need_extra("faster_whisper")
    engine = WhisperTranscriber(models.find(str(spoken.tiny_en()), folder))
    async with await app.start(Config(port=0, udp_port=0, data=folder), transcriber=engine) as running:
        yield running


def recorded(text: str) -> bytes:
    """Return a recording of somebody who says this."""
    known = {each.text: each for each in (*spoken.sentences(), *spoken.words())}
    return wav(None, known[text].pcm)


class Theatre:
    """A room with two who speak in it by recordings."""

    def __init__(self, running: Running, room: Room) -> None:
        self.running, self.room = running, room
        self.voices = [running.registry.voice(key, room) for key in KEYS]
        for voice in self.voices:
            room.consent(voice.id)

    async def say(self, voice: Voice, text: str) -> str:
        event = await self.running.takes.upload(self.room.id, voice, recorded(text), "audio/wav")
        assert isinstance(event.data, ClipLanded)  # type: ignore[union-attr]
        return event.data.clip  # type: ignore[union-attr]

    async def until(self, holds: Callable[[RoomState], bool]) -> RoomState:
        async with asyncio.timeout(WITHIN_S):
            while not holds(state := await self.room.awake()):
                await asyncio.sleep(0.02)
        return state

    async def words_of(self, clip: str) -> ClipRef:
        state = await self.until(lambda state: state.clips.whole[clip].caption is not None)
        return state.clips.whole[clip]


async def theatre(running: Running, kind: str) -> Theatre:
    return Theatre(running, await running.registry.open(RoomOpened(kind, "Stage"), None))


@pytest.mark.timeout(180)
async def test_recorded_people_get_their_words_are_found_by_them_and_judged_by_them(tmp_path: Path) -> None:
    async with listening(tmp_path) as running:
        await _read_and_found(running)
        for kind, game, lines, codes in GAMES:
            stage = await theatre(running, kind)
            # A busy machine takes its time to write down a word: whose turn it is has 12 s, not 3.
            await stage.room.send(RoundStart(game, "slow"), by=stage.voices[0])
            await stage.room.send(RoundJoin(), by=stage.voices[1])
            for line in lines:
                turn = (await stage.room.awake()).round.turn  # type: ignore[union-attr]
                voice = next(each for each in stage.voices if turn is not None and turn.is_for(each.id))
                await stage.words_of(await stage.say(voice, line))
            state = await stage.room.awake()
            round_ = state.round or state.last_round
            assert round_ is not None
            assert [given.code for given in round_.verdicts] == codes, (game, round_.takes)


async def _read_and_found(running: Running) -> None:
    """Speak sentences; look at their words, the times of these, and what the search finds."""
    stage = await theatre(running, "topic")
    wrong = said = 0
    for sentence in spoken.sentences()[:5]:
        clip = await stage.words_of(await stage.say(stage.voices[0], sentence.text))
        errors, words = spoken.word_errors(sentence.text, clip.caption or "")
        wrong, said = wrong + errors, said + words
        assert " ".join(word for word, _, _ in clip.words) == clip.caption
        starts = [start_ms for _, start_ms, _ in clip.words]
        assert starts == sorted(starts)
        assert clip.words[-1][2] <= clip.duration_ms + 200
    assert wrong <= 0.05 * said
    last = clip.words[0][0].strip(".,!?").lower()
    async with aiohttp.ClientSession(running.url) as http, asyncio.timeout(WITHIN_S):
        hits: list[str] = []
        while clip.clip not in hits:
            async with http.get(f"/api/rooms/{stage.room.id}/search", params={"q": last}) as answer:
                hits = [hit.get("clip") for hit in (await answer.json())["hits"]]
        async with http.get(f"/api/clips/{clip.clip}.vtt") as answer:
            assert "<00:00:0" in await answer.text()
