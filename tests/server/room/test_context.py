"""Who has left is given no turn while anybody is here, and is not waited for in the one they had."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from games.game import Game
from games.pace import QUIET_GRACE_MS
from games.registry import GAMES
from games.round import RoundPaused, TurnGiven
from server.room import rounds
from server.room.commands import Again, Answer, Caption, Command, Refused, RoundJoin, RoundStart, Tick, Vote
from server.room.events import ClipCaptioned, ClipLanded, Event, Voice
from server.room.rounds import LEFT_WAIT_MS
from server.rooms.presence import PRESENT
from tests.support import media
from tests.support.actors import arrive, enter, leave, local, until
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom
from tests.support.theatre import running_theatre

VOICES = (ANNA, BELA, CLEO, DORA)
STEPS = 40


class Coming:
    """Four who play, leave and come back at random; every turn is looked at when it is given."""

    def __init__(self, game: Game, random: Random) -> None:
        self.room, self.game, self.random = PureRoom(game.kinds[0], seed=random.randrange(99)), game, random
        self.room.captions = random.random() < 0.5
        self.clips = 0
        self.turns = 0

    def play(self) -> None:
        for _ in range(STEPS):
            here = self.random.sample(VOICES, self.random.choice((0, 1, 2, 2, 3, 4)))
            self.room.here = [voice.id for voice in here]
            self.room.speakers = [voice.id for voice in here if self.random.random() < 0.7]
            self._step(here)

    def _step(self, here: list[Voice]) -> None:
        round_ = self.room.state.round
        who = self.random.choice(here or VOICES)
        if round_ is None:
            self._do(RoundStart(self.game.id) if self.random.random() < 0.7 else Again(), who)
        elif round_.turn is not None and self.random.random() < 0.65:
            self._speak(self.random.choice([v for v in VOICES if round_.turn.is_for(v.id)] or VOICES))
        elif self.random.random() < 0.5:
            self._do(self.random.choice((RoundJoin(), Again(), self._vote())), who)
        else:
            self._look(self.room.pass_time)

    def _vote(self) -> Command:
        round_ = self.room.state.round
        takes = round_.takes if round_ else ()
        return Vote(round_.id if round_ else "", takes[-1].clip if takes else "", -1)

    def _speak(self, who: Voice) -> None:
        turn = self.room.turn()
        self.room.now_ms = max(self.room.now_ms, turn.go_at_ms)
        if self.random.random() < 0.3:
            self._do(Answer(turn.round, "a line"), who)
            return
        self.clips += 1
        self._look(lambda: self.room.land(f"c{self.clips}", who, gap_ms=self.random.choice((0, 0, 900))))
        self._do(Caption(ClipCaptioned(f"c{self.clips}", self.random.choice(("a line", "word")), "en")))

    def _do(self, command: Command, by: Voice | None = None) -> None:
        self._look(lambda: self.room.do(command, by))

    def _look(self, act: Callable[[], object]) -> None:
        seen = len(self.room.events)
        try:
            act()
        except Refused:
            return
        for event in self.room.events[seen:]:
            self._check(event.data)

    def _check(self, fact: object) -> None:
        round_ = self.room.state.round
        if not isinstance(fact, TurnGiven) or round_ is None or fact.round != round_.id:
            return
        self.turns += 1
        here = set(self.room.here)
        assert not here or {*fact.wanted} <= here, (fact, round_.players, here)


@pytest.mark.parametrize("game", GAMES, ids=[game.id for game in GAMES])
def test_who_has_left_is_given_no_turn_while_anybody_is_here(game: Game) -> None:
    turns = 0

    @settings(max_examples=12, derandomize=True)
    @given(seed=st.integers(0, 2**32))
    def play(seed: int) -> None:
        nonlocal turns
        coming = Coming(game, Random(seed))
        coming.play()
        turns += coming.turns

    play()
    assert turns > 12


def test_who_leaves_in_their_turn_is_not_waited_for_to_its_end() -> None:
    room = PureRoom()
    room.speakers = room.here = (ANNA.id, BELA.id)
    room.do(RoundStart("word_association"), ANNA)
    room.land("a", ANNA)
    whole_ms, left_ms = room.due(), room.turn().go_at_ms
    assert room.turn().voice == BELA.id
    assert whole_ms is not None
    assert whole_ms > left_ms + LEFT_WAIT_MS

    room.left = {BELA.id: left_ms}
    room.speakers = room.here = ()
    assert room.due() == whole_ms, "nobody waits"
    room.speakers = room.here = (ANNA.id,)
    assert room.due() == left_ms + LEFT_WAIT_MS
    room.speaking = (BELA.id,)
    assert (room.due() or 0) >= whole_ms, "their take is on its way"
    room.speaking = ()
    room.left = {}
    assert room.due() == whole_ms, "they are back, or nobody knows"
    room.left = {BELA.id: left_ms}
    room.now_ms = left_ms + LEFT_WAIT_MS
    (paused,) = room.do(Tick())
    assert isinstance(paused, RoundPaused), "nobody else is here"


def test_a_turn_of_several_waits_for_those_of_them_who_are_here() -> None:
    room = PureRoom("healing")
    room.speakers = room.here = (ANNA.id, BELA.id)
    room.do(RoundStart("mind_meld"), ANNA)
    whole_ms, go_ms = room.due(), room.turn().go_at_ms
    assert set(room.turn().wanted) == {ANNA.id, BELA.id}
    room.here, room.left = (ANNA.id,), {BELA.id: go_ms}
    assert room.due() == whole_ms
    room.now_ms = go_ms + 500
    room.land("a", ANNA)
    assert room.due() == go_ms + LEFT_WAIT_MS


async def test_a_room_goes_on_by_itself_when_somebody_left_in_their_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rounds, "LEFT_WAIT_MS", 50)
    async with running_theatre() as theatre:
        room = theatre.room

        def voices() -> list[str | None]:
            return [turn.voice for turn in room.state.round.turns] if room.state.round else []

        enter(room, ANNA)
        arrive(room, BELA)
        arrive(room, CLEO)
        await room.send(RoundStart("word_association"), by=ANNA)
        assert voices() == [ANNA.id]
        room.set_presence(ANNA.id, PRESENT, None)
        theatre.clock.ms += 50
        async with asyncio.timeout(5):  # the turn is longer
            await until(lambda: len(voices()) > 1)
        assert voices()[1] in {BELA.id, CLEO.id}
        leave(room, BELA)
        leave(room, CLEO)


@pytest.mark.parametrize("way", ["finishing", "announced", "arriving"])
async def test_no_take_on_its_way_is_passed_over_however_late_it_comes(way: str) -> None:
    """The quiet grace is short, for whoever is on the way counts as speaking."""
    async with running_theatre() as theatre:
        room, takes = theatre.room, theatre.takes
        peer = await theatre.speaker()
        await room.send(RoundStart("word_association"), by=media.ANNA)
        assert room.state.round is not None
        turn = room.state.round.turn
        assert turn is not None
        theatre.clock.ms = turn.go_at_ms
        with ExitStack() as on_its_way:
            if way == "finishing":
                theatre.finisher.gate.clear()
                await takes.begin(room, media.ANNA, peer)
                theatre.media.end(peer, "stopped")
            elif way == "announced":
                await takes.begin(room, media.ANNA, "")
            else:
                on_its_way.enter_context(takes.arriving(room, media.ANNA))
            theatre.clock.ms = turn.closes_at_ms + QUIET_GRACE_MS["snap"] + 5_000
            assert (local(room).next_due_ms() or 0) > theatre.clock.ms
            theatre.finisher.gate.set()
            if way == "finishing":
                event = await theatre.stop()
            else:
                landed = await takes.upload("wonder", media.ANNA, b"speech", "audio/ogg")
                assert isinstance(landed, Event)
                event = landed
        assert isinstance(event.data, ClipLanded)
        assert (event.data.round, event.data.turn) == (turn.round, turn.turn)
        assert room.speaking == set()
