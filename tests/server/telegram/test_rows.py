from __future__ import annotations

import pytest

from server.log.base import Projected, Withdrawn
from server.telegram.rows import FIRST_FORM, MOST_MISSED, MOST_PARTS, TOLD, Progress, Rows, told


@pytest.mark.parametrize(
    "how_far", [Progress(0), Progress(7, 3, 2), Progress(2**32, MOST_PARTS, MOST_MISSED)]
)
def test_how_far_a_chat_was_told_is_one_number(how_far: Progress) -> None:
    assert how_far.number < 2**53
    assert told(Projected("wonder", "item", TOLD, how_far.number)) == how_far


def test_what_is_too_much_is_counted_no_further() -> None:
    number = Progress(7, MOST_PARTS + 5, MOST_MISSED + 5).number
    assert told(Projected("wonder", "item", TOLD, number)) == Progress(7, MOST_PARTS, MOST_MISSED)


def test_a_row_of_the_first_form_is_a_seq() -> None:
    assert told(Projected("wonder", "item", FIRST_FORM, 7)) == Progress(7)


def test_what_was_given_waits_until_it_is_stored() -> None:
    rows = Rows()
    rows.put("wonder", "a", Progress(1))
    first = Projected("wonder", "a", TOLD, Progress(1).number)
    assert rows.give() == (first,)
    assert rows.give() == (first,)
    rows.put("wonder", "b", Progress(5))
    rows.stored()
    assert rows.give() == (Projected("wonder", "b", TOLD, Progress(5).number),)


def test_what_changed_while_it_was_stored_is_given_again() -> None:
    rows = Rows()
    rows.put("wonder", "a", Progress(1))
    rows.give()
    rows.put("wonder", "a", Progress(2))
    rows.stored()
    assert rows.give() == (Projected("wonder", "a", TOLD, Progress(2).number),)


def test_only_what_may_be_stored_is_withdrawn() -> None:
    rows = Rows()
    rows.put("wonder", "a", Progress(1))
    rows.withdraw("wonder", "a")
    assert not rows.give()
    rows.found("wonder", "b")
    rows.put("wonder", "c", Progress(1))
    rows.give()  # and then nobody says whether it was stored
    for item in "bc":
        rows.withdraw("wonder", item)
    assert set(rows.give()) == {Withdrawn("wonder", "b"), Withdrawn("wonder", "c")}
    rows.stored()
    rows.withdraw("wonder", "b")
    assert not rows.give()
