from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room.text import MARKS_LIMIT, cleaned, is_emoji


@given(st.text())
def test_cleaned_text_has_no_controls_and_cleaning_again_changes_nothing(text: str) -> None:
    clean = cleaned(text)

    assert cleaned(clean) == clean
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in clean)
    assert not set(clean) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\u200e\u200f\ufeff")


def test_zalgo_is_cut_and_living_scripts_are_kept() -> None:
    assert len(cleaned("a" + "\u0316" * 60)) <= 1 + MARKS_LIMIT
    assert cleaned("Grüße, 你好, नमस्ते, שָׁלוֹם") == unicodedata.normalize("NFC", "Grüße, 你好, नमस्ते, שָׁלוֹם")


@pytest.mark.parametrize("emoji", ["😀", "❤️", "👩‍🚀", "🏳️‍🌈", "👍🏽", "🇩🇪", "1️⃣", "✨"])
def test_emoji_are_emoji(emoji: str) -> None:
    assert is_emoji(emoji)
    assert cleaned(emoji) == emoji


@pytest.mark.parametrize("text", ["", "a", "1", "12", "😀a", "<", "😀" * 13, " ", "\u202e"])
def test_other_texts_are_not(text: str) -> None:
    assert not is_emoji(text)
