"""A state that was written and read back is whole, and goes on as the one that was folded from zero."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from games.registry import GAMES
from server.room import clips as clips_module
from server.room import filed as filed_module
from server.room import snapshot
from server.room.commands import (
    Answer,
    Caption,
    Command,
    Forget,
    React,
    Refused,
    Remove,
    Report,
    RoundJoin,
    RoundStart,
    Say,
    Suggest,
    Throw,
    Vote,
    WantTopic,
)
from server.room.events import ClipCaptioned, Draft, Event, RoomChanged, Voice, VoiceMuted, decode, numbered
from server.room.kinds import KINDS
from server.room.snapshot import CODEC, Unreadable
from server.room.state import EMPTY, RoomState, apply
from tests.support.golden import FOLDER
from tests.support.golden_scenes import SCENES
from tests.support.rooms import ANNA, BELA, CLEO, PureRoom

VOICES = (ANNA, BELA, CLEO)


def whole(state: RoomState) -> tuple[object, ...]:
    """Return all there is in a state, what is filed as it is packed."""
    rest = {name: value for name, value in asdict(state).items() if name != "clips"}
    return rest, list(state.clips.whole.items()), state.clips.filed


def passed_on(state: RoomState, stored: snapshot.Parts) -> tuple[RoomState, snapshot.Parts, dict[str, bytes]]:
    """Write a state beside parts that were stored before, and read it back."""
    made = snapshot.encode(state, stored)
    kept = {name: CODEC.encode(state, {}).fresh[name] for name in made.parts.keys() - made.fresh.keys()}
    read, parts = snapshot.decode(made.body, {**kept, **made.fresh})
    return read, parts, dict(made.fresh)


def fold(state: RoomState, events: Sequence[Event]) -> RoomState:
    for event in events:
        state = apply(state, event)
    return state


@pytest.mark.parametrize("name", SCENES)
def test_a_golden_log_folds_to_the_same_state_from_a_snapshot_at_any_event(name: str) -> None:
    *lines, _ = (FOLDER / f"{name}.jsonl").read_bytes().splitlines()
    events = [decode(line) for line in lines]
    folded = fold(EMPTY, events)
    for at in range(len(events) + 1):
        read, _, _ = passed_on(fold(EMPTY, events[:at]), {})
        assert whole(fold(read, events[at:])) == whole(folded)


@pytest.mark.parametrize("game", [game.id for game in GAMES])
def test_a_round_of_every_game_goes_on_from_a_snapshot_at_any_event(game: str) -> None:
    room = PureRoom(next(kind.id for kind in KINDS.values() if game in kind.games))
    room.speakers = tuple(voice.id for voice in VOICES)
    room.do(RoundStart(game), ANNA)
    for number in range(60):
        turn = room.state.round.turn if room.state.round else None
        if turn is None:
            break
        room.now_ms = max(room.now_ms, turn.go_at_ms)
        for voice in VOICES:
            if turn.is_for(voice.id):
                room.land(f"clip{number}{voice.id}", voice)
        room.pass_time()
    for at in range(len(room.events) + 1):
        read, _, _ = passed_on(fold(EMPTY, room.events[:at]), {})
        assert whole(fold(read, room.events[at:])) == whole(room.state)


CLIPS = st.integers(0, 60).map(lambda number: f"clip{number}")
WORDS = st.sampled_from(["annaquux", "belaquux again", "/roll 2d6"])
COMMANDS: st.SearchStrategy[Command] = st.one_of(
    WORDS.map(Say),
    WORDS.map(Suggest),
    WORDS.map(RoundJoin),
    CLIPS.map(lambda clip: Caption(ClipCaptioned(clip, "annaquux speaks", "en"))),
    CLIPS.map(lambda clip: Report(clip, "spam", "belaquux")),
    CLIPS.map(lambda clip: React(clip, "🎉")),
    CLIPS.map(Forget),
    CLIPS.map(lambda clip: Remove(clip, "admin")),
    CLIPS.map(lambda clip: Vote("", clip, 5)),
    st.sampled_from([Throw(), WantTopic(), RoundStart("word_association"), RoundStart("mind_meld")]),
    st.just(Forget(everything=True)),
)
STEPS = st.one_of(
    st.tuples(st.just("do"), st.sampled_from(VOICES), COMMANDS),
    st.tuples(st.just("land"), st.sampled_from(VOICES), st.integers(1, 12)),
    st.tuples(st.sampled_from(["time", "mute", "change", "answer", "snapshot"]), st.sampled_from(VOICES)),
)


class Pair:
    """A room, and another that goes on from a snapshot whenever it is told to."""

    def __init__(self, seed: int) -> None:
        self.room = PureRoom("wonder", seed=seed)
        self.room.speakers = tuple(voice.id for voice in VOICES)
        self.other, self.stored = self.room.state, dict[str, filed_module.Segment | filed_module.Run]()
        self.folded, self.made = 1, 0

    def step(self, what: str, by: Voice, more: object) -> None:
        room = self.room
        match what:
            case "do":
                self._try(more, by)  # type: ignore[arg-type]
            case "land":
                for _ in range(int(str(more))):
                    with suppress(Refused):  # a voice may be muted
                        room.land(f"clip{self.made}", by)
                    self.made += 1
            case "time":
                room.pass_time()
            case "answer" if room.state.round:
                self._try(Answer(room.state.round.id, "annaquux answers"), by)
            case "mute":
                self._tell(VoiceMuted(by.id, room.now_ms + 5))
            case "change":
                self._tell(RoomChanged(theme=f"theme {len(room.events)}"))
            case _:
                self.other, self.stored, _ = passed_on(self.other, self.stored)  # type: ignore[assignment]
        self.other = fold(self.other, room.events[self.folded :])
        self.folded = len(room.events)

    def _try(self, command: Command, by: Voice) -> None:
        try:
            self.room.do(command, None if isinstance(command, Caption | Remove) else by)
        except Refused:
            return

    def _tell(self, fact: VoiceMuted | RoomChanged) -> None:
        event = numbered(Draft(fact, self.room.now_ms, ANNA), self.room.state.head + 1, self.room.state.head)
        self.room.events.append(event)
        self.room.state = apply(self.room.state, event)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(STEPS, max_size=60), seed=st.integers(0, 9))
def test_whatever_happens_a_room_from_snapshots_is_the_one_from_zero(
    steps: list[tuple[object, ...]], seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips_module, "WHOLE_CLIPS", 4)
        patch.setattr(clips_module, "FILED_TOGETHER", 2)
        patch.setattr(filed_module, "SEGMENT_ROWS", 5)
        pair = Pair(seed)
        for step in steps:
            pair.step(str(step[0]), step[1], step[2] if len(step) > 2 else None)  # type: ignore[arg-type]
            assert whole(pair.other) == whole(pair.room.state)


def test_only_what_changed_is_written_again() -> None:
    room = PureRoom()
    for number in range(4_000):
        room.land(f"clip{number}", VOICES[number % 3])
    read, parts, first = passed_on(room.state, {})
    assert len(first) > 7
    assert not passed_on(read, parts)[2]
    room.state = read
    room.do(Remove("clip9", "admin"))
    made = snapshot.encode(room.state, parts)
    assert list(made.fresh) == ["segment 0"]
    assert len(made.body) < 120_000


def test_what_is_left_of_a_removed_clip_is_in_no_part_and_in_no_body() -> None:
    room = PureRoom()
    for number in range(2_000):
        room.land(f"clip-{number}-", VOICES[number % 3])
        room.do(Caption(ClipCaptioned(f"clip-{number}-", f"words {number} said", "en")))
    random = Random(5)
    gone = random.sample(range(2_000), 200)
    for number in gone:
        room.do(Remove(f"clip-{number}-", "admin"))
    made = snapshot.encode(room.state, {})
    stored = b"".join([made.body, *made.fresh.values()])
    assert b"words " not in b"".join(made.fresh.values()), "parts hold no words"
    assert not [number for number in gone if b"clip-%d-" % number in stored]
    assert not [number for number in gone if b"words %d " % number in stored]
    assert stored.count(b"clip-") == 1_800 * 1 + len(room.state.clips.whole)


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x93", b"garbage" * 9])
def test_what_is_no_snapshot_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        snapshot.decode(body, {})


def test_a_snapshot_without_its_parts_or_with_others_is_unreadable() -> None:
    room = PureRoom()
    for number in range(2_000):
        room.land(f"clip{number}", ANNA)
    made = snapshot.encode(room.state, {})
    room.do(Remove("clip9", "admin"))
    later = snapshot.encode(room.state, {})
    missing = {name: part for name, part in made.fresh.items() if name != "segment 0"}
    for parts in ({}, missing, {**missing, "segment 0": b"\x80"}, later.fresh):
        with pytest.raises(Unreadable):
            snapshot.decode(made.body, parts)


def test_the_version_tells_what_is_folded_and_how(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {snapshot.version()}
    for kind in (RoomState, clips_module.ClipRef):
        other = replace_struct(kind)
        monkeypatch.setattr(snapshot, kind.__name__, other)
        versions.add(snapshot.version.__wrapped__())
        monkeypatch.setattr(snapshot, kind.__name__, kind)
    monkeypatch.setattr(snapshot, "FOLDING", snapshot.FOLDING[1:])
    versions.add(snapshot.version.__wrapped__())
    assert len(versions) == 4


def replace_struct(kind: type) -> type:
    """Return a struct with one field more."""
    import msgspec

    return msgspec.defstruct(kind.__name__, [("more", int, 0)], bases=(kind,), frozen=True)


def test_a_state_read_back_decides_alike() -> None:
    room = PureRoom(seed=3)
    for number in range(1_000):
        room.land(f"clip{number}", VOICES[number % 3])
    read, _, _ = passed_on(room.state, {})
    assert read == replace(room.state, clips=read.clips)
    room.state = read
    room.do(Forget(everything=True), BELA)
    assert len(room.state.clips) == 667
    assert not list(room.state.clips.of_voice(BELA.id))


IMPORTED = """
import sys, server.room.state
ours = [name for name in sys.modules if name.startswith(("audio.", "games.", "server."))]
print(*(name for name in ours if not hasattr(sys.modules[name], "__path__")))
"""


def test_all_that_folds_a_room_makes_the_version() -> None:
    found = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    assert set(found.stdout.split()) == {module.__name__ for module in snapshot.FOLDING}
