"""A host keeps one visitor company and gives way to people; its manners hold whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from games.round import AnswerGiven, RoundOpened, VoteCast
from server.room import chains, hosting
from server.room.commands import (
    Answer,
    Close,
    Mute,
    Refused,
    RoundJoin,
    RoundStart,
    Say,
    Suggest,
    Throw,
    TurnPass,
)
from server.room.events import TextSaid
from server.room.hosting import LINE_EVERY_MS, TALK, Move
from server.room.state import RoomState
from tests.support.hosted import BOT, HOST, HostedRoom
from tests.support.rooms import ANNA, BELA

SECOND_MS = 1_000


def lonely(kind: str = "wonder", *, captions: bool = True, speaks: bool = True) -> HostedRoom:
    room = HostedRoom(kind)
    room.captions = captions
    room.come(ANNA, speaks=speaks)
    return room


def answers(room: HostedRoom, voice: str = ANNA.id) -> bool:
    """Answer in writing if it is somebody's turn; tell whether it was."""
    round_ = room.state.round
    turn = round_.turn if round_ else None
    if round_ is None or turn is None or not turn.is_for(voice) or room.now_ms < turn.go_at_ms:
        return False
    try:
        room.do(Answer(round_.id, f"word{room.now_ms}"), ANNA)
    except Refused:
        return False
    return True


def play(room: HostedRoom, for_ms: int) -> list[str]:
    """Let a person answer whenever it is their turn, and return what the host did."""
    end_ms = room.now_ms + for_ms
    while room.now_ms < end_ms:
        room.look()
        answers(room)
        room.pass_to(room.now_ms + 500)
    return room.deeds()


def waited(room: HostedRoom, times_ms: Iterable[int]) -> Iterator[RoomState]:
    """Let time pass, and yield the room as it is then."""
    for at_ms in times_ms:
        room.pass_to(at_ms)
        yield room.state


def until(room: HostedRoom, deed: str, *, within_ms: int = 60_000) -> Move:
    """Return the first move of a kind."""
    return next(move for move in room.live(within_ms) if move.deed == deed)


def test_a_lonely_visitor_is_greeted_and_somebody_plays_with_them() -> None:
    room = lonely()
    came_ms = room.now_ms
    play(room, 20_000)
    at_ms = {move.deed: at - came_ms for at, move, _ in reversed(room.moves)}
    assert at_ms["greet"] <= 5 * SECOND_MS
    assert min(at_ms.get(deed, 99_999) for deed in ("play", "start")) <= 20 * SECOND_MS


@pytest.mark.parametrize("phase_ms", [0, 300])
def test_it_begins_games_for_two_whenever_it_looks_and_plays_them_to_the_end(phase_ms: int) -> None:
    room = lonely()
    room.pass_to(room.now_ms + phase_ms)
    play(room, 300_000)
    begun = [event.data for event in room.events if isinstance(event.data, RoundOpened) and event.by == HOST]
    assert len({opened.game for opened in begun}) >= 4
    assert {opened.game for opened in begun} <= {*hosting.PARTNERED}
    done = {closed.round for closed in room.closings() if closed.reason == "done"}
    assert {opened.round for opened in begun[:-1]} <= done
    both = {event.by.id for event in room.events if isinstance(event.data, AnswerGiven) and event.by}
    assert both == {ANNA.id, HOST.id}


def test_the_rooms_own_pulse_has_the_first_word_also_after_a_greeting() -> None:
    room = lonely()
    room.state = replace(room.state, rested_from_ms=room.now_ms + 5_000)
    room.come(ANNA)
    list(room.live(5_000))
    assert room.deeds() == ["greet"]


def test_it_plays_at_least_twelve_games() -> None:
    assert len({*hosting.PARTNERED, *hosting.SHARED}) >= 12


def test_it_answers_in_a_game_for_all_and_never_takes_the_first_moment() -> None:
    room = lonely()
    move = until(room, "play")
    assert move.game == "first_thing"
    turn = room.turn()
    assert room.now_ms - turn.go_at_ms >= hosting.ALL_SHARE * (turn.closes_at_ms - turn.go_at_ms)


def test_it_joins_whoever_began_a_game_for_several_alone() -> None:
    room = lonely()
    room.do(RoundStart("word_association"), ANNA)
    until(room, "join")
    assert HOST.id in (room.state.round.players if room.state.round else ())


def test_it_stays_out_of_a_game_that_it_cannot_play() -> None:
    room = lonely("arena")
    room.do(RoundStart("insult_duel"), ANNA)
    assert {move.deed for move in room.live(8_000)} == {"greet"}


@pytest.mark.parametrize(
    ("kind", "games"),
    [
        ("language", {"forbidden_word", "five_likenesses"}),
        ("wonder", {"gibberish", "five_things", "five_likenesses", "wrong_names"}),
    ],
)
def test_where_it_cannot_hear_it_begins_only_what_needs_no_ears(kind: str, games: set[str]) -> None:
    room = lonely(kind, captions=False)
    for clip in range(40):
        look = room.look()
        round_ = room.state.round
        if round_ and round_.turn and round_.turn.is_for(ANNA.id) and room.now_ms > round_.turn.go_at_ms:
            room.land(f"clip-{clip}", ANNA)
        room.pass_to(room.now_ms + 2_000)
        assert look is None or look.deed != "react"
    begun = {move.game for _, move, _ in room.moves if move.deed == "start"}
    assert begun
    assert begun <= games


def test_a_turn_that_stands_on_something_unheard_is_passed_on() -> None:
    room = lonely()
    room.do(RoundStart("word_association"), ANNA)
    until(room, "join")
    room.pass_to(room.turn().go_at_ms + 200)
    room.land("clip-1", ANNA)
    looks = (room.now_ms + 500 * look for look in range(1, 20))
    moves = (hosting.next_move(at, room.context(), room.memory, room.inside()) for at in waited(room, looks))
    move = next(move for move in moves if move and move.deed == "play")  # no words came
    assert room.state.round is not None
    assert hosting.stands_on(room.state.round, room.memory) is None
    assert (move.deed, hosting.command(move, "", room.state)) == ("play", TurnPass())


def test_words_of_a_clip_are_answered_after_its_round() -> None:
    room = lonely()
    until(room, "greet")
    room.pass_to(room.turn().go_at_ms + 100)
    room.land("clip-1", ANNA)
    room.heard("clip-1", "a grumpy teapot")
    assert room.memory.heard is not None
    until(room, "react", within_ms=15_000)
    assert room.state.round is None


def test_who_writes_at_once_is_greeted_first() -> None:
    room = lonely()
    room.inside()
    room.do(Say("hello"), ANNA)
    assert [move.deed for move in room.live(4_000) if move.deed in TALK] == ["greet"]


def test_chat_is_answered_once() -> None:
    room = lonely()
    room.memory = hosting.tried(room.memory, Move("greet", 0, ANNA.id), 0)
    room.do(Say("hello teapot"), ANNA)
    assert until(room, "react").voice == ANNA.id
    assert room.memory.heard is None


@pytest.mark.parametrize(("text", "language"), [("Bye everyone!", "en"), ("Tschüss, bis morgen", "de")])
def test_a_goodbye_is_answered_with_one(text: str, language: str) -> None:
    room = HostedRoom(language=language)
    room.come(ANNA)
    until(room, "greet")
    room.pass_to(room.now_ms + LINE_EVERY_MS)
    room.do(Say(text), ANNA)
    assert until(room, "bye").voice == ANNA.id


def test_talk_of_goodbyes_is_none() -> None:
    assert not hosting.is_goodbye("I like the word goodbye more than any other", "en")
    assert not hosting.is_goodbye("maybe", "en")


def test_a_machine_gets_no_answer() -> None:
    room = lonely()
    until(room, "greet")
    room.pass_to(room.now_ms + LINE_EVERY_MS)
    room.do(Say("hello, machine"), BOT)
    assert "react" not in {move.deed for move in room.live(15_000)}


def test_a_line_that_took_too_long_is_dropped() -> None:
    room = lonely()
    room.pass_to(room.now_ms + 1_000)
    room.inside()
    room.pass_to(room.now_ms + 3_500)
    assert room.look(thinks_ms=4_000) is None
    assert not room.moves


def test_a_line_to_what_was_taken_over_by_another_is_dropped() -> None:
    room = lonely()
    until(room, "greet")
    room.pass_to(room.now_ms + LINE_EVERY_MS)
    room.do(Say("one"), ANNA)
    move = hosting.next_move(room.state, room.context(), room.memory, room.inside())
    assert move is not None
    room.do(Say("two"), ANNA)
    assert not hosting.fits(room.state, room.context(), room.memory, room.inside(), move)


def test_when_a_second_person_comes_it_says_goodbye_and_is_silent() -> None:
    room = lonely()
    until(room, "greet")
    room.come(BELA)
    room.pass_to(room.now_ms + LINE_EVERY_MS)
    since = len(room.moves)
    list(room.live(120_000))
    assert [move.deed for _, move, _ in room.moves[since:]] == ["bye"]


def test_it_leaves_a_round_that_two_people_play() -> None:
    room = lonely()
    room.do(RoundStart("word_association"), ANNA)
    until(room, "join")
    room.come(BELA)
    room.do(RoundJoin(), BELA)
    until(room, "leave")
    assert HOST.id not in (room.state.round.players if room.state.round else ())


def test_it_plays_on_with_one_while_the_other_only_looks() -> None:
    room = lonely()
    room.do(RoundStart("word_association"), ANNA)
    until(room, "join")
    room.come(BELA, speaks=False)
    room.pass_to(room.turn().go_at_ms)
    assert answers(room)
    until(room, "play")


def test_who_may_not_speak_now_gets_a_topic() -> None:
    room = lonely(speaks=False)
    room.do(Say("hello"), ANNA)
    until(room, "start")
    assert room.state.round is not None
    assert room.state.round.game == "first_thing"


def test_a_silent_visitor_is_not_pestered() -> None:
    room = lonely()
    list(room.live(300_000))
    assert [deed for deed in room.deeds() if deed in TALK] == ["greet", "ease"]
    assert "start" not in room.deeds()


def test_who_says_nothing_in_a_turn_gets_a_kind_line_once() -> None:
    room = lonely()
    eased = until(room, "ease")
    assert (eased.voice, room.state.round) == (ANNA.id, None)
    assert room.state.last_round is not None
    assert room.now_ms <= room.state.rested_from_ms + hosting.REACT_UNTIL_MS
    room.do(Say("sorry"), ANNA)
    assert "ease" not in {move.deed for move in room.live(120_000)}


def test_who_spoke_passed_or_only_listens_gets_none() -> None:
    assert "ease" not in play(lonely(), 60_000)
    passing = lonely()
    until(passing, "greet")
    passing.pass_to(passing.turn().go_at_ms)
    passing.do(TurnPass(), ANNA)
    assert "ease" not in {move.deed for move in passing.live(12_000)}
    listening = lonely(speaks=False)
    assert "ease" not in {move.deed for move in listening.live(60_000)}


def test_what_came_back_is_told_now_and_then_with_its_count() -> None:
    room = lonely(speaks=False)
    until(room, "greet")
    counts = []
    for _ in range(6):
        room.pass_to(room.now_ms + LINE_EVERY_MS)
        room.do(Say("The grumpy teapot!"), ANNA)
        counts.append(hosting.came_back(room.context(), room.memory))
        room.look(text="A line about a teapot")
    assert [dict(count).get("teapot") for count in counts] == [None, None, 3, None, None, None]
    assert dict(counts[2])["the grumpy teapot"] == 3
    room.pass_to(room.now_ms + hosting.JOKE_EVERY_MS)
    room.do(Say("teapot"), ANNA)
    assert dict(hosting.came_back(room.context(), room.memory)) == {"teapot": 7}


def test_a_line_without_what_came_back_is_no_joke() -> None:
    room = lonely(speaks=False)
    until(room, "greet")
    for _ in range(4):
        room.pass_to(room.now_ms + LINE_EVERY_MS)
        room.do(Say("teapot"), ANNA)
        room.look(text="Something else")
    assert room.memory.joked_ms == 0


def test_a_move_whose_turn_is_over_is_made_no_more() -> None:
    room = lonely()
    room.do(RoundStart("word_association"), ANNA)
    until(room, "join")
    room.pass_to(room.turn().go_at_ms)
    assert answers(room)
    room.pass_to(room.turn().go_at_ms + hosting.PAUSE_MS)
    move = hosting.next_move(room.state, room.context(), room.memory, room.inside())
    assert move is not None
    assert hosting.is_open(room.state, room.context(), room.memory, move)
    room.now_ms = room.turn().closes_at_ms
    assert not hosting.is_open(room.state, room.context(), room.memory, move)
    room.speaking = (HOST.id,)
    assert hosting.is_open(room.state, room.context(), room.memory, move), "it is waited for"
    assert not hosting.is_open(room.state, room.context(), room.memory, Move("play", 0, round="other"))


def test_a_closed_room_a_muted_host_and_nobody_there_get_nothing() -> None:
    room = HostedRoom()
    assert hosting.next_move(room.state, room.context(), room.memory, ()) is None
    room.come(ANNA)
    until(room, "greet")
    room.do(Mute(HOST.id, 600_000))
    assert not list(room.live(30_000))
    room.do(Close())
    assert not list(room.live(30_000))


def test_a_topic_fits_what_was_said_and_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "BEGUN_SHARE", 0)
    room = lonely()
    play(room, 90_000)
    assert [deed for deed in room.deeds() if deed in ("topic", "feed")] == ["topic", "feed"]
    assert hosting.command(Move("topic", 0), "x" * 91, room.state) is None
    assert hosting.command(Move("topic", 0), "Teapots", room.state) == Suggest("Teapots")


def test_what_is_done_by_which_command() -> None:
    room = lonely()
    assert hosting.command(Move("start", 0), "", room.state) == Throw()
    assert hosting.command(Move("greet", 0), "", room.state) is None
    assert hosting.command(Move("play", 0, round="r"), "word", room.state) == Answer("r", "word")


def test_it_never_votes() -> None:
    room = lonely("humour")
    room.do(RoundStart("world_worst"), ANNA)
    play(room, 60_000)
    assert any(isinstance(event.data, AnswerGiven) and event.by == HOST for event in room.events)
    assert not any(isinstance(event.data, VoteCast) for event in room.events)


class Manners(RuleBasedStateMachine):
    """People come, go, write, speak and play as they like; the host has to keep its manners."""

    def __init__(self) -> None:
        super().__init__()
        self.room = HostedRoom()
        self.room.captions = True
        self.clips = 0
        self.checked = 0

    @rule(who=st.sampled_from([ANNA, BELA]), speaks=st.booleans())
    def come(self, who: object, speaks: bool) -> None:
        assert who in (ANNA, BELA)
        self.room.come(ANNA if who is ANNA else BELA, speaks=speaks)

    @rule(first=st.booleans())
    def go(self, first: bool) -> None:
        self.room.go(ANNA if first else BELA)

    @rule(first=st.booleans(), text=st.sampled_from(["hello", "a teapot", "bye", "why"]))
    def write(self, first: bool, text: str) -> None:
        self._try(Say(text), first)

    @rule(text=st.sampled_from(["hello", "beep"]))
    def machine_writes(self, text: str) -> None:
        self.room.do(Say(text), BOT)

    @rule(first=st.booleans(), worded=st.booleans())
    def speak(self, first: bool, worded: bool) -> None:
        self.clips += 1
        clip = f"clip-{self.clips}"
        self.room.land(clip, ANNA if first else BELA)
        if worded:
            self.room.heard(clip, f"words {self.clips}")

    @rule(first=st.booleans())
    def answer(self, first: bool) -> None:
        if (round_ := self.room.state.round) is not None:
            self._try(Answer(round_.id, f"answer {self.room.now_ms}"), first)

    @rule(first=st.booleans(), game=st.sampled_from(["word_association", "gibberish", "mind_meld"]))
    def begin(self, first: bool, game: str) -> None:
        self._try(RoundStart(game), first)

    @rule(first=st.booleans())
    def join(self, first: bool) -> None:
        self._try(RoundJoin(), first)

    @rule(thinks_ms=st.sampled_from([0, 200, 4_500]))
    def look(self, thinks_ms: int) -> None:
        before, since = self.room.now_ms, len(self.room.moves)
        heard = self.room.memory.heard
        people = len(self.room.inside())
        self.room.look(thinks_ms=thinks_ms)
        for at_ms, move, _ in self.room.moves[since:]:
            assert at_ms <= move.until_ms
            assert people > 0
            if people > 1:
                assert move.deed in {"bye", "leave", "play"}
            if move.deed == "react":
                assert heard is not None
                assert heard.voice in (ANNA.id, BELA.id)
        assert self.room.now_ms - before <= thinks_ms

    @rule(for_ms=st.sampled_from([300, 2_000, 6_000, 20_000]))
    def wait(self, for_ms: int) -> None:
        self.room.pass_to(self.room.now_ms + for_ms)

    def _try(self, command: Say | Answer | RoundStart | RoundJoin, first: bool) -> None:
        who = ANNA if first else BELA
        if who.id not in self.room.people:
            return
        try:
            self.room.do(command, who)
        except Refused:
            return

    @invariant()
    def lines_keep_their_distance(self) -> None:
        lines = [at_ms for at_ms, move, _ in self.room.moves if move.deed in TALK]
        assert all(after - before >= LINE_EVERY_MS for before, after in pairwise(lines))

    @invariant()
    def no_line_without_a_line_of_a_person(self) -> None:
        said = [event for event in self.room.events if isinstance(event.data, TextSaid)]
        own = sum(event.by == HOST for event in said)
        assert own == sum(deed in TALK for deed in self.room.deeds())

    @invariant()
    def what_it_remembers_is_bounded(self) -> None:
        memory = self.room.memory
        assert len(memory.said) <= 50
        assert len(memory.lines) <= 20
        assert len(memory.came) <= 2


TestManners = Manners.TestCase
TestManners.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
