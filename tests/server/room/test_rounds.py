from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from games.pace import LONE_GRACE_MS, QUIET_GRACE_MS, SPEAKING_GRACE_MS
from games.round import RoundClosed, RoundJoined, RoundOpened, TurnGiven
from server.room.commands import (
    Again,
    Command,
    Land,
    Refused,
    RoundJoin,
    RoundStart,
    Throw,
    Tick,
    Vote,
)
from server.room.decide import decide
from server.room.events import ClipLanded, TopicThrown, Voice, decode, encode
from server.room.kinds import KINDS, TIMINGS
from server.room.round_lifecycle import PULSE_DOUBLINGS
from server.room.rounds import (
    AHEAD_MS,
    PREVIEW_MS,
    PULSE_PLAYERS,
    SHORTEST_CUT_MS,
    take_ends_ms,
    take_limit_ms,
)
from server.room.state import EMPTY, apply
from server.room.view import view
from tests.support.rooms import ANNA, BELA, CLEO, LONGEST_TAKES, PureRoom

SNAP = TIMINGS["snap"]


def refusal(room: PureRoom, command: Command, by: Voice = ANNA) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def test_a_throw_opens_a_round_for_all_with_a_count_in_and_a_window() -> None:
    room = PureRoom()

    thrown, opened, turn = room.do(Throw(), ANNA)

    assert isinstance(thrown, TopicThrown)
    assert isinstance(opened, RoundOpened)
    assert isinstance(turn, TurnGiven)
    assert (opened.game, opened.prompt) == ("first_thing", thrown.prompt)
    assert turn.prompt == thrown.prompt.text
    assert turn.voice is None
    assert turn.go_at_ms == room.now_ms + SNAP.count_in_ms
    assert turn.closes_at_ms == turn.go_at_ms + SNAP.window_ms


def test_a_slow_room_gives_more_time() -> None:
    room = PureRoom("healing")
    room.state = apply(room.state, room.events[0])
    room.do(RoundStart("first_thing", "slow"), ANNA)

    assert room.turn().closes_at_ms - room.turn().go_at_ms == TIMINGS["slow"].window_ms


def test_takes_land_in_the_round_with_the_reaction_time_after_go() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)

    (landed,) = room.land("c1", ANNA, onset_ms=730)

    assert isinstance(landed, ClipLanded)
    assert (landed.round, landed.turn, landed.reaction_ms) == (room.turn().round, 1, 730)


def test_the_page_is_believed_about_its_reaction_only_when_near() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    go_at_ms = room.turn().go_at_ms
    clip = ClipLanded("c1", 900, 700, 0, -16.0, ())

    near = decide(room.state, Land(clip, go_at_ms, 640), ANNA, room.context())[0].data
    far = decide(room.state, Land(clip, go_at_ms, 10), ANNA, room.context())[0].data

    assert isinstance(near, ClipLanded)
    assert isinstance(far, ClipLanded)
    assert (near.reaction_ms, far.reaction_ms) == (640, 700)


def test_a_second_take_of_a_turn_and_one_begun_long_before_go_stay_outside() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.land("c1", ANNA)

    (second,) = room.land("c2", ANNA)
    early = Land(ClipLanded("c3", 900, 0, 0, -16.0, ()), room.turn().go_at_ms - 2_900)
    (before,) = room.do(early, BELA)

    assert isinstance(second, ClipLanded)
    assert isinstance(before, ClipLanded)
    assert (second.round, before.round) == (None, None)


def test_a_take_outside_any_round_is_a_free_clip() -> None:
    (landed,) = PureRoom().land("c1", ANNA)

    assert isinstance(landed, ClipLanded)
    assert (landed.round, landed.turn, landed.reaction_ms) == (None, None, None)


def test_a_silent_round_ends_soon_after_its_window() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    closes_at_ms = room.turn().closes_at_ms

    assert room.due() == closes_at_ms + QUIET_GRACE_MS["snap"]
    room.speaking = (ANNA.id,)
    assert room.due() == closes_at_ms + SPEAKING_GRACE_MS
    room.speaking = ()
    room.do(Tick())
    assert room.state.round is not None
    assert room.pass_time()
    assert [closed.reason for closed in room.closings()] == ["silent"]


def test_a_round_with_takes_ends_with_all_of_them() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.land("c1", ANNA)
    room.land("c2", BELA)
    room.pass_time()

    assert [(closed.reason, closed.takes) for closed in room.closings()] == [("done", ("c1", "c2"))]


def test_who_began_a_round_replaces_it_and_nobody_who_only_listens() -> None:
    room = PureRoom()
    room.do(Throw(), ANNA)
    room.land("c1", ANNA)

    assert refusal(room, Throw(), BELA) == "not_a_player"
    assert refusal(room, RoundStart("word_association"), BELA) == "not_a_player"
    closed = room.do(Throw(), ANNA)[0]

    assert isinstance(closed, RoundClosed)
    assert closed.reason == "replaced"


def test_word_association_is_a_chain_through_all_players() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)
    assert room.do(RoundJoin(), BELA) == [RoundJoined(room.turn().round, BELA.id, "")]
    voices = []
    while room.state.round is not None:
        voice = next(v for v in (ANNA, BELA) if v.id == room.turn().voice)
        voices.append(voice.name)
        room.now_ms = room.turn().go_at_ms + 1_000
        room.land(f"c{len(voices)}", voice, duration_ms=700)

    assert voices == [ANNA.name, BELA.name] * 4
    assert room.closings()[-1].takes == tuple(f"c{n}" for n in range(1, 9))


def test_a_chain_passes_on_a_silent_turn_and_ends_after_two() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)
    started = room.now_ms
    room.do(RoundJoin(), BELA)
    room.pass_time()
    assert room.turn().voice == BELA.id
    room.pass_time()

    assert room.closings()[-1].reason == "silent"
    assert room.now_ms - started <= 45_000


def test_only_whose_turn_it_is_can_answer_a_chain() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)

    (landed,) = room.land("c1", CLEO)

    assert isinstance(landed, ClipLanded)
    assert landed.round is None


def test_a_speech_in_a_word_chain_gets_a_verdict() -> None:
    room = PureRoom()
    room.do(RoundStart("word_association"), ANNA)

    facts = room.land("c1", ANNA, duration_ms=4_000)

    assert [type(fact).__name__ for fact in facts] == ["ClipLanded", "VerdictGiven", "TurnGiven"]


def test_unknown_games_are_refused() -> None:
    assert refusal(PureRoom(), RoundStart("chess")) == "no_such_game"
    assert refusal(PureRoom(), RoundJoin()) == "no_round"


def test_the_pulse_beats_while_a_speaker_is_present_and_tires_of_silence() -> None:
    room = PureRoom()
    assert room.due() is None
    rests = []
    for _ in range(8):
        room.pass_time(speakers=(ANNA.id,))
        assert room.state.round is not None
        room.pass_time(speakers=(ANNA.id,))
        next_ms = room.due()
        assert next_ms is not None
        rests.append(next_ms - room.now_ms)

    assert rests[0] == 2 * SNAP.pulse_ms
    assert rests[-1] == rests[-2] == SNAP.pulse_ms * 2**PULSE_DOUBLINGS
    room.speakers = ()
    assert room.due() is None


def test_when_all_who_might_play_are_muted_the_pulse_waits_for_the_first_who_may_again() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id, BELA.id)
    room.state = replace(room.state, muted={ANNA.id: room.now_ms + 90_000, BELA.id: room.now_ms + 60_000})
    until_ms = room.now_ms + 60_000

    assert room.due() == until_ms
    assert room.do(Tick()) == []
    room.now_ms = until_ms - 1
    assert room.do(Tick()) == []
    room.now_ms = until_ms
    assert [type(fact) for fact in room.do(Tick())][:1] == [TopicThrown]


def test_a_pulse_that_nobody_who_is_muted_could_play_waits_for_its_own_time_too() -> None:
    room = PureRoom()
    room.speakers = (ANNA.id,)
    room.pass_time()
    room.pass_time()
    rest_ms = room.due()
    room.state = replace(room.state, muted={ANNA.id: room.now_ms + 1})

    assert room.due() == rest_ms


def test_the_pulse_offers_other_games_when_two_can_play() -> None:
    room = PureRoom(seed=3)
    games = set()
    for _ in range(30):
        room.pass_time(speakers=(ANNA.id, BELA.id))
        assert room.state.round is not None
        games.add(room.state.round.game)
        while room.state.round is not None:
            room.pass_time(speakers=(ANNA.id, BELA.id))

    assert "first_thing" in games
    assert len(games) > 2
    assert games <= set(KINDS["wonder"].games)


def test_no_prompt_comes_twice_within_a_hundred_throws() -> None:
    room = PureRoom()
    ids = []
    for _ in range(150):
        thrown = room.do(Throw(), ANNA)
        ids.append(next(fact.prompt.id for fact in thrown if isinstance(fact, TopicThrown)))

    for start in range(len(ids) - 100):
        assert len(set(ids[start : start + 100])) == 100


class Evening(RuleBasedStateMachine):
    """Any order of throws, games, joins, takes, votes and silences leaves a room that goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.room = PureRoom(seed=7)
        self.clips = 0
        self.refused_without_a_trace = True

    def attempt(self, command: Command, voice: int) -> None:
        before = self.room.state
        try:
            self.room.do(command, (ANNA, BELA, CLEO)[voice])
        except Refused:
            self.refused_without_a_trace = self.room.state == before

    @rule(voice=st.integers(0, 2))
    def throw(self, voice: int) -> None:
        self.attempt(Throw(), voice)

    @rule(voice=st.integers(0, 2), game=st.sampled_from(["first_thing", "word_association", "?"]))
    def start(self, voice: int, game: str) -> None:
        self.attempt(RoundStart(game), voice)

    @rule(voice=st.integers(0, 2), command=st.sampled_from([RoundJoin(), Again()]))
    def meddle(self, voice: int, command: Command) -> None:
        self.attempt(command, voice)

    @rule(voice=st.integers(0, 2), late_ms=st.integers(0, 9_000), onset_ms=st.integers(-900, 4_000))
    def speak(self, voice: int, late_ms: int, onset_ms: int) -> None:
        self.room.now_ms += late_ms
        self.clips += 1
        self.room.land(f"c{self.clips}", (ANNA, BELA, CLEO)[voice], onset_ms=onset_ms)

    @rule(voice=st.integers(0, 2), value=st.integers(-3, 8))
    def vote(self, voice: int, value: int) -> None:
        round_ = self.room.state.round or self.room.state.last_round
        if round_ and round_.takes:
            self.attempt(Vote(round_.id, round_.takes[-1].clip, value), voice)

    @rule(present=st.booleans())
    def wait(self, present: bool) -> None:
        self.room.pass_time(speakers=(ANNA.id, BELA.id) if present else ())

    @precondition(lambda self: self.room.state.round is not None)
    @rule()
    def fall_silent(self) -> None:
        """A round in which nobody speaks any more ends by itself within 45 s."""
        started = self.room.now_ms
        while self.room.state.round is not None:
            assert self.room.pass_time()
        assert self.room.now_ms - started <= 45_000 + 10_000

    @invariant()
    def a_refusal_changes_nothing(self) -> None:
        assert self.refused_without_a_trace

    @invariant()
    def every_take_is_in_the_room(self) -> None:
        landed = [e.data.clip for e in self.room.events if isinstance(e.data, ClipLanded)]
        assert landed == [f"c{n + 1}" for n in range(self.clips)]
        assert list(self.room.state.clips) == landed

    @invariant()
    def the_log_tells_the_whole_state(self) -> None:
        state = EMPTY
        for event in self.room.events:
            state = apply(state, decode(encode(event)))
        assert state == self.room.state

    @invariant()
    def every_round_that_opened_is_running_or_closed_once(self) -> None:
        opened = [e.data.round for e in self.room.events if isinstance(e.data, RoundOpened)]
        closed = [closing.round for closing in self.room.closings()]
        running = [self.room.state.round.id] if self.room.state.round else []
        assert opened == closed + running


TestEvening = Evening.TestCase
TestEvening.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_every_kind_of_room_offers_a_game() -> None:
    for kind in KINDS:
        assert PureRoom(kind).do(Throw(), ANNA)


def test_a_slower_pace_waits_longer_for_its_own_voice_and_tells_nobody() -> None:
    room = PureRoom()
    room.speakers = {ANNA.id}
    room.do(RoundStart("word_association"), ANNA)
    closes_at_ms = room.turn().closes_at_ms
    window_ms = SNAP.word_ms

    for paces, more_ms in (
        ({ANNA.id: 1.5}, window_ms // 2),
        ({BELA.id: 2.0}, 0),
        ({ANNA.id: 99.0}, window_ms),
        ({ANNA.id: 2.0}, window_ms),
    ):
        room.paces = paces
        assert room.due() == closes_at_ms + more_ms + LONE_GRACE_MS
    room.now_ms = closes_at_ms + LONE_GRACE_MS
    assert room.do(Tick()) == []
    room.speakers = {BELA.id}  # who does not play along any more is not waited for
    assert room.due() == room.now_ms
    room.speakers, room.paces = {ANNA.id}, {}
    assert room.do(Tick())


@pytest.mark.parametrize(("kind", "pace", "longest_ms"), LONGEST_TAKES)
def test_a_turn_waits_for_the_longest_take_that_is_begun_at_its_end(
    kind: str, pace: float, longest_ms: int
) -> None:
    room = PureRoom(kind)
    room.do(RoundStart("first_thing"), ANNA)
    turn = room.turn()
    closes_at_ms = turn.go_at_ms + round((turn.closes_at_ms - turn.go_at_ms) * pace)

    room.speaking, room.paces = {ANNA.id}, {ANNA.id: pace}
    due_ms = room.due()

    assert take_limit_ms(room.state, ANNA.id, pace) == longest_ms
    assert due_ms is not None
    hearing_ms = PREVIEW_MS if KINDS[kind].preview else 0
    assert due_ms - closes_at_ms == longest_ms + 5_000 + hearing_ms  # which is for its way and its finish


def test_takes_are_as_long_as_the_turn_the_room_and_the_pace_allow() -> None:
    room = PureRoom()
    assert take_limit_ms(room.state, ANNA.id) == KINDS["wonder"].longest_clip_ms
    assert take_limit_ms(room.state, ANNA.id, 2.0) == 2 * KINDS["wonder"].longest_clip_ms
    room.do(RoundStart("two_second_sound"), ANNA)

    assert take_limit_ms(room.state, ANNA.id) == 2_000
    assert take_limit_ms(room.state, ANNA.id, 1.5) == 3_000
    assert take_ends_ms(room.state, ANNA.id, 5_000) == 7_000


def test_a_story_is_cut_where_the_room_wants_and_nobody_knows_before() -> None:
    room = PureRoom("humour")
    room.do(RoundStart("story_die"), ANNA)
    cut_at_ms = room.turn().cut_at_ms

    assert cut_at_ms is not None
    assert take_ends_ms(room.state, ANNA.id, room.turn().go_at_ms) == cut_at_ms
    assert take_ends_ms(room.state, BELA.id, room.turn().go_at_ms) > cut_at_ms
    assert str(cut_at_ms) not in str([view(event, ANNA.id) for event in room.events])
    assert take_ends_ms(room.state, ANNA.id, cut_at_ms - 10) == cut_at_ms - 10 + SHORTEST_CUT_MS


def test_who_is_present_plays_a_game_that_somebody_starts_unless_it_asks_first() -> None:
    room = PureRoom()
    present = (ANNA.id, BELA.id, CLEO.id)
    room.speakers = present
    room.do(RoundStart("word_association"), BELA)
    assert room.state.round is not None
    assert room.state.round.players[0] == BELA.id
    assert set(room.state.round.players) == set(present)

    arena = PureRoom("arena")
    arena.speakers = present
    arena.do(RoundStart("insult_duel"), BELA)
    assert arena.state.round is not None
    assert arena.state.round.players == (BELA.id,)


@pytest.mark.parametrize("by_the_pulse", [False, True])
def test_of_a_crowd_a_few_are_made_players(by_the_pulse: bool) -> None:
    most = 0
    for seed in range(40):
        room = PureRoom("humour", seed=seed)
        room.consented = room.speakers = [ANNA.id, *(f"voice-{number}" for number in range(20))]
        room.pass_time() if by_the_pulse else room.do(RoundStart("word_association"), ANNA)
        players = room.state.round.players if room.state.round else ()
        assert len(set(players)) == len(players) <= PULSE_PLAYERS
        most = max(most, len(players))

    assert most == PULSE_PLAYERS


def test_the_turn_after_a_word_goes_to_somebody_who_is_here() -> None:
    room = PureRoom()
    room.speakers = room.here = (ANNA.id, BELA.id, CLEO.id)
    room.do(RoundStart("word_association"), ANNA)
    assert room.state.round is not None
    _, next_one, last_one = room.state.round.players

    room.speakers = room.here = (ANNA.id, last_one)
    room.land("a", ANNA)
    assert room.turn().voice == last_one
    room.speakers = room.here = (ANNA.id, BELA.id, CLEO.id)
    room.land("b", BELA if last_one == BELA.id else CLEO)
    room.land("c", ANNA)
    assert room.turn().voice == next_one


def test_who_is_here_without_being_a_speaker_still_has_their_turns() -> None:
    room = PureRoom()
    room.speakers, room.here = (ANNA.id,), (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    room.do(RoundJoin(), BELA)
    room.land("a", ANNA)
    assert room.turn().voice == BELA.id


@pytest.mark.parametrize("ahead_ms", [AHEAD_MS + 1, 400 * 86_400_000])
def test_what_happened_in_the_future_is_not_waited_for(ahead_ms: int) -> None:
    room = PureRoom()
    room.speakers = (ANNA.id,)
    room.do(RoundStart("word_association"), ANNA)
    room.now_ms -= ahead_ms
    assert room.pass_time()
    assert room.now_ms == 1_000_000 - ahead_ms
    assert [closing.reason for closing in room.closings()] == ["stopped"]

    room.now_ms -= ahead_ms
    assert room.pass_time()
    assert room.now_ms == 1_000_000 - 2 * ahead_ms
    assert room.state.round is not None
