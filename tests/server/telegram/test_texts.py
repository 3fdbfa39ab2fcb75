from __future__ import annotations

import re
from string import Formatter

import pytest

from server.room.masks import MASKS
from server.telegram.texts import COMMANDS, TEXTS, language_of, refusal, text


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_german_says_all_that_english_says() -> None:
    assert TEXTS["de"].keys() == TEXTS["en"].keys()
    assert COMMANDS["de"].keys() == COMMANDS["en"].keys()
    for key, sentence in TEXTS["en"].items():
        assert fields(TEXTS["de"][key]) == fields(sentence), key


def test_every_mask_has_a_name() -> None:
    for name in MASKS:
        assert text("de", f"mask.{name}")


@pytest.mark.parametrize(
    ("code", "language"),
    [("de", "de"), ("de-CH", "de"), ("DE", "de"), ("en", "en"), ("fr", "en"), (None, "en")],
)
def test_who_reads_no_german_reads_english(code: str | None, language: str) -> None:
    assert language_of(code) == language


def test_a_refusal_is_said_in_both_languages() -> None:
    assert refusal("en", "silent", "We heard nothing.") == "We heard nothing."
    assert refusal("de", "silent", "We heard nothing.").startswith("Ich habe dich nicht gehört")
    assert "bytes" not in refusal("en", "undecodable", "This says audio/ogg but the bytes are MP4.")
    assert refusal("de", "something_new", "New.") == "Das hat nicht geklappt."


def test_commands_are_such_as_telegram_takes() -> None:
    for commands in COMMANDS.values():
        for name, said in commands.items():
            assert re.fullmatch(r"[a-z0-9_]{1,32}", name)
            assert 1 <= len(said) <= 256
