from __future__ import annotations

import msgspec
import pytest

from games.round import Prompt
from server.room.commands import Say
from server.room.events import (
    Draft,
    Erased,
    Event,
    RoomChanged,
    TextSaid,
    TopicSuggested,
    TopicThrown,
    Voice,
    numbered,
)
from server.room.state import PROMPTS_REMEMBERED, TEXTS_KEPT, VOICES_KEPT, apply
from tests.support.golden import FOLDER, SCENES, expected, folded
from tests.support.rooms import ANNA, PureRoom


@pytest.mark.parametrize("name", SCENES)
def test_a_golden_log_folds_to_its_state(name: str) -> None:
    *log, last = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()

    assert expected(folded(log)) == msgspec.json.decode(last)["state"]
    assert [msgspec.json.decode(line)["seq"] for line in log] == list(range(1, len(log) + 1))


def test_what_is_not_known_leaves_the_state_but_for_its_head() -> None:
    state = PureRoom().state

    after = apply(state, Event(9, 1, 5, None, "moon.risen", Erased()))

    assert after == msgspec.structs.replace(state, head=9)


def test_folding_changes_nothing_in_the_state_before() -> None:
    room = PureRoom()
    room.land("c1", ANNA)
    before = room.state
    copy = msgspec.json.encode(before)

    room.land("c2", ANNA)
    room.do(Say("hi"), ANNA)

    assert msgspec.json.encode(before) == copy


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
