from __future__ import annotations

import pytest

from server.room.commands import Caption, Command, Forget, React, Refused, Remove, Report, Say, Suggest
from server.room.decide import (
    CAPTION_CHARACTERS,
    CAPTION_WORDS,
    REACTED_WITHIN_MS,
    TEXT_LIMIT_CHARACTERS,
    decide,
    erasures,
    heard,
)
from server.room.events import (
    ClipCaptioned,
    ClipRemoved,
    ClipReported,
    DiceRolled,
    Draft,
    ReactionGiven,
    RoomClosed,
    TextRemoved,
    TextSaid,
    VoiceMuted,
    numbered,
)
from server.room.reports import REASON_LIMIT_CHARACTERS
from server.room.state import EMPTY, apply
from tests.support.rooms import ANNA, BELA, PureRoom


def refusal(room: PureRoom, command: Command) -> str:
    before = room.state
    with pytest.raises(Refused) as refused:
        room.do(command, ANNA)
    assert room.state == before
    assert refused.value.message.endswith(".")
    return refused.value.code


def test_a_text_is_said_by_its_voice() -> None:
    room = PureRoom()

    assert room.do(Say("  hello\tthere "), ANNA) == [TextSaid("hello there")]
    assert room.events[-1].by == ANNA


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (Say(" \u200b\u202e "), "empty"),
        (Say("x" * (TEXT_LIMIT_CHARACTERS + 1)), "too_long"),
        (React("99", "😀"), "no_such_clip"),
        (React("nonsense", "😀"), "no_such_clip"),
        (React("1", "hello"), "not_an_emoji"),
        (React("1", ""), "not_an_emoji"),
        (Report("nowhere", "spam"), "no_such_clip"),
        (Forget("nowhere"), "no_such_clip"),
        (Forget(), "no_such_clip"),
        (Remove("nowhere", "admin"), "not_allowed"),
    ],
)
def test_what_cannot_be_is_refused_with_a_code_and_a_sentence(command: Command, code: str) -> None:
    assert refusal(PureRoom(), command) == code


def test_a_text_that_a_filter_finds_is_refused_and_dice_are_none() -> None:
    room = PureRoom()
    assert refusal(room, Say("call me: 0171 2346578")) == "filtered"
    assert refusal(room, Suggest("0171 2346578")) == "filtered"
    assert isinstance(room.do(Say("/roll 2d6+1"), ANNA)[0], DiceRolled)


def test_nothing_happens_in_a_room_that_is_not_or_is_closed() -> None:
    with pytest.raises(Refused, match="no such room"):
        decide(EMPTY, Say("hi"), ANNA, PureRoom().context())
    room = PureRoom()
    room.state = apply(room.state, numbered(Draft(RoomClosed("over"), 1), 2, 1))
    assert refusal(room, Say("hi")) == "room_closed"


def test_a_muted_voice_is_told_how_long_to_wait() -> None:
    room = PureRoom()
    muted = Draft(VoiceMuted(ANNA.id, room.now_ms + 5_000), 1)
    room.state = apply(room.state, numbered(muted, 2, 1))

    with pytest.raises(Refused) as refused:
        room.do(Say("hi"), ANNA)

    assert (refused.value.code, refused.value.retry_after_ms) == ("muted", 5_000)
    assert room.do(Say("hi"), BELA)


def test_clips_and_texts_can_be_reacted_to() -> None:
    room = PureRoom()
    room.land("clip", ANNA)

    assert room.do(React("clip", "❤️"), BELA) == [ReactionGiven("clip", "❤️")]
    assert room.do(React("1", "👩‍🚀"), BELA) == [ReactionGiven("1", "👩‍🚀")]


def test_a_reaction_keeps_its_place_in_the_clip() -> None:
    room = PureRoom()
    room.land("clip", ANNA)

    placed = [room.do(React("clip", "😂", at_ms), BELA) for at_ms in (1, REACTED_WITHIN_MS + 1, -5)]
    assert placed == [[ReactionGiven("clip", "😂", at_ms)] for at_ms in (1, REACTED_WITHIN_MS, 0)]
    assert room.do(React("1", "😂", 7), BELA) == [ReactionGiven("1", "😂")]  # a text takes no time


def test_a_report_keeps_its_reason() -> None:
    room = PureRoom()
    room.land("clip", ANNA)

    assert room.do(Report("clip", "spam", "loud\nadvert"), BELA) == [
        ClipReported("clip", "spam", "loud advert", BELA.id)
    ]


def test_a_report_has_a_short_reason_and_is_cut_to_the_length_of_a_text() -> None:
    room = PureRoom()
    room.land("clip", ANNA)
    reason = "x" * REASON_LIMIT_CHARACTERS

    (reported,) = room.do(Report("clip", reason, "y" * TEXT_LIMIT_CHARACTERS + "z"), BELA)

    assert reported == ClipReported("clip", reason, "y" * TEXT_LIMIT_CHARACTERS, BELA.id)
    assert refusal(room, Report("clip", reason + "x")) == "too_long"
    assert refusal(room, Report("clip", " ")) == "empty"


def test_only_its_speaker_takes_a_clip_back_and_its_events_are_to_be_erased() -> None:
    room = PureRoom()
    room.land("clip", BELA)
    room.do(Caption(ClipCaptioned("clip", "hello", "en")))
    assert refusal(room, Forget("clip")) == "not_yours"

    removed = room.state
    facts = room.do(Forget("clip"), BELA)

    assert facts == [ClipRemoved("clip")]
    assert erasures(removed, facts) == ([2, 3], ["clip"])
    assert room.state.clips == {}


def test_forgetting_everything_takes_clips_and_texts_of_that_voice_only() -> None:
    room = PureRoom()
    room.land("a1", ANNA)
    room.land("b1", BELA)
    room.do(Say("mine"), ANNA)
    room.do(Say("yours"), BELA)

    facts = room.do(Forget(everything=True), ANNA)

    assert facts == [ClipRemoved("a1"), TextRemoved(4)]
    assert list(room.state.clips) == ["b1"]
    assert room.do(Forget(everything=True), ANNA) == []


def test_a_caption_is_kept_once_and_for_clips_that_are_there() -> None:
    room = PureRoom()
    room.land("clip", ANNA)
    caption = Caption(ClipCaptioned("clip", "hello", "en"))

    assert room.do(caption)
    assert room.do(caption) == []
    assert room.do(Caption(ClipCaptioned("other", "x", "en"))) == []
    assert room.state.clips.whole["clip"].caption == "hello"


def test_a_caption_is_kept_within_its_limits_and_its_words_in_order() -> None:
    words = (("late", 900, 800), ("early", 100, 200), ("\u202e", 1, 2), *((("x", 1, 2),) * 1_000))
    made = heard(ClipCaptioned("clip", "\u202ea " * 5_000, "en", words=words))

    assert 0 < len(made.text) <= CAPTION_CHARACTERS
    assert made.words[:2] == (("late", 900, 900), ("early", 900, 900))
    assert len(made.words) <= CAPTION_WORDS
    assert heard(ClipCaptioned("clip", " ", "en", words=words)) == ClipCaptioned("clip", "", "en")


def test_dice_are_rolled_in_the_open() -> None:
    room = PureRoom("roleplay")

    (rolled,) = room.do(Say("/roll 2d6+1"), ANNA)

    assert isinstance(rolled, DiceRolled)
    assert rolled.expression == "2d6+1"
    assert rolled.total == sum(rolled.dice) + 1
    with pytest.raises(Refused, match="2d6"):
        room.do(Say("/roll a million"), ANNA)
    assert room.do(Say("/rolling stones"), ANNA) == [TextSaid("/rolling stones")]
