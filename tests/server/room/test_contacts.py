from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room import contacts, ids
from server.room.text import folded

SEPARATORS = st.sampled_from(["", " ", "-", ".", "/", " - ", ", ", "·", "_", "  "])
WORDS_OF = {
    "en": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
    "de": ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"],
}


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Return a telephone number as people write one, and as they hide it."""
    random = Random(draw(st.integers(0, 10**6)))
    digits = "01" + "".join(random.choice("0123456789") for _ in range(draw(st.integers(6, 10)))) + "74"
    way = draw(st.sampled_from(["digits", "wide", "arabic", "en", "de", "letters"]))
    between = draw(SEPARATORS)
    if way in WORDS_OF:
        return (between or " ").join(WORDS_OF[way][int(digit)] for digit in digits)
    if way == "letters":
        return digits[:4].replace("0", "O", 1) + " " + digits[4:]
    base = {"digits": "0", "wide": "０", "arabic": "٠"}[way]
    return between.join(chr(ord(base) + int(digit)) for digit in digits)


@given(
    numbers(),
    st.sampled_from(["", "Hallo, ", "call ", "so: "]),
    st.sampled_from(["", "!", " bitte", " please"]),
)
def test_a_telephone_number_is_found_however_it_is_written(number: str, before: str, after: str) -> None:
    assert contacts.found(before + number + after)


@given(st.integers(0, 999_999), st.sampled_from(["{} geese", "I have {} points", "{}"]))
def test_numbers_with_few_digits_are_no_telephone(number: int, text: str) -> None:
    assert not contacts.found(text.format(number))


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)), st.sampled_from(["%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y"]))
def test_dates_are_no_telephone(day: date, form: str) -> None:
    assert not contacts.found(f"it was on {day:{form}}")


@pytest.mark.parametrize("language", ["en", "de"])
def test_voices_of_the_room_may_be_called(language: str) -> None:
    ends = ("er", "e", "es") if language == "de" else ("",)
    called = [f"@{stem}{end} Octopus!" for stem in ids.adjectives(language) for end in ends]
    assert not [text for text in called if contacts.found(text)]


@pytest.mark.parametrize(
    "text", ["nest。com", "10.1.2.3:8080", "go to 10.1.2.3/quack", "nestnest.onion", "pond.ai"]
)
def test_a_link_is_found_whatever_its_dots_and_its_host(text: str) -> None:
    assert contacts.found(text)


@pytest.mark.parametrize("text", ["version 10.1.2.3", "on 1.2. it was cold", "wie lange noch。", "Ai ai ai"])
def test_numbers_and_words_with_dots_are_no_link(text: str) -> None:
    assert not contacts.found(text)


@given(st.text(max_size=500))
def test_every_text_can_be_looked_at(text: str) -> None:
    contacts.found(text)


@pytest.mark.parametrize(
    "piece",
    ["1-", "a.", "a-", "a@", " at ", "a dot ", "1 ", "null ", "ab strasse ", "12 a b c ", "x.xx/", "insta:"],
)
def test_hostile_texts_of_the_longest_length_come_to_an_end(piece: str) -> None:
    contacts.found((piece * 500)[:500])


PIECES = st.sampled_from(
    [
        *(
            "anna",
            "gmail",
            "com",
            "de",
            "net",
            "me",
            "dot",
            "punkt",
            "at",
            "w",
            "www",
            "http",
            "https:",
            "klammeraffe",
            "insta",
            "whats app",
            "#1234",
            "three",
            "1.2345",
            "555",
        ),
        *("@", ".", " . ", ". ", " .", "/", "//", "-", "_", "(", ")", " ", " ", "ät", "hat", "a-", "9"),
    ]
)


EVERY_LOOK = (contacts._is_number, contacts._is_handle, *map(contacts._is, (
    contacts._MAIL, contacts._LINK, contacts._NAMED, contacts._PLACE,
)))  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
def test_what_is_told_without_a_look_is_not_there(text: str) -> None:
    assert contacts.found(text) == (
        any(look(folded(text)) for look in EVERY_LOOK) or contacts._is_street(text)
    )
