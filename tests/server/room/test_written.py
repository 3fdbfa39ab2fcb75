from __future__ import annotations

from server.room.events import Event, TextSaid
from server.room.written import TEXTS_KEPT, Written, newest, with_repeats, with_text, with_written
from tests.support.rooms import ANNA


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
