"""What a recogniser misspells of the harmless trips no filter; what is meant still does."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room import contacts, filters, misheard, slurs
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
        "This fire retard it smells like regret.",
        "109-875-432-10",
        "1098-765-432-10-0 lift off.",
        "199, 98, 97, 96, 95",  # a hundred, ninety-nine
        "369-1215-1821",
        "36912 151821",
        "Ten, nine, eight, seven, five, four, three, two, one, zero!",
        "Zehn neun 8 7 6 5 4 drei zwei eins null.",
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


STEPS = st.sampled_from([1, 2, 3, 5, 10, -1, -2, -3, -5, -10])
SEPARATORS = st.sampled_from(["", " ", ", ", "-", ". ", "... "])


@st.composite
def counts(draw: st.DrawFn) -> str:
    """Return what somebody counted, in whatever groups a recogniser writes it, one number of it missed."""
    step, length = draw(STEPS), draw(st.integers(7, 13))
    first = draw(st.integers(1, 21)) + (0 if step > 0 else -step * length)
    numbers = [first + step * at for at in range(length)]
    if draw(st.booleans()):
        del numbers[draw(st.integers(1, length - 2))]
    digits = "".join(map(str, numbers))
    cuts = sorted(draw(st.sets(st.integers(1, len(digits) - 1), max_size=6)))
    pieces = (digits[start:end] for start, end in pairwise([0, *cuts, len(digits)]))
    return draw(SEPARATORS).join(pieces)


@given(counts(), st.sampled_from(["{}", "{}!", "Hide! {} Here I come.", "countdown {} lift off"]))
def test_what_is_counted_is_no_number_to_call_wherever_it_is_cut(count: str, text: str) -> None:
    assert not contacts.found(misheard.without(text.format(count)))


def test_no_number_to_call_looks_counted() -> None:
    random = Random(7)
    for _ in range(2_000):
        digits = "".join(random.choices("0123456789", k=random.randint(6, 10)))
        number = random.choice(["01", "+49", "0", "1", "555-"]) + digits
        assert misheard.without(f"call {number} now") == f"call {number} now"


@pytest.mark.parametrize("text", ["what a {} it was", "{}", "{}s everywhere", "Two {}, and a hat."])
@pytest.mark.parametrize("between", [" ", "-"])
def test_a_longer_word_that_was_cut_in_two_is_no_slur(text: str, between: str) -> None:
    for word in slurs.longer():
        cut = [f"{word[:at]}{between}{word[at:]}" for at in range(1, len(word))]
        assert any(map(slurs.found, cut)), word  # else it need not be in the list
        assert not [each for each in cut if slurs.found(misheard.without(text.format(each)))]


@pytest.mark.parametrize(
    "text",
    [
        "You retard, it smells.",
        "Fire! Retard!",
        "fire the retard",
        "the coon",
        "you retard and your ant",
        "paki stinks",
        "schwarze neger",
        "rac, coon",
    ],
)
def test_the_same_words_said_for_themselves_are_held(text: str) -> None:
    assert slurs.found(misheard.without(text))


def test_of_long_and_odd_texts_nothing_hangs() -> None:
    for piece in (
        "spic ",
        "spastic",
        "chink in ",
        "1.",
        "0 ",
        "ten nine ",
        "1 2 3 ",
        "fire retard",
        "co coo",
    ):
        misheard.without((piece * 1_500)[:1_500])
