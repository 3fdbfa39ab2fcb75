from __future__ import annotations

import pytest

from games.language.de import GERMAN, sound


@pytest.mark.parametrize(
    ("word", "code"), [("müller", "657"), ("wikipedia", "3412"), ("breschnew", "17863"), ("xaver", "4837")]
)
def test_cologne_phonetics_as_published(word: str, code: str) -> None:
    assert sound(word) == code


@pytest.mark.parametrize(
    ("a", "b"), [("katze", "fratze"), ("hund", "bunt"), ("heute", "leute"), ("tag", "sack"), ("haus", "maus")]
)
def test_words_that_rhyme(a: str, b: str) -> None:
    assert GERMAN.rhymes(a, b)


def test_words_that_do_not() -> None:
    assert not GERMAN.rhymes("hose", "nase")
    assert not GERMAN.rhymes("haus", "haus")


@pytest.mark.parametrize("text", ["Ist das so?", "aber warum gehst du", "Du willst was?", "kannst du tanzen"])
def test_questions(text: str) -> None:
    assert GERMAN.is_question(text)


def test_statements() -> None:
    assert not GERMAN.is_question("Das ist so.")
    assert not GERMAN.is_question("Ich frage mich")


def test_the_four_steps() -> None:
    text = "Wenn ich Tassen sehe, bin ich müde. Mir ist Ordnung wichtig. Würdest du spülen?"
    assert GERMAN.giraffe(text) == ("seen", "felt", "needed", "asked")
    assert GERMAN.said_unknowing("Keine Ahnung!")
