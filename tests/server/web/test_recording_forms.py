from __future__ import annotations

import pytest

from audio import m4a, m4a_stream, ogg, opus
from server.web.recording_forms import M4aForm, OggForm, SoundForm, thinned
from tests.support import long_evening


async def to_m4a(_id: str, clip: bytes) -> bytes:
    return m4a.from_ogg(clip)


@pytest.mark.parametrize(("form", "frame_ms"), [(OggForm(1), 20), (M4aForm(to_m4a), 1024 / 48)])
def test_a_piece_begins_within_half_a_frame_also_after_hours(form: SoundForm, frame_ms: float) -> None:
    for at_ms in (0, 1, 511, 3_600_000, 7_200_013):
        assert abs(form.place(at_ms) * frame_ms - at_ms) <= frame_ms / 2


async def test_a_clip_is_taken_as_it_is_and_for_players_without_opus_as_it_is_transcoded() -> None:
    clip = long_evening.clip(1)
    assert await OggForm(1).frames("a", clip) == ogg.read(clip)
    assert await M4aForm(to_m4a).frames("a", clip) == m4a_stream.frames(m4a.from_ogg(clip))


def test_fragments_count_their_frames() -> None:
    form = M4aForm(to_m4a)
    assert form.write([]) == b""
    assert form.write([form.silence] * 3) == m4a_stream.fragment(1, 0, [form.silence] * 3)
    assert form.write([form.silence]) == m4a_stream.fragment(2, 3, [form.silence])
    assert form.end() == b""


def test_pages_of_ogg_wait_for_the_end() -> None:
    form = OggForm(1)
    body = form.begin() + form.head(40, "", ()) + form.write([opus.silence()] * 2)
    assert ogg.read(body + form.end()) == [opus.silence()] * 2


def test_more_chapters_than_a_form_can_hold_are_thinned_evenly() -> None:
    chapters = [(at, str(at)) for at in range(10)]
    assert thinned(chapters, 10) == chapters
    assert thinned(chapters, 9) == chapters[::2]
    assert len(thinned(chapters, 3)) <= 3
    assert thinned([], 3) == []
