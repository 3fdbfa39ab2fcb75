from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest

from audio import ogg
from audio.pcm import Pcm
from audio.take import SAMPLE_RATE_HZ
from server.engines import utterances
from server.engines.utterances import FAILURES_MOST, FILES_MS, Utterances, joined
from server.engines.worker import EngineFailed
from tests.support.voices import ToneEngine


class Failing:
    name = "failing"

    def __init__(self) -> None:
        self.asked = self.closed = 0

    async def say(self, _text: str, _language: str) -> Pcm | None:
        self.asked += 1
        raise EngineFailed("it hangs.")

    async def close(self) -> None:
        self.closed += 1


def clock() -> int:
    return 1_000


async def test_a_text_is_said_once_and_its_length_is_known_from_then_on() -> None:
    engine = ToneEngine()
    said = Utterances(engine, clock=clock)

    estimated_ms = said.length_ms("Hello you", "en")
    first, again = await said.said("Hello you", "en"), await said.said("“Hello you”", "en")

    assert first is not None
    assert again is first
    assert engine.asked == ["Hello you"]
    assert estimated_ms > 0
    assert said.length_ms("Hello you", "en") == first.duration_ms
    assert await said.said("Bonjour", "fr") is None
    await said.close()


async def test_what_is_kept_is_bounded_and_nobody_can_read_it() -> None:
    said = Utterances(ToneEngine(), clock=clock, kept_bytes=20_000)

    for number in range(12):
        await said.said(f"word number {number}", "en")

    assert said._size_bytes <= 20_000
    assert len(said._kept) < 12
    assert not any(b"word" in digest for digest in said._kept)


async def test_an_engine_that_fails_again_and_again_is_off_with_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Failing()
    said = Utterances(engine, clock=clock)

    with caplog.at_level(logging.WARNING):
        for _ in range(FAILURES_MOST + 5):
            assert await said.said("Hello", "en") is None

    assert not said.is_on
    assert (engine.asked, engine.closed) == (FAILURES_MOST + 1, 1)
    assert [record.getMessage() for record in caplog.records] == ["speech is off: it hangs."]
    assert said.length_ms("Hello", "en") == 0
    await said.close()


class Picky(ToneEngine):
    """Says no digits, as eSpeak says no more than 20 s of them."""

    async def say(self, text: str, language: str) -> Pcm | None:
        if text.isdigit():
            raise EngineFailed("it talks for ever.")
        return await super().say(text, language)


async def test_what_nobody_can_say_is_not_said_and_the_engine_stays_on() -> None:
    said = Utterances(Picky(), clock=clock)

    for _ in range(FAILURES_MOST * 2):
        assert await said.said("9" * 90, "en") is None

    assert said.is_on
    assert await said.said("Hello", "en") is not None
    await said.close()


async def test_too_many_texts_at_once_are_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterances, "WAITING", 2)
    said = Utterances(ToneEngine(), clock=clock)

    made = await asyncio.gather(*(said.said(f"text {number}", "en") for number in range(5)))

    assert sum(one is not None for one in made) == 2


async def test_a_file_can_be_fetched_for_a_while_by_who_knows_its_name() -> None:
    now_ms = [1_000]
    said = Utterances(ToneEngine(), clock=lambda: now_ms[0])
    tick, words = await said.sound("tick", 600), await said.said("Go on", "en")
    assert words is not None
    both = joined([tick, words])

    name = said.publish(both)

    assert len(name) == 22
    body = said.file(name)
    assert body is not None
    assert ogg.read(body) == [*tick.frames, *words.frames]
    assert (tick.spoken, both.spoken) == (False, True)
    assert said.file("x" * 22) is None
    now_ms[0] += FILES_MS
    assert said.file(name) is None
    said.publish(tick)
    assert len(said._files) == 1


async def test_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterances, "FILES_BYTES", 10_000)
    said = Utterances(ToneEngine(), clock=clock)
    tick = await said.sound("tick", 600)

    names = [said.publish(tick) for _ in range(20)]

    assert said.file(names[0]) is None
    assert said.file(names[-1]) is not None
    assert said._files_bytes <= 10_000


def test_pauses_are_ours() -> None:
    padded = utterances._with_pauses(np.ones(480, dtype=np.float32))

    assert len(padded) == 480 + SAMPLE_RATE_HZ * 400 // 1000
