from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.characters import CHARACTERS
from games.words import tokens
from server.engines.embedded import Embedded, written
from server.engines.text import LINE_LIMIT_CHARACTERS, Line, Purpose, Request, is_sayable
from server.mind.moves import MOVES
from server.room.events import Language

DIALOGUES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "dialogues.toml").read_text(encoding="utf-8")
)["dialogue"]
SEEDS = 8
PURPOSES: tuple[Purpose, ...] = ("greet", "react", "ease", "topic", "feed", "bye")


def request_of(dialogue: dict[str, Any], seed: int) -> Request:
    return Request(
        dialogue.get("purpose", "react"),
        CHARACTERS[dialogue["character"]],
        dialogue.get("language", "en"),
        tuple(Line("Somebody", line) for line in dialogue.get("lines", ())),
        name=dialogue.get("name", "Purple Otter"),
        counts=tuple(dialogue.get("counts", {}).items()),
        seed=seed,
    )


def test_there_are_dialogues_enough() -> None:
    assert len(DIALOGUES) >= 60
    assert {dialogue["character"] for dialogue in DIALOGUES} == set(CHARACTERS)
    assert sum(dialogue.get("language") == "de" for dialogue in DIALOGUES) >= 20


@pytest.mark.parametrize("at", range(len(DIALOGUES)))
def test_a_dialogue_holds_under_every_seed(at: int) -> None:
    dialogue = DIALOGUES[at]
    for seed in range(SEEDS):
        line = written(request_of(dialogue, seed))
        if dialogue.get("silent"):
            assert line is None
            continue
        assert line is not None
        plain = line.casefold()
        assert dialogue.get("echoes", "").casefold() in plain
        assert not dialogue.get("any") or any(part in plain for part in dialogue["any"]), line
        assert not [part for part in dialogue.get("without", ()) if part in plain], line
        assert len(tokens(line)) <= dialogue.get("words", 24)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("character", sorted(CHARACTERS))
def test_no_line_comes_again(character: str, purpose: Purpose, language: Any) -> None:
    said: list[str] = []
    lines = (
        Line("Somebody", "The moon has a trumpet" if language == "en" else "Der Mond hat eine Trompete"),
    )
    for seed in range(3 if purpose == "ease" else 5):
        request = Request(
            purpose, CHARACTERS[character], language, lines, "Otter", said=tuple(said), seed=seed
        )
        line = written(request)
        assert line is not None
        assert line not in said
        assert line == written(request), "the same seed says the same"
        assert len(line) <= LINE_LIMIT_CHARACTERS
        said.append(line)


def test_machines_are_not_answered_and_a_language_nobody_speaks_is_silence() -> None:
    machine = (Line("Robot", "I have a dog", machine=True),)

    assert written(Request("react", CHARACTERS["megaphone"], "en", machine)) is None
    assert written(Request("greet", CHARACTERS["megaphone"], "fr")) is None  # type: ignore[arg-type]


def test_who_has_no_name_is_greeted_all_the_same() -> None:
    line = written(Request("greet", CHARACTERS["megaphone"], "en"))

    assert line is not None
    assert "you there" in line.casefold()


def test_a_room_that_said_enough_is_stirred_sometimes() -> None:
    text = "the goose has eaten my trumpet and the mayor has sold our moon to a goose with my hat"
    lines = tuple(Line("Somebody", f"{text} number {word}") for word in ("one", "two", "three"))
    found = [
        written(Request("react", CHARACTERS["megaphone"], "en", lines, seed=seed)) or "" for seed in range(60)
    ]

    assert [line for line in found if "stir" in line or "shaken" in line or "read the room" in line]


@pytest.mark.parametrize("text", ["", " ", "…", "🦆🦆🦆", "a" * 5_000, "\x00\x1b[31m", "<b>x</b>", "((((*+?"])
def test_whatever_is_said_breaks_nothing(text: str) -> None:
    for purpose in (*PURPOSES, "play"):
        line = written(
            Request(purpose, CHARACTERS["kiosk"], "en", (Line(text, text),), text, "scene", text, text, text)
        )
        assert line is None or (line.isprintable() and len(line) <= LINE_LIMIT_CHARACTERS)


@settings(max_examples=30)
@given(
    text=st.text(max_size=80),
    language=st.sampled_from(["en", "de"]),
    game=st.sampled_from(sorted(MOVES)),
    seed=st.integers(),
)
def test_any_round_may_be_told_of(text: str, language: Language, game: str, seed: int) -> None:
    for words in (text, f"{text} … {text} …", f"Join: {text} + {text}", f"“{text}” In 4 s!"):
        lines = (Line("A", words),)
        request = Request(
            "play", CHARACTERS["kiosk"], language, lines, "A", game, words, text, text, seed=seed
        )
        line = written(request)
        assert line is None or is_sayable(line, language)


async def test_the_engine_answers_and_closes_twice() -> None:
    engine = Embedded()

    assert await engine.write(Request("greet", CHARACTERS["giraffe"], "de", name="Otter"))
    await engine.close()
    await engine.close()
