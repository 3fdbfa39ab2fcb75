from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from audio import ogg, opus
from audio.ogg import Caps
from audio.ogg_stream import CHAPTERS_MOST, PRESKIP, Chapter, OggStream, tags
from audio.take import Packet
from tests.support import speech
from tests.support.recorded import recorded

WORDS = opus.encode(speech.white_noise(0.5, -20, 1))


def written(frames: Sequence[bytes], steps: Sequence[int], title: str, chapters: Sequence[Chapter]) -> bytes:
    """Return a stream whose frames were added in steps."""
    stream, at = OggStream(serial=7), 0
    parts = [stream.begin(), stream.head(title, chapters)]
    for step in steps:
        parts.append(stream.add(frames[at : at + step]))
        at += step
    return b"".join([*parts, stream.add(frames[at:]), stream.end()])


@pytest.mark.parametrize("count", [1, 49, 50, 51, 100, 123])
def test_frames_come_out_as_they_went_in_however_they_were_added(count: int) -> None:
    frames = [*WORDS[0], *[opus.silence()] * count][:count]
    found = ogg.read_stream(written(frames, (1, 0, 60), "", ()), Caps(most_packets=200))
    assert (found.packets, found.preskip) == (frames, PRESKIP)
    assert found.samples == count * opus.FRAME - PRESKIP


def test_clips_have_the_preskip_of_the_stream() -> None:
    assert WORDS[1] == PRESKIP


def test_a_clip_sounds_where_its_first_packet_stands() -> None:
    frames, sound = [*[opus.silence()] * 100, *WORDS[0]], speech.white_noise(0.5, -20, 1)
    packets = [Packet(at * opus.FRAME, frame) for at, frame in enumerate(frames)]
    heard = opus.decode(packets, longest=len(frames) * opus.FRAME)[PRESKIP:]
    lags = np.correlate(heard, sound, "valid")
    assert abs(int(np.argmax(lags)) - 100 * opus.FRAME) <= 48


@pytest.mark.parametrize("count", [0, 2, CHAPTERS_MOST])
def test_players_find_title_and_chapters_on_as_many_pages_as_they_need(count: int) -> None:
    name = "Zwölf Regenschirme, und keiner weiß warum: " + "x" * 60
    chapters = [(number * 20, f"{number} {name}") for number in range(count)]
    body = written(WORDS[0], (), "Wonder, 2026", chapters)
    found = recorded(body)
    assert found.title == "Wonder, 2026"
    assert found.chapters == chapters


@pytest.mark.parametrize("title", ["", "x" * (255 * 255 - 16 - 4 - 6), "x" * (255 * 255 - 16 - 4 - 6 - 1)])
def test_a_header_that_just_fills_its_page_is_whole(title: str) -> None:
    body = written(WORDS[0], (), title, ())
    assert ogg.read_stream(body).packets == WORDS[0]


def test_chapters_tell_hours() -> None:
    assert b"CHAPTER001=02:03:04.567" in tags("", [(7_384_567, "Late")])
