"""Proposals: who may end or replace a round at once, and whom the others have to agree with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.game import SILENCE_MS
from server.room.commands import Again, Agree, Command, Mute, Refused, RoundStart, RoundStop, Throw, Tick
from server.room.events import Fact, KeeperGiven, ProposalClosed, ProposalMade, TopicThrown, Voice
from server.room.governed import PROPOSING_EVERY_MS
from server.room.proposals import PROPOSAL_MS
from tests.support.golden_scenes import SentRoom
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

ALL = (ANNA, BELA, CLEO, DORA)
WISHES: list[Command] = [RoundStop(), Again(), RoundStart("mind_meld"), Throw()]
MEANS = ["stop", "again", "start", "start"]


def playing(*, players: int = 3) -> PureRoom:
    """Return a room in which Anna began a round that all here play."""
    room = PureRoom()
    room.here = room.speakers = tuple(voice.id for voice in ALL[:players])
    room.do(RoundStart("word_association"), ANNA)
    return room


def refusal(room: PureRoom, command: Command, by: Voice) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def open_proposal(room: PureRoom) -> str:
    assert room.state.governed.proposal is not None
    return room.state.governed.proposal.id


def proposed(facts: list[Fact]) -> list[str]:
    return [fact.wish for fact in facts if isinstance(fact, ProposalMade)]


@pytest.mark.parametrize("wish", WISHES)
def test_who_began_a_round_and_the_room_itself_end_it_at_once(wish: Command) -> None:
    for by in (ANNA, None):
        room = playing()
        before = room.state.round
        assert not proposed(room.do(wish, by))
        assert room.state.last_round is not None
        assert before is not None
        assert room.state.last_round.id == before.id


@pytest.mark.parametrize("at", range(len(WISHES)))
def test_another_player_proposes_and_half_of_those_here_carry_it_signed_by_them(at: int) -> None:
    wish, means = WISHES[at], MEANS[at]
    room = playing(players=4)
    before = room.state.round
    assert proposed(room.do(wish, BELA)) == [means]
    assert room.state.round == before

    carried = ProposalClosed(open_proposal(room), accepted=True)
    assert room.do(Agree(open_proposal(room), value=True), CLEO)[1] == carried

    assert room.state.governed.proposal is None
    assert room.state.last_round is not None
    assert before is not None
    assert room.state.last_round.id == before.id
    if means != "stop":
        assert room.state.round is not None
        assert room.state.round.starter == BELA.id


@pytest.mark.parametrize("wish", WISHES)
def test_a_listener_ends_nothing(wish: Command) -> None:
    room = playing()
    room.here = (*room.here, DORA.id)

    assert refusal(room, wish, DORA) == "not_a_player"
    room.do(RoundStop(), BELA)
    assert refusal(room, Agree(open_proposal(room), value=True), DORA) == "not_a_player"


def test_of_two_players_the_other_has_to_agree_and_one_alone_has_nobody_to_ask() -> None:
    room = playing(players=2)
    assert proposed(room.do(RoundStop(), BELA))
    assert room.do(Agree(open_proposal(room), value=True), ANNA)
    assert room.state.round is None

    room = playing(players=2)
    room.here = room.speakers = (BELA.id,)
    assert not proposed(room.do(RoundStop(), BELA))
    assert room.state.round is None


def test_a_proposal_that_cannot_be_carried_is_closed_at_once_and_one_that_nobody_answers_in_time() -> None:
    room = playing()
    room.do(RoundStop(), BELA)
    first = open_proposal(room)
    room.do(Agree(first, value=False), ANNA)
    assert room.do(Agree(first, value=False), CLEO)[-1] == ProposalClosed(first, accepted=False)
    assert room.state.round is not None

    assert refusal(room, RoundStop(), BELA) == "too_fast"
    room.do(RoundStop(), CLEO)
    second, made_ms = open_proposal(room), room.now_ms
    assert refusal(room, Again(), DORA) == "not_a_player"
    assert refusal(room, Agree("another", value=True), ANNA) == "no_proposal"
    while room.state.governed.proposal is not None:
        assert room.pass_time()
    assert room.now_ms == made_ms + PROPOSAL_MS
    assert ProposalClosed(second, accepted=False) in [event.data for event in room.events]
    assert refusal(room, Agree(second, value=True), ANNA) == "no_proposal"


def test_one_thing_is_proposed_at_a_time_and_it_is_forgotten_with_its_round() -> None:
    room = playing()
    room.do(RoundStop(), BELA)
    assert refusal(room, Again(), CLEO) == "proposal_running"

    room.do(Again(), ANNA)

    assert room.state.governed.proposal is None
    room.now_ms += PROPOSING_EVERY_MS
    assert proposed(room.do(Again(), BELA)) == ["again"]


def test_who_leaves_counts_no_more_so_the_others_may_have_agreed_already() -> None:
    room = playing(players=4)
    for voice in ALL[1:]:
        room.land(f"c-{voice.id}", voice)
    room.do(RoundStop(), BELA)
    assert room.state.round is not None
    room.here = (BELA.id,)
    assert room.due() == room.now_ms
    room.do(Tick())
    assert room.state.round is None


def test_a_round_of_the_room_itself_is_replaced_by_any_player_until_somebody_has_spoken() -> None:
    room = PureRoom()
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(Throw())
    assert TopicThrown in map(type, room.do(Throw(), ANNA))
    room.do(Throw())
    room.land("c", ANNA)

    assert proposed(room.do(Throw(), BELA)) == ["start"]


def test_ten_keys_of_one_network_neither_end_a_round_of_others_nor_keep_it_alone() -> None:
    room = PureRoom()
    keys = [Voice(f"key-{i}", "Odd", "#000000") for i in range(10)]
    people = [Voice(f"person-{i}", "Fine", "#111111") for i in range(5)]
    room.here = room.speakers = tuple(voice.id for voice in (*keys, *people))
    room.networks = {**{v.id: "one" for v in keys}, **{v.id: v.id for v in people}}
    room.do(RoundStart("first_thing"), people[0])
    room.do(RoundStop(), keys[0])
    for key in keys[1:]:
        room.do(Agree(open_proposal(room), value=True), key)
    assert room.state.round is not None

    room.do(Again(), people[0])
    room.do(RoundStop(), people[1])
    for key in keys:
        room.do(Agree(open_proposal(room), value=False), key)
    for person in people[2:4]:
        room.do(Agree(open_proposal(room), value=True), person)
    assert room.state.round is None


whats = st.sampled_from(["yes", "no", "leave", "come", "tick"])


@given(st.lists(st.tuples(whats, st.integers(0, 3)), max_size=20))
def test_a_proposal_is_always_closed_in_time_whoever_comes_and_goes(steps: list[tuple[str, int]]) -> None:
    room = playing(players=4)
    room.do(RoundStop(), BELA)
    until_ms = room.now_ms + PROPOSAL_MS
    for what, at in steps:
        voice = ALL[at]
        match what:
            case "leave":
                room.here = room.speakers = tuple(each for each in room.here if each != voice.id)
            case "come":
                room.here = room.speakers = tuple(dict.fromkeys((*room.here, voice.id)))
            case "tick":
                room.now_ms += 500
                room.do(Tick())
            case _ if room.state.governed.proposal is not None:
                room.do(Agree(open_proposal(room), value=what == "yes"), voice)
    while room.state.governed.proposal is not None:
        at_ms = room.due()
        assert at_ms is not None
        assert at_ms <= max(until_ms, room.now_ms)
        room.now_ms = max(room.now_ms, at_ms)
        room.do(Tick())
    assert room.now_ms <= until_ms + len(steps) * 500 + SILENCE_MS


def test_who_began_a_round_ends_it_without_having_spoken_and_so_does_the_keeper_who_listens() -> None:
    room = SentRoom()
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(Throw(), ANNA)
    room.do(RoundStop(), ANNA)
    assert [closed.reason for closed in room.closings()] == ["stopped"]

    room.happen(KeeperGiven(DORA.id))
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundStop(), DORA)
    assert room.state.round is None


def test_a_player_who_is_muted_cannot_answer_and_so_is_not_asked() -> None:
    room = playing(players=3)
    room.do(Mute(ANNA.id, 60_000))
    room.do(RoundStop(), BELA)
    room.do(Agree(open_proposal(room), value=True), CLEO)
    assert room.state.round is None

    room.do(Mute(ANNA.id, 0))
    room.do(RoundStart("word_association"), CLEO)
    room.do(Mute(BELA.id, 60_000))
    room.do(Mute(CLEO.id, 60_000))
    assert not proposed(room.do(RoundStop(), ANNA))
    assert room.state.round is None


def test_a_restart_in_which_all_lose_their_connection_ends_no_proposal_before_its_time() -> None:
    room = playing(players=3)
    room.do(RoundStop(), BELA)
    until_ms, here = room.now_ms + PROPOSAL_MS, room.here
    room.restart()
    room.here = room.speakers = ()
    room.now_ms += 500
    room.do(Tick())
    room.here = room.speakers = here
    assert room.due() is not None
    room.do(Agree(open_proposal(room), value=True), CLEO)
    assert room.state.round is None

    room = playing(players=3)
    room.do(RoundStop(), BELA)
    room.here = room.speakers = ()
    while room.state.governed.proposal is not None and room.state.round is not None:
        assert room.pass_time()
    assert room.now_ms <= until_ms
