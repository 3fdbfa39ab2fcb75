from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.room import fullnames, ids

VOICES = st.sampled_from(
    [
        (language, f"{adjective} {noun}")
        for language in ("en", "de")
        for adjective in ids.adjectives(language)[:80]
        for noun, _ in ids.nouns(language)[:5]
    ]
)


@pytest.mark.parametrize(
    "text",
    ["Anna Müller lügt", "anna mueller lügt", "ANNA MÜLLER", "Das war Kevin? Kevin Schmidt!", "Herr Schmidt",
     "Dr. Schmidt", "Lisa aus der 7b", "Lukas Hartinger"],
)  # fmt: skip
def test_a_full_name_is_found_in_any_case_and_with_any_letters(text: str) -> None:
    assert fullnames.found(text, "de")


@pytest.mark.parametrize(
    "text",
    ["Anna lügt", "Müller", "Anna, Müller und ich", "Anna. Müller", "anna klein", "Herr Ober", "Frau Holle",
     "Harry Potter", "Peter Schneemann", "Gib Anna Wasser"],
)  # fmt: skip
def test_half_a_name_and_people_who_never_lived_pass(text: str) -> None:
    assert not fullnames.found(text, "de")


def test_in_english_a_capital_tells_a_last_name() -> None:
    assert fullnames.found("Laura Fredriksen is a liar", "en")
    assert not fullnames.found("Laura Fredriksen ist da", "de")
    assert not fullnames.found("Dear Laura Happy birthday to you", "en")
    assert not fullnames.found("THE LAURA SHOW", "en")


@given(VOICES)
def test_voices_of_a_room_may_be_named(voice: tuple[str, str]) -> None:
    language, name = voice
    assert not fullnames.found(f"{name.title()} is a teapot", language)


@given(st.text(max_size=500), st.sampled_from(["en", "de"]))
def test_every_text_can_be_looked_at(text: str, language: str) -> None:
    fullnames.found(text, language)
