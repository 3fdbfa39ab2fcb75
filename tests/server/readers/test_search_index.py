"""The index of words: what it finds, what it forgets, and what becomes of it when it is damaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from server.readers.search_index import SearchIndex, words_of


@pytest.fixture(params=["memory", "file"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SearchIndex]:
    made = SearchIndex(None if request.param == "memory" else tmp_path / "search.db")
    yield made
    made.close()
    made.close()


def test_all_words_are_wanted_and_the_last_may_go_on(index: SearchIndex) -> None:
    index.put("r", "1", "A wet umbrella")
    index.put("r", "clip-0001", "Über den nassen Umbau")
    index.put("other", "1", "A wet umbrella")

    assert index.find("r", "um", 10) == ["clip-0001", "1"]
    assert index.find("r", "umbrella WET", 10) == ["1"]
    assert index.find("r", "wet dry", 10) == []
    assert index.find("r", "we umbrella", 10) == []  # only the last may go on
    assert index.find("r", "uber", 10) == ["clip-0001"]
    assert index.find("nowhere", "um", 10) == []


@pytest.mark.parametrize(
    "query", ['"', "a OR b", "room:r", "NEAR(a b)", "-a", "a*", "'; DROP TABLE item", "^a", "🌍"]
)
def test_nothing_in_a_query_is_an_operator(index: SearchIndex, query: str) -> None:
    index.put("r", "1", "something else")
    assert index.find("r", query, 10) == []


def test_a_line_alone_is_no_word(index: SearchIndex) -> None:
    index.put("r", "1", "something_else")
    assert index.find("r", "something _", 10) == ["1"]
    assert index.find("r", "_ something_else", 10) == ["1"]
    assert index.find("r", "__", 10) == []


def test_pages_are_of_the_newest(index: SearchIndex) -> None:
    for number in range(7):
        index.put("r", str(number), "rain")
    assert index.find("r", "rain", 3) == ["6", "5", "4"]
    assert index.find("r", "rain", 3, skipped=3) == ["3", "2", "1"]


def test_what_is_put_again_replaces_and_what_is_dropped_is_gone(index: SearchIndex) -> None:
    index.put("r", "1", "rain")
    index.put("r", "1", "wind")
    assert (index.find("r", "rain", 9), index.find("r", "wind", 9)) == ([], ["1"])
    index.drop("r", "1")
    index.drop("r", "1")
    assert index.find("r", "wind", 9) == []
    assert index.is_unclean
    index.clean()
    assert not index.is_unclean


def test_no_byte_of_what_was_dropped_is_left_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    index = SearchIndex(path)
    for number in range(400):
        index.put("room-secret", str(number), f"quuxword{number} said {number} times")
    for number in range(0, 400, 2):
        index.drop("room-secret", str(number))
    index.clean()
    assert index.find("room-secret", "quuxword1", 3) != []
    for number in range(1, 400, 2):
        index.drop("room-secret", str(number))
    index.clean()
    index.close()

    assert {each.stat().st_mode & 0o777 for each in tmp_path.iterdir()} == {0o600}
    found = b"".join(each.read_bytes() for each in tmp_path.iterdir())
    assert b"quuxword" not in found
    assert b"room-secret" not in found


def test_one_that_is_damaged_or_foreign_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "search.db"
    path.write_bytes(b"no database" * 1_000)
    index = SearchIndex(path)
    assert index.is_anew
    index.begin()
    index.put("r", "1", "rain")
    index.close()
    again = SearchIndex(path)
    assert (again.is_anew, again.find("r", "rain", 9)) == (False, ["1"])
    again.close()

    with apsw.Connection(str(path)) as connection:
        connection.pragma("user_version", 99)
    connection.close()
    fresh = SearchIndex(path)
    assert (fresh.is_anew, fresh.find("r", "rain", 9)) == (True, [])
    fresh.put("r", "1", "rain")
    fresh.reset()
    assert fresh.find("r", "rain", 9) == []
    fresh.close()


def test_a_query_of_many_words_is_bounded() -> None:
    assert len(words_of("word " * 100)) == 8
