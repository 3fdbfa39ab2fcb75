from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.engines import speech_url
from server.engines.speech_url import SpeechUrl
from server.engines.worker import EngineFailed
from tests.support import riff

TONE = (np.sin(np.arange(16_000) * 0.2) * 9_000).astype("<i2").tobytes()
WAV = riff.file(riff.form(riff.PCM, 16), TONE)
Answer = Callable[[], web.Response]


@asynccontextmanager
async def speaking(answer: Answer, *, within_s: float = 20) -> AsyncIterator[tuple[SpeechUrl, list[object]]]:
    """Open a server of the form and an engine that asks it."""
    asked: list[object] = []

    async def speak(request: web.Request) -> web.Response:
        asked.append(await request.json())
        return answer()

    app = web.Application()
    app.router.add_post("/v1/audio/speech", speak)
    async with TestServer(app) as server:
        engine = SpeechUrl(str(server.make_url("/v1/audio/speech")), within_s=within_s)
        yield engine, asked
        await engine.close()
        await engine.close()


async def test_a_server_is_asked_for_wav_and_its_sound_is_taken() -> None:
    async with speaking(lambda: web.Response(body=WAV)) as (engine, asked):
        sound = await engine.say("Hello", "en")

    assert sound is not None
    assert len(sound) > 10_000
    assert asked == [{"model": "tts-1", "voice": "alloy", "input": "Hello", "response_format": "wav"}]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: web.Response(status=500), "500"),
        (lambda: web.Response(status=302, headers={"Location": "/elsewhere"}), "302"),
        (lambda: web.Response(body=b"garbage"), "garbage"),
        (lambda: web.Response(body=bytes(50_000)), "for ever"),
    ],
)
async def test_a_server_that_does_not_speak_is_found_out(
    answer: Answer, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech_url, "ANSWER_BYTES", 40_000)
    async with speaking(answer) as (engine, _):
        with pytest.raises(EngineFailed, match=why):
            await engine.say("Hello", "en")


async def test_a_server_that_is_not_there_is_found_out() -> None:
    engine = SpeechUrl("http://127.0.0.1:9/v1/audio/speech")
    with pytest.raises(EngineFailed, match="does not answer"):
        await engine.say("Hello", "en")
    await engine.close()
