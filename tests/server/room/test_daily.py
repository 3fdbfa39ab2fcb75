from __future__ import annotations

import pytest
from msgspec.structs import replace

from games import prompts
from games.parts import Duet
from games.round import Prompt, RoundOpened
from server.room import company, daily
from server.room.answered import DAILY_ANSWERS_KEPT, PROMPTS_KEPT, is_daily, newest_daily
from server.room.commands import Agree, Forget, Hide, Refused, RoundStart, Throw
from server.room.events import Fact, ProposalMade, Voice
from server.room.kinds import DAY_MS
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

MIDNIGHT_MS = 20_785 * DAY_MS  # of 2026-11-28
TODAY = RoundStart(daily=True)


def opened(facts: list[Fact]) -> RoundOpened:
    return next(fact for fact in facts if isinstance(fact, RoundOpened))


def answer(room: PureRoom, *voices: Voice) -> None:
    """Let voices ask for the prompt of the day one after the other, and answer it."""
    for voice in voices:
        room.do(TODAY, voice)
        room.land(f"clip-{voice.id}", voice)
        room.pass_time(speakers=())


def refused(room: PureRoom, voice: Voice) -> str:
    with pytest.raises(Refused) as why:
        room.do(TODAY, voice)
    return why.value.code


def test_a_day_has_one_prompt_a_language_and_each_day_another_until_all_were_had() -> None:
    cards = {card.text for card in prompts.pack("en", daily.PACK) if not card.kinds}
    days = [daily.prompt("en", MIDNIGHT_MS + n * DAY_MS) for n in range(len(cards))]

    assert days[0] == daily.prompt("en", MIDNIGHT_MS + DAY_MS - 1)
    assert days[0].id == "daily-2026-11-28"
    assert days[0].text != daily.prompt("de", MIDNIGHT_MS).text
    assert len({prompt.id for prompt in days}) == len(days)
    # The order is another after all were had, so the last days of one may meet the first of the next.
    assert len({prompt.text for prompt in days}) > len(cards) // 2


def test_each_answers_it_once_and_then_hears_those_who_did_before() -> None:
    room = PureRoom(seed=4)
    first = opened(room.do(TODAY, ANNA))
    assert first.prompt == daily.prompt("en", room.now_ms)
    assert (first.game, first.company) == ("first_thing", ())
    room.land("clip-a", ANNA)
    room.pass_time(speakers=())

    second = opened(room.do(TODAY, BELA))

    assert second.prompt == first.prompt
    assert second.company == ("clip-a",)
    room.land("clip-b", BELA)
    room.pass_time(speakers=())
    assert refused(room, ANNA) == "answered_already"
    room.now_ms += DAY_MS
    assert opened(room.do(TODAY, ANNA)).prompt != first.prompt


def test_what_was_taken_back_or_is_hidden_is_not_heard_and_may_be_answered_anew() -> None:
    room = PureRoom(seed=4)
    answer(room, ANNA, BELA, CLEO)
    room.do(Forget(f"clip-{ANNA.id}"), ANNA)
    room.do(Hide(f"clip-{BELA.id}"))

    assert opened(room.do(TODAY, DORA)).company == (f"clip-{CLEO.id}",)
    assert refused(room, BELA) == "answered_already"
    room.pass_time()
    assert opened(room.do(TODAY, ANNA)).company == (f"clip-{CLEO.id}",)


def test_so_many_are_heard_at_most() -> None:
    room = PureRoom(seed=4)
    answer(room, *(Voice(f"voice-{n}", f"Name {n}", "#ffffff") for n in range(company.DAILY_HEARD + 3)))

    assert len(opened(room.do(TODAY, ANNA)).company) == company.DAILY_HEARD


def test_in_a_round_of_others_it_is_proposed_to_them() -> None:
    room = PureRoom(seed=4)
    room.here = room.speakers = (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    (made,) = room.do(TODAY, BELA)
    assert isinstance(made, ProposalMade)

    facts = room.do(Agree(made.proposal, value=True), ANNA)

    assert opened(facts).prompt == daily.prompt("en", room.now_ms)


def test_only_rooms_of_wonder_have_one() -> None:
    room = PureRoom("healing")
    assert refused(room, ANNA) == "no_such_game"


def test_it_comes_by_no_chance_and_is_remembered_however_many_prompts_came_after_it() -> None:
    room = PureRoom(seed=4)
    answer(room, ANNA)
    room.came = {CLEO.id: room.now_ms + 1}
    room.speakers = (CLEO.id,)
    assert company.waiting(room.state, CLEO.id) is None
    assert company.duet(room.state, room.context()) == []
    room.speakers = ()
    for number in range(PROMPTS_KEPT + 3):
        room.do(Throw(), BELA)
        room.land(f"clip-{number}", BELA)
        room.pass_time(speakers=())

    assert len(room.state.answered) == PROMPTS_KEPT
    known = newest_daily(room.state.answered)
    assert known is not None
    assert known.is_by(ANNA.id)
    assert refused(room, ANNA) == "answered_already"


def test_more_of_its_answers_are_remembered_than_of_others() -> None:
    room = PureRoom(seed=4)
    voices = [Voice(f"voice-{n}", f"Name {n}", "#ffffff") for n in range(40)]
    answer(room, *voices)

    assert refused(room, voices[0]) == "answered_already"
    known = newest_daily(room.state.answered)
    assert known is not None
    assert (len(known.said), known.count) == (40, 40)
    assert DAILY_ANSWERS_KEPT > 40


def test_that_of_another_day_is_a_prompt_like_others_once_there_is_a_newer_one() -> None:
    room = PureRoom(seed=4)
    answer(room, ANNA)
    yesterday = daily.prompt("en", room.now_ms)
    room.now_ms += DAY_MS
    answer(room, BELA)

    room.came = {CLEO.id: room.now_ms}
    room.pass_time(speakers=(CLEO.id,))

    assert room.state.round is not None
    assert room.state.round.prompt == yesterday
    assert isinstance(room.state.round.duet, Duet)
    assert not is_daily(None)
    assert not is_daily(replace(yesterday, id="en-first-0001"))
    assert is_daily(Prompt("daily-2026-11-28", ""))
