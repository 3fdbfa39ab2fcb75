from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from games.words import likeness, repeated, same_word, tokens


def test_tokens_are_words_in_lower_case() -> None:
    assert tokens("Don’t PANIC, it's 5 o'clock — Größe!") == (
        "don't", "panic", "it's", "5", "o'clock", "grösse",
    )  # fmt: skip


def test_likeness_knows_twins_and_strangers() -> None:
    assert likeness("a wet dog", "A wet dog!") > 0.99
    assert likeness("a wet dog", "purple accordions") < 0.1
    assert likeness("", "anything") == 0.0


def test_repeats_of_small_words_are_free() -> None:
    assert repeated(tokens("the dog and the horse and the horse")) == "horse"
    assert repeated(tokens("the dog and the cat")) is None
    assert repeated(("horse", "horse"), but=frozenset(["horse"])) is None


def test_a_word_is_itself_in_its_forms() -> None:
    assert same_word("umbrella", "umbrellas")
    assert not same_word("cat", "category")


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_is_even_and_bounded(a: str, b: str) -> None:
    assert 0.0 <= likeness(a, b) <= 1.000001
    assert abs(likeness(a, b) - likeness(b, a)) < 1e-9
