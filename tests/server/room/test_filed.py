"""Old clips are filed in segments and runs that stay few, small, and clean of what was removed."""

from __future__ import annotations

import pytest

from server.room import clips as clips_module
from server.room import filed as filed_module
from server.room.clips import NO_CLIPS
from server.room.filed import NOTHING, FiledClip
from tests.server.room.test_clips import landed, ref, small


def test_the_index_is_a_few_runs_in_a_room_of_any_age() -> None:
    clips = landed(20_000)
    assert len(clips.filed.runs) <= 8
    assert len(clips.whole) < clips_module.WHOLE_CLIPS + clips_module.FILED_TOGETHER
    newest = [clip.clip for clip, _ in zip(clips.newest(), range(1_000), strict=False)]
    assert newest == [f"clip{i}" for i in range(19_999, 18_999, -1)]


def test_what_expires_as_it_comes_leaves_nothing_behind() -> None:
    clips = NO_CLIPS
    for i in range(12_000):
        clips = clips.with_clip(ref(i)).with_old_filed(lambda clip: clip.hidden)
        clips = clips.without(f"clip{i - 1_000}")
    assert len(clips) == 1_000
    assert len(clips.filed.segments) <= 3
    assert sum(len(run.entries) for run in clips.filed.runs) <= 16 * 8_000


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    monkeypatch.setattr(filed_module, "_clip_hash", lambda _: 5)
    clips = landed(40).without("clip3")
    assert "clip3" not in clips
    assert all(clips[f"clip{i}"].clip == f"clip{i}" for i in range(40) if i != 3)


def test_a_row_that_is_removed_leaves_no_byte() -> None:
    clips = [FiledClip(f"clip-{i}-mark", i, 5, f"voice-{i}-mark") for i in range(20)]
    left = NOTHING.with_clips(clips).without("clip-7-mark")
    rows = b"".join(segment.rows for segment in left.segments)
    assert b"-7-mark" not in rows
    assert rows.count(b"-mark") == 2 * 19


def test_a_row_that_grows_moves_no_other() -> None:
    clips = [FiledClip(f"clip{i}", i, 5, "v") for i in range(600)]
    filed = NOTHING.with_clips(clips)
    for seq in range(50):
        known = filed.get("clip300")
        assert known
        filed = filed.with_clip(FiledClip("clip300", 300, 5, "v", 9, None, (*known.repeats, seq)))
    assert list(filed.clips()) == [
        *clips[:300],
        FiledClip("clip300", 300, 5, "v", 9, None, tuple(range(50))),
        *clips[301:],
    ]
