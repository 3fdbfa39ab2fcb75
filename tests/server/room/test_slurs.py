from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room import slurs

WORDS = st.sampled_from(["nigger", "faggot", "retard", "kanake", "schwuchtel", "drecksneger", "judensau"])
# What is put for a letter: digits and signs, letters of other scripts, marks.
FOR_LETTERS = {
    "a": "4@аɑá", "b": "8", "e": "3€еéë", "g": "ɡ", "i": "1!|іí", "k": "кķ", "n": "ոñ", "o": "0оóο", "r": "ŕ",
    "s": "5$ѕ", "t": "7", "u": "υú", "c": "сç",
}  # fmt: skip
HARMLESS = st.sampled_from(["tea", "goose", "soup", "Gans", "Kessel", "7", "so", "Mond"])


@st.composite
def hidden(draw: st.DrawFn) -> str:
    """Return a word of the list with some of its letters written otherwise, drawn out or set apart."""
    word = draw(WORDS)
    shown = [draw(st.sampled_from(letter + FOR_LETTERS.get(letter, ""))) for letter in word]
    shown[0] = word[0]
    way = draw(st.sampled_from(["as it is", "apart", "drawn out", "loud"]))
    if way == "apart":
        return draw(st.sampled_from([" ", ".", "-", "_", " . ", "/"])).join(word)
    if way == "drawn out":
        at = draw(st.integers(1, len(word) - 1))
        return word[:at] + word[at] * draw(st.integers(3, 9)) + word[at:]
    return "".join(shown).upper() if way == "loud" else "".join(shown)


@given(hidden(), st.lists(HARMLESS, max_size=4), st.lists(HARMLESS, max_size=4))
def test_hiding_a_word_does_not_help(word: str, before: list[str], after: list[str]) -> None:
    assert slurs.found(" ".join([*before, f"{word}!", *after]))


# Letters on circles, on squares, and for flags.
PICTURES = [
    "".join(chr(first + ord(each) - 97) for each in "faggot") for first in (0x1F150, 0x1F170, 0x1F1E6)
]


@pytest.mark.parametrize("written", ["ɴɪɢɢᴇʀ", "ꜰᴀɢɢᴏᴛ", "ғaggot", "fᎪᏀᏀᎾᎢ", "ꓝꓮꓖꓖꓳꓔ", *PICTURES])
def test_letters_as_pictures_and_of_other_scripts_are_read_as_what_they_mean(written: str) -> None:
    assert slurs.found(written)


@given(st.lists(HARMLESS, max_size=30))
def test_harmless_words_stay_so_in_any_order(words: list[str]) -> None:
    assert not slurs.found(" ".join(words))


@given(st.text(max_size=500))
def test_every_text_can_be_looked_at(text: str) -> None:
    slurs.found(text)


@pytest.mark.parametrize(
    "text",
    ["Niger", "snigger", "spice", "raccoon", "Wogen", "spaßt", "Transparenz", "Kanarie", "arab horses"],
)
def test_words_that_only_contain_such_letters_pass(text: str) -> None:
    assert not slurs.found(text)


@pytest.mark.parametrize(
    ("piece", "unit"),
    list(product(["n i ", "nig* ", "n*", "kill all the ", "1-", "!|", "nnnn", "ä "], [500])),
)
def test_hostile_texts_of_the_longest_length_come_to_an_end(piece: str, unit: int) -> None:
    slurs.found((piece * unit)[:unit])
