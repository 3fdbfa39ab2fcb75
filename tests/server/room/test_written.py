from __future__ import annotations

import pytest

from games.round import AnswerGiven, RevealedTake, RoundJoined, RoundRevealed
from server.room.commands import EXPIRED, Refused, Remove, Say, Suggest, WantTopic
from server.room.events import (
    ClipLanded,
    ClipReported,
    DiceRolled,
    Event,
    Fact,
    TextRemoved,
    TextReported,
    TextSaid,
    TopicSuggested,
)
from server.room.written import TEXTS_KEPT, Written, is_text, newest, with_repeats, with_text, with_written
from tests.support.rooms import ANNA, BELA, PureRoom


def said(seq: int) -> Event:
    return Event(seq, seq - 1, 1, ANNA, "text.said", TextSaid("x"))


def test_the_newest_are_kept_and_cut_when_a_quarter_too_many() -> None:
    kept: dict[int, str] = {}
    for seq in range(1, 3 * TEXTS_KEPT):
        kept = with_text(kept, said(seq))
        assert len(kept) <= TEXTS_KEPT + TEXTS_KEPT // 4
    assert set(kept.values()) == {ANNA.id}
    assert max(kept) == 3 * TEXTS_KEPT - 1
    few = {1: "a"}
    assert newest(few, 5) == few
    assert newest(few, 5) is not few, "folds change nothing that somebody else holds"


def test_what_says_again_what_was_written_is_found_by_it() -> None:
    kept = with_written(with_written({}, said(3), "topic"), said(4), "answer")
    again = with_repeats(kept, {"topic"}, 9)
    assert again == {3: Written("topic", ANNA.id, (9,)), 4: Written("answer", ANNA.id)}
    assert with_repeats(kept, {"nothing"}, 9) is kept


@pytest.mark.parametrize(
    ("fact", "expires"),
    [
        (TextSaid("x"), True),
        (TopicSuggested("t", "x"), True),
        (AnswerGiven("r", 1, "a", "x"), True),
        (RoundJoined("r", "v", "a judge"), True),
        (RoundRevealed("r", (RevealedTake("a", "v", 1, text="x", written=True),)), True),
        (ClipReported("c", "rude", "x"), True),
        (TextReported(3, "rude", "x"), True),
        (TextReported(3, "rude"), False),
        (RoundJoined("r", "v"), False),
        (RoundRevealed("r", (RevealedTake("c", "v", 1, text="x"),)), False),  # it goes with its clip
        (DiceRolled("1d6", (3,), 3), False),
        (ClipLanded("c", 1, 0, 0, -16.0, ()), False),
    ],
    ids=lambda value: value.kind if isinstance(value, Fact) else "",
)
def test_what_expires_as_text_is_all_that_a_visitor_wrote(fact: Fact, expires: bool) -> None:
    assert is_text(fact) is expires


def refusal(room: PureRoom, command: Remove) -> str:
    """Return the code with which the room itself is refused."""
    with pytest.raises(Refused) as refused:
        room.do(command)
    return refused.value.code


def asked(room: PureRoom) -> str:
    """Return what the running round is about."""
    prompt = room.state.round.prompt if room.state.round else None
    return prompt.text if prompt else ""


def test_a_text_of_which_the_room_knows_nothing_any_more_expires_all_the_same() -> None:
    room = PureRoom()
    room.do(Say("the first line"), ANNA)
    first = room.state.head
    for number in range(TEXTS_KEPT + TEXTS_KEPT // 4):
        room.do(Say(f"line {number}"), BELA)
    assert first not in room.state.texts
    assert refusal(room, Remove("", "moderated", seq=first)) == "no_such_text"
    assert room.do(Remove("", EXPIRED, seq=first)) == [TextRemoved(first, EXPIRED)]
    assert "the first line" not in str(room.events)
    for nothing in (0, 1, room.state.head + 1):
        assert refusal(room, Remove("", EXPIRED, seq=nothing)) == "no_such_text"


def test_a_topic_that_a_round_is_about_expires_when_that_is_over() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id, BELA.id)
    room.do(Suggest("two left socks"), ANNA)
    seq = room.state.head
    room.do(WantTopic(), ANNA)
    room.do(WantTopic(), BELA)
    for _ in range(20):
        if asked(room) == "two left socks":
            break
        room.pass_time()
    assert refusal(room, Remove("", EXPIRED, seq=seq)) == "too_fast"
    for _ in range(40):
        if asked(room) != "two left socks":
            break
        room.pass_time()
    assert room.do(Remove("", EXPIRED, seq=seq)) == [TextRemoved(seq, EXPIRED)]
    assert "left socks" not in str(room.events)
