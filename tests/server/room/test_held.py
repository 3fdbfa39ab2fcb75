"""Clips that a filter holds: who knows what, who lets them pass, and what becomes of their round."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from server.room import held
from server.room.clips import ClipRef
from server.room.commands import (
    Caption,
    Command,
    Forget,
    Hide,
    Land,
    Open,
    Oversee,
    Pass,
    Refused,
    Remove,
    Report,
    Restore,
    RoundJoin,
    RoundStart,
    Vote,
)
from server.room.decide import erasures
from server.room.events import (
    AdminActed,
    ClipCaptioned,
    ClipLanded,
    ClipRemoved,
    ClipRestored,
    Fact,
    Language,
    RoomOpened,
    Voice,
)
from server.room.held_facts import ClipHeld, ClipPassed, PassGiven
from server.room.snapshot import CODEC
from server.room.state import EMPTY
from server.room.view import is_hidden, view
from tests.support.golden import wire
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom
from tests.support.texts import innocent

NUMBER = "call me at 0171 2345678"
WORDS = (("call", 0, 200), ("0171", 300, 600))


def room_with(clip: str = "clip", text: str = NUMBER, *, public: bool = True) -> PureRoom:
    """Return a room of four in which a clip of Anna's has its words."""
    room = PureRoom()
    if not public:
        room.state, room.events = EMPTY, []
        room.do(Open(RoomOpened("wonder", "Test")), DORA)
    room.here = (ANNA.id, BELA.id, CLEO.id, DORA.id)
    room.land(clip, ANNA)
    caption(room, text, clip)
    return room


def caption(room: PureRoom, text: str = NUMBER, clip: str = "clip") -> list[Fact]:
    return room.do(Caption(ClipCaptioned(clip, text, "en", words=WORDS, by="test")))


def refusal(room: PureRoom, command: Command, by: Voice | None) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def is_heard(room: PureRoom, voice: Voice | None = None, clip: str = "clip") -> bool:
    return not is_hidden(room.state, clip, voice.id if voice else None)


def test_words_that_trip_a_filter_hold_their_clip_in_the_same_commit_and_nobody_is_shown_them() -> None:
    room = PureRoom()
    room.land("clip", ANNA)
    assert [type(fact) for fact in caption(room)] == [ClipHeld, ClipCaptioned]

    assert room.state.governed.held["clip"].filter == "contacts"
    assert not is_heard(room)
    assert not is_heard(room, BELA)
    assert is_heard(room, ANNA)
    for voice in (None, BELA.id, ANNA.id):
        assert not any(b"0171" in line for line in wire(room.events, voice))
    known = room.state.clips["clip"]
    assert isinstance(known, ClipRef)
    assert known.caption == NUMBER  # for whoever decides


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_table_of_innocent_sentences_passes_as_captions_in_the_strictest_rooms(
    language: Language,
) -> None:
    state = replace(EMPTY, kind="arena", language=language)
    spoken = innocent(language)
    texts = [*spoken, *(text.lower() for text in spoken), *(text.rstrip(".!?") for text in spoken)]
    found = {text: held.tripped(state, ClipCaptioned("c", text, language)) for text in texts}
    assert not {text: name for text, name in found.items() if name}


def test_a_clip_without_words_and_one_that_trips_nothing_are_not_held() -> None:
    for text in ("", "a wet umbrella"):
        assert is_heard(room_with(text=text))


def test_three_seats_let_a_clip_pass_and_then_its_words_are_known_to_all() -> None:
    room = room_with()
    assert room.do(Pass("clip", value=True), BELA) == [PassGiven("clip", BELA.id, True, 1, 3)]
    assert room.do(Pass("clip", value=True), BELA) == [PassGiven("clip", BELA.id, True, 1, 3)]
    room.do(Pass("clip", value=True), CLEO)
    given, passed, told = room.do(Pass("clip", value=True), DORA)

    assert given == PassGiven("clip", DORA.id, True, 3, 3)
    assert passed == ClipPassed("clip")
    assert told == ClipCaptioned("clip", NUMBER, "en", words=WORDS, by="test")
    assert is_heard(room)
    assert not room.state.governed.held
    assert any(b"0171" in line for line in wire(room.events))
    assert caption(room) == []  # nor is it held again by the same
    assert room.do(Pass("clip", value=True), BELA) == []


def test_what_is_said_last_counts_and_may_be_taken_back() -> None:
    room = room_with()
    for voice, value in ((BELA, True), (BELA, None), (CLEO, True), (CLEO, False), (DORA, True)):
        room.do(Pass("clip", value), voice)
    kept = room.state.governed.held["clip"]
    assert (kept.yes, kept.no) == ((DORA.id,), (CLEO.id,))
    assert not is_heard(room)


def test_where_fewer_are_here_all_of_them_decide_but_nobody_alone_in_a_public_room() -> None:
    for public, voters, needed in ((True, (BELA,), 2), (True, (BELA, CLEO), 2), (False, (BELA,), 1)):
        room = room_with(public=public)
        room.here = (ANNA.id, *(voice.id for voice in voters))
        given = [room.do(Pass("clip", value=True), voice)[0] for voice in voters]
        assert given[-1] == PassGiven("clip", voters[-1].id, True, len(voters), needed)
        assert is_heard(room) == (len(voters) == needed)


def test_of_one_network_all_have_one_say_in_a_public_room_and_the_speakers_has_none() -> None:
    room = room_with()
    room.networks = {ANNA.id: "n1", BELA.id: "n1", CLEO.id: "n2", DORA.id: "n2"}
    assert refusal(room, Pass("clip", value=True), ANNA) == "own_clip"
    assert refusal(room, Pass("clip", value=True), BELA) == "own_clip"
    for voice in (CLEO, DORA):
        (given,) = room.do(Pass("clip", value=True), voice)
        assert given == PassGiven("clip", voice.id, True, 1, 2, "n2")
    assert not is_heard(room)
    cast = room.events[-1]
    assert view(cast, DORA.id).data == PassGiven("clip", DORA.id, True, 1, 2)
    others = view(cast, BELA.id)
    assert (others.by, others.data) == (None, PassGiven("clip", "", True, 1, 2))


def test_the_keeper_the_admin_and_who_restores_let_a_clip_pass_at_once() -> None:
    for command, by in ((Pass("clip", value=True), DORA), (Restore("clip"), DORA), (Restore("clip"), None)):
        room = room_with(public=False)
        assert is_heard(room, DORA)  # who decides may hear it
        facts = room.do(command, by)
        assert [type(fact) for fact in facts] == [ClipPassed, ClipCaptioned]
        assert is_heard(room)
    room = room_with()
    assert room.do(Oversee(Pass("clip", value=False), ""), None) == []
    facts = room.do(Oversee(Pass("clip", value=True), "harmless"), None)
    assert facts[-1] == AdminActed("keep", "clip", "harmless")
    assert is_heard(room)


def test_what_was_reported_too_is_for_whoever_decides() -> None:
    room = PureRoom()
    room.here = (ANNA.id, BELA.id, CLEO.id, DORA.id)
    room.land("clip", ANNA)
    room.do(Report("clip", "rude"), BELA)
    caption(room)
    assert refusal(room, Pass("clip", value=True), CLEO) == "not_allowed"

    assert [type(fact) for fact in room.do(Restore("clip"))] == [ClipPassed, ClipCaptioned, ClipRestored]
    assert is_heard(room)


def test_what_is_hidden_as_well_stays_so_when_it_passes() -> None:
    room = room_with()
    room.do(Hide("clip"))
    for voice in (BELA, CLEO, DORA):
        room.do(Pass("clip", value=True), voice)
    assert not room.state.governed.held
    assert not is_heard(room)
    room.do(Restore("clip"))
    assert is_heard(room)


def test_a_clip_that_is_gone_is_held_no_more_and_nothing_of_it_stays_in_the_log() -> None:
    for command, by in ((Forget("clip"), ANNA), (Remove("clip", "expired"), None)):
        room = room_with()
        facts = room.do(command, by)
        assert not room.state.governed.held
        assert not room.state.governed.withheld
        assert isinstance(facts[0], ClipRemoved)
        assert not any(b"0171" in line or b"contacts" in line for line in wire(room.events))
    room = room_with()
    for voice in (BELA, CLEO, DORA):
        room.do(Pass("clip", value=True), voice)
    said = ClipLanded | ClipCaptioned | ClipHeld
    told = [event.seq for event in room.events if isinstance(event.data, said)]
    assert set(told) <= set(erasures(room.state, [ClipRemoved("clip")])[0])
    room.do(Forget("clip"), ANNA)
    assert not any(b"0171" in line for line in wire(room.events))
    assert refusal(room, Pass("clip", value=True), BELA) == "no_such_clip"


def test_a_room_holds_only_so_many_and_the_oldest_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "HELD_MOST", 2)
    room = room_with("clip-0")
    for number in (1, 2):
        room.land(f"clip-{number}", ANNA)
        facts = caption(room, clip=f"clip-{number}")
    assert facts[0] == ClipRemoved("clip-0", "expired")
    assert list(room.state.governed.held) == ["clip-1", "clip-2"]


def test_a_held_clip_stays_whole_and_comes_back_from_a_snapshot() -> None:
    room = room_with()
    for number in range(400):
        room.land(f"later-{number}", BELA)
    assert isinstance(room.state.clips["clip"], ClipRef)
    encoded = CODEC.encode(room.state, {})
    read, _ = CODEC.decode(encoded.body, encoded.fresh)
    assert read.governed == room.state.governed


# In rounds


def chain() -> PureRoom:
    room = PureRoom()
    room.captions = True
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    return room


def test_no_turn_waits_for_a_take_that_is_held_and_nobody_judges_it() -> None:
    room = chain()
    room.land("clip", ANNA, duration_ms=600)
    before = room.turn().turn
    kinds = [fact.kind for fact in caption(room)]

    assert kinds[:2] == ["clip.held", "clip.captioned"]
    assert "verdict.given" not in kinds
    assert room.turn().turn == before + 1
    assert room.state.round is not None
    take = room.state.round.take("clip")
    assert take is not None
    assert (take.text, take.words) == ("", ())
    assert refusal(room, Vote(room.turn().round, "clip", -1), BELA) == "no_such_clip"


def test_a_hidden_take_that_is_held_is_revealed_without_its_words_and_nobody_learns_of_it_before() -> None:
    room = PureRoom()
    room.do(RoundStart("mind_meld"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("clip", ANNA, duration_ms=500)
    caption(room)
    seen = wire(room.events)
    assert not any(b'"clip":"clip"' in line or b"contacts" in line for line in seen)
    assert refusal(room, Pass("clip", value=True), BELA) == "no_such_clip"

    facts = room.land("other", BELA, duration_ms=500)
    assert ClipHeld("clip", "contacts") in facts
    assert not any(b"0171" in line for line in wire(room.events))
    assert not is_heard(room)
    room.do(Restore("clip"))
    assert is_heard(room)
    known = room.state.clips["clip"]
    assert isinstance(known, ClipRef)
    assert known.words == WORDS


def test_a_take_of_a_room_on_hold_needs_both() -> None:
    room = room_with(public=False, text="a wet umbrella")
    room.state = replace(room.state, hold=True)
    room.do(Land(ClipLanded("late", 900, 500, 0, -16.0, ())), ANNA)
    caption(room, clip="late")
    for voice in (BELA, CLEO):
        room.do(Pass("late", value=True), voice)
    assert not is_heard(room, clip="late")
    assert is_heard(room, DORA, "late")
    room.do(Restore("late"), DORA)
    assert is_heard(room, clip="late")
