from __future__ import annotations

import pytest
from msgspec.structs import replace

from games.parts import Duet
from games.round import Prompt, Round, RoundClosed, RoundOpened, TurnGiven
from server.room import chains, company
from server.room.commands import (
    Agree,
    Asked,
    Forget,
    Hide,
    Refused,
    Restore,
    RoundStart,
    RoundStop,
    Suggest,
    Throw,
)
from server.room.events import ClipRemoved, Fact, ProposalMade, RoomChanged, TopicThrown, Voice
from server.room.kinds import TIMINGS
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


@pytest.fixture(autouse=True)
def _no_chain_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no chain begin by chance: each rest here is for a prompt that others answered."""
    monkeypatch.setattr(chains, "BEGUN_SHARE", 0.0)


ANSWERED = {"clip-a": ANNA, "clip-b": BELA}


def answered(*rounds: dict[str, Voice], kind: str = "wonder") -> PureRoom:
    """Return a room that rests after rounds in which those clips were said."""
    room = PureRoom(kind, seed=3)
    for said in rounds or (ANSWERED,):
        room.do(Throw(), ANNA)
        for clip, voice in said.items():
            room.land(clip, voice)
        room.pass_time(speakers=())
    return room


def opening(facts: list[Fact]) -> RoundOpened:
    return next(fact for fact in facts if isinstance(fact, RoundOpened))


def prompts(room: PureRoom) -> list[Prompt]:
    return [
        each.data.prompt for each in room.events if isinstance(each.data, RoundOpened) and each.data.prompt
    ]


def again(room: PureRoom, clip: str = "clip-a") -> RoundStart:
    return RoundStart(clip=clip, asked=Asked(prompts(room)[0], "first_thing"))


def refused(room: PureRoom, command: RoundStart, by: Voice = CLEO) -> str:
    with pytest.raises(Refused) as why:
        room.do(command, by)
    return why.value.code


def test_the_prompt_that_a_clip_answered_is_thrown_again_with_the_clip_as_company() -> None:
    room = answered()

    facts = room.do(again(room), CLEO)

    assert isinstance(facts[0], TopicThrown)
    opened = opening(facts)
    assert opened.prompt == prompts(room)[0]
    assert opened.company == ("clip-a",)
    assert opened.game == "first_thing"
    assert isinstance(facts[-1], TurnGiven)
    assert facts[-1].prompt == prompts(room)[0].text
    assert room.state.round is not None
    assert room.state.round.starter == CLEO.id
    assert room.state.round.company == ("clip-a",)


def test_the_game_is_that_of_the_clips_round_where_all_were_asked_and_the_plain_one_else() -> None:
    room = answered(kind="humour")
    asked = again(room).asked
    assert asked is not None

    worst = opening(room.do(replace(again(room), asked=replace(asked, game="world_worst")), CLEO))
    assert (worst.game, worst.prompt) == ("world_worst", asked.prompt)
    for game in ("word_association", "", "nothing"):
        wish = replace(again(room), asked=replace(asked, game=game))
        assert opening(room.do(wish, CLEO)).game == "first_thing"


def test_a_clip_that_is_hidden_gone_or_of_nowhere_and_one_without_a_prompt_ask_for_nothing() -> None:
    room = answered()
    wish = again(room)
    assert refused(room, replace(wish, clip="nowhere")) == "no_such_clip"
    assert refused(room, replace(wish, asked=None)) == "bad_value"
    room.do(Hide("clip-a"))
    assert refused(room, wish) == "no_such_clip"
    room.do(Forget("clip-b"), BELA)
    assert refused(room, again(room, "clip-b")) == "no_such_clip"
    assert refused(room, RoundStart()) == "no_such_game"


def test_in_a_round_of_others_it_is_a_proposal_and_comes_when_that_is_carried() -> None:
    room = answered()
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart("word_association"), ANNA)

    (made,) = room.do(again(room), BELA)
    assert isinstance(made, ProposalMade)
    assert (made.clip, made.prompt) == ("clip-a", prompts(room)[0])
    facts = room.do(Agree(made.proposal, value=True), ANNA)

    assert opening(facts).prompt == made.prompt
    assert opening(facts).company == ("clip-a",)


def test_a_proposed_prompt_that_was_taken_back_is_not_thrown() -> None:
    room = PureRoom()
    room.do(Suggest("My secret door"), CLEO)
    while room.state.suggestions:
        room.do(Throw(), ANNA)
    own = prompts(room)[-1]
    room.land("clip-a", ANNA)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    (made,) = room.do(RoundStart(clip="clip-a", asked=Asked(own)), BELA)
    room.do(Forget(everything=True), CLEO)
    assert isinstance(made, ProposalMade)

    facts = room.do(Agree(made.proposal, value=True), ANNA)

    assert own.text == "My secret door"
    assert opening(facts).prompt != own
    assert own.text not in str(room.events)
    assert own.text not in str(room.state)


def suggested(room: PureRoom, text: str) -> tuple[Prompt, int]:
    """Let Cleo suggest a topic that is thrown and answered by Anna; return it, and its seq."""
    room.do(Suggest(text), CLEO)
    seq = room.state.head
    while room.state.suggestions:
        room.do(Throw(), ANNA)
    room.land("clip-a", ANNA)
    room.do(RoundStop(), ANNA)
    return prompts(room)[-1], seq


def test_a_prompt_of_which_something_was_removed_since_it_was_read_is_not_thrown() -> None:
    room = PureRoom()
    own, _ = suggested(room, "My secret door")
    wish = RoundStart(clip="clip-a", asked=Asked(own, as_of=room.state.head))
    room.do(Forget(everything=True), CLEO)

    assert refused(room, wish, BELA) == "bad_value"
    assert own.text not in str(room.state)


def test_a_topic_that_is_hidden_is_thrown_to_nobody_until_it_is_restored() -> None:
    room = PureRoom()
    own, seq = suggested(room, "Something that was reported")
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    (made,) = room.do(RoundStart(clip="clip-a", asked=Asked(own)), BELA)
    assert isinstance(made, ProposalMade)
    room.do(Hide(seq=seq))

    assert opening(room.do(Agree(made.proposal, value=True), ANNA)).prompt != own
    assert refused(room, RoundStart(clip="clip-a", asked=Asked(own)), BELA) == "bad_value"
    assert company.waiting(room.state, BELA.id) is None
    room.do(Restore(seq=seq))
    assert company.waiting(room.state, BELA.id) is not None


def test_who_plays_alone_gets_what_others_answered_and_hears_two_of_them() -> None:
    room = answered({"clip-a": ANNA, "clip-b": BELA, "clip-c": DORA})

    assert room.pass_time(speakers=(CLEO.id,))

    round_ = room.state.round
    assert round_ is not None
    assert round_.prompt == prompts(room)[0]
    assert round_.starter == ""
    assert len(round_.company) == company.STRANGERS_HEARD
    assert {*round_.company} < {"clip-a", "clip-b", "clip-c"}


def test_nobody_alone_is_asked_twice_what_they_answered_and_other_prompts_come_first() -> None:
    one, two, three = {"a1": ANNA, "a2": CLEO}, {"b1": ANNA}, {"c1": BELA}
    room = answered(one, two, three)
    room.speakers = (CLEO.id,)
    first, second, third = prompts(room)

    room.pass_time()
    assert prompts(room)[-1] == second
    room.pass_time()  # silent
    room.pass_time()
    assert prompts(room)[-1] == third
    room.land("c2", CLEO)
    room.pass_time()
    room.pass_time()
    assert prompts(room)[-1] == second
    room.pass_time()  # silent again: the only one that is left does not come twice in a row
    room.pass_time()
    assert prompts(room)[-1] not in {first, second, third}


@pytest.mark.parametrize("speakers", [(CLEO.id, DORA.id), (ANNA.id,)])
def test_two_and_those_who_met_no_stranger_play_as_ever(speakers: tuple[str, ...]) -> None:
    room = answered({"clip-a": ANNA})
    room.pass_time(speakers=speakers)

    assert room.state.round is None or not room.state.round.company


ROBOT = Voice("voice-robot", "Megaphone", "#00ff00", machine=True)


def door(room: PureRoom, voice: Voice = CLEO) -> Round:
    """Let somebody in, alone, in the middle of a rest; return the round that begins at once."""
    room.now_ms += 60_000
    room.came = {voice.id: room.now_ms}
    came_ms = room.now_ms
    assert room.pass_time(speakers=(voice.id,))
    assert room.now_ms == came_ms
    assert room.state.round is not None
    return room.state.round


def test_who_comes_in_alone_hears_one_stranger_first_and_is_asked_the_same() -> None:
    room = answered()
    said_ms = room.state.clips["clip-a"].at_ms

    round_ = door(room)

    assert round_.prompt == prompts(room)[0]
    assert round_.company in {("clip-a",), ("clip-b",)}
    assert round_.duet == Duet(said_ms)
    heard_ms = company.DUET_LEAD_MS + 900 + company.DUET_BREATH_MS
    turn = room.turn()
    assert turn.go_at_ms == room.now_ms + heard_ms + TIMINGS["snap"].count_in_ms
    assert turn.closes_at_ms - turn.go_at_ms == TIMINGS["snap"].window_ms


def test_a_duet_is_for_the_door_and_what_comes_after_it_is_speak_then_hear() -> None:
    room = answered({"clip-a": ANNA}, {"clip-b": BELA})
    assert door(room).duet
    room.land("own", CLEO)
    room.pass_time()
    assert room.pass_time()

    assert room.state.round is not None
    assert room.state.round.company == ("clip-b",)
    assert room.state.round.duet is None


@pytest.mark.parametrize("speakers", [(CLEO.id, DORA.id), (ANNA.id,), ()])
def test_two_at_the_door_or_one_whom_nobody_preceded_wait_for_the_pulse(speakers: tuple[str, ...]) -> None:
    room = answered({"clip-a": ANNA})
    room.came = dict.fromkeys(speakers, room.now_ms + 1)

    assert not company.is_due(room.state, replace(room.context(), speakers=speakers, here=speakers))
    assert company.duet(room.state, replace(room.context(), speakers=speakers, here=speakers)) == []


def test_who_only_lost_the_connection_comes_back_to_no_duet_and_who_was_away_for_long_does() -> None:
    room = answered({"clip-a": ANNA}, {"clip-b": BELA, "clip-c": CLEO})
    for away_ms, is_new in ((company.BACK_WITHIN_MS - 1, False), (company.BACK_WITHIN_MS, True)):
        room.came = {CLEO.id: room.state.rested_from_ms + away_ms}
        room.speakers = (CLEO.id,)
        assert company.is_due(room.state, room.context()) is is_new


def test_a_machine_goes_first_where_no_person_did_and_says_so() -> None:
    room = answered({"clip-m": ROBOT})
    assert door(room).duet == Duet(room.state.clips["clip-m"].at_ms, machine=True)

    room = answered({"clip-m": ROBOT}, {"clip-a": ANNA})
    assert door(room).company == ("clip-a",)
    assert company.waiting(answered({"clip-m": ROBOT}).state, CLEO.id) is None


def test_a_long_answer_is_nobodys_partner() -> None:
    room = PureRoom(seed=3)
    room.do(Throw(), ANNA)
    room.land("clip-a", ANNA, duration_ms=company.DUET_LONGEST_MS + 1)
    room.pass_time(speakers=())
    room.came = {CLEO.id: room.now_ms + 1}
    room.speakers = (CLEO.id,)

    assert not company.is_due(room.state, room.context())


def test_a_prompt_with_long_answers_only_hides_no_other() -> None:
    room = answered({"clip-a": ANNA}, {"clip-b": BELA})
    one, other = room.state.answered
    long = replace(one, said=(replace(one.said[0], duration_ms=company.DUET_LONGEST_MS + 1),))
    room.state = replace(room.state, answered=(long, other))
    assert company.waiting(room.state, CLEO.id) == long
    assert door(room).company == ("clip-b",)


def test_clips_that_were_hidden_or_removed_are_no_company() -> None:
    room = answered()
    room.do(Hide("clip-a"))
    room.do(Forget("clip-b"), BELA)
    assert isinstance(room.events[-1].data, ClipRemoved)

    assert company.waiting(room.state, CLEO.id) is None


def test_a_locked_room_throws_nothing_for_who_may_only_listen() -> None:
    room = answered()
    room.do(Throw(), ANNA)
    state = replace(room.state, locked=RoomChanged(locked=True).locked or False)
    room.speakers = (CLEO.id,)

    assert company.alone(state, room.context()) == []


def test_what_who_is_alone_is_to_answer_first_is_spared_by_the_radio() -> None:
    room = answered()
    room.here = (CLEO.id,)
    assert company.spared(room.state, room.context()) == ("clip-a", "clip-b")
    room.here = (CLEO.id, DORA.id)
    assert company.spared(room.state, room.context()) == ()
    room.here = (ANNA.id,)
    assert company.spared(room.state, room.context()) == ()


def test_the_next_round_waits_until_the_company_was_heard() -> None:
    room = answered()
    room.pass_time(speakers=(CLEO.id,))
    round_ = room.state.round
    assert round_ is not None
    room.land("own", CLEO, duration_ms=6_000)
    room.pass_time()

    closed = room.closings()[-1]
    assert isinstance(closed, RoundClosed)
    assert closed.next_at_ms - room.now_ms >= 6_000 + 2 * 900
