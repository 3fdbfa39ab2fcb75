from __future__ import annotations

from collections.abc import Collection, Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec.structs import replace

from games.game import PAUSE_MS, SILENCE_MS, VOTING_MS, Game
from games.pace import HALF_VOTED_MS, QUIET_GRACE_MS, SPEAKING_GRACE_MS, VOTED_MS, done_in
from games.registry import GAMES
from games.round import (
    HelpGiven,
    Round,
    RoundClosed,
    RoundJoined,
    RoundLeft,
    RoundPaused,
    TurnGiven,
    TurnPassed,
    VerdictGiven,
)
from server.room.commands import (
    Command,
    Refused,
    RoundJoin,
    RoundLeave,
    RoundStart,
    Throw,
    Tick,
    TurnHelp,
    TurnPass,
    Vote,
)
from server.room.events import ClipLanded, Fact, Voice
from server.room.kinds import TIMINGS
from server.room.round_lifecycle import ENDING_MS, is_full
from server.room.rounds import LEFT_WAIT_MS
from server.room.turns import PASSED_TURNS, SEAT_MS
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

FOUR = (ANNA, BELA, CLEO, DORA)
MOST_TICKS = 500
voices = st.sampled_from(FOUR)


def chain(*voices: str, game: str = "word_association", kind: str = "wonder") -> PureRoom:
    room = PureRoom(kind)
    room.here = room.speakers = [ANNA.id, BELA.id, CLEO.id]
    room.do(RoundStart(game), ANNA)
    for voice in (BELA, CLEO):
        if room.state.round is not None and voice.id not in room.state.round.players:
            room.do(RoundJoin(), voice)
    room.now_ms = room.turn().go_at_ms + 100
    return room


def test_who_passes_hands_the_turn_on_at_once() -> None:
    room = chain()
    facts = room.do(TurnPass(), ANNA)

    assert facts[0] == TurnPassed(room.turn().round, 1, ANNA.id)
    assert isinstance(facts[1], TurnGiven)
    assert facts[1].voice not in {None, ANNA.id}


def test_nobody_passes_anothers_turn_or_one_that_is_used() -> None:
    room = chain()
    with pytest.raises(Refused, match="not your turn"):
        room.do(TurnPass(), BELA)
    room.land("one", ANNA)
    with pytest.raises(Refused, match="not your turn"):
        room.do(TurnPass(), ANNA)


def test_a_word_is_given_once_and_late_in_the_window() -> None:
    room = chain()
    turn = room.turn()
    with pytest.raises(Refused, match="in a moment"):
        room.do(TurnHelp(), ANNA)
    room.now_ms = turn.go_at_ms + round((turn.closes_at_ms - turn.go_at_ms) * 0.6)
    given = room.do(TurnHelp(), ANNA)
    assert [type(fact) for fact in given] == [HelpGiven]
    with pytest.raises(Refused, match="had a word"):
        room.do(TurnHelp(), ANNA)


def test_who_leaves_has_no_more_turns_and_the_round_goes_on() -> None:
    room = chain()
    facts = room.do(RoundLeave(), ANNA)

    assert facts[0] == RoundLeft(room.turn().round, ANNA.id, "out")
    assert isinstance(facts[1], TurnGiven)
    assert room.state.round is not None
    assert ANNA.id not in room.state.round.players
    with pytest.raises(Refused, match="not in this round"):
        room.do(RoundLeave(), ANNA)


def test_who_left_may_join_again() -> None:
    room = chain()
    room.do(RoundLeave(), ANNA)
    room.do(RoundJoin(), ANNA)

    assert room.state.round is not None
    assert room.state.round.players[-1] == ANNA.id
    assert room.state.round.left == ()


def test_a_duel_ends_when_one_leaves() -> None:
    room = chain(game="insult_duel", kind="arena")
    left, closed = room.do(RoundLeave(), BELA)

    assert isinstance(left, RoundLeft)
    assert isinstance(closed, RoundClosed)
    assert closed.reason == "stopped"


def silence(room: PureRoom) -> list[Fact]:
    """Let the running turn pass in silence."""
    at_ms = room.due()
    assert at_ms is not None
    room.now_ms = max(room.now_ms, at_ms)
    return room.do(Tick())


def say(room: PureRoom, voice: Voice) -> list[Fact]:
    room.now_ms = max(room.now_ms, room.turn().go_at_ms) + 1_200
    return room.land(f"c{len(room.events)}", voice)


def running(room: PureRoom) -> Round:
    assert room.state.round is not None
    return room.state.round


def test_who_is_silent_twice_sits_out_until_they_speak() -> None:
    room = chain()
    others = [voice for voice in (ANNA, BELA, CLEO) if voice.id != room.turn().voice]
    talker = next(voice for voice in (ANNA, BELA, CLEO) if voice not in others)
    left: list[str] = []
    for _ in range(2):
        say(room, talker)
        for _ in others:
            left += [fact.voice for fact in silence(room) if isinstance(fact, RoundLeft)]

    assert left == [voice.id for voice in sorted(others, key=lambda one: left.index(one.id))]
    assert {*running(room).quiet} == {voice.id for voice in others}
    assert running(room).paused_until_ms > room.now_ms
    landed, joined, turn = room.land("back", others[0])
    assert isinstance(landed, ClipLanded)
    assert landed.round is None
    assert joined == RoundJoined(turn_round(turn), others[0].id)
    assert running(room).paused_until_ms == 0


def turn_round(fact: Fact) -> str:
    assert isinstance(fact, TurnGiven)
    return fact.round


def test_who_said_out_does_not_come_back_by_speaking() -> None:
    room = chain()
    room.do(RoundLeave(), ANNA)
    assert [type(fact) for fact in room.land("free", ANNA)] == [ClipLanded]


def test_a_seat_is_kept_for_a_while_and_then_given_up() -> None:
    room = chain()
    players = running(room).players
    gone = next(voice for voice in players if voice not in {ANNA.id, room.turn().next})
    room.here = room.speakers = [voice for voice in players if voice != gone]
    room.left = {gone: room.now_ms}
    say(room, ANNA)
    assert running(room).players == players

    room.left = {gone: room.now_ms - SEAT_MS}
    say(room, next(voice for voice in (BELA, CLEO) if voice.id == room.turn().voice))
    assert gone not in running(room).players
    assert gone in running(room).left


def test_the_last_one_left_gets_a_pause_and_then_the_end() -> None:
    room = chain()
    room.here = room.speakers = [ANNA.id]
    room.left = {BELA.id: room.now_ms, CLEO.id: room.now_ms}
    paused = say(room, ANNA)[-1]

    assert paused == RoundPaused(running(room).id, room.now_ms + PAUSE_MS)
    assert room.due() == room.now_ms + PAUSE_MS
    (closed,) = silence(room)
    assert isinstance(closed, RoundClosed)
    assert closed.reason == "done"


def test_a_paused_round_goes_on_as_soon_as_somebody_is_back() -> None:
    room = chain()
    room.here = room.speakers = [ANNA.id]
    say(room, ANNA)
    room.now_ms += 5_000
    room.here = room.speakers = [ANNA.id, CLEO.id]
    due_ms = room.due()
    assert due_ms is not None
    assert due_ms <= room.now_ms
    (turn,) = room.do(Tick())
    assert isinstance(turn, TurnGiven)
    assert turn.voice == CLEO.id
    assert running(room).paused_until_ms == 0


def test_late_comers_are_last_in_the_rota_and_their_first_take_is_not_judged() -> None:
    room = chain()
    room.here = room.speakers = [*room.here, DORA.id]
    say(room, ANNA)
    (joined, *_) = room.do(RoundJoin(), DORA)
    assert joined == RoundJoined(running(room).id, DORA.id, late=True)
    assert running(room).players[-1] == DORA.id
    while running(room).turn is None or room.turn().voice != DORA.id:
        say(room, next(voice for voice in (ANNA, BELA, CLEO) if voice.id == room.turn().voice))
    room.now_ms = room.turn().go_at_ms
    facts = room.land("late", DORA, duration_ms=6_000)
    assert not any(isinstance(fact, VerdictGiven) for fact in facts)


def test_nobody_joins_in_the_last_quarter() -> None:
    room = chain()
    for _ in range(6):
        say(room, next(voice for voice in (ANNA, BELA, CLEO) if voice.id == room.turn().voice))
    with pytest.raises(Refused, match="full"):
        room.do(RoundJoin(), DORA)


def test_a_turn_for_all_is_over_when_all_who_are_here_have_spoken() -> None:
    room = PureRoom()
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(Throw(), ANNA)
    say(room, ANNA)
    later_ms = room.due()
    assert later_ms is not None
    assert later_ms > room.now_ms
    room.speaking = [BELA.id]
    say(room, BELA)
    room.speaking = []
    assert room.due() == room.now_ms
    (closed,) = room.do(Tick())
    assert isinstance(closed, RoundClosed)


def voting(*here: Voice) -> PureRoom:
    room = PureRoom("humour")
    room.here = room.speakers = [voice.id for voice in here]
    room.do(RoundStart("world_worst"), ANNA)
    for voice in (ANNA, BELA):
        room.now_ms = room.turn().go_at_ms
        room.land(voice.id, voice, duration_ms=1_000)
    while room.turn().act != "vote":
        silence(room)
    return room


def test_a_vote_opens_with_the_replay_and_is_over_half_a_second_after_the_last_voter() -> None:
    room = voting(ANNA, BELA)
    turn = room.turn()
    assert turn.go_at_ms == room.now_ms
    assert turn.closes_at_ms == room.now_ms + 2 * (1_000 + 400) + VOTING_MS["snap"]
    assert room.due() == turn.closes_at_ms
    room.now_ms += 700
    room.do(Vote(turn.round, BELA.id, 1), ANNA)
    room.now_ms += 100
    room.do(Vote(turn.round, ANNA.id, 1), BELA)
    assert room.due() == room.now_ms + VOTED_MS


def test_when_half_have_voted_the_others_have_a_moment() -> None:
    room = voting(ANNA, BELA, CLEO, DORA)
    turn = room.turn()
    for voice, clip in ((ANNA, BELA), (BELA, ANNA)):
        room.now_ms += 200
        room.do(Vote(turn.round, clip.id, 1), voice)
    assert room.due() == min(turn.closes_at_ms, room.now_ms + HALF_VOTED_MS)


def test_a_bystander_who_speaks_holds_nobody_up() -> None:
    room = chain()
    quiet_ms = room.due()
    room.speaking = [next(voice.id for voice in (BELA, CLEO))]
    assert room.due() == quiet_ms
    room.speaking = [ANNA.id]
    later_ms = room.due()
    assert later_ms is not None
    assert quiet_ms is not None
    assert later_ms > quiet_ms


class Crowd(Collection[str]):
    """Voices that may be counted and looked up, and are not to be gone through one by one."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def __contains__(self, voice: object) -> bool:
        return voice in self.known

    def __len__(self) -> int:
        return 1_000

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("a thousand were asked one by one")


def test_what_is_due_is_known_without_asking_each_of_a_crowd() -> None:
    room = PureRoom("humour")
    room.do(Throw(), ANNA)
    room.now_ms = room.turn().go_at_ms
    for voice in (ANNA, BELA, CLEO):
        room.land(voice.id, voice)
    room.here = room.speakers = Crowd(ANNA.id, BELA.id, CLEO.id)
    turn = room.turn()
    assert room.due() == turn.closes_at_ms + QUIET_GRACE_MS["snap"]

    round_ = room.state.round
    assert round_ is not None
    vote = replace(turn, act="vote", clips=(ANNA.id, BELA.id), turn=2)
    room.state = replace(room.state, round=replace(round_, turns=(turn, vote)))
    room.do(Vote(round_.id, ANNA.id, 1), BELA)
    assert room.due() == vote.closes_at_ms


def test_a_room_rests_shorter_after_a_lively_round() -> None:
    room = PureRoom()
    room.here = room.speakers = [ANNA.id, BELA.id]
    for lively in (True, False):
        room.do(Throw(), ANNA)
        room.now_ms = room.turn().go_at_ms
        for voice in (ANNA, BELA) if lively else (ANNA,):
            room.land(f"{voice.id}{lively}", voice)
        silence(room)
        rest_ms = max(TIMINGS["snap"].lively_ms, ENDING_MS) if lively else TIMINGS["snap"].pulse_ms
        assert room.due() == room.now_ms + rest_ms


class ComingAndGoing(RuleBasedStateMachine):
    """Four who come, go, speak, pass, sit out and come back in any order, by a virtual clock."""

    def __init__(self) -> None:
        super().__init__()
        self.room = PureRoom(seed=3)
        self.room.consented = [voice.id for voice in FOUR]
        self.here = {voice.id for voice in FOUR}
        self.left: dict[str, int] = {}
        self.speaking: set[str] = set()
        self.look()

    @initialize(game=st.sampled_from(GAMES), captions=st.booleans())
    def start(self, game: Game, captions: bool) -> None:
        self.room = PureRoom(game.kinds[0], seed=3)
        self.room.consented, self.room.captions = [voice.id for voice in FOUR], captions
        self.look()
        self.room.do(RoundStart(game.id), ANNA)

    def look(self) -> None:
        """Tell the room who is here, and who speaks."""
        self.room.here = self.room.speakers = [voice.id for voice in FOUR if voice.id in self.here]
        self.room.speaking, self.room.left = sorted(self.speaking), self.left

    @rule(voice=voices, command=st.sampled_from([RoundJoin(), RoundLeave(), TurnPass(), TurnHelp()]))
    def ask(self, voice: Voice, command: Command) -> None:
        before = self.room.state
        try:
            self.room.do(command, voice)
        except Refused:
            assert self.room.state == before

    @rule(voice=voices)
    def come_or_go(self, voice: Voice) -> None:
        if voice.id in self.here:
            self.here.discard(voice.id)
            self.left[voice.id] = self.room.now_ms
        else:
            self.here.add(voice.id)
            self.left.pop(voice.id, None)
        self.look()

    @rule(voice=voices)
    def begin(self, voice: Voice) -> None:
        """Begin a take, as far as one is here."""
        self.speaking |= {voice.id} & self.here
        self.look()

    @rule(voice=voices, after_ms=st.integers(0, 7_000))
    def land(self, voice: Voice, after_ms: int) -> None:
        """Let a take that was begun land, in time; all that is due before happens before."""
        if voice.id not in self.speaking:
            return
        self.pass_until(self.room.now_ms + after_ms)
        wanted = self.wants(voice.id)
        self.room.land(f"clip-{self.room.state.head}", voice)
        landed = next(e.data for e in reversed(self.room.events) if isinstance(e.data, ClipLanded))
        assert not wanted or landed.round is not None
        self.speaking.discard(voice.id)
        self.look()

    @rule(for_ms=st.sampled_from([100, 900, 5_000, 30_000, 100_000]))
    def wait(self, for_ms: int) -> None:
        """Let time pass; no take takes longer than the turn waits."""
        if self.speaking:
            for_ms = min(for_ms, 900)
        self.pass_until(self.room.now_ms + for_ms)

    def wants(self, voice: str) -> bool:
        """Tell whether the running turn has begun, wants a voice, and has not got it."""
        round_ = self.room.state.round
        turn = round_.turn if round_ else None
        if round_ is None or turn is None or round_.paused_until_ms or is_full(round_):
            return False
        return turn.is_for(voice) and voice not in done_in(round_, turn)

    def pass_until(self, until_ms: int) -> None:
        """Do all that is due; nobody who is here and speaks in a turn is passed over."""
        for _ in range(MOST_TICKS):
            at_ms = self.room.due()
            if at_ms is None or at_ms > until_ms or self.room.state.round is None:
                break
            self.room.now_ms = max(self.room.now_ms, at_ms)
            turn = self.room.turn()
            kept = [voice for voice in self.speaking if self.wants(voice)]
            head = self.room.state.head
            self.room.do(Tick())
            assert self.room.state.head > head, "a tick that was due did nothing"
            hard_ms = turn.closes_at_ms + SPEAKING_GRACE_MS
            assert not kept or self.room.now_ms >= hard_ms, "passed over while speaking"
        else:
            raise AssertionError("it ticks for ever")
        self.room.now_ms = max(self.room.now_ms, until_ms)

    @invariant()
    def who_left_has_no_turn(self) -> None:
        round_ = self.room.state.round
        assert round_ is None or not {*round_.left} & {*round_.players}
        assert round_ is None or {*round_.quiet} <= {*round_.left}

    def teardown(self) -> None:
        """A round always ends, whoever is here."""
        self.speaking.clear()
        self.look()
        self.pass_until(self.room.now_ms + SILENCE_MS)
        assert self.room.state.round is None


TestComingAndGoing = ComingAndGoing.TestCase
TestComingAndGoing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_who_passed_does_not_keep_a_pair_waiting_for_whom_it_lost() -> None:
    room = chain(game="mind_meld")
    first, second = room.turn().voices
    room.now_ms = room.turn().go_at_ms
    room.do(TurnPass(), next(voice for voice in FOUR if voice.id == first))
    room.here = room.speakers = [voice for voice in room.here if voice != second]
    room.left = {second: room.now_ms}
    assert room.due() == room.now_ms + LEFT_WAIT_MS


def test_a_vote_that_one_alone_decides_is_over_when_they_left() -> None:
    room = PureRoom("roleplay")
    room.here = room.speakers = [ANNA.id, BELA.id]
    room.do(RoundStart("same_line"), ANNA)
    room.now_ms = room.turn().go_at_ms
    room.land("told", next(voice for voice in FOUR if voice.id == room.turn().voice))
    teller = room.state.round.turns[0].voice if room.state.round else None
    room.now_ms = room.turn().go_at_ms
    room.land("guess", next(voice for voice in (ANNA, BELA) if voice.id != teller), duration_ms=5_000)
    while room.turn().act != "vote":
        silence(room)
    assert room.turn().voices == (teller,)
    room.here = room.speakers = [voice for voice in room.here if voice != teller]
    room.left = {str(teller): room.now_ms}
    assert room.due() == room.now_ms + LEFT_WAIT_MS
    room.now_ms += LEFT_WAIT_MS
    room.do(Tick())
    assert room.state.round is None


@pytest.mark.parametrize("game", ["word_association", "mind_meld"])
def test_a_round_in_which_everybody_passes_for_ever_is_over_after_so_many_turns(game: str) -> None:
    room = chain(game=game)
    while room.state.round is not None:
        turn = room.turn()
        room.now_ms = turn.go_at_ms
        for voice in FOUR:
            if voice.id in turn.wanted and room.state.round is not None and room.turn() == turn:
                room.do(TurnPass(), voice)
    assert room.state.last_round is not None
    assert len(room.state.last_round.turns) <= PASSED_TURNS
    assert len(room.closings()) == 1
