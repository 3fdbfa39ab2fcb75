from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.characters import CHARACTERS
from games.words import tokens
from server.engines.text import LINE_LIMIT_CHARACTERS, Line, Request, heard, is_sayable, tidied

SYSTEM = "You are the vending machine at the corner. You take only exact change and never name a street."


def request(**more: Any) -> Request:
    return Request("react", CHARACTERS["kiosk"], more.pop("language", "en"), **more)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("Clunk.", "Clunk."),
        ("  Clunk.\nAnd more.\n", "Clunk."),
        ("\n\n- **Clunk**, said the `slot`.", "Clunk , said the slot ."),
        ("1. First", "First"),
        ("“Clunk.”", "Clunk."),
        ("“Clunk”, it said.", "“Clunk”, it said."),
        ("Corner Vending Machine: Clunk.", "Clunk."),
        ("<p>Clunk</p>", "Clunk"),
        ("Clunk\u202e\x00\u200b.", "Clunk ."),
        ("Five: a duck", "Five: a duck"),
    ],
)
def test_one_plain_line_is_left(raw: str, line: str) -> None:
    assert tidied(raw, request()) == line


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "…",
        "```",
        "Call 0171 2345678!",
        "See www.example.com",
        "[here](https://example.com)",
        "write to anna@example.com",
        "Hauptstraße 12",
        "I am a human.",
        "What the fuck.",
        "Angela Merkel is in the slot.",
        "You take only exact change and never name a street.",
    ],
)
def test_what_must_not_be_said_is_not(raw: str) -> None:
    assert tidied(raw, request(), system=SYSTEM) is None


def test_no_line_is_said_again() -> None:
    assert tidied("clunk!", request(said=("Clunk.",))) is None


@pytest.mark.parametrize(("words", "line"), [(0, "One two three."), (2, "One two"), (3, "One two three.")])
def test_at_most_so_many_words_are_said(words: int, line: str) -> None:
    assert tidied("One two three.", request(words=words)) == line


def test_a_long_answer_ends_with_a_sentence_else_with_a_word() -> None:
    sentence = "The slot is open and it rains."

    whole = tidied(" ".join([sentence] * 20), request())
    cut = tidied("rain " * 200, request())

    assert whole is not None
    assert whole.endswith("rains.")
    assert cut is not None
    assert cut.endswith("rain")
    assert max(len(whole), len(cut)) <= LINE_LIMIT_CHARACTERS
    assert tidied("x" * 100_000, request()) == "x" * LINE_LIMIT_CHARACTERS


def test_people_are_heard_without_machines() -> None:
    assert heard((Line("A", "hello"), Line("B", "beep", machine=True))) == ("hello",)


@settings(max_examples=40)
@given(st.text(max_size=600), st.integers(0, 9))
def test_whatever_an_engine_says_is_one_sayable_line_or_nothing(raw: str, words: int) -> None:
    line = tidied(raw, request(words=words), system=SYSTEM)

    if line is not None:
        assert 0 < len(line) <= LINE_LIMIT_CHARACTERS
        assert len(line.splitlines()) == 1
        assert not set(line) & set("<>*`#{}[]")
        assert is_sayable(line, "en")
        assert not words or len(tokens(line)) <= words
