from __future__ import annotations

import pytest

from games.game import PLAYERS_LIMIT
from games.round import (
    AnswerGiven,
    RoleGiven,
    RoundClosed,
    RoundJoined,
    RoundOpened,
    VerdictGiven,
    VerdictOverruled,
    VoteCast,
)
from server.room.commands import (
    Again,
    Agree,
    Answer,
    Caption,
    Command,
    Forget,
    Refused,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    Throw,
    Vote,
)
from server.room.events import ClipCaptioned, Erased, TextRemoved, Voice
from server.room.round_commands import ROLE_LIMIT_CHARACTERS, UNHEARD_OF_SEAT
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


def playing(game: str, kind: str = "wonder") -> PureRoom:
    room = PureRoom(kind)
    room.do(RoundStart(game), ANNA)
    return room


def refusal(room: PureRoom, command: Command, voice: Voice) -> str:
    before = room.state
    with pytest.raises(Refused) as refused:
        room.do(command, voice)
    assert room.state == before
    return refused.value.code


def test_an_answer_is_taken_in_its_turn_only_and_once() -> None:
    room = playing("word_association")
    round_ = room.turn().round

    assert refusal(room, Answer("forged", "rain"), ANNA) == "no_round"
    assert refusal(room, Answer(round_, "rain"), ANNA) == "not_your_turn"
    room.now_ms = room.turn().go_at_ms
    assert refusal(room, Answer(round_, "rain"), BELA) == "not_your_turn"
    assert refusal(room, Answer(round_, " \u200b "), ANNA) == "bad_answer"
    assert refusal(room, Answer(round_, "rain" * 99), ANNA) == "bad_answer"
    given = room.do(Answer(round_, "rain"), ANNA)[0]
    assert isinstance(given, AnswerGiven)
    assert given.text == "rain"
    assert room.turn().prompt == "rain"


def test_an_answer_can_be_voted_on_and_forgotten() -> None:
    room = playing("first_thing")
    round_ = room.turn().round
    room.now_ms = room.turn().go_at_ms
    given = room.do(Answer(round_, "a secret umbrella"), ANNA)[0]
    assert isinstance(given, AnswerGiven)
    assert refusal(room, Answer(round_, "another"), ANNA) == "answered_already"
    assert room.do(Vote(round_, given.answer, 5), BELA)

    (removed,) = room.do(Forget(everything=True), ANNA)

    assert isinstance(removed, TextRemoved)
    assert isinstance(room.events[removed.target - 1].data, Erased)
    assert "umbrella" not in str(room.events) + str(room.state)


def test_votes_overrule_the_referee() -> None:
    room = playing("word_association")
    round_ = room.turn().round
    _, verdict, _ = room.land("long", ANNA, duration_ms=5_000)
    assert isinstance(verdict, VerdictGiven)
    room.do(Vote(round_, "long", 3), BELA)

    assert room.do(Vote(round_, "long", 1), CLEO)[1:] == [VerdictOverruled(round_, "long", verdict.code)]
    assert len(room.do(Vote(round_, "long", 1), DORA)) == 1


def test_nothing_is_voted_on_where_nothing_is_scored() -> None:
    room = playing("first_thing", "healing")
    room.land("a", ANNA)

    assert refusal(room, Vote(room.turn().round, "a", 3), BELA) == "not_scored"


def test_words_are_judged_when_they_come_after_the_end_as_well() -> None:
    room = playing("world_worst", "humour")
    room.land("a", ANNA)
    room.land("b", BELA)
    while room.state.round is not None:
        room.pass_time()
    room.do(Caption(ClipCaptioned("a", "I only swim on dry land", "en")))

    facts = room.do(Caption(ClipCaptioned("b", "I only swim on dry land", "en")))

    assert [fact.code for fact in facts if isinstance(fact, VerdictGiven)] == ["old_joke"]
    assert room.state.last_round is not None
    assert len(room.state.last_round.verdicts) == 1


def test_one_word_ends_a_duel_for_its_players_only() -> None:
    room = playing("insult_duel", "arena")
    assert refusal(room, RoundStop(), BELA) == "not_a_player"
    room.do(RoundJoin(), BELA)

    (closed,) = room.do(RoundStop(), BELA)

    assert isinstance(closed, RoundClosed)
    assert closed.reason == "stopped"
    assert refusal(room, RoundStop(), ANNA) == "no_round"


def test_a_round_has_room_for_so_many_and_newcomers_learn_who_they_are() -> None:
    room = playing("scene", "roleplay")
    for number in range(PLAYERS_LIMIT - 1):
        _, role = room.do(RoundJoin(), Voice(f"voice-{number}", "Some One", "#000000"))
        assert isinstance(role, RoleGiven)
        assert role.voice == f"voice-{number}"

    assert refusal(room, RoundJoin(), BELA) == "round_full"


def test_the_role_that_somebody_takes_is_cut_to_its_limit() -> None:
    joined = playing("scene", "roleplay").do(RoundJoin(" the\tmoon" * 99), BELA)[0]

    assert isinstance(joined, RoundJoined)
    assert joined.role == ("the moon " * 99)[:ROLE_LIMIT_CHARACTERS]


def test_again_restarts_at_once() -> None:
    room = PureRoom()
    assert refusal(room, Again(), ANNA) == "no_round"
    room.do(Throw(), ANNA)
    room.land("c1", ANNA)

    closed, opened, _ = room.do(Again(), ANNA)

    assert isinstance(closed, RoundClosed)
    assert isinstance(opened, RoundOpened)
    assert (closed.reason, closed.takes, opened.game) == ("again", ("c1",), "first_thing")


def test_votes_are_for_others_once_and_in_range() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    round_ = room.turn().round
    room.land("a", ANNA)
    room.land("b", BELA)

    assert refusal(room, Vote("forged", "b", 1), ANNA) == "no_round"
    assert refusal(room, Vote(round_, "zzz", 1), ANNA) == "no_such_clip"
    assert refusal(room, Vote(round_, "a", 1), ANNA) == "own_clip"
    assert refusal(room, Vote(round_, "b", 6), ANNA) == "bad_value"
    assert room.do(Vote(round_, "b", 5), ANNA) == [VoteCast(round_, "b", 5, ANNA.id)]
    assert refusal(room, Vote(round_, "b", 5), ANNA) == "voted_already"
    room.pass_time()
    assert room.do(Vote(round_, "b", 2), CLEO)
    assert room.state.last_round is not None
    assert len(room.state.last_round.votes) == 2


def test_written_answers_and_roles_that_a_filter_finds_are_refused() -> None:
    room = playing("scene", "roleplay")
    assert refusal(room, RoundJoin("the one at 0171 2346578"), BELA) == "filtered"
    room = playing("first_thing")
    room.now_ms = room.turn().go_at_ms
    assert refusal(room, Answer(room.turn().round, "0171 2346578"), ANNA) == "filtered"


def test_one_network_does_not_fill_a_public_round_with_players_who_say_nothing() -> None:
    room = playing("word_association")
    trolls = [Voice(f"troll-{number}", "Some One", "#000000") for number in range(9)]
    room.networks = {ANNA.id: "n1", BELA.id: "n2"} | {troll.id: "n3" for troll in trolls}
    room.here = tuple(room.networks)

    for troll in trolls[:UNHEARD_OF_SEAT]:
        room.do(RoundJoin(), troll)
    assert refusal(room, RoundJoin(), trolls[-1]) == "round_full"
    room.do(RoundJoin(), BELA)
    assert len(room.state.round.players if room.state.round else ()) == 2 + UNHEARD_OF_SEAT


@pytest.mark.parametrize(("by", "plays"), [(ANNA, (ANNA.id,)), (BELA, (BELA.id,)), (CLEO, ()), (None, ())])
def test_another_duel_draws_nobody_in_who_did_not_ask_for_it(
    by: Voice | None, plays: tuple[str, ...]
) -> None:
    room = PureRoom("arena")
    room.here = room.speakers = [ANNA.id, BELA.id, CLEO.id]
    room.do(RoundStart("insult_duel"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(RoundStop(), ANNA)

    room.do(Again(), by)

    assert room.state.round is not None
    assert room.state.round.players == plays
    for voice in (BELA, CLEO):  # the places are open: whoever speaks takes one
        if voice.id not in plays and room.turn().is_for(voice.id):
            room.now_ms = room.turn().go_at_ms
            room.land(voice.id, voice)
    assert room.state.round.takes


def test_another_duel_that_both_want_is_between_both() -> None:
    room = PureRoom("arena")
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(RoundStart("insult_duel"), ANNA)
    room.do(RoundJoin(), BELA)
    room.now_ms = room.turn().go_at_ms
    room.land("a", ANNA)
    room.do(Again(), BELA)
    proposal = room.state.governed.proposal
    assert proposal is not None
    room.do(Agree(proposal.id, value=True), ANNA)

    assert room.state.round is not None
    assert not room.state.round.takes
    assert set(room.state.round.players) == {ANNA.id, BELA.id}


def test_again_is_without_who_left_or_said_out() -> None:
    room = PureRoom("arena")
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(RoundStart("insult_duel"), ANNA)
    room.do(RoundJoin(), BELA)
    room.do(RoundLeave(), BELA)
    room.do(Again(), ANNA)
    assert room.state.round is not None
    assert room.state.round.players == (ANNA.id,)

    room.do(RoundJoin(), BELA)
    room.here = room.speakers = [ANNA.id]
    room.do(Again(), ANNA)
    assert room.state.round.players == (ANNA.id,)
