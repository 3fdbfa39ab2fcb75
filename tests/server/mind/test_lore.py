from __future__ import annotations

import pytest

from games.characters import CHARACTERS, PLACES
from games.words import tokens
from server.mind.lore import lore
from server.room.contacts import found as is_contact
from server.room.slurs import found as is_slur

LANGUAGES = ("en", "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_associations_go_both_ways_and_know_forms(language: str) -> None:
    known = lore(language)
    word, form = ("moon", "moons") if language == "en" else ("Hund", "Hunde")

    assert len(known.near) > 250
    assert known.associated(form) == known.associated(word) != ()
    for other in known.associated(word):
        assert known.associated(other)


@pytest.mark.parametrize("language", LANGUAGES)
def test_rations_have_as_many_words_as_they_say(language: str) -> None:
    for wanted, lines in enumerate(lore(language).plays.rations, 1):
        assert {len(tokens(line)) for line in lines} == {wanted}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_leads_away_or_insults(language: str) -> None:
    lines = [line for character in CHARACTERS.values() for line in _lines(character.parts[language])]
    lines += _lines(lore(language).plays)
    lines += _lines(lore(language).words)

    assert len(lines) > 700
    assert not [line for line in lines if is_contact(line) or is_slur(line)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_in_lines_are_known(language: str) -> None:
    known = PLACES | {"me", "first", "last"}
    for line in _lines(lore(language).plays) + _lines(lore(language).words):
        assert {piece.partition("}")[0] for piece in line.split("{")[1:]} <= known


def _lines(of: object) -> list[str]:
    values = [getattr(of, name) for name in of.__struct_fields__]  # type: ignore[attr-defined]
    tuples = [value for value in values if isinstance(value, tuple)]
    flat = [item for value in tuples for item in value]
    says = [line for item in flat for line in getattr(item, "says", ())]
    return [item for item in flat if isinstance(item, str)] + says
