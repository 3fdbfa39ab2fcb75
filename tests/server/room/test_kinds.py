from __future__ import annotations

from audio.take import LONGEST_CLIP_MS
from games.registry import offered
from server.room.kinds import KINDS, TIMINGS
from server.room.rounds import SLOWEST_PACE


def test_every_kind_has_rules_in_both_languages_a_tempo_and_games() -> None:
    assert list(KINDS) == ["wonder", "topic", "local", "humour", "language", "roleplay", "arena", "healing"]
    for kind in KINDS.values():
        assert set(kind.rules) == set(kind.names) == {"en", "de"}
        assert kind.tempo in TIMINGS
        assert offered(kind.id)


def test_the_arena_asks_before_the_door_and_healing_does_not_score() -> None:
    assert set(KINDS["arena"].consent) == {"en", "de"}
    assert not KINDS["healing"].scored
    assert KINDS["healing"].tempo == "slow"


def test_kinds_are_whole_and_bounded() -> None:
    for kind in KINDS.values():
        assert kind.games
        assert kind.games[0] == kind.plain
        assert set(kind.host) == {"en", "de"}
        assert kind.longest_clip_ms * SLOWEST_PACE <= LONGEST_CLIP_MS
        assert (kind.door == "consent") == bool(kind.consent)
        assert 0 <= kind.other_share < 1


def test_nothing_crosses_from_the_arena_to_healing() -> None:
    assert "insult_duel" in KINDS["arena"].games
    assert "insult_duel" not in {game for kind in KINDS.values() if kind.id != "arena" for game in kind.games}
    assert "thanks" in KINDS["healing"].games
    assert KINDS["healing"].preview
    assert set(KINDS["healing"].aftercare) == {"en", "de"}


def test_the_pulse_offers_what_so_many_can_play() -> None:
    alone = {game.id for game in KINDS["roleplay"].suited(1)}
    two = {game.id for game in KINDS["roleplay"].suited(2)}

    assert "questions_only" not in alone
    assert "questions_only" in two
    assert "first_thing" not in two
