"""The worked example of games/GUIDE.md is built and played as it stands there."""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Iterator

import pytest

from games.game import Game
from games.registry import BY_ID
from tests.support.play import Played
from tests.support.shape import ROOT
from tests.support.tables import FEW, run, table

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "games/GUIDE.md").read_text(), flags=re.DOTALL)


@pytest.fixture
def echo() -> Iterator[type[Game]]:
    module = types.ModuleType("games.echo")
    sys.modules["games.echo"] = module
    exec(compile(BLOCKS[0], "games/GUIDE.md", "exec"), module.__dict__)
    yield module.__dict__["Echo"]
    del sys.modules["games.echo"]


def test_the_example_is_a_whole_game_of_about_sixty_lines() -> None:
    assert len(BLOCKS) == 2
    assert 40 <= len(BLOCKS[0].splitlines()) <= 75


def test_the_example_plays_as_it_says(echo: type[Game]) -> None:
    exec(compile(BLOCKS[1], "games/GUIDE.md", "exec"), {"Echo": echo, "Played": Played})


def test_the_example_plays_to_its_end(echo: type[Game]) -> None:
    played = Played(echo(), "anna", "bela", card="spoon")
    words = ["spoon"]
    while played.closed is None:
        words.append(f"thing{len(words)}")
        assert played.say(played.turn.voice or "", " ".join(words)) == []

    assert len(played.closed.replay) == 6


def test_the_example_keeps_the_promises_of_all_games(
    echo: type[Game], monkeypatch: pytest.MonkeyPatch
) -> None:
    game = echo()
    monkeypatch.setitem(BY_ID, game.id, game)
    monkeypatch.setattr("games.registry.GAMES", (*BY_ID.values(),))

    run(table("echo", "en"), FEW)
