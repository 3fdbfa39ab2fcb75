"""Reports: who they count for, when they hide, and what is decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from server.room.commands import (
    Caption,
    Command,
    Hide,
    Oversee,
    Refused,
    Remove,
    Report,
    Restore,
    Say,
    Suggest,
)
from server.room.decide import erasures
from server.room.events import (
    ClipCaptioned,
    ClipHidden,
    ClipRemoved,
    ClipReported,
    ClipRestored,
    Fact,
    TextHidden,
    TextRemoved,
    TextRestored,
    Voice,
)
from server.room.view import is_hidden
from server.room.written import TEXTS_KEPT
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


def heard() -> PureRoom:
    room = PureRoom()
    room.land("clip", ANNA)
    return room


def hidden(facts: list[Fact]) -> bool:
    return any(isinstance(fact, ClipHidden | TextHidden) for fact in facts)


def refusal(room: PureRoom, command: Command, by: Voice | None) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def report_all(room: PureRoom) -> bool:
    facts = [hidden(room.do(Report("clip", "rude"), voice)) for voice in (BELA, CLEO, DORA)]
    return facts == [False, False, True]


def test_three_who_report_a_clip_hide_it_from_all_but_its_speaker_and_by_nobody() -> None:
    room = heard()

    assert report_all(room)
    assert room.events[-1].by is None
    assert is_hidden(room.state, "clip", None)
    assert is_hidden(room.state, "clip", BELA.id)
    assert not is_hidden(room.state, "clip", ANNA.id)


def test_words_that_come_while_a_clip_is_hidden_are_told_when_it_is_restored() -> None:
    room, words = heard(), ClipCaptioned("clip", "hat", "en", words=(("hat", 0, 200),))
    room.do(Oversee(Hide("clip")), None)
    (told,) = room.do(Caption(words), None)
    restored = room.do(Restore("clip"), None)
    again = room.do(Oversee(Hide("clip")), None), room.do(Restore("clip"), None)

    assert told == replace(words, hidden=True)
    assert restored == [ClipRestored("clip"), words]
    assert again[1] == [ClipRestored("clip")], "they are known by now"
    assert {event.seq for event in room.events if isinstance(event.data, ClipCaptioned)} <= {
        *erasures(room.state, [ClipRemoved("clip")])[0]
    }


def test_one_who_reports_again_and_again_counts_once() -> None:
    room = heard()
    assert not any(hidden(room.do(Report("clip", "rude"), BELA)) for _ in range(9))


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30))
def test_ten_keys_of_one_network_never_hide_anything_in_a_public_room(steps: list[tuple[int, bool]]) -> None:
    room = heard()
    keys = [Voice(f"key-{i}", "Odd", "#000000") for i in range(10)]
    room.networks = {voice.id: "one" for voice in keys} | {BELA.id: "two"}
    for at, friend in steps:
        assert not hidden(room.do(Report("clip", "rude"), BELA if friend else keys[at]))


def test_who_was_not_believed_has_had_their_say() -> None:
    room = heard()
    assert report_all(room)
    assert room.do(Restore("clip")) == [ClipRestored("clip")]
    assert room.do(Restore("clip")) == []
    assert not is_hidden(room.state, "clip", None)

    assert not any(hidden(room.do(Report("clip", "rude"), voice)) for voice in (BELA, CLEO, DORA))


def test_texts_and_topics_are_reported_by_the_seq_of_their_events() -> None:
    room = PureRoom()
    room.do(Say("hello"), ANNA)
    line = room.state.head
    room.do(Suggest("Two left socks"), ANNA)
    topic = room.state.head
    for seq in (line, topic):
        for voice in (BELA, CLEO, DORA):
            facts = room.do(Report("", "rude", seq=seq), voice)
        assert facts[1] == TextHidden(seq)
    assert room.do(Restore(seq=line)) == [TextRestored(line)]
    (suggested,) = room.state.suggestions
    assert room.do(Remove("", "moderated", topic=suggested)) == [TextRemoved(topic, "moderated")]
    assert not room.state.governed.withheld
    assert not room.state.suggestions
    assert refusal(room, Report("", "rude", seq=topic), BELA) == "no_such_text"
    assert refusal(room, Remove("", "moderated", seq=topic), None) == "no_such_text"
    assert refusal(room, Report("", "rude", seq=1), BELA) == "no_such_text"


def test_what_is_removed_takes_its_reports_along() -> None:
    room = heard()
    report_all(room)
    reports = room.state.governed.reports["clip"].seqs
    before = room.state
    facts = room.do(Remove("clip", "moderated"))

    assert facts == [ClipRemoved("clip", "moderated")]
    assert set(reports) <= set(erasures(before, facts)[0])
    assert not any(isinstance(event.data, ClipReported) for event in room.events)
    assert not room.state.governed.reports
    assert not room.state.governed.withheld


def test_the_admin_hides_what_was_let_stay() -> None:
    room = heard()
    assert room.do(Hide("clip")) == [ClipHidden("clip")]
    assert room.do(Hide("clip")) == []
    assert refusal(room, Hide("clip"), ANNA) == "not_allowed"
    assert refusal(room, Hide("nothing"), None) == "no_such_clip"


def test_nothing_is_to_be_decided_about_what_nobody_reported() -> None:
    assert heard().do(Restore("clip")) == []


def test_an_old_text_that_waits_for_a_decision_can_be_decided_about_however_much_was_written_since() -> None:
    for decision in ("restore", "remove"):
        room = PureRoom()
        room.do(Say("rude"), ANNA)
        seq = room.state.head
        room.do(Hide(seq=seq))
        for _ in range(2 * TEXTS_KEPT):
            room.do(Say("fine"), BELA)
        assert seq not in room.state.texts
        room.do(Restore(seq=seq) if decision == "restore" else Remove("", "moderated", seq))
        assert not room.state.governed.withheld
        assert ("rude" in str(room.events)) == (decision == "restore")
