from __future__ import annotations

from random import Random

from games.words import tokens
from server.mind.babble import LEAST_WORDS, LONGEST, SHORTEST, babble

LINES = [
    "the goose has eaten my trumpet on the bus",
    "my trumpet is in the wardrobe with a mayor",
    "a mayor has sold the moon to the goose",
    "the moon is a goose with a hat on the sofa",
    "on the sofa sits the captain and my hat",
]


def test_a_sentence_is_made_of_what_was_said_and_is_not_a_copy() -> None:
    made = {babble(LINES, Random(seed)) for seed in range(30)} - {""}

    assert made
    words = {word for line in LINES for word in tokens(line)}
    for sentence in made:
        assert set(tokens(sentence)) <= words
        assert SHORTEST <= len(tokens(sentence)) <= LONGEST
        assert not [line for line in LINES if sentence in line]


def test_too_few_words_make_nothing() -> None:
    assert babble(["one two three"] * 5, Random(1)) == ""
    assert babble([], Random(1)) == ""
    assert babble(["word " * LEAST_WORDS], Random(1)) == ""
