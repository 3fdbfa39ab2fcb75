from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.prompts import FOLDER, LANGUAGES, THEME_LIMIT_CHARACTERS, Card, about, draw, pack

PACKS = sorted(path.stem for path in (FOLDER / "en").glob("*.toml"))
LONGEST_CHARACTERS = 90
PROMPTS_PER_LANGUAGE = 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_enough_prompts_without_repeats(language: str) -> None:
    cards = [card for name in PACKS for card in pack(language, name)]

    assert len(cards) >= PROMPTS_PER_LANGUAGE
    assert len({card.id for card in cards}) == len(cards)
    assert all(0 < len(card.text) <= LONGEST_CHARACTERS for card in cards)
    assert not [card.text for card in cards if '"' in card.text or "..." in card.text]
    assert len(pack(language, "first_thing")) >= 150
    for name in ("first_thing", "word_association"):
        texts = [card.text.casefold() for card in pack(language, name)]
        assert len(set(texts)) == len(texts)


def test_all_languages_have_the_same_packs() -> None:
    for language in LANGUAGES:
        assert sorted(path.stem for path in (FOLDER / language).glob("*.toml")) == PACKS


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_has_the_same_tempos_in_both_languages(name: str) -> None:
    assert {card.tempo for card in pack("en", name)} == {card.tempo for card in pack("de", name)}


@given(
    seed=st.integers(),
    recent=st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8),
    tempo=st.sampled_from(["snap", "slow"]),
)
def test_a_draw_is_never_the_last_one_and_fresh_while_it_can_be(
    seed: int, recent: list[str], tempo: str
) -> None:
    cards = [Card(c, f"text {c}", "snap" if c < "e" else "slow") for c in "abcdefgh"]

    prompt = draw(
        cards, tempo="snap" if tempo == "snap" else "slow", kind="wonder", recent=recent, random=Random(seed)
    )

    fresh = {card.id for card in cards} - set(recent)
    assert prompt.id in fresh if fresh else prompt.id != recent[-1]


def test_a_draw_fits_tempo_and_kind() -> None:
    cards = [
        Card("fast", "x"),
        Card("slow", "x", "slow"),
        Card("arena", "x", "slow", ("arena",)),
    ]

    drawn = {
        draw(cards, tempo="slow", kind="healing", recent=(), random=Random(seed)).id for seed in range(20)
    }

    assert drawn == {"slow"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_prompts_about_a_theme_name_it_and_are_as_short_as_others(language: str) -> None:
    cards = about(language, "{x}".ljust(THEME_LIMIT_CHARACTERS, "y"))

    assert {card.tempo for card in cards} == {"snap", "slow"}
    assert all(card.text.startswith("{x}yy") and len(card.text) <= LONGEST_CHARACTERS for card in cards)


def test_a_theme_gives_up_its_last_dot_and_none_is_woven_in_when_missing_or_too_long() -> None:
    assert about("en", "Who eats moons?")[0].text == "Who eats moons: what do you see first?"
    assert about("en", " . ") == about("en", "z" * (THEME_LIMIT_CHARACTERS + 1)) == ()
