from __future__ import annotations

import pytest

from games.characters import Reaction
from server.mind.lore import lore
from server.mind.patterns import matches, reflected

REACTIONS = (
    Reaction(("i have *",), ("{rest}?",)),
    Reaction(("no",), ("No?",)),
    Reaction(("no idea",), ("Guess.",)),
)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("I have a dog", "a dog"),
        ("Well, I have my dog and a cat", "your dog"),
        ("i have, your hat", "my hat"),
        ("I have nothing that anybody would ever want to see", "nothing"),
    ],
)
def test_the_rest_is_said_back(text: str, rest: str) -> None:
    (match,) = matches(text, REACTIONS, lore("en"))

    assert match.rest == rest


def test_a_word_alone_is_the_whole_text_and_a_phrase_stands_anywhere() -> None:
    assert [match.says for match in matches("No!", REACTIONS, lore("en"))] == [("No?",)]
    assert not list(matches("no more soup", REACTIONS, lore("en")))
    assert [match.says for match in matches("Oh, no idea really", REACTIONS, lore("en"))] == [("Guess.",)]


def test_german_pronouns_turn_round() -> None:
    assert reflected("meinen Hund", lore("de")) == "deinen Hund"
    assert reflected("dich und mich", lore("de")) == "mich"


def test_a_rest_that_is_too_long_fits_no_answer_with_it() -> None:
    assert not list(matches("I have one two three four five six", REACTIONS, lore("en")))
