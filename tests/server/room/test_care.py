"""Who may need help is shown where it is; who jokes is not."""

from __future__ import annotations

import tomllib

import pytest

from server.room import care
from server.room.events import Language
from tests.support.texts import FOLDER, innocent, refused

LANGUAGES: tuple[Language, ...] = ("en", "de")
TABLE = tomllib.loads((FOLDER / "care.toml").read_text(encoding="utf-8"))


def test_the_tables_are_as_long_as_was_promised() -> None:
    assert sum(len(TABLE[language]["shown"]) for language in LANGUAGES) >= 60
    assert sum(len(TABLE[language]["quiet"]) for language in LANGUAGES) >= 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_despair_is_found(language: Language) -> None:
    assert [text for text in TABLE[language]["shown"] if not care.found(text, language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_despair_is_found_as_a_recogniser_writes_it(language: Language) -> None:
    heard = [text.lower().rstrip(".") for text in TABLE[language]["shown"]]
    assert [text for text in heard if not care.found(f"well, {text} ...", language)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_jokes_stories_and_all_that_filters_know_are_left_alone(language: Language) -> None:
    others = [text for name in ("contacts", "names") for text in refused(language, name)]
    quiet = [*TABLE[language]["quiet"], *innocent(language), *others]
    assert [text for text in quiet if care.found(text, language)] == []
