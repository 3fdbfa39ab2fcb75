"""Previews are few, small, and gone in time."""

from __future__ import annotations

from audio.take import Clip
from server.previews import PREVIEW_MS, Preview, Previews, Timing
from server.room.events import Voice
from tests.support.media import ANNA, BELA, Clock


def added(previews: Previews, voice: Voice, *, room: str = "calm", size_bytes: int = 10) -> Preview:
    clip = Clip(b"x" * size_bytes, 900, 300, 0, -16.0, -2.0, (50,) * 64)
    return previews.add(room, voice, clip, "webrtc", Timing())


def test_a_voice_has_one_preview_in_a_room() -> None:
    previews = Previews(Clock())
    first, other, elsewhere = (
        added(previews, ANNA),
        added(previews, BELA),
        added(previews, ANNA, room="mild"),
    )
    second = added(previews, ANNA)
    assert previews.get(first.id) is None
    assert [previews.get(each.id) for each in (other, elsewhere, second)] == [other, elsewhere, second]


def test_a_preview_ends_with_its_minute() -> None:
    clock = Clock()
    previews = Previews(clock)
    made = added(previews, ANNA)
    clock.ms += PREVIEW_MS - 1
    assert previews.get(made.id) == made
    clock.ms += 1
    assert previews.get(made.id) is None
    added(previews, BELA)
    assert len(previews) == 1


def test_too_many_bytes_push_the_eldest_out() -> None:
    previews = Previews(Clock(), size_bytes=25)
    made = [added(previews, ANNA, room=f"calm-{number}") for number in range(3)]
    assert [previews.get(each.id) is not None for each in made] == [False, True, True]
    previews.pop(made[2].id)
    previews.pop(made[2].id)
    assert len(previews) == 1
