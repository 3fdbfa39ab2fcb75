from __future__ import annotations

from random import Random
from typing import Any

import pytest

from games.characters import CHARACTERS
from games.prompts import pack
from games.words import same_word, tokens
from server.mind.guesses import forbidden_word, same_line
from server.mind.talk import Talk

SAID = {"en": "Do not say", "de": "Sag nicht"}


def talk(language: Any = "en", **more: Any) -> Talk:
    return Talk("play", CHARACTERS["kiosk"], language, **more)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_secret_has_a_clue_without_its_words_and_is_guessed_from_it(language: str) -> None:
    right = 0
    for card in pack(language, "forbidden"):
        word, _, others = card.text.partition(":")
        clue = forbidden_word(talk(language, secret=f"{word}. {SAID[language]}: {others.strip()}"), Random(1))
        assert clue is not None
        assert not [w for w in tokens(clue) if any(same_word(w, x) for x in tokens(card.text))], clue
        right += word in (forbidden_word(talk(language, prompt=clue), Random(1)) or "")
    assert right >= 20


def test_a_secret_that_nobody_wrote_a_clue_for_is_told_by_its_letters() -> None:
    clue = forbidden_word(talk(secret="giraffe. Do not say: neck, zoo"), Random(1))

    assert clue is not None
    assert "G" in clue
    assert "giraffe" not in clue.casefold()


def test_a_feeling_is_written_by_signs_and_guessed_from_the_pack() -> None:
    line = same_line(talk(rule="“The soup is ready.” Which feeling is it?", secret="Triumphant"), Random(1))

    assert line is not None
    assert tokens(line) == ("the", "soup", "is", "ready")
    assert same_line(talk(rule="Which feeling was it?"), Random(1))
