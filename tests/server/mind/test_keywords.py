from __future__ import annotations

import pytest

from server.mind.keywords import (
    is_personal,
    is_rude,
    is_touching,
    is_unfit,
    keyword,
    quoted,
    spelled,
)
from server.mind.lore import lore


def anything(_: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("text", "language", "word"),
    [
        ("My neighbour sleeps in a wardrobe", "en", ("neighbour", "wardrobe")),
        ("I think bananas are overrated", "en", ("banana",)),
        ("Der Bus ist schon wieder zu spät", "de", ("Bus",)),
        ("THE MOON", "en", ("moon",)),
        ("oh well, and then", "en", ("",)),
        ("don't @somebody", "en", ("",)),
        ("you stupid death", "en", ("",)),
    ],
)
def test_the_word_that_says_most_is_chosen(text: str, language: str, word: tuple[str, ...]) -> None:
    assert keyword(text, lore(language), anything) in word


def test_a_word_that_does_not_fit_is_passed_over() -> None:
    assert keyword("the moon and a spoon", lore("en"), lambda word: word != "spoon") == "moon"


def test_what_is_hard_rude_or_leads_away_is_told() -> None:
    assert is_touching("my mother has cancer", lore("en"), "en")
    assert is_touching("ich will nicht mehr leben", lore("de"), "de")
    assert not is_touching("the moon is late", lore("en"), "en")
    assert is_personal("we lost our hat", lore("en"))
    assert is_rude("du Idiot", lore("de"))
    assert is_unfit("call 0171 2345678")
    assert not is_unfit("call the goose")


def test_words_are_written_as_they_are_known() -> None:
    assert spelled("MOND", lore("de")) == "Mond"
    assert quoted("Begin with: “moon”") == "moon"
    assert quoted("Fang an mit: „Mond“") == "Mond"
    assert quoted("nothing") == ""
