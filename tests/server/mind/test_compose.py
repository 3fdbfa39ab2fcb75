from __future__ import annotations

from typing import Any

import pytest

from games.characters import CHARACTERS
from games.words import tokens
from server.mind.compose import compose
from server.mind.talk import Talk

# What is said to a character and must not come back from it in any room.
BAD = ("you stupid pig", "du dumme Sau", "my insta is anna_1990", "call me 0171 2345678", "kys", "you faggot")


def talk(
    text: str, *, character: str = "megaphone", language: Any = "en", purpose: str = "react", seed: int = 0
) -> Talk:
    return Talk(purpose, CHARACTERS[character], language, (text,), (text,), "Otter", seed=seed)


@pytest.mark.parametrize("character", sorted(CHARACTERS))
@pytest.mark.parametrize("text", BAD)
def test_nothing_bad_is_echoed(character: str, text: str) -> None:
    for purpose in ("react", "topic", "feed"):
        line = compose(talk(text, character=character, purpose=purpose)) or ""
        assert not set(tokens(line)) & (set(tokens(text)) - {"you", "my", "is", "me", "call"})


def test_a_hard_word_in_a_story_is_not_said_back_and_one_of_ones_own_is_silence() -> None:
    lines = {compose(talk("The dead king ate cheese", seed=seed)) for seed in range(9)}

    assert lines
    assert not [line for line in lines if "dead" in (line or "")]
    assert compose(talk("My father is dead")) is None


def test_a_gentle_character_plays_no_jokes_of_others() -> None:
    for text in ("yes", "no", "how are you", "i love you"):
        line = compose(talk(text, character="giraffe")) or ""
        assert "elbow" not in line
        assert "duck" not in line
        assert "goose" not in line


def test_topics_fit_what_was_said_often() -> None:
    lines = [compose(talk("the goose plays trumpet", purpose="topic", seed=seed)) or "" for seed in range(30)]

    assert sum("trumpet" in line or "goose" in line for line in lines) >= 8


def test_a_name_that_is_a_way_out_is_not_said() -> None:
    made = compose(Talk("greet", CHARACTERS["kiosk"], "en", name="0171 2345678"))

    assert made is not None
    assert "0171" not in made
