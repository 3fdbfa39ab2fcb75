"""What a recogniser misspells of the harmless trips no filter; what is meant still does."""

from __future__ import annotations

import pytest

from server.room import filters, misheard
from server.room.events import Language
from server.room.kinds import Filter
from tests.support.texts import innocent, refused

ALL: tuple[Filter, ...] = ("contacts", "slurs", "names")


@pytest.mark.parametrize(
    "heard",
    [  # of innocent sentences, as tiny.en and base read them
        "12345678910. Here I come.",
        "12345678 9 10 11 12",
        "13456789101112",
        "10 9 8 7 6 4 3 2 1 go",
        "1900 1900 1900 1900 1900 2 were good years for hats.",
        "Ich wurde am 0,3.0.1.9990 im Schank geworfen.",
        "Die Loss-Ozalen sind 312 19 24 31 41 49 40, glaub mir.",
        "I was born on 0 3.04.190 in a cupboard.",
        "I was born on 034.1990 in a cupboard.",
        "My paperback has a spastic hole in joke in it.",
        "My paperback has a spastic hole in joke can it.",
        "My paper back has a spastic golden joke in it.",
        "We ate Faggot sent peace in Birmingham.",
        "The spic and spancage and scares me.",
    ],
)
def test_what_was_misheard_passes(heard: str) -> None:
    assert filters.refuse(misheard.without(heard), "en", ALL) is None


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_else_gets_lost(language: Language) -> None:
    for name in ALL:
        heard = {text: misheard.without(text) for text in refused(language, name)}
        assert [text for text in heard if filters.refuse(heard[text], language, (name,)) is None] == []
    heard = {text: misheard.without(text) for text in innocent(language)}
    assert [text for text in heard if filters.refuse(heard[text], language, ALL)] == []


def test_of_long_and_odd_texts_nothing_hangs() -> None:
    for piece in ("spic ", "spastic", "chink in ", "1.", "0 "):
        misheard.without((piece * 1_500)[:1_500])
