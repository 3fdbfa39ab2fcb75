"""The program around the library of eSpeak NG, run as a program by hand and against the real library."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from audio import riff
from server.engines import espeak, espeak_program
from tests.support import spoken


def said(text: bytes, voice: str = "en-us", rate: str = "140", library: Path | None = None) -> bytes:
    """Return what the program writes; raises `CalledProcessError`."""
    spoken.need_extra(espeak.WHEEL)
    library = library or espeak.wheel_library()
    assert library is not None
    command = [sys.executable, "-I", "-S", str(espeak.AROUND_LIBRARY)]
    arguments = [str(library), str(library.parent), voice, rate]
    return subprocess.run(
        [*command, *arguments], input=text, capture_output=True, check=True, timeout=50
    ).stdout


def test_it_writes_a_wav_file_as_long_as_its_text() -> None:
    short, long = (riff.samples(said(text)) for text in (b"Hi.", "One, two, schön — three!".encode()))

    assert {short[1], long[1]} == {22_050}
    assert 0.1 < len(short[0]) / 22_050 < 1.5 < len(long[0]) / 22_050 < 5
    assert len(riff.samples(said(b"One, two, three!", rate="280"))[0]) < 0.8 * len(long[0])


def test_no_text_is_no_sound_and_a_text_without_end_is_cut_off() -> None:
    assert not riff.samples(said(b""))[0].any()
    assert len(said(b"la " * 10_000)) < espeak_program.SOUND_BYTES + 100_000 < espeak.OUTPUT_BYTES + 1


@pytest.mark.parametrize("wrong", ["voice", "library"])
def test_what_is_not_there_ends_it_with_a_status(wrong: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        said(b"Hi", voice="xx-none") if wrong == "voice" else said(b"Hi", library=tmp_path / "none.so")
    assert failed.value.stdout == b""
