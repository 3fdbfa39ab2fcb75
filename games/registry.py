"""All games, in the order in which they are shown. A new game is one more line here."""

from __future__ import annotations

from games.first_thing import FirstThing
from games.game import Game
from games.word_association import WordAssociation

GAMES: tuple[Game, ...] = (FirstThing(), WordAssociation())
BY_ID: dict[str, Game] = {game.id: game for game in GAMES}


def offered(kind: str) -> tuple[Game, ...]:
    """Return the games that a kind of room offers."""
    return tuple(game for game in GAMES if kind in game.kinds)
