"""What a host remembers is what people said and may be heard; what was taken back it forgets."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from server.room.commands import Answer, Forget, Land, Report, RoundStart, Say
from server.room.events import ClipHidden, ClipLanded, Event, TextHidden, TextSaid, Voice
from server.room.held_facts import ClipHeld
from server.room.host_memory import (
    ACTED_KEPT,
    BACK_WITHIN_MS,
    COUNTED_KEPT,
    COUNTED_WORDS,
    JOKE_TIMES,
    LEFT_KEPT,
    LINES_KEPT,
    SAID_KEPT,
    Heard,
    Memory,
    Spoken,
    begun,
    came_back,
    met,
    people,
    read,
)
from tests.support.hosted import BOT, HOST, HostedRoom
from tests.support.rooms import ANNA, BELA


def room() -> HostedRoom:
    made = HostedRoom()
    made.captions = True
    made.come(ANNA)
    return made


def test_a_line_of_a_person_waits_for_an_answer() -> None:
    here = room()
    here.do(Say("a teapot"), ANNA)
    heard = here.memory.heard
    assert heard is not None
    assert (heard.voice, heard.text, heard.in_round) == (ANNA.id, "a teapot", False)
    assert here.memory.active_ms == here.now_ms


def test_a_machine_is_heard_and_owed_nothing() -> None:
    here = room()
    here.do(Say("beep"), BOT)
    here.do(Say("hello"), HOST)
    assert here.memory.heard is None
    assert here.memory.active_ms == 0
    assert [line.machine for line in here.memory.lines] == [True, True]
    assert here.memory.said == ("hello",)


def test_words_of_a_clip_are_a_line_once_they_are_known() -> None:
    here = room()
    here.do(Land(ClipLanded("clip-1", 900, 100, 0, -16.0, (50,) * 64)), ANNA)
    assert not here.memory.lines
    here.heard("clip-1", "a hat")
    assert here.memory.heard is not None
    assert here.memory.heard.target == "clip-1"
    here.heard("clip-2", "of nobody")
    assert here.memory.lines[-1].text == "a hat"


def test_what_is_hidden_is_not_heard() -> None:
    here = room()
    here.do(Land(ClipLanded("clip-1", 900, 100, 0, -16.0, (50,) * 64)), ANNA)
    here.networks = {"x": "1", "y": "2", "z": "3"}
    for voice in "xyz":
        here.do(Report("clip-1", "rude"), Voice(voice, voice, "#123456"))
    here.heard("clip-1", "something rude")
    assert here.memory.heard is None


def test_what_is_taken_back_is_forgotten() -> None:
    here = room()
    here.do(Say("a secret"), ANNA)
    here.do(Forget(everything=True), ANNA)
    assert here.memory.heard is None
    assert not here.memory.lines


def test_who_writes_in_rounds_is_known() -> None:
    here = room()
    here.do(RoundStart("first_thing"), ANNA)
    here.pass_to(here.turn().go_at_ms)
    round_ = here.state.round
    assert round_ is not None
    here.do(Answer(round_.id, "a word"), ANNA)
    assert here.memory.writes
    here.do(Land(ClipLanded("clip-1", 900, 100, 0, -16.0, (50,) * 64)), ANNA)
    here.heard("clip-1", "a hat")
    assert not here.memory.writes


def test_what_comes_up_again_is_counted_a_line_once_and_forgotten_with_it() -> None:
    here = room()
    for text in ("A teapot, a teapot!", "my Teapot", "so so", "why teapot"):
        here.do(Say(text), ANNA)
    assert came_back(here.memory) == (("teapot", 3),)
    here.do(Forget(everything=True), ANNA)
    assert came_back(here.memory) == ()
    assert not here.memory.counted


def test_a_short_line_that_comes_back_is_counted_as_a_whole() -> None:
    here = room()
    for _ in range(JOKE_TIMES):
        here.do(Say("Not my hat."), ANNA)
    assert came_back(here.memory) == (("not my hat", JOKE_TIMES),)
    here.do(Say("Not my hat."), BOT)
    assert came_back(here.memory) == (("not my hat", JOKE_TIMES),)


def test_who_takes_over_reads_each_line_once_and_owes_what_was_owed() -> None:
    here = room()
    here.do(Say("a teapot"), ANNA)
    here.do(Say("hello"), HOST)
    before = here.memory
    again = begun(before, HOST.id, here.events, here.state)
    assert (again.lines, again.said, again.counted) == (before.lines, before.said, before.counted)
    assert again.heard == before.heard
    other = begun(replace(before, heard=None), "voice-other", here.events, here.state)
    assert (other.host, other.said, other.heard) == ("voice-other", (), None)
    assert other.lines == before.lines
    assert other.came == before.came


def test_people_are_those_who_came_in_and_no_machines() -> None:
    here = room()
    assert people(here.memory, here.context()) == (ANNA.id,)
    here.people.append(BELA.id)
    assert people(here.memory, here.context()) == (ANNA.id, BELA.id)


def test_who_comes_again_after_a_while_is_new_and_who_lost_the_connection_is_not() -> None:
    here = room()
    memory = met(here.memory, [ANNA.id], 5)
    assert met(memory, [ANNA.id], 9) is memory
    memory = replace(memory, greeted=(ANNA.id,))
    for back_ms, came_ms, greeted in ((9, 5, (ANNA.id,)), (8 + BACK_WITHIN_MS, 8 + BACK_WITHIN_MS, ())):
        back = met(met(memory, [], 7), [ANNA.id], back_ms)
        assert (back.came, back.left, back.greeted) == ({ANNA.id: came_ms}, {}, greeted)


def test_of_many_who_left_the_newest_are_known() -> None:
    memory = Memory("host")
    for number in range(2 * LEFT_KEPT):
        memory = met(memory, [f"voice {number}"], number)
    assert [*memory.left] == [f"voice {number}" for number in range(LEFT_KEPT - 1, 2 * LEFT_KEPT - 1)]


@pytest.mark.parametrize(
    "hidden", [ClipHidden("clip"), ClipHeld("clip", "slurs"), TextHidden(7)], ids=lambda fact: fact.kind
)
def test_what_is_hidden_is_told_to_no_engine(hidden: ClipHidden | ClipHeld | TextHidden) -> None:
    target = str(getattr(hidden, "clip", None) or getattr(hidden, "target", ""))
    lines = (Spoken("Anna", "words", False, target), Spoken("Anna", "more", False, ""))
    memory = Memory("host", heard=Heard(ANNA.id, target, "words", 1, False), lines=lines)
    after = read(memory, Event(10, 9, 10, None, hidden.kind, hidden), room().state)
    assert (after.heard, [line.text for line in after.lines]) == (None, ["more"])


def test_it_remembers_no_more_than_it_needs() -> None:
    here = room()
    for line in range(SAID_KEPT + 10):
        here.do(Say(f"line {line}"), HOST)
    for voice in range(ACTED_KEPT + 10):
        said = replace(here.events[-1], by=Voice(f"voice-{voice}", "Somebody", "#123456"))
        here.memory = read(here.memory, said, here.state)
    assert len(here.memory.said) == SAID_KEPT
    assert len(here.memory.lines) == LINES_KEPT
    assert len(here.memory.acted) == ACTED_KEPT
    many = " ".join(f"word{number}" for number in range(60))
    for _ in range(COUNTED_KEPT + 10):
        here.memory = read(here.memory, replace(here.events[-1], by=ANNA, data=TextSaid(many)), here.state)
    assert len(here.memory.counted) == COUNTED_KEPT
    assert max(len(each.said) for each in here.memory.counted) == COUNTED_WORDS
