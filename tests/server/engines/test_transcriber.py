"""The transcriber: whatever its processes do, who asks gets an answer, and the next clip works."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from server.engines.models import Model
from server.engines.transcriber import Heard, LanguageMissing, WhisperTranscriber, memory_mb
from server.engines.worker import EngineFailed, Walls
from tests.support import bad_engine

PATIENT = Walls(memory_mb=200, start_s=60, answer_s=60)
LANGUAGES = frozenset({"en", *bad_engine.FAULTS})


@asynccontextmanager
async def transcriber(
    *, folder: str = "fine", walls: Walls = PATIENT, workers: int = 1, idle_s: float = 300.0
) -> AsyncIterator[WhisperTranscriber]:
    model = Model("made up", Path(folder), 0, LANGUAGES)
    made = WhisperTranscriber(model, walls=walls, workers=workers, idle_s=idle_s, module=bad_engine.__name__)
    try:
        yield made
    finally:
        await made.close()


def said_by(heard: Heard) -> int:
    """Return which process answered."""
    return int(heard.text.split()[-1])


async def until_gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while Path(f"/proc/{pid}/stat").exists():
            await asyncio.sleep(0.01)


async def test_a_clip_comes_back_as_words() -> None:
    async with transcriber() as engine:
        heard = await engine.transcribe(b"clip", "en", speech_ms=500)
        assert heard.text.startswith("4 bytes by ")
        assert (heard.language, heard.words) == ("en", (("bytes", 0, 10),))
        assert said_by(heard) == said_by(await engine.transcribe(b"clip", "en"))


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("crash", "It ended before it answered."),
        ("garbage", "It ended before it answered."),
        ("memory", "It took more than 200 MB of memory."),
        ("broken", "It could not read this clip."),
    ],
)
async def test_what_breaks_in_an_engine_harms_nobody(what: str, sentence: str) -> None:
    async with transcriber() as engine:
        before = said_by(await engine.transcribe(b"clip", "en"))
        with pytest.raises(EngineFailed, match=sentence):
            await engine.transcribe(b"clip", what)
        await until_gone(before)
        assert said_by(await engine.transcribe(b"clip", "en")) != before


async def test_a_process_that_takes_memory_faster_than_anybody_looks_has_a_wall() -> None:
    async with transcriber(walls=Walls(memory_mb=4_000, start_s=60, answer_s=60)) as engine:
        with pytest.raises(EngineFailed, match="It ended before it answered"):
            await engine.transcribe(b"clip", "walled memory")


@pytest.mark.parametrize("what", ["stop", "loop"])
async def test_a_hang_ends_in_the_time_there_is(what: str) -> None:
    async with transcriber(walls=Walls(memory_mb=200, start_s=60, answer_s=0.3)) as engine:
        await engine.warm_up()
        with pytest.raises(EngineFailed, match=r"It did not answer in 0\.3 s"):
            await engine.transcribe(b"clip", what)
    async with transcriber() as engine:
        assert (await engine.transcribe(b"clip", "en")).text


async def test_one_that_is_killed_while_idle_is_replaced() -> None:
    async with transcriber() as engine:
        before = said_by(await engine.transcribe(b"clip", "en"))
        os.kill(before, signal.SIGKILL)
        await until_gone(before)
        try:
            heard = await engine.transcribe(b"clip", "en")
        except EngineFailed:  # the loop has not seen yet that it is gone
            heard = await engine.transcribe(b"clip", "en")
        assert said_by(heard) != before


async def test_an_idle_process_gives_its_memory_back() -> None:
    async with transcriber(idle_s=0.01) as engine:
        before = said_by(await engine.transcribe(b"clip", "en"))
        await until_gone(before)
        assert said_by(await engine.transcribe(b"clip", "en")) != before


async def test_as_many_clips_at_once_as_there_are_processes() -> None:
    async with transcriber(workers=2) as engine:
        heard = await asyncio.gather(*(engine.transcribe(b"clip", "en") for _ in range(6)))
        assert 1 <= len({said_by(each) for each in heard}) <= 2


async def test_who_gives_up_waiting_leaves_no_answer_for_the_next() -> None:
    async with transcriber() as engine:
        await engine.warm_up()
        asked = asyncio.ensure_future(engine.transcribe(b"clip", "stop"))
        done, _ = await asyncio.wait([asked], timeout=0.1)
        assert not done
        asked.cancel()
        await asyncio.wait([asked])
        assert (await engine.transcribe(b"other", "en")).text.startswith("5 bytes")


async def test_a_language_that_the_model_lacks_starts_nothing() -> None:
    async with transcriber() as engine:
        with pytest.raises(LanguageMissing, match="does not know the language tlh"):
            await engine.transcribe(b"clip", "tlh")


async def test_a_model_that_cannot_be_loaded_is_not_tried_for_each_clip(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with transcriber(folder="unloadable") as engine:
        with pytest.raises(EngineFailed, match="could not be loaded"):
            await engine.transcribe(b"clip", "en")
        for _ in range(3):
            with pytest.raises(EngineFailed, match="a moment ago"):
                await engine.transcribe(b"clip", "en")
    assert len([record for record in caplog.records if "model_not_loaded" in record.message]) == 1


async def test_nothing_is_heard_after_the_end() -> None:
    async with transcriber() as engine:
        pid = said_by(await engine.transcribe(b"clip", "en"))
        await engine.close()
        await engine.close()
        await until_gone(pid)
        with pytest.raises(EngineFailed):
            await engine.transcribe(b"clip", "en")


def test_a_larger_model_may_take_more_memory() -> None:
    large = Model("large", Path("large"), 3 << 30, LANGUAGES)
    assert memory_mb(large) > 9_000 > memory_mb(Model("tiny", Path("tiny"), 75 << 20, LANGUAGES))
