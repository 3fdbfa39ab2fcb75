"""`wonder speech test`, against what `make run` brings."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from audio import ogg
from server import speaking
from server.config import BadSetting, Config
from server.engines import espeak
from server.log.base import Unusable
from tests.support import spoken


@pytest.mark.parametrize(("name", "language"), [("said.wav", "en"), ("said.ogg", "de"), ("", "en")])
async def test_a_text_is_said_into_a_file_and_its_speed_told(
    tmp_path: Path, name: str, language: str
) -> None:
    spoken.need_extra(espeak.WHEEL)
    file = tmp_path / name if name else None

    line = await speaking.report(Config(), "Wonder, 'Wunder'.", file, language)

    assert line.startswith(f"{espeak.source()}: ")
    assert " s said in " in line
    assert line.endswith(f", in {file}" if file else "LUFS")
    if name.endswith("wav"):
        with wave.open(str(file)) as sound:
            assert (sound.getnchannels(), sound.getframerate()) == (1, 48_000)
            assert 0.5 < sound.getnframes() / 48_000 < 5
    elif file:
        assert 25 < len(ogg.read(file.read_bytes())) < 250


@pytest.mark.parametrize(
    ("speech", "text", "file", "language", "error", "why"),
    [
        ("off", "Hello", None, "en", BadSetting, "--speech off"),
        ("auto", "Hello", "said.mp3", "en", BadSetting, "must end in"),
        ("auto", "[]", None, "en", BadSetting, "no word"),
        ("auto", "Bonjour", None, "fr", Unusable, "no voice for the language fr"),
        ("auto", "Hello", "no/such/folder.wav", "en", Unusable, "cannot be written"),
        ("http://127.0.0.1:9/v1/audio/speech", "Hello", None, "en", Unusable, "does not speak"),
    ],
)
async def test_what_cannot_be_said_is_a_sentence(
    tmp_path: Path, speech: str, text: str, file: str | None, language: str, error: type[Exception], why: str
) -> None:
    spoken.need_extra(espeak.WHEEL)
    with pytest.raises(error, match=why):
        await speaking.report(Config(speech=speech), text, tmp_path / file if file else None, language)


async def test_where_nothing_speaks_the_advice_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(espeak, "source", lambda: "")
    with pytest.raises(Unusable, match="make run"):
        await speaking.report(Config(), "Hello", None, "en")
