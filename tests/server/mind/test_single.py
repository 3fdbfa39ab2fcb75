from __future__ import annotations

from random import Random
from typing import Any

import pytest

from games.characters import CHARACTERS
from games.prompts import pack
from games.words import tokens
from server.mind.single import associate, choose_anew, go_on, meld, misname
from server.mind.talk import Talk


def talk(language: Any = "en", **more: Any) -> Talk:
    return Talk("play", CHARACTERS["megaphone"], language, **more)


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_prompt_brings_a_word_to_mind(language: str) -> None:
    for card in pack(language, "word_association"):
        said = associate(talk(language, rule=card.text, prompt=card.text), Random(1))
        assert said is not None
        assert len(tokens(said)) == 1
        assert tokens(said) != tokens(card.text)


def test_a_word_that_nobody_told_of_is_answered_by_its_sound() -> None:
    said = associate(talk(rule="spatoon", prompt="spatoon"), Random(1))

    assert said in {"Moon", "Spoon", "Balloon", "Cartoon"} or (said or "").casefold().startswith("sp")


def test_no_word_comes_twice_in_a_chain() -> None:
    lines: tuple[str, ...] = ("moon",)
    for seed in range(20):
        said = associate(talk(rule=lines[-1], prompt=lines[-1], lines=lines), Random(seed))
        if said is None:
            break
        assert said.casefold() not in lines
        lines = (*lines, said.casefold())
    assert len(lines) > 8


def test_two_words_meet_in_what_belongs_to_both() -> None:
    assert meld(talk(rule="Join them: pirate + candle"), Random(1)) is not None
    shared = {meld(talk("de", rule="Verbinde sie: Gans + Kies"), Random(seed)) for seed in range(10)}
    assert shared


def test_no_wrong_name_is_true() -> None:
    said = tokens(misname(talk(prompt="tuba, moon, sofa"), Random(2)) or "")

    assert len(said) == 5
    assert not {"tuba", "moon", "sofa"} & set(said)


def test_a_sentence_goes_on_by_what_stood_last() -> None:
    after_article = go_on(talk(rule="Dear moon, … I borrowed the …"), Random(1))
    after_pronoun = go_on(talk("de", rule="Lieber Mond, … gestern niemand …"), Random(1))

    assert after_article in talk().lore.plays.next_words["article"]
    assert after_pronoun in talk("de").lore.plays.next_words["pronoun"]
    assert (
        go_on(talk(rule="Dear moon, … next word. “Stop” ends it."), Random(1))
        in talk().lore.plays.next_words["start"]
    )


def test_a_sentence_ends_at_last() -> None:
    rule = "Dear moon, … I borrowed the piano with the goose …"

    assert "Stop" in {go_on(talk(rule=rule), Random(seed)) for seed in range(20)}


def test_a_rhyme_rhymes_or_is_left_out() -> None:
    wanted = "New choice, and it rhymes!"

    assert choose_anew(talk(rule=wanted, prompt="I ate the moon"), Random(1))
    assert choose_anew(talk(rule=wanted, prompt="pst"), Random(1)) is None
    assert choose_anew(talk(rule="New choice!"), Random(1)) in talk().lore.plays.choices
