"""Files as recorders really send them (tests/cases/index.md), through the process that finishes uploads."""

from __future__ import annotations

import contextlib
import functools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import av
import numpy as np
import pytest
import pytest_asyncio

from audio import finish, ogg, opus
from audio.take import Clip, Limits, Packet
from server.takes.finisher import Finisher
from tests.support import speech

CASES = Path(__file__).parent / "cases"
INDEX = CASES / "index.md"
LIMITS = Limits(longest_ms=10_000)
TYPES = {"ogg": "audio/ogg", "webm": "audio/webm", "m4a": "audio/mp4", "mp4": "audio/mp4", "wav": "audio/wav"}
# The clip's length, its onset in the file, and how alike it is to what the third names, at least.
SPEECH, WAVE, ITSELF = "ogg-no-eos.ogg", "wav-ext-oversize.wav", ""
EXPECTED: dict[str, tuple[int, int, str, float]] = {
    "webm-jitter-1ms.webm": (2_690, 380, SPEECH, 0.98),
    "webm-jitter-47-69.webm": (2_690, 380, SPEECH, 0.98),
    "chromium-mp4-opus.mp4": (1_080, 480, ITSELF, 0.97),
    "webm-start-2h.webm": (2_690, 380, SPEECH, 0.98),
    "webm-two-headers.webm": (5_400, 380, ITSELF, 0.97),
    "webm-attachment.webm": (2_690, 380, SPEECH, 0.98),
    "m4a-csd-first.m4a": (2_680, 410, SPEECH, 0.97),
    "m4a-cut-frame.m4a": (2_680, 410, SPEECH, 0.97),
    "m4a-last-frame-cut.m4a": (2_680, 410, SPEECH, 0.97),
    "m4a-mono-then-stereo.m4a": (2_680, 410, SPEECH, 0.97),
    "m4a-stereo-then-mono.m4a": (2_890, 410, ITSELF, 0.95),
    "m4a-moov-last.m4a": (2_680, 410, SPEECH, 0.97),
    "m4a-empty-edit.m4a": (2_690, 380, SPEECH, 0.97),
    "m4a-cover-art.m4a": (2_690, 380, SPEECH, 0.97),
    "m4a-text-track.m4a": (2_690, 380, SPEECH, 0.97),
    "webkit-gtk-recorder.m4a": (3_190, 20, ITSELF, 0.6),  # libav alone leaves the last second out
    "ogg-61s.ogg": (10_000, 390, ITSELF, 0.98),
    "ogg-live-granule-5s.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-missing-page.ogg": (2_690, 380, SPEECH, 0.9),
    "ogg-family1-mono.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-end-trim-1400ms.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-trailing-zeros.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-truncated.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-chained.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-first-granule-short.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-no-eos.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-120ms.ogg": (2_690, 380, SPEECH, 0.98),
    "ogg-page-per-packet.ogg": (2_690, 380, SPEECH, 0.98),
    "wav-antiphase.wav": (1_330, 240, WAVE, 0.98),
    "wav-rf64.wav": (1_330, 240, WAVE, 0.98),
    "wav-float64.wav": (1_330, 240, WAVE, 0.98),
    "wav-ext-oversize.wav": (1_330, 240, WAVE, 0.98),
    "wav-junk-bext-odd.wav": (1_330, 240, WAVE, 0.98),
}
# In test_longest_takes.py and test_quiet_microphones.py.
ELSEWHERE = ("long-18s.webm", "wav-quiet-40dB.wav")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def finisher() -> AsyncIterator[Finisher]:
    made = Finisher()
    await made.start()
    yield made
    await made.close()


@functools.cache
def by_libav(name: str) -> speech.Pcm:
    """Decode a file as any player does: what it cannot read is left out."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=speech.RATE_HZ)
    frames: list[av.AudioFrame] = []
    with av.open(str(CASES / name)) as file:
        for packet in file.demux(audio=0):
            with contextlib.suppress(av.FFmpegError, ValueError):
                frames += [part for frame in packet.decode() for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])


def heard(clip: Clip) -> speech.Pcm:
    packets = [Packet(index * opus.FRAME, packet) for index, packet in enumerate(ogg.read(clip.ogg))]
    return opus.decode(packets, longest=len(packets) * opus.FRAME)


def test_every_file_is_expected_to_give_something_and_is_explained() -> None:
    files = {path.name for path in CASES.iterdir() if path.is_file()} - {INDEX.name}
    explained = re.findall(r"`([\w.-]+)`", INDEX.read_text().partition("|---|---|")[2])
    assert files == {*EXPECTED, *ELSEWHERE}
    assert {path.stem for path in CASES.rglob("*.*")} - {INDEX.stem} <= set(explained)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", list(EXPECTED))
async def test_a_recording_becomes_a_clip_of_all_that_is_in_it(finisher: Finisher, name: str) -> None:
    duration_ms, onset_ms, source, least = EXPECTED[name]

    clip = await finisher.upload((CASES / name).read_bytes(), TYPES[name.rpartition(".")[2]], LIMITS)

    assert abs(clip.duration_ms - duration_ms) <= 30
    assert abs(clip.onset_ms - onset_ms) <= 20
    expected = heard(finish.finish(by_libav(source or name), LIMITS))
    assert speech.envelope_correlation(expected, heard(clip))[0] >= least
