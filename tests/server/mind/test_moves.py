from __future__ import annotations

import pytest

from games.registry import BY_ID, GAMES
from server.mind.moves import MOVES
from tests.support.partners import Partners
from tests.support.rooms import ANNA, BELA

SEEDS = 4
# A turn may want a rhyme that nobody knows, a talk a fifth time, a true name for a thing that has none.
SPOKEN_SHARE = 0.7


def test_there_is_a_move_for_every_game() -> None:
    assert set(MOVES) == {game.id for game in GAMES}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("game", sorted(MOVES))
def test_two_characters_play_to_the_end_and_the_referee_faults_nothing(game: str, language: str) -> None:
    for seed in range(SEEDS):
        partners = Partners(game, BY_ID[game].kinds[0], language, seed)
        moves = [move for _, move in partners.moves if move]

        assert partners.faults == [], partners.moves
        assert partners.room.closings(), "it ended"
        assert moves
        assert len(moves) >= SPOKEN_SHARE * len(partners.moves)
        for voice in (ANNA, BELA):
            own = [take.text for take in partners.takes if take.voice == voice.id]
            assert len(set(own)) == len(own)
