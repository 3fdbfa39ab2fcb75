from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import get_args

import games
from games.first_thing import EVERYWHERE
from games.game import Mood, Play
from games.registry import BY_ID, GAMES, offered


def test_every_game_speaks_both_languages_and_has_a_name_of_its_own() -> None:
    assert len(BY_ID) == len(GAMES)
    for game in GAMES:
        assert set(game.names) == set(game.rules) == set(game.short) == {"en", "de"}
        assert all(len(short.split()) <= 6 for short in game.short.values())
        assert 1 <= game.least <= game.most
        assert game.mood in get_args(Mood)
        assert 10 <= game.seconds <= 120
        assert game.kinds
        assert game.turns in {"all", "chain", "pair", "guess", "cut", "series"}
        assert set(game.kinds) <= set(EVERYWHERE)


def test_every_game_that_is_written_is_offered() -> None:
    for file in Path(games.__file__).parent.glob("*.py"):
        module = import_module(f"games.{file.stem}")
        written = [
            each for each in vars(module).values() if isinstance(each, type) and issubclass(each, Play)
        ]
        assert {each for each in written if "id" in vars(each)} <= {type(game) for game in GAMES}, file


def test_a_room_of_wonder_offers_the_plain_prompt_first() -> None:
    assert [game.id for game in offered("wonder")][:2] == ["first_thing", "word_association"]
    assert offered("nowhere") == ()
