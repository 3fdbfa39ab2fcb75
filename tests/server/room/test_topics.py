from __future__ import annotations

import pytest
from msgspec.structs import replace

from games.round import RoundClosed, RoundOpened
from server.room.commands import (
    Command,
    Forget,
    Hide,
    Refused,
    Remove,
    Report,
    Restore,
    RoundStart,
    Say,
    Suggest,
    Throw,
    WantTopic,
)
from server.room.events import TopicSuggested, TopicThrown, TopicWanted, Voice
from server.room.round_lifecycle import ENDING_MS
from server.room.topics import SUGGESTIONS_LIMIT, SUGGESTIONS_OF_ONE_VOICE
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom


def refusal(room: PureRoom, command: Command, voice: Voice = ANNA) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, voice)
    return refused.value.code


def test_a_suggested_topic_is_thrown_once_and_soon() -> None:
    room = PureRoom()
    (suggested,) = room.do(Suggest("  My aunt's\n secret door "), BELA)
    assert isinstance(suggested, TopicSuggested)
    thrown = []
    for _ in range(12):
        facts = room.do(Throw(), ANNA)
        thrown += [fact.prompt for fact in facts if isinstance(fact, TopicThrown)]

    assert [prompt.text for prompt in thrown].count("My aunt's secret door") == 1
    assert [prompt.id for prompt in thrown].count(suggested.topic) == 1
    assert room.state.suggestions == {}


def test_suggestions_are_bounded_and_no_twins() -> None:
    room = PureRoom()
    for number in range(SUGGESTIONS_LIMIT):
        voice = Voice(f"v{number // SUGGESTIONS_OF_ONE_VOICE}", "A B", "#000000")
        room.do(Suggest(f"topic {number}"), voice)

    assert refusal(room, Suggest("one more")) == "enough_topics"
    assert refusal(PureRoom(), Suggest(" ")) == "bad_topic"
    assert refusal(PureRoom(), Suggest("x" * 91)) == "bad_topic"
    few = PureRoom()
    few.do(Suggest("Socks"), ANNA)
    assert refusal(few, Suggest("SOCKS"), BELA) == "known_topic"
    few.do(Suggest("two"), ANNA)
    few.do(Suggest("three"), ANNA)
    assert refusal(few, Suggest("four"), ANNA) == "enough_topics"


def test_a_suggestion_can_be_taken_back() -> None:
    room = PureRoom()
    room.do(Suggest("My secret"), ANNA)
    room.do(Forget(everything=True), ANNA)

    assert room.state.suggestions == {}
    assert "secret" not in str(room.events)


def test_two_who_want_another_topic_get_one() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    assert room.do(WantTopic(), ANNA) == [TopicWanted(ANNA.id)]
    assert refusal(room, WantTopic()) == "wanted_already"

    facts = room.do(WantTopic(), BELA)

    assert [type(fact) for fact in facts[:4]] == [TopicWanted, RoundClosed, TopicThrown, RoundOpened]
    assert room.state.wanted == ()


def test_a_crowd_needs_more_than_half_and_takes_are_not_interrupted() -> None:
    crowd = PureRoom()
    crowd.speakers = [f"voice-{number}" for number in range(5)]
    crowd.do(WantTopic(), ANNA)
    assert len(crowd.do(WantTopic(), BELA)) == 1
    assert len(crowd.do(WantTopic(), CLEO)) > 1

    room = PureRoom()
    room.do(Throw(), ANNA)
    room.land("a", ANNA)
    room.do(WantTopic(), ANNA)
    assert room.do(WantTopic(), BELA) == [TopicWanted(BELA.id)]
    room.pass_time()
    room.speakers = (ANNA.id, BELA.id)
    assert room.due() == room.state.rested_from_ms, "all who are here want it"
    room.speakers = (ANNA.id, BELA.id, CLEO.id)
    assert room.due() == room.state.rested_from_ms + ENDING_MS, "one still looks at how it ended"
    room.pass_time()
    assert isinstance(room.events[-3].data, TopicThrown)


@pytest.mark.parametrize(("kind", "about"), [("topic", True), ("wonder", False)])
def test_a_topic_room_weaves_its_theme_into_most_prompts_and_repeats_none(kind: str, about: bool) -> None:
    room = PureRoom(kind)
    room.state = replace(room.state, theme="The far side of the moon")
    facts = [fact for _ in range(100) for fact in room.do(Throw(), ANNA)]
    thrown = [fact.prompt for fact in facts if isinstance(fact, TopicThrown)]

    woven = [prompt.text.startswith("The far side of the moon: ") for prompt in thrown]
    assert any(woven[:10]) == about
    assert not all(woven)
    assert len({prompt.id for prompt in thrown}) == len(thrown) == 100


def test_keys_of_one_network_want_another_topic_as_one_where_others_are_here() -> None:
    room = PureRoom()
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.networks = {ANNA.id: "n1", BELA.id: "n1", CLEO.id: "n2"}
    assert [type(fact) for fact in room.do(WantTopic(), ANNA)] == [TopicWanted]
    assert [type(fact) for fact in room.do(WantTopic(), BELA)] == [TopicWanted]

    assert TopicThrown in map(type, room.do(WantTopic(), CLEO))


def test_when_all_who_are_here_want_the_next_one_it_comes_at_once() -> None:
    alone = PureRoom()
    alone.speakers = (ANNA.id,)
    assert len(alone.do(WantTopic(), ANNA)) > 1

    listened = PureRoom()
    listened.speakers = (ANNA.id,)
    assert listened.do(WantTopic(), BELA) == [TopicWanted(BELA.id)]
    assert len(listened.do(WantTopic(), ANNA)) > 1


def test_only_all_together_cut_the_card_of_an_end_short() -> None:
    room = PureRoom()
    room.here = room.speakers = (ANNA.id, BELA.id, CLEO.id)
    room.do(Throw(), ANNA)
    for voice in (ANNA, BELA, CLEO):
        room.land(voice.id, voice)
    room.pass_time()
    assert room.closings()[-1].next_at_ms == room.due() == room.now_ms + ENDING_MS
    for voice in (ANNA, BELA):
        assert room.do(WantTopic(), voice) == [TopicWanted(voice.id)]
    assert room.due() == room.now_ms + ENDING_MS
    room.speakers = room.here = (ANNA.id, BELA.id)
    assert room.due() == room.now_ms, "who did not want it has left"
    room.speakers = room.here = (ANNA.id, BELA.id, CLEO.id)
    assert TopicThrown in map(type, room.do(WantTopic(), CLEO))


@pytest.mark.parametrize("way", [Hide, Remove])
def test_a_topic_that_is_hidden_or_gone_leaves_the_stage_at_once(way: type[Command]) -> None:
    for mine in (True, False):
        room, topic = staged(mine=mine)
        wishes: dict[type[Command], tuple[Command, Voice | None]] = {
            Hide: (Hide(seq=topic), None),
            Remove: (Remove("", "moderated", seq=topic), None),
        }
        wish, by = wishes[way]
        before = room.state.round
        room.do(wish, by)
        assert before is not None
        if mine:
            assert room.state.round is None
            assert (room.closings()[-1].round, room.closings()[-1].reason) == (before.id, "stopped")
            assert room.events[-1].by is None
        else:
            assert room.state.round is not None, "it was another topic"
            assert room.state.round.id == before.id


def test_a_round_whose_topic_was_taken_back_stands_whatever_else_is_hidden() -> None:
    room, _ = staged(mine=True)
    room.do(Forget(everything=True), ANNA)
    room.do(Say("something else"), CLEO)
    before = room.state.round
    room.do(Hide(seq=room.state.head))
    assert before is not None
    assert room.state.round == before


def staged(*, mine: bool) -> tuple[PureRoom, int]:
    """Return a room that plays on the topic that Anna brought, or on another; and that topic's seq."""
    for seed in range(40):
        room = PureRoom(seed=seed)
        room.do(Suggest("a topic of Anna's"), ANNA)
        seq = room.state.head
        room.do(Throw(), BELA)
        round_ = room.state.round
        if round_ and round_.prompt and (round_.prompt.text == "a topic of Anna's") == mine:
            room.land("b", BELA)
            return room, seq
    raise AssertionError("no seed throws it")


def test_three_reports_take_a_topic_off_the_stage() -> None:
    room, topic = staged(mine=True)
    room.speakers = (BELA.id, CLEO.id)
    before = room.state.round
    for voice in (BELA, CLEO, DORA):
        assert room.state.round == before
        room.do(Report("", "rude", seq=topic), voice)
    assert before is not None
    assert (room.closings()[-1].round, room.closings()[-1].reason) == (before.id, "replaced")
    assert room.state.round is not None, "who is here goes on with another one"
    assert room.state.round.prompt != before.prompt
    assert [event.by for event in room.events[-4:]] == [None] * 4, "and nobody learns who reported"


def test_a_topic_that_was_reported_is_not_thrown_until_somebody_decided_that_it_stays() -> None:
    thrown: dict[bool, list[str]] = {True: [], False: []}
    for seed in range(20):
        room = PureRoom(seed=seed)
        room.do(Suggest("a topic that three reported"), ANNA)
        seq = room.state.head
        room.do(Hide(seq=seq))
        for stays in (False, True):
            if stays:
                room.do(Restore(seq=seq))
            facts = room.do(Throw())
            thrown[stays] += [fact.prompt.text for fact in facts if isinstance(fact, TopicThrown)]
    assert "a topic that three reported" not in thrown[False]
    assert "a topic that three reported" in thrown[True]


def test_no_listener_ends_a_game_that_somebody_began_by_wanting_another_topic() -> None:
    room = PureRoom()
    room.here, room.speakers = (ANNA.id, BELA.id, CLEO.id, DORA.id), (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    before = room.state.round
    for listener in (CLEO, DORA):
        room.do(WantTopic(), listener)
    assert before is not None
    assert room.state.round == before
