"""What the keeper of a private room and the admin may do, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from games.round import RoundClosed
from server.room import filters, governing
from server.room.commands import (
    Again,
    Answer,
    Caption,
    Change,
    Close,
    Command,
    Forget,
    GiveKeeper,
    Hide,
    Land,
    Mute,
    MuteNetwork,
    Open,
    Oversee,
    React,
    Refused,
    Remove,
    Report,
    Restore,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    Tick,
    WantTopic,
)
from server.room.context import Context
from server.room.decide import decide, due
from server.room.events import (
    AdminActed,
    ClipCaptioned,
    ClipHidden,
    ClipLanded,
    ClipRemoved,
    ClipReported,
    ClipRestored,
    Draft,
    Fact,
    KeeperGiven,
    KeeperSeen,
    NetworkMuted,
    RoomChanged,
    RoomClosed,
    RoomOpened,
    TextRemoved,
    TextSaid,
    Voice,
    VoiceMuted,
    numbered,
)
from server.room.governing import DESCRIPTION_CHARACTERS, MUTE_LONGEST_MS, NAME_CHARACTERS, THEME_CHARACTERS
from server.room.state import EMPTY, RoomState, apply
from tests.support.rooms import ANNA, BELA, CLEO

NOW_MS = 1_000_000
GOVERNING: list[Command] = [
    Change(name="Other"),
    Change(locked=True),
    Change(slow=True, hold=True),
    Close(),
    Mute(CLEO.id, 1_000),
    GiveKeeper(BELA.id),
]
OURS = RoomOpened("topic", "Ours", "Cats", "All about cats", "en", "snap")


def change(**fields: Any) -> Change:
    return Change(**fields)


def opening(**fields: Any) -> RoomOpened:
    return replace(OURS, **fields)


class Governed:
    """A room, by its state and what is decided in it."""

    def __init__(self, opened: RoomOpened = OURS, by: Voice | None = ANNA) -> None:
        self.state: RoomState = EMPTY
        self.now_ms = NOW_MS
        self.here: Sequence[str] = (ANNA.id, BELA.id, CLEO.id)
        self.left: Mapping[str, int] = {}
        self.networks: Mapping[str, str] = {}
        self.do(Open(opened), by)

    def context(self) -> Context:
        return Context(self.now_ms, Random(1), self.here, self.here, left=self.left, networks=self.networks)

    def do(self, command: Command, by: Voice | None) -> list[Fact]:
        """Decide and fold."""
        drafts = decide(self.state, command, by, self.context())
        for draft in drafts:
            self.state = apply(self.state, numbered(draft, self.state.head + 1, self.state.head))
        return [draft.data for draft in drafts]

    def refusal(self, command: Command, by: Voice | None) -> str:
        """Return why a command is refused, and see that nothing changed; empty when it is not."""
        before = self.state
        try:
            self.do(command, by)
        except Refused as refused:
            assert self.state == before
            return refused.code
        return ""


@pytest.mark.parametrize("command", GOVERNING, ids=lambda command: type(command).__name__)
def test_the_keeper_and_the_admin_may_and_nobody_else(command: Command) -> None:
    assert Governed().refusal(command, BELA) == "not_allowed"
    assert Governed().do(command, ANNA)
    assert Governed().do(command, None)


@pytest.mark.parametrize("command", GOVERNING, ids=lambda command: type(command).__name__)
def test_a_public_room_and_one_that_nobody_opened_have_no_keeper(command: Command) -> None:
    for room in (Governed(RoomOpened("topic", "All", public=True), ANNA), Governed(by=None)):
        assert room.state.keeper == ""
        assert {room.refusal(command, voice) for voice in (ANNA, BELA, Voice("", "", ""))} == {"not_allowed"}
        is_given = isinstance(command, GiveKeeper) and room.state.public
        assert is_given or room.do(command, None)


def test_only_what_differs_is_changed_and_saying_it_again_changes_nothing() -> None:
    room = Governed()
    wanted = Change(name=" The\tCats ", theme="Cats", description="", tempo="slow", live=True)
    assert room.do(wanted, ANNA) == [RoomChanged(name="The Cats", description="", tempo="slow", live=True)]
    assert room.do(wanted, ANNA) == room.do(Change(), ANNA) == []
    state = room.state
    assert (state.name, state.theme, state.description) == ("The Cats", "Cats", "")
    assert (state.tempo, state.live, state.language) == ("slow", True, "en")


def test_a_name_that_is_taken_away_is_the_theme_or_that_of_the_kind_as_at_the_opening() -> None:
    room = Governed()
    assert room.do(Change(name=""), ANNA) == [RoomChanged(name="Cats")]
    assert room.do(Change(name=" ", theme=""), ANNA) == [RoomChanged(name="One topic", theme="")]
    assert Governed(RoomOpened("topic", "", "Dogs")).state.name == "Dogs"
    assert Governed(RoomOpened("topic", "", language="de")).state.name == "Ein Thema"


@pytest.mark.parametrize(
    ("field", "limit"),
    [("name", NAME_CHARACTERS), ("theme", THEME_CHARACTERS), ("description", DESCRIPTION_CHARACTERS)],
)
def test_words_have_the_limits_of_the_opening(field: str, limit: int) -> None:
    room = Governed()
    assert room.refusal(change(**{field: "x" * (limit + 1)}), ANNA) == "too_long"
    assert room.do(change(**{field: "x" * limit}), ANNA)
    assert getattr(room.state, field) == "x" * limit
    with pytest.raises(Refused, match=f"longer than {limit}"):
        Governed(opening(**{field: "x" * (limit + 1)}))


TEXTS: Any = st.none() | st.text(max_size=70)


@given(
    st.builds(
        Change, TEXTS, TEXTS, TEXTS, st.sampled_from([None, "en", "de"]),
        st.sampled_from([None, "snap", "slow"]), st.none() | st.booleans(),
    )
)  # fmt: skip
def test_a_room_that_is_changed_is_as_if_it_had_been_opened_so(wanted: Change) -> None:
    room, fields = Governed(), {name: value for name, value in asdict(wanted).items() if value is not None}
    refused = room.refusal(wanted, ANNA)
    other = opening(**fields)
    if refused:
        with pytest.raises(Refused) as caught:
            Governed(other)
        assert caught.value.code == refused
        return
    opened = Governed(other).state
    for name in asdict(wanted):
        assert getattr(room.state, name) == getattr(opened, name)
    assert room.refusal(wanted, ANNA) == ""
    assert room.state.head <= 2


def test_a_running_round_ends_before_its_room() -> None:
    room = Governed()
    room.do(Throw(), BELA)
    *ending, closed = room.do(Close(), ANNA)
    assert isinstance(ending[-1], RoundClosed)
    assert ending[-1].reason == "stopped"
    assert closed == RoomClosed("keeper")
    assert room.state.round is None
    assert Governed().do(Close(), None) == [RoomClosed("admin")]


def test_in_a_closed_room_nothing_happens_but_taking_away() -> None:
    room = Governed()
    room.do(Land(clip("clip-0001")), BELA)
    room.do(Close(), ANNA)
    later: list[Command] = [
        Say("hi"), Throw(), RoundStart("first_thing"), Land(clip("clip-0002"), let_in=True), Change(name="x"),
        Mute(BELA.id, 1), Open(OURS),
    ]  # fmt: skip
    assert {room.refusal(command, ANNA) for command in later} == {"room_closed", "room_exists"}
    assert room.refusal(Close(), BELA) == "not_allowed"
    assert room.do(Close(), ANNA) == room.do(Close(), None) == []
    assert due(room.state, room.context()) is None
    assert room.do(Report("clip-0001", "noise"), CLEO)
    assert room.do(Forget("clip-0001"), BELA)
    assert room.refusal(Remove("clip-0001", "admin"), None) == "no_such_clip"


def clip(id_: str) -> ClipLanded:
    return ClipLanded(id_, 1_000, 0, 0, -16.0, ())


def test_a_muted_voice_is_silent_until_its_time_is_over_or_it_is_let_again() -> None:
    room = Governed()
    assert room.do(Mute(BELA.id, 5_000), ANNA) == [VoiceMuted(BELA.id, NOW_MS + 5_000)]
    assert room.refusal(Say("hi"), BELA) == "muted"
    assert room.do(Mute(BELA.id, 0), ANNA) == [VoiceMuted(BELA.id, NOW_MS)]
    assert room.do(Mute(BELA.id, 0), ANNA) == []
    assert room.refusal(Say("hi"), BELA) == ""
    room.do(Mute(BELA.id, 5_000), None)
    room.now_ms += 5_000
    assert room.refusal(Say("hi"), BELA) == ""


def test_who_is_muted_cannot_lift_it_nor_govern_meanwhile() -> None:
    room = Governed()
    room.do(Mute(ANNA.id, 5_000), None)
    assert {room.refusal(command, ANNA) for command in [*GOVERNING, Mute(ANNA.id, 0)]} == {"muted"}


@pytest.mark.parametrize(
    "command", [Mute(ANNA.id, 1), Mute("nobody", 1), Mute(BELA.id, -1), Mute(BELA.id, MUTE_LONGEST_MS + 1)]
)
def test_nobody_is_muted_for_what_is_no_time_and_no_voice_and_no_keeper_mutes_itself(command: Mute) -> None:
    assert Governed().refusal(command, ANNA) == "bad_value"


def test_who_has_spoken_and_left_can_be_muted_and_who_is_muted_no_more_is_not_kept() -> None:
    room = Governed()
    room.do(Say("hi"), BELA)
    room.here = (ANNA.id,)
    assert room.do(Mute(BELA.id, MUTE_LONGEST_MS), ANNA)
    room.now_ms += MUTE_LONGEST_MS
    room.here = (ANNA.id, CLEO.id)
    room.do(Mute(CLEO.id, 1), ANNA)
    assert set(room.state.muted) == {CLEO.id}


def test_no_more_voices_are_muted_than_a_room_remembers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(governing, "MUTED_VOICES", 1)
    room = Governed()
    assert room.do(Mute(BELA.id, 1_000), ANNA)
    assert room.refusal(Mute(CLEO.id, 1_000), ANNA) == "too_fast"
    assert room.do(Mute(BELA.id, 9_000), ANNA)
    room.now_ms += 9_000
    assert room.do(Mute(CLEO.id, 1_000), ANNA)


ANYTHING: list[Command] = [
    *GOVERNING[:-1], Say("hi"), Throw(), RoundStart("first_thing"), RoundStop(), Again(), Tick(),
    Suggest("Socks"),
    Land(clip("clip-0001"), let_in=True), Land(clip("clip-0002")), Answer("r", "x"), React("1", "😀"),
    Caption(ClipCaptioned("clip-0001", "hat", "en")), Report("clip-0001", "noise"), Forget(everything=True),
    Remove("clip-0001", "admin"), Mute(ANNA.id, 5_000), Change(theme="Fish", live=True), WantTopic(),
]  # fmt: skip
AFTER_THE_END = (ClipReported, ClipRemoved, TextRemoved)


@given(st.lists(st.tuples(st.sampled_from(ANYTHING), st.sampled_from([ANNA, BELA, CLEO, None])), max_size=30))
def test_after_the_end_things_are_only_taken_away_and_nobody_governs_who_may_not(
    wishes: list[tuple[Command, Voice | None]],
) -> None:
    room, ended = Governed(), False
    for command, by in wishes:
        room.now_ms += 700
        try:
            facts = room.do(command, by)
        except Refused:
            continue
        assert not ended or all(isinstance(fact, AFTER_THE_END) for fact in facts)
        if isinstance(command, Change | Close | Mute):
            assert by in (ANNA, None)
        ended = ended or isinstance(command, Close)
        assert room.state.closed == ended
        assert not (ended and room.state.round)


def test_voices_keep_the_language_of_the_opening() -> None:
    room = Governed()
    room.do(Change(language="de"), ANNA)
    assert (room.state.language, room.state.voices_language) == ("de", "en")


def test_by_whom_it_was_done_stands_in_the_log() -> None:
    room = Governed()
    for by in (ANNA, None):
        for command in (Change(name="By Anna" if by else "By the admin"), Mute(BELA.id, 1_000)):
            drafts: list[Draft] = decide(room.state, command, by, room.context())
            assert [draft.by for draft in drafts] == [by]


@pytest.mark.parametrize("field", governing.WORDS)
def test_words_of_a_room_that_a_filter_finds_are_refused_when_they_are_new(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {field: "call me: 0171 2346578"}
    with pytest.raises(Refused) as refusal:
        Governed(opening(**told))
    assert refusal.value.code == "filtered"
    with monkeypatch.context() as before_the_filters:
        before_the_filters.setattr(filters, "check", lambda *_: None)
        room = Governed(opening(**told))
    other = next(name for name in governing.WORDS if name != field)
    assert room.do(change(**{other: "soup"}), ANNA)
    assert room.refusal(change(**{field: "call me: 0171 2346579"}), ANNA) == "filtered"


def test_a_keeper_removes_lines_clips_and_topics_and_hands_the_room_on() -> None:
    room = Governed()
    room.do(Say("hello"), BELA)
    line = room.state.head
    room.do(Suggest("Two left socks"), BELA)
    (topic,) = room.state.suggestions
    assert room.refusal(Remove("", "moderated", seq=line), CLEO) == "not_allowed"
    assert room.do(Remove("", "moderated", seq=line), ANNA) == [TextRemoved(line, "moderated")]
    assert room.do(Remove("", "moderated", topic=topic), ANNA)
    assert room.refusal(Remove("", "moderated", topic="nothing"), ANNA) == "no_such_text"

    assert room.refusal(GiveKeeper("nobody"), ANNA) == "bad_value"
    assert room.do(GiveKeeper(BELA.id), ANNA) == [KeeperGiven(BELA.id)]
    assert room.do(GiveKeeper(BELA.id), BELA) == []
    assert room.refusal(Change(name="Mine"), ANNA) == "not_allowed"
    assert room.do(Change(name="Mine"), BELA)


def test_a_public_room_is_kept_by_the_admin_alone() -> None:
    room = Governed(opening(public=True))
    assert room.refusal(Change(locked=True), ANNA) == "not_allowed"
    assert room.refusal(GiveKeeper(BELA.id), None) == "not_allowed"
    assert room.do(Change(locked=True), None) == [RoomChanged(locked=True)]


def test_while_the_keeper_is_away_who_is_here_for_longest_mutes_and_restores_and_no_more() -> None:
    room = Governed()
    room.do(Say("hello"), BELA)
    room.do(Hide(seq=room.state.head), None)
    line = room.state.head - 1
    room.here, room.left = (BELA.id, CLEO.id), {ANNA.id: room.now_ms}
    room.now_ms += governing.AWAY_MS - 1
    assert room.refusal(Mute(CLEO.id, 1_000), BELA) == "not_allowed"

    room.now_ms += 1
    assert room.refusal(Mute(BELA.id, 1_000), CLEO) == "not_allowed"
    muted = VoiceMuted(CLEO.id, room.now_ms + governing.ACTING_MUTE_MS)
    assert room.do(Mute(CLEO.id, governing.MUTE_LONGEST_MS), BELA) == [muted]
    assert room.do(Restore(seq=line), BELA)
    for command in (Close(), Change(locked=True), Remove("", "moderated", seq=line), GiveKeeper(BELA.id)):
        assert room.refusal(command, BELA) == "not_allowed"
    assert room.refusal(Mute(ANNA.id, 1_000), BELA) == "bad_value"

    room.here = (BELA.id, CLEO.id, ANNA.id)
    assert room.refusal(Mute(CLEO.id, 5_000), BELA) == "not_allowed"


def test_who_is_muted_acts_for_nobody() -> None:
    room = Governed()
    room.do(Mute(BELA.id, 300_000), ANNA)
    room.here, room.left = (BELA.id, CLEO.id), {ANNA.id: room.now_ms}
    room.now_ms += governing.AWAY_MS
    assert room.refusal(Mute(CLEO.id, 1_000), BELA) == "muted"
    assert room.do(Mute(BELA.id, 1_000), CLEO)


def test_a_room_without_its_keeper_for_a_day_is_the_admins_and_open() -> None:
    room = Governed()
    room.do(Change(locked=True, slow=True), ANNA)
    room.here, room.left = (BELA.id,), {ANNA.id: room.now_ms}
    room.now_ms += governing.LAPSED_MS - 1
    assert room.refusal(Say("hello"), BELA) == "locked"

    room.now_ms += 1
    given, opened, said = room.do(Say("hello"), BELA)

    assert given == KeeperGiven("")
    assert opened == RoomChanged(locked=False, slow=False, hold=False)
    assert (said, room.state.keeper, room.state.locked) == (TextSaid("hello"), "", False)
    assert room.refusal(Change(name="Mine"), ANNA) == "not_allowed"


def test_a_keeper_who_only_looked_in_within_a_day_keeps_the_room_also_after_a_restart() -> None:
    room = Governed()
    until_ms = room.now_ms + 3 * governing.LAPSED_MS
    noted: list[Fact] = []
    while room.now_ms < until_ms:
        due_ms = due(room.state, room.context())
        assert due_ms is not None, "the keeper is here"
        room.now_ms = min(max(room.now_ms + 3_600_000, due_ms), until_ms)
        noted += [fact for fact in room.do(Tick(), None) if isinstance(fact, KeeperSeen)]
    assert noted == [KeeperSeen(ANNA.id)] * (3 * governing.LAPSED_MS // governing.SEEN_EVERY_MS)

    room.here, room.left = (BELA.id,), {}  # the server was restarted, and Anna is gone
    room.now_ms += governing.LAPSED_MS - 1
    room.do(Say("hello"), BELA)
    assert room.state.keeper == ANNA.id
    room.now_ms += governing.SEEN_EVERY_MS + 1
    room.do(Say("hello"), BELA)
    assert room.state.keeper == ""
    room.here = (ANNA.id, BELA.id)
    assert governing.seen_due_ms(room.state, room.context()) is None


def test_that_somebody_is_here_who_kept_the_room_before_is_noted_for_nothing() -> None:
    room = Governed()
    room.do(GiveKeeper(BELA.id), ANNA)
    event = numbered(Draft(KeeperSeen(ANNA.id), room.now_ms + 9), room.state.head + 1, room.state.head)
    assert apply(room.state, event).governed == room.state.governed


def test_a_network_is_muted_with_all_who_come_from_it() -> None:
    room = Governed()
    room.networks = {BELA.id: "n1", CLEO.id: "n1", ANNA.id: "n2"}
    assert room.refusal(MuteNetwork(BELA.id, 1_000), ANNA) == "not_allowed"
    assert room.refusal(MuteNetwork("somebody", 1_000), None) == "bad_value"
    assert room.do(MuteNetwork(BELA.id, 1_000), None) == [NetworkMuted("n1", room.now_ms + 1_000)]
    assert room.refusal(Say("hi"), BELA) == room.refusal(Say("hi"), CLEO) == "muted"
    assert room.do(Say("hi"), ANNA)
    assert room.do(MuteNetwork("", 0, "n1"), None)
    assert room.do(MuteNetwork("", 0, "n1"), None) == []
    assert room.do(Say("hi"), BELA)


def test_what_the_admin_does_is_noted_and_nothing_that_changes_nothing() -> None:
    room = Governed()
    assert room.refusal(Oversee(Close()), ANNA) == "not_allowed"
    assert room.do(Oversee(Change(locked=True), "too loud"), None)[-1] == AdminActed("lock", "", "too loud")
    assert room.do(Oversee(Change(locked=True)), None) == []
    assert room.do(Oversee(Close()), None)[-1] == AdminActed("close")


def test_a_locked_room_listens_but_for_its_keeper() -> None:
    room = Governed()
    room.do(Change(locked=True), ANNA)
    loud: list[Command] = [Say("hi"), React("1", "😀"), Suggest("A sock"), Throw(), landing(), WantTopic()]
    assert {room.refusal(command, BELA) for command in loud} == {"locked"}
    assert room.do(Say("hi"), ANNA)
    assert room.do(Throw(), ANNA)


def test_a_slow_room_has_each_wait_but_its_keeper() -> None:
    room = Governed()
    room.do(Change(slow=True), ANNA)
    for by, code in ((BELA, "slow"), (ANNA, "")):
        assert room.refusal(Say("one"), by) == ""
        assert room.refusal(Say("two"), by) == code
        assert room.refusal(landing(f"first-{by.id}"), by) == ""
        assert room.refusal(landing(f"second-{by.id}"), by) == code
    room.now_ms += 10_000
    assert room.refusal(Say("three"), BELA) == ""
    assert room.refusal(landing("third"), BELA) == "slow"
    room.now_ms += 10_000
    assert room.refusal(landing("third"), BELA) == ""


def landing(clip: str = "clip-0001") -> Land:
    return Land(ClipLanded(clip, 900, 500, 0, -16.0, ()))


def test_a_room_on_hold_hides_takes_until_its_keeper_lets_them_through() -> None:
    room = Governed()
    room.do(Change(hold=True), ANNA)
    assert room.do(landing(), BELA)[1] == ClipHidden("clip-0001")
    assert len(room.do(landing("clip-0002"), ANNA)) == 1
    assert room.refusal(Restore("clip-0001"), CLEO) == "not_allowed"
    assert room.do(Restore("clip-0001"), ANNA) == [ClipRestored("clip-0001")]
    assert not room.state.governed.withheld


def test_a_locked_room_throws_nothing_to_those_who_only_listen() -> None:
    room = Governed(opening(room_kind="wonder"))
    room.do(Change(locked=True), ANNA)
    room.here = (BELA.id, CLEO.id)
    assert due(room.state, room.context()) is None
    room.here = (ANNA.id, BELA.id)
    assert due(room.state, room.context()) is not None
