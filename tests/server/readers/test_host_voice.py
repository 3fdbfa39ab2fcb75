"""A host says its moves where that can be; else it is told so, and writes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import numpy as np
import pytest

from audio import ogg
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ
from games.round import AnswerGiven
from server.blobs.base import Blob
from server.engines.utterances import Utterances
from server.readers.host_voice import CAPTIONED_BY, WITHIN_S, HostVoice
from server.room.commands import Change, Land, Refused
from server.room.events import ClipCaptioned, ClipLanded, Voice
from server.rooms.base import Room
from tests.support.company import Company, opened
from tests.support.media import ANNA

pytestmark = pytest.mark.virtual_time


class Hum:
    """An engine that hums every text, or does what a test wants."""

    name = "hum"
    takes_s = 0.0

    async def say(self, text: str, language: str) -> Pcm | None:
        await asyncio.sleep(self.takes_s)
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


def always() -> bool:
    return True


@contextmanager
def arriving(room: Room, voice: Voice) -> Iterator[None]:
    """Let a voice count as speaking, as takes do."""
    room.begin_speaking(voice.id, "take", until_ms=room.context().now_ms + 60_000)
    try:
        yield
    finally:
        room.end_speaking(voice.id, "take")


async def at_once(make: object, *arguments: object, **more: object) -> object:
    assert callable(make)
    return make(*arguments, **more)


@asynccontextmanager
async def speaking(
    *, wants: bool = True, kind: str = "wonder", takes_s: float = 0.0
) -> AsyncIterator[tuple[Company, Landing, HostVoice]]:
    voices: list[HostVoice] = []

    async def say(room: Room, voice: Voice, text: str, mask: str | None, is_open: Callable[[], bool]) -> bool:
        return await voices[0].say(room, voice, text, mask, is_open)

    async with opened(kind, say=say) as company:
        landing = Landing(company)
        hum = Hum()
        hum.takes_s = takes_s
        utterances = Utterances(hum, clock=lambda: 0, aside=at_once)
        voices.append(HostVoice(utterances, landing, lambda _: wants, arriving))
        yield company, landing, voices[0]


async def test_a_line_becomes_a_clip_with_its_own_text() -> None:
    async with speaking() as (company, landing, voice):
        assert await voice.say(company.room, company.voice, "a teapot", "mouse", always)
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


async def test_who_cannot_speak_is_told_so() -> None:
    async with speaking() as (company, landing, voice):
        landing.fails = Refused("muted", "No.")
        assert not await voice.say(company.room, company.voice, "a teapot", None, always)
        assert not company.own(ClipLanded)


async def test_who_takes_too_long_to_speak_is_told_so_and_lands_nothing() -> None:
    async with speaking(takes_s=2 * WITHIN_S) as (company, landing, voice):
        assert not await voice.say(company.room, company.voice, "a teapot", None, always)
        assert not landing.asked


async def test_what_began_to_land_is_waited_for_and_never_said_twice() -> None:
    async with speaking() as (company, landing, voice):
        landing.takes_s = 10 * WITHIN_S
        assert await voice.say(company.room, company.voice, "a teapot", None, always)
        assert len(company.own(ClipLanded)) == 1


async def test_a_turn_that_ended_while_the_words_were_spoken_gets_nothing() -> None:
    async with speaking() as (company, landing, voice):
        assert not await voice.say(company.room, company.voice, "a teapot", None, lambda: False)
        assert not landing.asked


async def test_the_room_waits_for_a_voice_that_is_slow() -> None:
    async with speaking(takes_s=WITHIN_S - 0.5) as (company, _, voice):
        company.host._say = voice.say
        company.host.detach(company.room)
        company.host.attach(company.room)
        company.come()
        await company.plays(lambda: company.ended)
        landed = [event.data for event in company.own(ClipLanded) if isinstance(event.data, ClipLanded)]
        assert landed
        assert all(each.round is not None for each in landed), "a late line is no clip out of turn"
        assert not company.room.speaking


async def test_nobody_speaks_where_nobody_wants_to_hear_it() -> None:
    async with speaking(wants=False) as (company, landing, voice):
        assert not await voice.say(company.room, company.voice, "a teapot", None, always)
    async with speaking() as (company, landing, voice):
        await company.room.send(Change(voice=False))
        assert not await voice.say(company.room, company.voice, "a teapot", None, always)
        silent = HostVoice(Utterances(clock=lambda: 0), landing, lambda _: True, arriving)
        assert not await silent.say(company.room, ANNA, "a teapot", None, always)
        assert not landing.asked


async def test_where_takes_are_heard_first_it_writes() -> None:
    async with speaking(kind="healing") as (company, landing, voice):
        assert not await voice.say(company.room, ANNA, "a teapot", None, always)
        assert not landing.asked
