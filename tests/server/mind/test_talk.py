from __future__ import annotations

from random import Random

from msgspec.structs import replace

from games.characters import CHARACTERS
from server.mind.talk import Talk, choices, choose, filled


def talk(*said: str) -> Talk:
    return Talk("react", CHARACTERS["megaphone"], "en", said=said, heard=("the moon",))


def test_a_template_is_filled_or_left_out() -> None:
    assert filled("{word}, please", {"word": "soup"}) == "Soup, please"
    assert filled("{word}, please", {}) is None


def test_what_was_used_lately_comes_last() -> None:
    said = talk("Who took soup?")
    found = list(choices(["Who took {word}?", "Where is {word}?"], said, Random(1), word="tea"))

    assert found == ["Where is tea?", "Who took tea?"]


def test_what_was_said_is_not_said_again() -> None:
    assert choose(["Hello!"], talk("hello"), Random(1)) is None
    assert choose([], talk(), Random(1)) is None


def test_the_moment_decides_chance() -> None:
    assert talk().random().random() == talk().random().random()
    assert talk().last == "the moon"
    assert talk().keyword("", "a moon") == "moon"
    assert talk().associated("moon", Random(1))


def test_a_line_of_a_number_of_words_is_a_whole_one() -> None:
    few = replace(talk(), words=3)
    found = [*choices(["one two three.", "one two three four five."], few, Random(1))]
    assert found == ["One two three."]
