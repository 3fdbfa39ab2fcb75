"""A host says its moves where that can be; else it is told so, and writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from audio import ogg
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ
from games.round import AnswerGiven
from server.blobs.base import Blob
from server.engines.utterances import Utterances
from server.readers.host_voice import CAPTIONED_BY, HostVoice
from server.room.commands import Change, Land, Refused
from server.room.events import ClipCaptioned, ClipLanded, Voice
from server.rooms.base import Room
from tests.support.company import Company, opened
from tests.support.media import ANNA

pytestmark = pytest.mark.virtual_time


class Hum:
    """An engine that hums every text, or does what a test wants."""

    name = "hum"

    async def say(self, text: str, language: str) -> Pcm | None:
        return np.full(SAMPLE_RATE_HZ // 10, 0.1, np.float32)

    async def close(self) -> None:
        """Do nothing."""


class Landing:
    """Lets uploads land in the room of a company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.asked: list[tuple[bytes, str | None]] = []
        self.fails: Exception | None = None
        self.takes_s = 0.0

    async def __call__(
        self, room_id: str, voice: Voice, body: bytes, media_type: str, *, mask: str | None = None
    ) -> object:
        self.asked.append((body, mask))
        await asyncio.sleep(self.takes_s)
        if self.fails:
            raise self.fails
        clip = f"clip-{len(self.asked)}"
        landed = ClipLanded(clip, 900, 100, 0, -16.0, (50,) * 64, masked=mask is not None, mask=mask)
        events = await self.company.room.send(Land(landed), by=voice, blobs=[Blob(clip, room_id, b"x")])
        return events[0]


async def at_once(make: object, *arguments: object, **more: object) -> object:
    assert callable(make)
    return make(*arguments, **more)


@asynccontextmanager
async def speaking(
    *, wants: bool = True, kind: str = "wonder"
) -> AsyncIterator[tuple[Company, Landing, HostVoice]]:
    voices: list[HostVoice] = []

    async def say(room: Room, voice: Voice, text: str, mask: str | None) -> bool:
        return await voices[0].say(room, voice, text, mask)

    async with opened(kind, say=say) as company:
        landing = Landing(company)
        utterances = Utterances(Hum(), clock=lambda: 0, aside=at_once)
        voices.append(HostVoice(utterances, landing, lambda _: wants))
        yield company, landing, voices[0]


async def test_a_line_becomes_a_clip_with_its_own_text() -> None:
    async with speaking() as (company, landing, voice):
        assert await voice.say(company.room, company.voice, "a teapot", "mouse")
        ((body, mask),) = landing.asked
        assert ogg.read(body)
        assert mask == "mouse"
        clip, caption = company.events[-2:]
        assert clip.by == company.voice
        assert isinstance(caption.data, ClipCaptioned)
        assert (caption.data.text, caption.data.by) == ("a teapot", CAPTIONED_BY)


async def test_its_move_in_a_game_is_spoken() -> None:
    async with speaking() as (company, landing, voice):
        company.host._say = voice.say
        company.host.detach(company.room)
        company.host.attach(company.room)
        company.come()
        await company.plays(lambda: company.ended)
        assert company.own(ClipLanded)
        assert not company.own(AnswerGiven)
        assert landing.asked


@pytest.mark.parametrize("fault", [Refused("muted", "No."), None])
async def test_who_cannot_speak_is_told_so(fault: Exception | None) -> None:
    async with speaking() as (company, landing, voice):
        landing.fails, landing.takes_s = fault, 0 if fault else 60
        assert not await voice.say(company.room, company.voice, "a teapot", None)
        assert not company.own(ClipLanded)


async def test_nobody_speaks_where_nobody_wants_to_hear_it() -> None:
    async with speaking(wants=False) as (company, landing, voice):
        assert not await voice.say(company.room, company.voice, "a teapot", None)
    async with speaking() as (company, landing, voice):
        await company.room.send(Change(voice=False))
        assert not await voice.say(company.room, company.voice, "a teapot", None)
        silent = HostVoice(Utterances(clock=lambda: 0), landing, lambda _: True)
        assert not await silent.say(company.room, ANNA, "a teapot", None)
        assert not landing.asked


async def test_where_takes_are_heard_first_it_writes() -> None:
    async with speaking(kind="healing") as (company, landing, voice):
        assert not await voice.say(company.room, ANNA, "a teapot", None)
        assert not landing.asked
