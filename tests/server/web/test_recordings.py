"""An evening as one file over HTTP: its sound is where its captions say, it is streamed and bounded."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import numpy as np
import pytest
from aiohttp.web import StreamResponse

from audio import m4a
from audio.pcm import Pcm
from server.engines.utterances import Utterances
from server.http.limits import RATES, Rate
from server.http.limits import Limits as Rates
from server.room.commands import Oversee, Remove
from server.web import recordings
from server.web.recordings import BUSY, STALLED_S
from tests.support import long_evening
from tests.support.recorded import recorded
from tests.support.voices import ToneEngine
from tests.support.web_app import Site, running_site

HERE = "/api/rooms/long/recording"


@pytest.fixture
async def small(site: Site) -> Site:
    """Return a site with an evening of 8 clips, that turns clips into AAC."""
    await long_evening.tell(site.log, "long", rounds=2)
    site.finisher.transcode = m4a.from_ogg
    return site


async def fetched(site: Site, ending: str, query: str = "") -> bytes:
    async with site.ask("GET", f"{HERE}.{ending}{query}") as answer:
        assert answer.status == 200
        return bytes(await answer.read())


def starts_ms(vtt: str) -> list[int]:
    """Return when the cues begin."""
    found = re.findall(r"^(\d+):(\d+):(\d+)\.(\d+) -->", vtt, re.MULTILINE)
    return [((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms) for h, m, s, ms in found]


def lag_ms(heard: Pcm, number: int, at_ms: int) -> float:
    """Return how much later than at a time a clip is heard, from 200 ms before to 200 ms after."""
    sound = long_evening.sound(number)
    part = heard[max(0, at_ms - 200) * 48 :][: len(sound) + 400 * 48]
    found = np.correlate(part, sound, "valid")
    peak = int(np.argmax(found))
    energy = np.linalg.norm(part[peak : peak + len(sound)]) * np.linalg.norm(sound)
    assert found[peak] > 0.5 * energy
    return peak / 48 - min(200, at_ms)


@pytest.mark.parametrize("ending", ["ogg", "m4a"])
async def test_every_word_is_heard_when_its_caption_says_and_every_chapter_too(
    small: Site, ending: str
) -> None:
    found = recorded(await fetched(small, ending))
    vtt = (await fetched(small, "vtt")).decode()
    told = await small.json("GET", HERE)

    words_ms = starts_ms(vtt)
    assert len(words_ms) == told["clips"] == 8
    # The first word of each clip is 100 ms after its beginning.
    assert all(abs(lag_ms(found.sound, at, word_ms - 100)) <= 12 for at, word_ms in enumerate(words_ms))
    assert re.search(r"\nword7 <[\d:.]+>umbrella\n", vtt)
    assert found.chapters == [(chapter["start_ms"], chapter["title"]) for chapter in told["chapters"]]
    assert found.title.startswith("Long evening, 20")
    assert abs(len(found.sound) / 48 - told["duration_ms"]) <= 30
    shown = (await fetched(small, "vtt", "?kind=chapters")).decode()
    assert starts_ms(shown) == [chapter["start_ms"] for chapter in told["chapters"]]
    assert "Say number 1." in shown


async def test_where_the_room_is_spoken_to_prompts_have_their_places_and_captions_too() -> None:
    utterances = Utterances(ToneEngine(), clock=lambda: 0)
    async with running_site(utterances=utterances) as site:
        await long_evening.tell(site.log, "long", rounds=2)
        vtt, heard = (await fetched(site, "vtt")).decode(), recorded(await fetched(site, "ogg")).sound
        again = (await fetched(site, "vtt")).decode()
    first, *words_ms = starts_ms(vtt)
    assert "\nSay number 0.\n" in vtt
    assert first == 0
    assert float(np.abs(heard[: 48 * 500]).max()) > 0.1
    assert lag_ms(heard, 0, words_ms[0] - 100) == pytest.approx(0, abs=12)
    assert lag_ms(heard, 7, words_ms[-1] - 100) == pytest.approx(0, abs=12)
    assert vtt == again  # though by now it is known how long the prompts take


async def test_what_is_removed_while_it_is_written_is_silence_and_the_rest_keeps_its_place(
    small: Site,
) -> None:
    small.finisher.gate.clear()
    fetching = asyncio.create_task(fetched(small, "m4a"))
    async with asyncio.timeout(20):
        while not small.finisher.m4as:  # the sound with which the first chapter begins
            await asyncio.sleep(0.01)
    words_ms = starts_ms((await fetched(small, "vtt")).decode())
    for gone in (2, 5):
        await small.registry.send("long", Oversee(Remove(long_evening.name(gone), "admin")), by=None)
    small.finisher.gate.set()
    heard = recorded(await fetching).sound
    for number, word_ms in enumerate(words_ms):
        begins = (word_ms - 100) * 48
        if number in (2, 5):
            assert float(np.abs(heard[begins : begins + 800 * 48]).max()) < 0.01
        else:
            assert abs(lag_ms(heard, number, word_ms - 100)) <= 12


@pytest.mark.parametrize(
    ("ending", "begins"), [("ogg", b"OpusHead"), ("m4a", b"ftypM4A "), ("vtt", b"WEBVTT")]
)
async def test_it_begins_before_the_log_is_read(
    small: Site, monkeypatch: pytest.MonkeyPatch, ending: str, begins: bytes
) -> None:
    assert await small.json("GET", HERE)  # the room is awake
    gate, read, asked = asyncio.Event(), small.log.read, list[int]()

    async def held(room: str, after: int = 0, limit: int = 500) -> Any:
        asked.append(after)
        await gate.wait()
        return await read(room, after, limit)

    monkeypatch.setattr(small.log, "read", held)
    async with asyncio.timeout(20), small.ask("GET", f"{HERE}.{ending}") as answer:
        assert answer.status == 200
        assert begins in await answer.content.readany()
        while not asked:
            await asyncio.sleep(0.01)
        gate.set()
        assert len(await answer.read()) > 100


async def test_headers_say_what_it_is_and_head_makes_nothing(small: Site) -> None:
    for ending, media_type in (("ogg", "audio/ogg"), ("m4a", "audio/mp4"), ("vtt", "text/vtt")):
        async with small.ask("HEAD", f"{HERE}.{ending}") as answer:
            assert (answer.status, answer.content_type) == (200, media_type)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Accept-Ranges"] == "none"
            assert re.fullmatch(
                rf'attachment; filename="long-\d{{4}}-\d\d-\d\d\.{ending}"',
                answer.headers["Content-Disposition"],
            )
            assert await answer.read() == b""
    assert await small.problem("GET", f"{HERE}.vtt?kind=songs") == (400, "bad_query")
    async with small.ask("GET", f"{HERE}.ogg", headers={"Range": "bytes=5-"}) as answer:
        assert answer.status == 200
        assert (await answer.read()).startswith(b"OggS")


class HeldBack:
    """Holds back the first transcode of a site until it is let go."""

    def __init__(self, site: Site) -> None:
        site.finisher.gate.clear()
        self.site = site

    async def begin(self, **more: Any) -> Any:
        """Begin to fetch a recording; return its answer, whose head is there."""
        answer = await self.site.session.get(f"{self.site.url}{HERE}.m4a", **more)
        assert answer.status == 200
        await answer.content.readany()
        return answer

    async def left(self, count: int) -> None:
        """Wait until so many are written."""
        async with asyncio.timeout(20):
            while len(self.site.app[BUSY]) != count:
                await asyncio.sleep(0.01)


async def test_only_so_many_are_written_at_once_and_who_goes_makes_place() -> None:
    async with running_site(recordings=2) as site:
        await long_evening.tell(site.log, "long", rounds=1)
        held = HeldBack(site)
        answer = await held.begin()
        async with site.ask("GET", f"{HERE}.ogg") as refused:  # half of all are for one network
            assert refused.status == 503
            assert refused.headers["Retry-After"] == "20"
            assert (await refused.json(content_type=None))["code"] == "busy"
        answer.close()
        site.finisher.gate.set()
        await held.left(0)
        assert len(await fetched(site, "ogg")) > 0


async def test_a_server_that_stops_waits_for_none() -> None:
    async with running_site() as site:
        await long_evening.tell(site.log, "long", rounds=1)
        held = HeldBack(site)
        answer = await held.begin()
        await held.left(1)
        site.app[BUSY].close()
        await held.left(0)
        with pytest.raises(Exception, match=r"payload|closed|reset|disconnected"):
            await answer.read()
        site.finisher.gate.set()


async def test_who_takes_nothing_is_cut_off(small: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_response: object, _part: bytes) -> None:
        await asyncio.Event().wait()

    assert STALLED_S <= 60
    monkeypatch.setattr(recordings, "STALLED_S", 0.05)
    monkeypatch.setattr(StreamResponse, "write", never)
    with pytest.raises(Exception, match=r"payload|closed|reset|disconnected"):
        await fetched(small, "ogg")
    assert len(small.app[BUSY]) == 0


async def test_who_asks_too_often_is_told_to_wait() -> None:
    seldom = {**RATES, "recording": Rate(1, 1e-6)}
    async with running_site(rates=Rates(seldom, address_voices=1)) as site:
        await long_evening.tell(site.log, "long", rounds=1)
        assert [await site.status("GET", HERE) for _ in range(2)] == [200, 429]
