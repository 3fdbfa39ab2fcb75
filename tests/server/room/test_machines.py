"""Voices that are machines: marked in all that they do, and without a say about anybody."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from games.round import VoteCast
from server.room import governing, machines
from server.room.commands import (
    Agree,
    Change,
    Close,
    Command,
    Forget,
    GiveKeeper,
    MakeHook,
    Mute,
    Open,
    Pass,
    React,
    Refused,
    Remove,
    Report,
    Restore,
    RoundJoin,
    RoundStart,
    RoundStop,
    Say,
    Throw,
    Vote,
    WantTopic,
)
from server.room.events import KeeperGiven, RoomOpened, Voice, decode, encode
from server.room.snapshot import CODEC
from server.room.state import EMPTY
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

BOT = Voice("voice-bot", "Tin Whistle", "#00ff00")
HOST = replace(BOT, machine=True)


def room_with_a_bot(*, public: bool = True) -> PureRoom:
    """Return a room of Anna, Bela and a bot that said what it is; Dora keeps it if it is private."""
    room = PureRoom()
    if not public:
        room.state, room.events = EMPTY, []
        room.do(Open(RoomOpened("wonder", "Test")), DORA)
    room.here = room.speakers = (BOT.id, ANNA.id, BELA.id)
    room.machines = (BOT.id,)
    room.consented = (BOT.id, ANNA.id, BELA.id, CLEO.id, DORA.id)
    return room


def refusal(room: PureRoom, command: Command, by: Voice | None) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def test_people_are_stored_and_sent_as_before() -> None:
    room = PureRoom()
    room.do(Say("hello"), ANNA)
    assert b"machine" not in encode(room.events[-1])
    assert decode(encode(room.events[-1])).by == ANNA


def test_what_a_machine_does_is_marked_whichever_of_its_connections_it_comes_by() -> None:
    room = room_with_a_bot()
    room.do(Say("beep"), BOT)
    assert room.events[-1].by == HOST
    assert b'"machine":true' in encode(room.events[-1])
    room.land("clip", BOT)
    assert room.state.clips.whole["clip"].by == HOST


def test_a_machine_stays_one_when_nobody_but_the_log_remembers_it() -> None:
    room = room_with_a_bot()
    room.do(Say("beep"), BOT)
    room.machines = ()
    body = CODEC.encode(room.state, {})
    room.state, _ = CODEC.decode(body.body, body.fresh)
    room.do(Say("boop"), BOT)
    assert room.events[-1].by == HOST
    assert machines.is_machine(room.state, BOT.id, room.context())


@pytest.mark.parametrize(
    "command",
    [
        Agree("any", value=True),
        Report("clip", "rude"),
        Pass("clip", value=True),
        WantTopic(),
        Mute(ANNA.id, 60_000),
        Remove("clip", "moderated"),
        Restore("clip"),
        Change(name="Mine"),
        GiveKeeper(BOT.id),
        MakeHook("hook"),
        Close(),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_people_decide_is_refused_to_a_machine(command: Command) -> None:
    room = room_with_a_bot()
    room.land("clip", ANNA)
    assert refusal(room, command, BOT) == "not_allowed"


def test_a_machine_writes_speaks_plays_and_takes_back_what_is_its_own() -> None:
    room = room_with_a_bot()
    room.do(RoundStart("word_association"), BOT)
    assert room.state.round is not None
    assert BOT.id in room.state.round.players
    room.do(RoundStop(), BOT)
    room.do(Throw(), BOT)
    assert room.state.round.starter == BOT.id
    room.do(Say("beep"), BOT)
    assert [*room.state.texts.values()] == [BOT.id]
    room.do(Forget(everything=True), BOT)
    assert not room.state.texts


def test_a_machine_ends_no_round_that_people_began() -> None:
    room = room_with_a_bot()
    room.here = room.speakers = (BOT.id, ANNA.id)
    room.do(RoundStart("word_association"), ANNA)
    for command in (RoundStop(), Throw(), RoundStart("first_thing")):
        assert refusal(room, command, BOT) == "not_allowed"


def test_a_proposal_is_carried_by_half_of_the_people() -> None:
    room = room_with_a_bot()
    room.here = room.speakers = (BOT.id, ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundStop(), BELA)
    proposal = room.state.governed.proposal
    assert proposal is not None
    room.do(Agree(proposal.id, value=True), CLEO)
    assert room.state.round is None, "two of three, and the bot has no say"


def test_where_one_person_plays_with_a_machine_they_propose_to_nobody() -> None:
    room = room_with_a_bot()
    room.here = room.speakers = (BOT.id, ANNA.id)
    room.do(RoundStart("word_association"), BOT)
    room.do(RoundStop(), ANNA)
    assert room.state.round is None
    assert room.state.governed.proposal is None


def test_a_machine_votes_for_nobody() -> None:
    room = room_with_a_bot()
    room.do(RoundStart("word_association"), ANNA)
    room.land("clip", ANNA)
    assert room.state.round is not None
    assert refusal(room, Vote(room.state.round.id, "clip", 1), BOT) == "not_allowed"
    assert [type(fact) for fact in room.do(Vote(room.state.round.id, "clip", 1), BELA)][:1] == [VoteCast]


def test_a_heart_of_a_machine_is_shown_and_makes_no_line_of_a_set() -> None:
    room = room_with_a_bot()
    room.do(RoundStart("word_association"), ANNA)
    room.land("clip", ANNA)
    room.do(React("clip", "❤️"), BOT)
    assert not room.state.set_rounds.liked
    room.do(React("clip", "❤️"), BELA)
    assert "clip" in room.state.set_rounds.liked


def test_a_machine_that_is_here_counts_for_nothing() -> None:
    room = room_with_a_bot()
    room.here = room.speakers = (BOT.id,)
    assert room.due() is None, "no pulse for a machine alone"
    room.here = room.speakers = (BOT.id, ANNA.id)
    assert room.due() is not None
    room.do(WantTopic(), ANNA)
    assert room.state.round is not None, "all people who are here want another"


def test_a_machine_keeps_no_room() -> None:
    room = room_with_a_bot(public=False)
    assert refusal(room, GiveKeeper(BOT.id), DORA) == "bad_value"
    room.now_ms += governing.AWAY_MS
    room.left = {DORA.id: room.now_ms - governing.AWAY_MS}
    assert not governing.is_acting(room.state, BOT.id, room.context())
    assert governing.is_acting(room.state, ANNA.id, room.context()), "the next who is here for longest"


def test_a_room_whose_keeper_turns_out_to_be_a_machine_is_the_admins() -> None:
    room = room_with_a_bot(public=False)
    room.do(GiveKeeper(ANNA.id), DORA)
    room.machines = (BOT.id, ANNA.id)
    assert KeeperGiven("") in room.do(Say("anything"), BELA)
    assert room.state.keeper == ""


def test_people_are_those_who_are_no_machines_in_their_order() -> None:
    room = room_with_a_bot()
    room.here = (BOT.id, ANNA.id)
    assert [*machines.people(room.here, room.context())] == [ANNA.id]
    room.machines = ()
    assert machines.people(room.here, room.context()) is room.here


def test_who_joins_a_machines_round_plays_with_it() -> None:
    room = room_with_a_bot()
    room.here = room.speakers = (BOT.id,)
    room.do(RoundStart("word_association"), BOT)
    room.here = room.speakers = (BOT.id, ANNA.id)
    room.do(RoundJoin(), ANNA)
    assert room.state.round is not None
    assert set(room.state.round.players) == {BOT.id, ANNA.id}
