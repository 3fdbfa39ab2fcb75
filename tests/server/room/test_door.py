"""One door: whoever sends a command, and by whatever way, is asked the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args

import pytest
from msgspec.structs import replace

from games.round import RoundOpened
from server.room import door
from server.room.commands import (
    Again,
    Answer,
    Command,
    Forget,
    Land,
    Mute,
    MuteNetwork,
    Refused,
    Remove,
    Report,
    RoundJoin,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    Vote,
    WantTopic,
)
from server.room.events import ClipLanded, Draft, Event, RoomOpened, VoiceMuted, numbered
from server.room.state import RoomState, apply
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom
from tests.support.theatre import Theatre, mute, running_theatre

CLIP = ClipLanded("clip-1", 900, 300, 0, -16.0, (50,) * 64)
PLAYING = [
    RoundStart("insult_duel"),
    RoundJoin(),
    Again(),
    Throw(),
    Answer("r", "you sock"),
    Vote("r", "c", 1),
    Land(CLIP),
    WantTopic(),
]
WATCHING = [Say("hi"), Suggest("Two left socks"), RoundStop(), Forget("c"), Report("c", "rude")]


def arena(*, language: str = "en") -> PureRoom:
    room = PureRoom("arena", language=language)
    room.consented = ()
    return room


def refusal(room: PureRoom, command: Command) -> str:
    try:
        room.do(command, ANNA)
    except Refused as refused:
        return refused.code
    return ""


def asked(room: PureRoom, command: Command | None) -> str:
    try:
        door.check(room.state, command, ANNA, room.context())
    except Refused as refused:
        return refused.code
    return ""


def muted(room: PureRoom) -> RoomState:
    fact = Draft(VoiceMuted(ANNA.id, room.now_ms + 5_000), 1)
    return apply(room.state, numbered(fact, room.state.head + 1, room.state.head))


@pytest.mark.parametrize("command", PLAYING, ids=lambda command: type(command).__name__)
def test_nobody_plays_in_an_arena_before_they_came_in_by_the_door(command: Command) -> None:
    room = arena()
    before = room.state
    assert refusal(room, command) == "consent_needed"
    assert room.state is before

    room.consented = (ANNA.id,)
    assert refusal(room, command) != "consent_needed"
    open_house = PureRoom()
    open_house.consented = ()
    assert refusal(open_house, command) != "consent_needed"


@pytest.mark.parametrize("command", WATCHING, ids=lambda command: type(command).__name__)
def test_chat_taking_back_reporting_and_out_need_no_consent(command: Command) -> None:
    assert refusal(arena(), command) != "consent_needed"


def test_who_would_speak_is_asked_before_anything_is_heard() -> None:
    room = arena(language="de")
    with pytest.raises(Refused, match="Hier") as refused:
        door.check(room.state, door.SPEAK, ANNA, room.context())
    assert refused.value.code == "consent_needed"
    room.consented = (ANNA.id,)
    assert asked(room, door.SPEAK) == ""
    room.state = muted(room)
    assert asked(room, door.SPEAK) == "muted"
    room.state = replace(room.state, closed=True)
    assert asked(room, door.SPEAK) == "room_closed"


@pytest.mark.parametrize("command", [*PLAYING, Say("hi"), Suggest("Socks"), RoundStop()], ids=str)
def test_a_muted_voice_does_nothing_but_take_back_and_report(command: Command) -> None:
    room = PureRoom()
    room.state = muted(room)
    assert refusal(room, command) == "muted"
    assert refusal(room, Forget("c")) == refusal(room, Report("c", "rude")) == "no_such_clip"
    room.now_ms += 5_000
    assert refusal(room, command) != "muted"


def test_a_take_that_was_let_in_lands_whatever_came_after() -> None:
    room = arena()
    room.state = muted(room)
    assert refusal(room, Land(CLIP)) == "muted"
    assert room.do(Land(CLIP, let_in=True), ANNA)[0] == CLIP


def test_the_room_itself_needs_nobodys_leave_but_a_closed_room_lets_nothing_happen() -> None:
    room = arena()
    assert room.do(Throw())
    room.do(Land(CLIP, let_in=True), BELA)
    room.state = replace(room.state, closed=True)
    assert refusal(room, Land(replace(CLIP, clip="late"), let_in=True)) == "room_closed"
    assert room.do(Remove("clip-1", "expired"))


def test_every_command_is_either_inside_or_named_here_as_needing_no_consent() -> None:
    outside = {type(command).__name__ for command in WATCHING} | {
        "Open",
        "Change",
        "Close",
        "Mute",
        "MuteNetwork",
        "Oversee",
        "GiveKeeper",
        "MakeHook",
        "RemoveHook",
        "Hide",
        "Restore",
        "React",
        "Remove",
        "RoundLeave",
        "Caption",
        "Tick",
    }
    inside = {kind.__name__ for kind in get_args(door.INSIDE)}
    assert {kind.__name__ for kind in get_args(Command)} == inside | outside
    assert not inside & outside


def test_nobody_is_drawn_into_a_game_or_waited_for_who_may_not_play() -> None:
    room = arena()
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    assert room.due() is None
    room.consented = (ANNA.id, BELA.id)
    assert room.due() is not None
    room.do(RoundStart("story_die"), ANNA)
    assert room.state.round is not None
    assert set(room.state.round.players) == {ANNA.id, BELA.id}
    room.land("a", ANNA)
    assert room.turn().voice == BELA.id

    pulsing = arena()
    pulsing.speakers, pulsing.consented = (ANNA.id, BELA.id, CLEO.id), (BELA.id,)
    for _ in range(20):
        pulsing.pass_time()
    opened = [event.data for event in pulsing.events if isinstance(event.data, RoundOpened)]
    assert len(opened) > 5
    assert {voice for fact in opened for voice in fact.players} <= {BELA.id}


def test_whoever_is_muted_in_a_round_is_passed_over_until_they_may_speak_again() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart("word_association"), BELA)
    room.state = muted(room)
    room.land("b", BELA)
    assert room.turn().voice == CLEO.id
    room.land("c", CLEO)
    assert room.turn().voice == BELA.id
    room.now_ms += 5_000
    room.land("b2", BELA)
    room.land("c2", CLEO)  # if it is not Anna's turn already
    assert room.state.round is not None
    assert ANNA.id in {turn.voice for turn in room.state.round.turns[-2:]}


@pytest.fixture
async def theatre() -> AsyncIterator[Theatre]:
    async with running_theatre() as running:
        yield running


async def test_a_muted_voice_begins_nothing_by_any_way_and_lands_what_it_had_begun(theatre: Theatre) -> None:
    takes, room = theatre.takes, theatre.room
    peer = await theatre.speaker()
    await takes.begin(room, ANNA, peer)
    await takes.begin(room, BELA, "")
    for voice in (ANNA, BELA, CLEO):
        mute(room, voice, theatre.clock.ms + 60_000)

    for attempt in (
        takes.begin(room, CLEO, ""),
        takes.upload("wonder", CLEO, b"speech", "audio/ogg"),
        takes.whip("wonder", CLEO, "offer", address="a", commanded=False),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert (refused.value.code, refused.value.retry_after_ms) == ("muted", 60_000)
    event = await takes.stop(room, ANNA, None)
    assert event is not None
    announced = await takes.upload("wonder", BELA, b"speech", "audio/ogg")
    assert isinstance(announced, Event)
    assert [clip.by for clip in room.state.clips.whole.values()] == [ANNA, BELA]
    with pytest.raises(Refused, match="muted"):
        await takes.begin(room, ANNA, peer)


async def test_a_duel_starts_by_no_way_for_a_voice_that_never_consented(theatre: Theatre) -> None:
    room = await theatre.registry.open(RoomOpened("arena", "Ring"), None, id="arena")
    for attempt in (
        room.send(RoundStart("insult_duel"), by=ANNA),
        theatre.registry.send("arena", RoundStart("insult_duel"), by=ANNA, key="k"),
        theatre.registry.send("arena", Land(ClipLanded("clip-1", 900, 300, 0, -16.0, ())), by=ANNA),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert refused.value.code == "consent_needed"
    assert room.tail.head == 1
    room.consent(ANNA.id)
    assert await theatre.registry.send("arena", RoundStart("insult_duel"), by=ANNA, key="k")


def playing() -> PureRoom:
    """Return a room in which Anna has the turn, and two play beside her."""
    room = PureRoom()
    room.here = room.speakers = [ANNA.id, BELA.id, CLEO.id]
    room.do(RoundStart("word_association"), ANNA)
    room.now_ms = room.turn().go_at_ms + 100
    return room


@pytest.mark.parametrize("speaks", [False, True])
@pytest.mark.parametrize("by_network", [False, True])
def test_who_is_muted_in_their_turn_has_it_no_longer(*, speaks: bool, by_network: bool) -> None:
    room = playing()
    room.networks = {ANNA.id: "n1", BELA.id: "n2", CLEO.id: "n3"}
    room.speaking = [ANNA.id] if speaks else []
    assert room.turn().voice == ANNA.id
    before_ms = room.due()
    assert before_ms is not None
    assert before_ms > room.now_ms

    room.do(MuteNetwork(ANNA.id, 60_000) if by_network else Mute(ANNA.id, 60_000))
    assert room.due() is not None
    room.pass_time()

    assert room.turn().voice == BELA.id
    after_ms = room.due()
    assert after_ms is not None
    assert after_ms > room.now_ms, "it is passed on once"
    room.now_ms = room.turn().go_at_ms
    room.land("b", BELA)
    assert room.turn().voice == CLEO.id, "and comes back to nobody who is muted"


def test_the_other_one_of_a_pair_is_waited_for_when_one_is_muted() -> None:
    room = PureRoom()
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(RoundStart("mind_meld"), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.do(Mute(ANNA.id, 60_000))
    waited_ms = room.due()
    assert waited_ms is not None
    assert waited_ms > room.now_ms
    turn = room.turn().turn
    room.land("b", BELA)
    room.pass_time()
    assert room.state.round is None or room.state.round.paused_until_ms or room.turn().turn > turn


def test_a_judge_who_is_muted_holds_no_vote_up() -> None:
    room = playing()
    turn = replace(room.turn(), act="vote", role="judge", voice=None, voices=(ANNA.id,), turn=9)
    assert room.state.round is not None
    room.state = replace(room.state, round=replace(room.state.round, turns=(turn,)))
    assert (room.due() or 0) > room.now_ms
    room.do(Mute(ANNA.id, 60_000))
    assert room.due() == room.now_ms
