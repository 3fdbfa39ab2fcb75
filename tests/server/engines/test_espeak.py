from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from audio import loudness
from audio.take import SAMPLE_RATE_HZ
from server.engines import espeak
from server.engines.espeak import Espeak
from server.engines.worker import EngineFailed
from tests.support.programs import need_program


def program(folder: Path, script: str) -> str:
    """Return a program that does what a script says."""
    path = folder / "speaker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_real_program_says_a_text_and_takes_none_for_an_option(language: str) -> None:
    engine = Espeak(need_program("espeak-ng"))

    sound = await engine.say("--help, said a spoon.", language)

    assert sound is not None
    assert 0.5 < len(sound) / SAMPLE_RATE_HZ < 6
    assert loudness.loudness_lufs(sound) == pytest.approx(loudness.TARGET_LUFS, abs=0.6)
    assert await engine.say("Bonjour", "fr") is None
    await engine.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo garbage", "garbage"),
        ("exit 3", "garbage"),
        ("exec sleep 60", "hangs"),
        ("exec yes RIFFGARBAGE", "for ever"),
    ],
)
async def test_a_program_that_does_not_speak_is_found_out(
    tmp_path: Path, script: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "OUTPUT_BYTES", 200_000)
    within_s = 0.3 if why == "hangs" else 20
    with pytest.raises(EngineFailed, match=why):
        await Espeak(program(tmp_path, script), within_s=within_s).say("Hello", "en")


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(EngineFailed, match="not installed"):
        await Espeak("no-such-program").say("Hello", "en")


async def test_the_memory_of_the_program_is_bounded_and_our_secrets_are_not_its(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "WONDER_ADMIN_TOKEN", "secret")
    script = f"cat >/dev/null; ulimit -v >{tmp_path}/limit; env >{tmp_path}/env"
    with pytest.raises(EngineFailed):
        await Espeak(program(tmp_path, script)).say("Hello", "en")

    assert int((tmp_path / "limit").read_text()) * 1024 == espeak.MEMORY_BYTES
    assert "secret" not in (tmp_path / "env").read_text()
