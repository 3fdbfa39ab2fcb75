from __future__ import annotations

from server.room.commands import RoundStop
from tests.support.play import Played, voice_of
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom


def test_the_second_place_is_open_until_somebody_takes_it() -> None:
    played = Played("insult_duel", "a")
    assert played.turn.is_for("b")
    played.say("a", "Your handle is plastic")

    assert not played.turn.is_for("a")
    played.say("b", "Thank you! Yours leaks")
    assert played.turn.voice == "a"
    assert played.say("a", "Thank you, yours leaks!") == ["old_joke"]
    assert played.turn.voice == "b"


def test_the_crowd_judges_wit_at_the_end() -> None:
    played = Played("insult_duel", "a", "b")
    for voice in "ababab":
        played.say(voice)

    assert played.turn.act == "vote"
    played.wait()
    assert played.closed is not None
    assert len(played.closed.replay) == 6


def test_nobody_is_made_a_duellist_by_the_rooms_own_pulse() -> None:
    players = set()
    for seed in range(40):
        room = PureRoom("arena", seed=seed)
        room.pass_time(speakers=(ANNA.id, BELA.id, CLEO.id))
        if room.state.round is not None and room.state.round.game == "insult_duel":
            players.add(room.state.round.players)

    assert players == {()}


def test_whoever_has_more_hearts_wins_a_duel_also_one_that_is_ended_early() -> None:
    played = Played("insult_duel", "a", "b")
    for voice in "aba":
        played.say(voice)
    for voice, clip in (("x", "c1"), ("y", "c3"), ("z", "c3"), ("x", "c2")):
        played.vote(voice, clip, 1)
    played.room.do(RoundStop(), voice_of("a"))

    closing = played.room.closings()[-1]
    assert (closing.reason, closing.ending, closing.winners) == ("stopped", "duel", ("c3",))
    assert closing.replay == ("c1", "c2", "c3")
