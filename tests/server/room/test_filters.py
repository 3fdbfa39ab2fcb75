from __future__ import annotations

import pytest

from server.room import filters
from server.room.commands import Refused
from server.room.events import Language
from server.room.kinds import KINDS, Filter
from tests.support.texts import innocent, refused

LANGUAGES: tuple[Language, ...] = ("en", "de")
ALL: tuple[Filter, ...] = ("contacts", "slurs", "names")


def test_the_tables_are_as_long_as_was_promised() -> None:
    assert sum(len(innocent(language)) for language in LANGUAGES) >= 200
    assert sum(len(refused(language, name)) for language in LANGUAGES for name in ALL) >= 200


@pytest.mark.parametrize("language", LANGUAGES)
def test_innocent_sentences_pass_all_filters(language: Language) -> None:
    found = {text: filters.refuse(text, language, ALL) for text in innocent(language)}
    assert not {text: name for text, name in found.items() if name}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_filter_is_for_does_not_pass(language: Language, name: Filter) -> None:
    assert [text for text in refused(language, name) if filters.refuse(text, language, (name,)) != name] == []


def test_a_room_looks_only_at_what_its_kind_says() -> None:
    assert filters.refuse("Anna Müller is a thief", "en", KINDS["wonder"].filters) is None
    assert filters.refuse("Anna Müller is a thief", "en", KINDS["arena"].filters) == "names"
    assert filters.refuse("0171 2345678", "en", ()) is None


@pytest.mark.parametrize("text", ["You utter teapot!", "Captain Biscuit, you are a soggy coward."])
def test_in_the_arena_characters_are_insulted(text: str) -> None:
    filters.check(text, "en", KINDS["arena"].filters)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ALL)
def test_a_refusal_says_what_to_say_instead_in_the_language_of_the_room(
    language: Language, name: Filter
) -> None:
    with pytest.raises(Refused) as refusal:
        filters.check(refused(language, name)[0], language, (name,))
    assert refusal.value.code == "filtered"
    assert refusal.value.message == filters.SENTENCES[name][language]
