from __future__ import annotations

import pytest

from games.language.en import ENGLISH


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("night", "kite"),
        ("boat", "note"),
        ("moon", "tune"),
        ("fly", "pie"),
        ("table", "cable"),
    ],
)
def test_words_that_rhyme(a: str, b: str) -> None:
    assert ENGLISH.rhymes(a, b)


@pytest.mark.parametrize(("a", "b"), [("cat", "cow"), ("cat", "cat"), ("moon", "milk"), ("", "cat")])
def test_words_that_do_not(a: str, b: str) -> None:
    assert not ENGLISH.rhymes(a, b)


def test_words_that_sound_alike() -> None:
    assert ENGLISH.sounds_like("knight", "night")
    assert ENGLISH.sounds_like("write", "right")
    assert not ENGLISH.sounds_like("cheese", "house")


@pytest.mark.parametrize("text", ["Is it?", "well where were you", "You did what?", "Don't you see"])
def test_questions(text: str) -> None:
    assert ENGLISH.is_question(text)


@pytest.mark.parametrize("text", ["It is.", "I wonder", "", "What a day!"])
def test_statements(text: str) -> None:
    assert not ENGLISH.is_question(text)


def test_the_four_steps() -> None:
    assert ENGLISH.giraffe("When I see the cups I feel sad, I need order, would you help?") == (
        "seen", "felt", "needed", "asked",
    )  # fmt: skip
    assert ENGLISH.giraffe("You are lazy") == ()
    assert ENGLISH.said_unknowing("Hm, I don’t know.")
