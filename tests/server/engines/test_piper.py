from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from audio import loudness
from audio.take import SAMPLE_RATE_HZ
from server.engines.piper import Piper
from server.engines.worker import EngineFailed
from tests.support.spoken import piper_voice

STUB = "tests.support.piper_stub"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en_US-stub-medium.onnx").touch()
    return tmp_path


async def test_texts_are_said_by_one_process_one_after_the_other(folder: Path) -> None:
    engine = Piper(folder, module=STUB, within_s=30)
    sounds = await asyncio.gather(*(engine.say(text, "en") for text in ("one", "two\nlines", "pid")))
    again = await engine.say("pid", "en")
    await engine.close()
    await engine.close()

    lengths = [len(sound) for sound in sounds if sound is not None]
    assert len(lengths) == 3
    assert again is not None
    assert len(again) == lengths[2]  # its length tells which process said it
    assert all(length > SAMPLE_RATE_HZ // 20 for length in lengths)
    assert await engine.say("Hallo", "de") is None


@pytest.mark.parametrize(("text", "why"), [("hang", "hangs"), ("crash", "ended"), ("garbage", "garbage")])
async def test_a_process_that_fails_is_replaced_by_the_next_text(folder: Path, text: str, why: str) -> None:
    engine = Piper(folder, module=STUB, within_s=30)
    assert await engine.say("well", "en") is not None
    engine._within_s = 0.3 if text == "hang" else 30

    with pytest.raises(EngineFailed, match=why):
        await engine.say(text, "en")

    engine._within_s = 30
    assert await engine.say("well", "en") is not None
    await engine.close()


async def test_the_real_program_says_a_text() -> None:
    engine = Piper(piper_voice().parent, within_s=60)

    sound = await engine.say("Say a sentence a spoon would say.", "en")
    await engine.close()

    assert sound is not None
    assert 1.0 < len(sound) / SAMPLE_RATE_HZ < 4.0
    assert loudness.loudness_lufs(sound) == pytest.approx(loudness.TARGET_LUFS, abs=0.6)


async def test_a_folder_without_voices_is_told(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="no voice"):
        await Piper(tmp_path).say("Hello", "en")
