"""The clips of a room behave as a dictionary in the order of landing, however many were filed away."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from server.room import clips as clips_module
from server.room import filed as filed_module
from server.room.clips import NO_CLIPS, Clip, ClipRef, Clips
from server.room.events import Voice
from server.room.filed import FiledClip

VOICES = [Voice(f"voice{i}", f"Name {i}", "#fff") for i in range(3)]


def ref(number: int, by: Voice | None = VOICES[0], *, hidden: bool = False) -> ClipRef:
    measured = (900, 100, 0, -16.0, (50,) * 64, False, "webrtc", None, None, None)
    return ClipRef(f"clip{number}", number + 2, 1_000 + number, by, *measured, hidden=hidden)  # type: ignore[arg-type]


def bare(clip: Clip) -> FiledClip:
    """Return what is known of a clip wherever it is kept."""
    return clip.filed() if isinstance(clip, ClipRef) else clip


def landed(number: int) -> Clips:
    clips = NO_CLIPS
    for i in range(number):
        clips = clips.with_clip(ref(i, VOICES[i % 3])).with_old_filed(lambda clip: clip.hidden)
    return clips


def small(patch: pytest.MonkeyPatch) -> None:
    """File early, in small segments and runs, so that a test meets all of them."""
    patch.setattr(clips_module, "WHOLE_CLIPS", 4)
    patch.setattr(clips_module, "FILED_TOGETHER", 2)
    patch.setattr(clips_module, "CHOICES_TRIED", 16)
    patch.setattr(filed_module, "SEGMENT_ROWS", 5)
    patch.setattr(filed_module, "RUN_ENTRIES", 24)


class ClipsMachine(RuleBasedStateMachine):
    """Does anything to clips and to a dictionary, and compares them."""

    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        small(self.patch)
        self.clips, self.model = NO_CLIPS, dict[str, Clip]()
        self.needed: set[str] = set()
        self.made = 0

    @initialize(target=ids)
    def begin(self) -> str:
        return "none"

    @rule(target=ids, by=st.sampled_from([*VOICES, None]), hidden=st.booleans(), needed=st.booleans())
    def land(self, by: Voice | None, hidden: bool, needed: bool) -> str:
        clip = ref(self.made, by, hidden=hidden and needed)
        self.made += 1
        self.needed |= {clip.clip} if needed else set()
        self.model[clip.clip] = clip
        is_needed = lambda known: known.hidden or known.clip in self.needed  # noqa: E731
        self.clips = self.clips.with_clip(clip).with_old_filed(is_needed)
        return clip.clip

    @rule(number=st.integers(5, 20))
    def land_many(self, number: int) -> None:
        for _ in range(number):
            self.land(VOICES[self.made % 3], hidden=False, needed=False)

    @rule(clip=ids)
    def need_no_more(self, clip: str) -> None:
        self.needed.discard(clip)

    @rule(clip=ids)
    def caption(self, clip: str) -> None:
        if known := self.model.get(clip):
            before = () if known.caption_seq is None else (known.caption_seq,)
            self.model[clip] = replace(known, caption_seq=7, repeats=(*known.repeats, *before))
        self.clips = self.clips.captioned(clip, "words", 7)

    @rule(clip=ids, seq=st.integers(1, 10**9))
    def repeat(self, clip: str, seq: int) -> None:
        if known := self.model.get(clip):
            self.model[clip] = replace(known, repeats=(*known.repeats, seq))
        self.clips = self.clips.repeated(clip, seq)

    @rule(clip=ids)
    def reveal(self, clip: str) -> None:
        if isinstance(known := self.model.get(clip), ClipRef):
            self.model[clip] = replace(known, hidden=False, reveal_seq=8)
        self.clips = self.clips.revealed(clip, 8)

    @rule(clip=ids)
    def remove(self, clip: str) -> None:
        self.model.pop(clip, None)
        before = self.clips
        self.clips = before.without(clip)
        assert clip not in self.clips

    @rule(number=st.integers(0, 200))
    def expire(self, number: int) -> None:
        for known in list(self.clips.landed_before(1_000 + number)):
            self.remove(known.clip)
        assert all(known.at_ms > 1_000 + number for known in self.model.values())

    @rule(seed=st.integers(0, 9))
    def choose(self, seed: int) -> None:
        passed = set(list(self.model)[::2])
        wanted = {known.clip for known in self.model.values() if not known.hidden} - passed
        chosen = self.clips.choice(Random(seed), passed)
        assert chosen is None or chosen.clip in wanted
        assert chosen is not None or not wanted or len(self.model) > 16

    @invariant()
    def agree(self) -> None:
        clips, model = self.clips, self.model
        assert len(clips) == len(model) == len(list(clips))
        assert {id_: bare(clip) for id_, clip in clips.items()} == {i: bare(c) for i, c in model.items()}
        assert all(bare(clips[id_]) == bare(clip) and id_ in clips for id_, clip in model.items())
        assert [clip.clip for clip in clips.values()] == list(clips)
        oldest_ms = clips.oldest_ms()
        assert (oldest_ms is None) == (not model)
        assert oldest_ms is None or oldest_ms <= min(clip.at_ms for clip in model.values())
        assert "none" not in clips
        assert [clip.clip for clip in clips.newest()] == list(clips)[::-1]
        for voice in (*VOICES, None):
            id_ = voice.id if voice else ""
            assert {clip.clip for clip in clips.of_voice(id_)} == {
                clip.clip for clip in model.values() if clip.voice == id_
            }
        hidden = [clip.clip for clip in model.values() if clip.hidden or clip.clip in self.needed]
        assert len(clips.whole) <= 4 + 2 * 2 + len(hidden)

    @invariant()
    def nothing_is_left_of_what_went(self) -> None:
        filed = self.clips.filed
        rows = b"".join(segment.rows for segment in filed.segments)
        assert rows.count(b"clip") == filed.live == sum(segment.live for segment in filed.segments)
        assert all(segment.live for segment in filed.segments)
        assert all(run.end > filed.first for run in filed.runs)

    def teardown(self) -> None:
        self.patch.undo()


ClipsMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestClipsMachine = ClipsMachine.TestCase


def test_a_change_leaves_the_clips_before_as_they_were() -> None:
    before = landed(2_000)
    known = {id_: bare(clip) for id_, clip in before.items()}
    after = before.without("clip7").captioned("clip8", "words", 99).repeated("clip1999", 98)
    assert {id_: bare(clip) for id_, clip in before.items()} == known
    assert (before["clip8"].caption_seq, after["clip8"].caption_seq) == (None, 99)
    assert "clip7" in before
    assert "clip7" not in after


def test_a_clip_that_lands_again_is_there_once() -> None:
    again = ref(7, VOICES[2])
    clips = landed(2_000).landed(again)
    assert len(clips) == 2_000
    assert clips["clip7"] is again
    assert "clip7" not in clips.without("clip7")


def test_a_change_to_an_old_clip_shares_all_but_its_segment() -> None:
    before = landed(5_000)
    after = before.without("clip70")
    others = [new is old for old, new in zip(before.filed.segments, after.filed.segments, strict=True)]
    assert others.count(False) == 1
    assert after.whole is before.whole
    assert after.filed.runs is before.filed.runs
