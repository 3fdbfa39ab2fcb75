"""A whole evening in seconds: every round ends, nothing is lost, nothing is hidden at the end."""

from __future__ import annotations

from games.registry import GAMES
from games.round import RoundClosed, RoundOpened, VerdictGiven
from server.room.events import ClipLanded, ClipRemoved, Erased, decode, encode
from server.room.kinds import KINDS
from server.room.state import EMPTY, RoomState, apply
from tests.support.evening import Evening, Hall


def refolded(hall: Hall) -> RoomState:
    state = EMPTY
    for event in hall.events:
        state = apply(state, decode(encode(event)))
    return state


def check(hall: Hall) -> None:
    opened = [event.data.round for event in hall.events if isinstance(event.data, RoundOpened)]
    closed = [event.data.round for event in hall.events if isinstance(event.data, RoundClosed)]
    removed = {event.data.clip for event in hall.events if isinstance(event.data, ClipRemoved)}
    landed = {event.data.clip for event in hall.events if isinstance(event.data, ClipLanded)}
    assert opened == closed
    assert [event.seq for event in hall.events] == list(range(1, len(hall.events) + 1))
    assert len(hall.state.clips) + len(removed) == hall.landed
    assert set(hall.state.clips) == landed - removed
    assert not any(clip.hidden for clip in hall.state.clips.values())
    if not KINDS[hall.state.kind].scored:
        verdicts = [event.data for event in hall.events if isinstance(event.data, VerdictGiven)]
        assert all(verdict.tone == "note" for verdict in verdicts)
    if not any(isinstance(event.data, Erased) for event in hall.events):
        assert refolded(hall) == hall.state


def test_five_hundred_visitors_and_two_hours_leave_every_room_in_order() -> None:
    evening = Evening(visitors=500, minutes=120, seed=2026)
    evening.run()

    for hall in evening.halls:
        check(hall)
    played = {e.data.game for hall in evening.halls for e in hall.events if isinstance(e.data, RoundOpened)}
    assert played == {game.id for game in GAMES}
    kinds = (
        "ClipLanded",
        "AnswerGiven",
        "RoundRevealed",
        "VerdictGiven",
        "VerdictOverruled",
        "TopicThrown",
    )
    for kind in kinds:
        assert evening.seen[kind] > 0, kind
    assert evening.seen["restart"] > 0
