"""How long words may be stands in the server; the page's fields take as many letters."""

from __future__ import annotations

import re

import pytest

from server.room import decide, governing, round_commands, topics
from tests.support.shape import ROOT

FIELDS = {
    ("wire/rooms.js", "name: (\\d+)"): governing.NAME_CHARACTERS,
    ("wire/rooms.js", "theme: (\\d+)"): governing.THEME_CHARACTERS,
    ("wire/rooms.js", "description: (\\d+)"): governing.DESCRIPTION_CHARACTERS,
    ("views/topic-sheet.js", "TOPIC_LETTERS = (\\d+)"): topics.TOPIC_LIMIT_CHARACTERS,
    ("views/answer-box.js", "ANSWER_LETTERS = (\\d+)"): round_commands.ANSWER_LIMIT_CHARACTERS,
    ("views/room-chat.js", "LONGEST = (\\d+)"): decide.TEXT_LIMIT_CHARACTERS,
}


@pytest.mark.parametrize(("file", "written"), FIELDS, ids=lambda value: value.partition(" ")[0])
def test_a_field_of_the_page_takes_what_the_server_takes(file: str, written: str) -> None:
    found = re.findall(written, (ROOT / "static/js" / file).read_text())
    assert found == [str(FIELDS[file, written])]
