from __future__ import annotations

from games.registry import offered
from server.room.kinds import KINDS, TIMINGS


def test_every_kind_has_rules_in_both_languages_a_tempo_and_games() -> None:
    assert list(KINDS) == ["wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing"]
    for kind in KINDS.values():
        assert set(kind.rules) == {"en", "de"}
        assert kind.tempo in TIMINGS
        assert offered(kind.id)


def test_the_arena_asks_before_the_door_and_healing_does_not_score() -> None:
    assert set(KINDS["arena"].consent) == {"en", "de"}
    assert not KINDS["healing"].scored
    assert KINDS["healing"].tempo == "slow"
