from __future__ import annotations

import msgspec
import pytest
from msgspec.structs import replace

from games.round import Prompt
from server.room.commands import Caption, Forget, Land, Report, RoundStart, Say
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    Draft,
    Erased,
    Event,
    RoomChanged,
    TextSaid,
    TopicSuggested,
    TopicThrown,
    Voice,
    VoiceMuted,
    encode,
    numbered,
)
from server.room.filed import FiledClip
from server.room.state import PROMPTS_REMEMBERED, VOICES_KEPT, apply, whole
from server.room.written import TEXTS_KEPT
from tests.support.golden import FOLDER, LOGS, folded, shared
from tests.support.rooms import ANNA, BELA, PureRoom


@pytest.mark.parametrize("name", LOGS)
def test_a_golden_log_folds_to_its_state(name: str) -> None:
    *log, last = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()

    assert shared(folded(log)) == msgspec.json.decode(last)["state"]
    assert [msgspec.json.decode(line)["seq"] for line in log] == list(range(1, len(log) + 1))


def test_what_is_not_known_leaves_the_state_but_for_its_head() -> None:
    state = PureRoom().state

    after = apply(state, Event(9, 1, 5, None, "moon.risen", Erased()))

    assert after == replace(state, head=9)


def test_folding_changes_nothing_in_the_state_before() -> None:
    room = PureRoom()
    room.land("c1", ANNA)
    before = room.state
    copy = repr(before)

    room.land("c2", ANNA)
    room.do(Say("hi"), ANNA)

    assert repr(before) == copy


def test_a_room_changes_only_what_is_said() -> None:
    state = PureRoom("topic").state

    after = apply(state, numbered(Draft(RoomChanged(theme="Rain"), 5), 2, 1))

    assert (after.theme, after.name, after.kind) == ("Rain", state.name, "topic")


def test_the_room_remembers_a_bounded_number_of_texts() -> None:
    state = PureRoom().state
    for seq in range(2, 3 * TEXTS_KEPT):
        state = apply(state, numbered(Draft(TextSaid("x"), 1, ANNA), seq, seq - 1))

    assert TEXTS_KEPT <= len(state.texts) <= TEXTS_KEPT * 5 // 4
    assert max(state.texts) == 3 * TEXTS_KEPT - 1


def test_what_a_round_may_still_ask_for_stays_whole_however_many_land() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)
    round_ = room.turn().round
    room.land("asked", ANNA)
    for number in range(1_000):
        room.do(Land(ClipLanded(f"later{number}", 900, 0, 0, -16.0, ())), BELA)

    assert (room.state.clips.whole["asked"].round, len(room.state.clips)) == (round_, 1_001)
    assert "later0" not in room.state.clips.whole
    assert isinstance(room.state.clips["later0"], FiledClip)


def test_a_filed_clip_is_told_whole_again_by_its_events() -> None:
    room = PureRoom()
    room.land("old", ANNA)
    room.do(Caption(ClipCaptioned("old", "hello", "en")))
    before = room.state.clips.whole["old"]
    for number in range(1_000):
        room.land(f"later{number}", BELA)
    filed = room.state.clips["old"]
    assert isinstance(filed, FiledClip)

    told = [room.events[seq - 1] for seq in (filed.seq, filed.caption_seq or 0)]

    assert whole("old", told) == before
    room.do(Report("old", "spam", "it says hello"), BELA)
    room.do(Forget("old"), ANNA)
    assert "old" not in room.state.clips
    assert b"hello" not in b"".join(map(encode, room.events))
    assert whole("old", [room.events[filed.seq - 1]]) is None


def test_mutes_that_are_over_are_forgotten() -> None:
    state = PureRoom().state
    for number in range(1, 50):
        muted = Draft(VoiceMuted(f"v{number}", number * 10 + 25), number * 10)
        state = apply(state, numbered(muted, state.head + 1, state.head))
    assert state.muted == {"v48": 505, "v49": 515, "v47": 495}


def test_a_clip_that_was_hidden_in_its_round_is_told_whole_again_too() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("mind_meld"), ANNA)
    for voice in (ANNA, BELA):
        room.now_ms = room.turn().go_at_ms
        room.land(f"clip of {voice.id}", voice)
        room.do(Caption(ClipCaptioned(f"clip of {voice.id}", f"{voice.id} says", "en")))
    before = room.state.clips.whole[f"clip of {ANNA.id}"]
    assert before.reveal_seq is not None
    for game in ("word_association", "word_association"):
        while room.state.round is not None:
            room.pass_time()
        room.do(RoundStart(game), ANNA)
    before = replace(before, repeats=room.state.clips.whole[before.clip].repeats)
    for number in range(1_000):
        room.do(Land(ClipLanded(f"later{number}", 900, 0, 0, -16.0, ())), BELA)

    filed = room.state.clips[before.clip]

    assert isinstance(filed, FiledClip)
    seqs = sorted({filed.seq, filed.caption_seq or 0, filed.reveal_seq or 0})
    told = whole(before.clip, [room.events[seq - 1] for seq in seqs])
    assert told == replace(before, repeats=(), asked_seq=None)
    assert (filed.repeats, filed.asked_seq) == (before.repeats, before.asked_seq)


def test_the_room_remembers_a_bounded_number_of_voices_the_newest_among_them() -> None:
    state = PureRoom().state
    for seq in range(2, 3 * VOICES_KEPT):
        said = Draft(TextSaid("x"), 1, Voice(f"v{seq}", "A B", "#000000"))
        state = apply(state, numbered(said, seq, 1))

    assert VOICES_KEPT <= len(state.voices) <= VOICES_KEPT * 5 // 4
    assert list(state.voices)[-1] == f"v{3 * VOICES_KEPT - 1}"


def test_the_room_remembers_a_bounded_number_of_topics_that_were_written_or_thrown() -> None:
    state = PureRoom().state
    for seq in range(2, 3 * TEXTS_KEPT, 2):
        topic = f"t{seq}"
        suggested = Draft(TopicSuggested(topic, "Two left socks"), 1, ANNA)
        thrown = Draft(TopicThrown(Prompt(topic, "Two left socks")), 1)
        state = apply(state, numbered(suggested, seq, 1))
        state = apply(state, numbered(thrown, seq + 1, 1))

    assert TEXTS_KEPT <= len(state.written) <= TEXTS_KEPT * 5 // 4
    assert max(state.written) == 3 * TEXTS_KEPT - 2
    assert state.suggestions == {}
    assert len(state.thrown) == PROMPTS_REMEMBERED
    assert state.thrown[-1] == topic
