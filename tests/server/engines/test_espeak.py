from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from audio import loudness
from audio.take import SAMPLE_RATE_HZ
from server.engines import espeak
from server.engines.espeak import Espeak
from server.engines.open import open_speech
from server.engines.worker import EngineFailed
from tests.support import spoken
from tests.support.programs import need_program

# Something is heard within the first and the last 50 ms.
EDGE, AIR = SAMPLE_RATE_HZ // 20, 0.01


def program(folder: Path, script: str) -> str:
    """Return a program that does what a script says."""
    path = folder / "speaker"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.fixture(params=["wheel", "program"])
def engine(request: pytest.FixtureRequest) -> Espeak:
    """Return the engine as `make run` brings it, and as the program of the system."""
    if request.param == "wheel":
        spoken.need_extra(espeak.WHEEL)
        return Espeak(within_s=30)
    return Espeak(need_program("espeak-ng"), within_s=30)


async def test_it_is_as_loud_as_clips_without_air_and_takes_no_text_for_an_option(engine: Espeak) -> None:
    sounds = {}
    for language in ("en", "de"):
        sound = await engine.say("--help, said a spoon.", language)
        assert sound is not None
        assert 0.5 < len(sound) / SAMPLE_RATE_HZ < 6
        assert loudness.loudness_lufs(sound) == pytest.approx(loudness.TARGET_LUFS, abs=0.6)
        for edge in (sound[:EDGE], sound[-EDGE:]):
            assert np.abs(edge).max() > AIR * np.abs(sound).max()
        sounds[language] = sound

    assert len(sounds["en"]) != len(sounds["de"])  # other letters, another melody
    assert await engine.say("Bonjour", "fr") is None
    await engine.close()


async def test_both_say_a_text_alike() -> None:
    spoken.need_extra(espeak.WHEEL)
    wheel, program = Espeak(within_s=30), Espeak(need_program("espeak-ng"), within_s=30)
    for text, language in (("The word is: marmalade!", "en"), ("Das Wort ist: Größe!", "de")):
        ours, theirs = await wheel.say(text, language), await program.say(text, language)
        assert ours is not None
        assert theirs is not None
        assert len(ours) == pytest.approx(len(theirs), rel=0.1)  # versions differ


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo garbage", "garbage"),
        ("exit 0", "garbage"),
        ("head -c 50000 /dev/zero; exit 3", "status 3"),
        ("kill -9 $$", "status -9"),
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


def test_without_the_wheel_the_program_speaks_and_without_both_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(espeak, "WHEEL", "no_such_wheel")
    (tmp_path / "espeak-ng").symlink_to("/bin/true")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert espeak.source() == f"eSpeak NG, the program {tmp_path}/espeak-ng"
    assert isinstance(open_speech("auto"), Espeak)

    monkeypatch.setenv("PATH", "/no/such/folder")
    assert espeak.source() == ""
    assert open_speech("auto") is None
    assert open_speech("espeak") is not None


def test_a_wheel_without_its_data_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "half_a_wheel"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "libespeak-ng.so").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(espeak, "WHEEL", package.name)
    assert espeak.wheel_library() is None

    (package / "espeak-ng-data").mkdir()
    (package / "espeak-ng-data" / "phondata").touch()
    assert espeak.wheel_library() == package / "libespeak-ng.so"


async def test_a_library_that_is_none_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "wheel_library", lambda: tmp_path / "libespeak-ng.so")
    with pytest.raises(EngineFailed, match="status 1"):
        await Espeak().say("Hello", "en")


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
