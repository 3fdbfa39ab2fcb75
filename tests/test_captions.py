"""From a recorded sentence to its words and the search: a whole server, a real recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import aiohttp
import numpy as np
import pytest
import pytest_asyncio

from server.app import Running
from server.room.clips import ClipRef
from tests.support import rtc_client, spoken
from tests.support.listening import WITHIN_S, SpokenRoom, listening, stage
from tests.support.speech import opus_packets, silence
from tests.support.spoken import Spoken

pytestmark = [pytest.mark.timeout(180), pytest.mark.asyncio(loop_scope="module")]

# Of the words of recorded people, by each way.
WRONG_MOST = 0.05
SENTENCES = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Running]:
    """Run a server that reads English; its weights are loaded once."""
    async with listening(spoken.tiny_en(), tmp_path_factory.mktemp("captions")) as server:
        yield server


async def test_recorded_people_get_their_words_and_are_found_by_them(running: Running) -> None:
    said = spoken.sentences()[:SENTENCES]
    room = await stage(running, "topic")
    read = [await room.words_of(await room.say(room.voices[0], each.text)) for each in said]

    for clip in read:
        assert_timed(clip)
    assert wrong_share(said, [clip.caption or "" for clip in read]) <= WRONG_MOST
    await assert_found(running, room, read[-1])


async def test_recorded_people_get_their_words_by_whip(running: Running) -> None:
    said = spoken.sentences()[:SENTENCES]
    rooms = [await stage(running, "roleplay") for _ in said]
    for_all = zip(rooms, said, strict=True)
    await asyncio.gather(*(published(running, room, each) for room, each in for_all))
    read = [await words_in(room) for room in rooms]

    assert wrong_share(said, read) <= WRONG_MOST, read


async def published(running: Running, room: SpokenRoom, sentence: Spoken) -> None:
    """Say a sentence as a plain recorder does: the whole session is one take."""
    payloads = opus_packets(np.concatenate([silence(0.5), sentence.pcm, silence(0.5)]))
    target = f"{running.url}/api/rooms/{room.room.id}/whip"
    await rtc_client.speak(target, payloads, headers={"Authorization": f"Bearer {'c' * 43}"})


async def words_in(room: SpokenRoom) -> str:
    """Return the words of a room's only clip, once they are there."""
    state = await room.until(
        lambda state: any(each.caption is not None for each in state.clips.whole.values())
    )
    (clip,) = state.clips.whole.values()
    return clip.caption or ""


def wrong_share(said: Sequence[Spoken], read: Sequence[str]) -> float:
    """Return which part of all words is read wrong."""
    counts = [spoken.word_errors(each.text, text) for each, text in zip(said, read, strict=True)]
    return sum(errors for errors, _ in counts) / sum(words for _, words in counts)


def assert_timed(clip: ClipRef) -> None:
    """Expect a time for each word, one after the other, within the clip."""
    assert " ".join(word for word, _, _ in clip.words) == clip.caption
    starts = [start_ms for _, start_ms, _ in clip.words]
    assert starts == sorted(starts)
    assert clip.words[-1][2] <= clip.duration_ms + 200


async def assert_found(running: Running, room: SpokenRoom, clip: ClipRef) -> None:
    """Expect that a clip is found by its words, and that they are its captions."""
    word = clip.words[0][0].strip(".,!?").lower()
    async with aiohttp.ClientSession(running.url) as http, asyncio.timeout(WITHIN_S):
        hits: list[str] = []
        while clip.clip not in hits:
            await asyncio.sleep(0.5)  # a visitor may search twice a second
            async with http.get(f"/api/rooms/{room.room.id}/search", params={"q": word}) as answer:
                hits = [hit.get("clip") for hit in (await answer.json())["hits"]]
        async with http.get(f"/api/clips/{clip.clip}.vtt") as answer:
            assert "<00:00:0" in await answer.text()
