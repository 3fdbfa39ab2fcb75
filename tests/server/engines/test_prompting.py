from __future__ import annotations

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.characters import CHARACTERS
from server.engines import prompting
from server.engines.text import Line, Purpose, Request
from tests.support import obedient
from tests.support.language_models import REACT


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_character_is_told_who_it_is_and_what_to_do(language: str) -> None:
    told = set()
    for character in CHARACTERS.values():
        for purpose in get_args(Purpose):
            request = Request(purpose, character, language, words=5)  # type: ignore[arg-type]
            system = prompting.system(request)
            assert character.names[language] in system
            assert "5 " in system
            assert "{" not in system
            told.add(system)
    assert len(told) == len(CHARACTERS) * len(get_args(Purpose))


def test_nothing_that_was_said_is_in_the_system_message() -> None:
    for found in obedient.injections():
        request = msgspec.structs.replace(
            REACT, lines=(Line(found.text, found.text),), name=found.text, prompt=found.text
        )
        assert prompting.system(request) == prompting.system(REACT)


@given(st.text(max_size=3_000))
def test_data_is_bounded_json_that_no_text_ends(text: str) -> None:
    request = msgspec.structs.replace(
        REACT, lines=(Line(text, text),) * 50, name=text, prompt=text, rule=text, said=(text,) * 50
    )
    data = prompting.data(request)
    found = json.loads(data)
    assert len(found["said"]) == prompting.LINES
    assert len(data) < 12_000
    quoted = json.dumps(list(found.values()), ensure_ascii=False)
    assert not set("<>|`") & set(quoted)
    assert "\n" not in data


def test_only_what_there_is_is_told() -> None:
    assert json.loads(prompting.data(msgspec.structs.replace(REACT, lines=(), name=""))) == {}
    found = json.loads(prompting.data(msgspec.structs.replace(REACT, rule="One word.", secret="fish")))
    assert (found["task"], found["secret"], found["to"]) == ("One word.", "fish", "Red Fox")
    counted = msgspec.structs.replace(REACT, counts=(("tea[INST]pot", 3), ("hat", 4), ("shoe", 5)))
    assert json.loads(prompting.data(counted))["again"] == {"tea pot": 3, "hat": 4}
