"""The order of the radio, over rounds, landings, removals and what has to give way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from games.parts import Duet
from games.round import (
    AnswerGiven,
    RevealedTake,
    RoundClosed,
    RoundOpened,
    RoundRevealed,
    TurnGiven,
    opened,
)
from server.room.company import DUET_LEAD_MS
from server.room.events import (
    ClipHidden,
    ClipLanded,
    ClipRemoved,
    ClipRestored,
    Draft,
    Event,
    Fact,
    RoomClosed,
    Voice,
    numbered,
)
from server.room.held_facts import ClipHeld, ClipPassed
from server.room.playlist import LATER_OF_VOICE, LATER_PIECES, PIECE_CLIPS, QUEUE_PIECES, Piece, Playlist
from server.room.state import apply
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

VOICES = (ANNA, BELA, CLEO, DORA)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["open", "close", "turn", "turn", "aside", "aside", "remove", "pop", "pop", "give way"]
        ),
        st.integers(0, 99),
    ),
    max_size=60,
)


class PlayedRadio:
    """Drives a playlist, and knows what should come of it."""

    def __init__(self) -> None:
        self.seq = 0
        self.clips: list[str] = []
        self.removed: set[str] = set()
        self.withheld: set[str] = set()
        self.playlist = Playlist(
            lambda clip: clip in self.clips and clip not in self.removed, lambda clip: clip in self.withheld
        )
        self.played: list[Piece] = []
        self.replayed: Counter[str] = Counter()

    def tell(self, fact: Fact, by: int | None = None) -> bool:
        self.seq += 1
        event: Event = numbered(
            Draft(fact, self.seq, None if by is None else VOICES[by % 4]), self.seq, self.seq - 1
        )
        return self.playlist.read(event)

    def land(self, round_: str | None, by: int) -> str:
        clip = f"clip-{len(self.clips)}"
        self.clips.append(clip)
        self.tell(ClipLanded(clip, 20, 0, 0, -16.0, (), round=round_), by)
        return clip

    def step(self, what: str, number: int) -> None:
        running = self.playlist.round
        match what:
            case "open" if running is None:
                self.tell(RoundOpened(f"round-{self.seq}", "word_association", "snap"))
            case "close" if running is not None:
                self.tell(RoundClosed(running, "done"))
            case "turn":
                self.land(running, number)
            case "aside" if running is not None:
                self.land(None, number)
            case "remove" if self.clips:
                clip = self.clips[number % len(self.clips)]
                self.removed.add(clip)
                self.tell(ClipRemoved(clip))
            case "pop" if self.playlist:
                self.played.append(self.playlist.pop())
            case "give way" if self.played and not self.removed.intersection(self.played[-1].clips):
                self.playlist.put_back(self.played.pop())
            case _:
                pass

    def empty(self) -> list[str]:
        if self.playlist.round is not None:
            self.tell(RoundClosed(self.playlist.round, "done"))
        while self.playlist:
            self.played.append(self.playlist.pop())
        return [clip for piece in self.played for clip in piece.clips]


@given(STEPS)
def test_in_a_round_only_the_round_is_played_and_nothing_that_is_gone(steps: list[tuple[str, int]]) -> None:
    radio = PlayedRadio()
    for what, number in steps:
        running, before = radio.playlist.round, len(radio.played)
        gone = radio.removed.copy()
        radio.step(what, number)
        for piece in radio.played[before:]:
            assert running is None or piece.round == running
            assert gone.isdisjoint(piece.clips)


@given(STEPS)
def test_everything_is_played_once_but_what_was_too_much_of_one_voice(steps: list[tuple[str, int]]) -> None:
    radio = PlayedRadio()
    for what, number in steps:
        radio.step(what, number)
    heard = radio.empty()
    assert len(heard) == len(set(heard))
    lost = set(radio.clips) - set(heard) - radio.removed
    asides = sum(what == "aside" for what, _ in steps)
    assert len(lost) <= max(0, asides - LATER_OF_VOICE)


@given(STEPS)
def test_what_waits_is_bounded(steps: list[tuple[str, int]]) -> None:
    radio = PlayedRadio()
    for what, number in steps * 3:
        radio.step(what, number)
        asides = Counter(piece.aside_of for piece in radio.playlist.waiting() if piece.aside_of)
        assert all(count <= LATER_OF_VOICE for count in asides.values())
        assert asides.total() <= LATER_PIECES
        assert len(radio.playlist.waiting()) <= QUEUE_PIECES + LATER_PIECES


def test_a_round_keeps_its_order_and_what_was_said_beside_it_comes_after_in_its_own() -> None:
    radio = PlayedRadio()
    left = radio.land(None, 0)
    radio.tell(RoundOpened("r", "word_association", "snap"))
    one, aside, two, other = radio.land("r", 0), radio.land(None, 1), radio.land("r", 2), radio.land(None, 3)
    assert [radio.playlist.pop().clips for _ in range(2)] == [(one,), (two,)]
    assert not radio.playlist
    assert radio.tell(RoundClosed("r", "done", (one, two), (one, two)))
    assert [radio.playlist.pop().clips for _ in range(4)] == [(one, two), (left,), (aside,), (other,)]


def test_one_voice_does_not_push_out_what_others_said_out_of_turn() -> None:
    radio = PlayedRadio()
    radio.tell(RoundOpened("r", "word_association", "snap"))
    kept = radio.land(None, 1)
    noise = [radio.land(None, 0) for _ in range(50)]
    assert [piece.clips[0] for piece in radio.playlist.waiting()] == [kept, *noise[-LATER_OF_VOICE:]]


def test_many_voices_together_leave_so_much_and_the_loudest_lose_first() -> None:
    running = opened(RoundOpened("r", "word_association", "snap"), 1)
    playlist = Playlist(lambda _: True, lambda _: False, running)
    for number in range(LATER_PIECES + 6):
        voice = VOICES[0] if number < 2 else numbered_voice(number)
        landed = ClipLanded(f"clip-{number}", 20, 0, 0, -16.0, ())
        playlist.read(numbered(Draft(landed, 1, voice), number + 1, number))
    clips = [piece.clips[0] for piece in playlist.waiting()]
    assert len(clips) == LATER_PIECES
    assert "clip-0" not in clips


def numbered_voice(number: int) -> Voice:
    return Voice(f"voice-{number}", "Some One", "#000000")


def test_what_is_revealed_is_of_its_round_and_a_closed_room_is_silent() -> None:
    radio = PlayedRadio()
    radio.tell(RoundOpened("r", "first_thing", "snap"))
    radio.clips = ["a", "b"]
    assert radio.tell(
        RoundRevealed("r", (RevealedTake("a", ANNA.id, 1), RevealedTake("written", ANNA.id, 1)))
    )
    assert radio.playlist.pop() == Piece(("a",), "r")
    radio.land(None, 0)
    radio.land("r", 0)
    radio.tell(RoomClosed("admin"))
    assert not radio.playlist
    assert not radio.playlist.waiting()


def test_a_replay_of_a_crowd_comes_in_parts_and_one_of_a_round_before_waits() -> None:
    radio = PlayedRadio()
    radio.clips = [f"c{number}" for number in range(PIECE_CLIPS + 1)]
    radio.tell(RoundOpened("r", "first_thing", "snap"))
    assert not radio.tell(RoundClosed("other", "done", (), tuple(radio.clips)))
    assert radio.playlist.round == "r"
    assert radio.tell(RoundClosed("r", "done"))
    assert [len(radio.playlist.pop().clips) for _ in range(2)] == [PIECE_CLIPS, 1]


@pytest.mark.parametrize(
    ("hidden", "restored"),
    [(ClipHidden, ClipRestored), (lambda clip: ClipHeld(clip, "slurs"), ClipPassed)],
    ids=["hidden", "held"],
)
def test_what_is_hidden_or_held_waits_until_it_may_be_heard_and_comes_where_it_belongs(
    hidden: Callable[[str], Fact], restored: Callable[[str], Fact]
) -> None:
    radio = PlayedRadio()
    first, second = radio.land(None, 0), radio.land(None, 1)
    radio.withheld = {first, "clip-2"}
    radio.tell(hidden(first))
    third = radio.land(None, 2)
    assert (radio.playlist.pop().clips, bool(radio.playlist)) == ((second,), False)
    radio.withheld = {third}
    assert radio.tell(restored(first))
    radio.tell(RoundOpened("r", "first_thing", "snap"))
    radio.withheld = set()
    assert not radio.tell(restored(third))
    assert radio.tell(RoundClosed("r", "done"))
    assert [radio.playlist.pop().clips for _ in range(2)] == [(first,), (third,)]


def test_older_clips_that_answered_the_same_come_after_the_take_of_who_began_the_round() -> None:
    radio = PlayedRadio()
    radio.clips += ["old-1", "old-2"]
    radio.tell(RoundOpened("r1", "first_thing", "snap", company=("old-1", "old-2")), by=0)
    other, own = radio.land("r1", 1), radio.land("r1", 0)
    assert [radio.playlist.pop() for _ in range(4)] == [
        Piece((other,), "r1"),
        Piece((own,), "r1"),
        Piece(("old-1",), "r1", older=True),
        Piece(("old-2",), "r1", older=True),
    ]
    radio.land("r1", 0)
    radio.playlist.pop()
    assert not radio.playlist


def test_a_round_of_nobody_plays_them_after_the_first_answer_also_a_written_one_and_none_without() -> None:
    radio = PlayedRadio()
    radio.clips.append("old")
    radio.tell(RoundOpened("r1", "first_thing", "snap", company=("old",)))
    radio.tell(RoundClosed("r1", "silent"))
    radio.tell(RoundOpened("r2", "first_thing", "snap", company=("old",)))
    radio.tell(AnswerGiven("r1", 1, "late", "too late"), by=1)
    assert not radio.playlist
    assert radio.tell(AnswerGiven("r2", 1, "written", "a line"), by=1)

    radio.tell(RoundOpened("r3", "first_thing", "snap"))
    radio.tell(RoundClosed("r3", "silent"))

    assert not radio.playlist


def duet(*, written: bool = False) -> PlayedRadio:
    """Return a radio in a duet whose older clip was heard."""
    radio = PlayedRadio()
    radio.clips.append("old")
    radio.tell(RoundOpened("r", "first_thing", "snap", company=("old",), duet=Duet(1)))
    first = radio.playlist.pop()
    assert (first.clips, first.older) == (("old",), True)
    assert first.begins_at_ms >= DUET_LEAD_MS
    assert not radio.playlist
    if written:
        radio.tell(AnswerGiven("r", 1, "written", "a line"), by=1)
    return radio


def test_the_clip_of_a_duet_is_heard_first_and_then_as_one_with_the_first_take() -> None:
    radio = duet()
    own, other = radio.land("r", 0), radio.land("r", 1)

    assert [radio.playlist.pop() for _ in range(2)] == [Piece(("old", own), "r"), Piece((other,), "r")]
    assert not radio.playlist


def test_a_written_answer_in_a_duet_plays_nothing_and_a_partner_that_is_gone_leaves_the_take() -> None:
    assert not duet(written=True).playlist
    radio = duet()
    radio.clips.remove("old")
    own = radio.land("r", 0)

    assert radio.playlist.pop() == Piece((own,), "r")
    assert not radio.playlist


@pytest.mark.parametrize("starter", [0, None], ids=["of who began it", "of anybody"])
@pytest.mark.parametrize("written", [False, True], ids=["spoken", "written"])
def test_after_a_restart_at_any_event_of_a_round_its_company_is_heard_as_without_one(
    starter: int | None, written: bool
) -> None:
    room = PureRoom()
    for clip in ("old-1", "old-2"):
        room.land(clip, VOICES[2])
    answer: Fact = AnswerGiven("r", 1, "own", "x") if written else landed("own")
    told: list[tuple[Fact, int | None]] = [
        (RoundOpened("r", "first_thing", "snap", company=("old-1", "old-2")), starter),
        (TurnGiven("r", 1, "Why?", go_at_ms=1, closes_at_ms=9), None),
        (landed("other"), 1 if starter == 0 else None),
        (answer, 0),
        (landed("again"), 0),
    ]
    if starter is None:
        del told[2]  # anybody's take would do
    states, events = [room.state], list[Event]()
    for fact, by in told:
        event = numbered(
            Draft(fact, room.now_ms, None if by is None else VOICES[by]), states[-1].head + 1, states[-1].head
        )
        events.append(event)
        states.append(apply(states[-1], event))
    for restart in range(len(told) + 1):
        kept = Playlist(lambda _: True, lambda _: False)
        for event in events[:restart]:
            kept.read(event)
        while kept:
            kept.pop()
        anew = Playlist(lambda _: True, lambda _: False, states[restart].round)
        for playlist in (kept, anew):
            for event in events[restart:]:
                playlist.read(event)
        assert [*drained(anew)] == [*drained(kept)], f"after {restart} events"


def landed(clip: str) -> ClipLanded:
    return ClipLanded(clip, 20, 0, 0, -16.0, (), round="r", turn=1)


def drained(playlist: Playlist) -> Iterator[Piece]:
    while playlist:
        yield playlist.pop()


def test_the_company_of_a_take_that_was_heard_live_comes_after_it() -> None:
    radio = PlayedRadio()
    radio.clips += ["old", "own"]
    radio.tell(RoundOpened("r", "first_thing", "snap", company=("old",)), by=0)
    event = numbered(Draft(landed("own"), 5, VOICES[0]), 5, 4)
    assert radio.playlist.relayed(event)
    assert radio.playlist.pop() == Piece(("old",), "r", older=True)
    assert not radio.playlist.relayed(event)
