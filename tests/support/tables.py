"""A state machine test of one game: commands in any order, and what must hold all the time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from games.registry import BY_ID
from games.round import RoleGiven, RoundOpened, TurnGiven
from server.room.commands import (
    Again,
    Answer,
    Caption,
    Command,
    Forget,
    Refused,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    TurnHelp,
    TurnPass,
    Vote,
)
from server.room.events import ClipCaptioned, Erased, encode
from server.room.state import EMPTY, apply
from server.room.view import is_hidden, public, view
from tests.support import ending_rules
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

VOICES = (ANNA, BELA, CLEO, DORA)
PHRASES = {
    "en": ("umbrella", "yes but no", "is it you?", "I don't know", "stop", "a b c d e f g h i j k l m n o"),
    "de": ("Schirm", "ja aber nein", "bist du es?", "keine Ahnung", "Punkt", "eins zwei drei vier fünf"),
}
SILENCE_MS = 45_000
MEDDLING = [
    RoundJoin(), RoundJoin("king"), Again(), RoundStop(), RoundLeave(), TurnPass(), TurnHelp()
]  # fmt: skip
voices = st.integers(0, len(VOICES) - 1)


class Table(RuleBasedStateMachine):
    """Plays one game; `game` and `language` are set by `table`."""

    game = "first_thing"
    language = "en"

    def __init__(self) -> None:
        super().__init__()
        kind = BY_ID[self.game].kinds[0]
        self.room = PureRoom(kind, seed=5, language=self.language)
        self.landed: list[str] = []
        self.forgotten: set[str] = set()
        self.seen = {voice.id: b"" for voice in VOICES}
        self.seen_events = 0
        self.checked = EMPTY
        self.attempt(RoundStart(self.game), 0)

    @initialize(captions=st.booleans())
    def listen_for_words(self, captions: bool) -> None:
        """Expect words or not: turns that they decide wait for them, or do not."""
        self.room.captions = captions

    def attempt(self, command: Command, voice: int) -> None:
        """Try a command; a refused one must change nothing."""
        before = self.room.state
        try:
            self.room.do(command, VOICES[voice])
        except Refused:
            assert self.room.state == before
        self.watch()

    def watch(self) -> None:
        """Collect what each voice saw; no turn was given to who has left while anybody is here."""
        for at, event in enumerate(self.room.events[self.seen_events :], self.seen_events + 1):
            self.checked = apply(self.checked, event)
            ending_rules.check(event, self.checked, self.room.events[:at])
            if isinstance(event.data, TurnGiven) and self.room.here:
                assert {*event.data.wanted} <= {*self.room.here}, event
            for id in self.seen:  # noqa: A001
                self.seen[id] += encode(view(event, id))
        self.seen_events = len(self.room.events)

    @rule(here=st.sets(voices), speakers=st.sets(voices))
    def come_and_go(self, here: set[int], speakers: set[int]) -> None:
        """Come in, leave, and say that one speaks, in any order."""
        self.room.speakers = [VOICES[number].id for number in sorted(speakers)]
        self.room.here = [VOICES[number].id for number in sorted(here | speakers)]

    @rule(voice=voices)
    def start(self, voice: int) -> None:
        self.attempt(RoundStart(self.game), voice)

    @rule(voice=voices, command=st.sampled_from(MEDDLING))
    def meddle(self, voice: int, command: Command) -> None:
        self.attempt(command, voice)

    @rule(voice=voices, late_ms=st.integers(0, 9_000), gap_ms=st.sampled_from([0, 900]))
    def speak(self, voice: int, late_ms: int, gap_ms: int) -> None:
        self.room.now_ms += late_ms
        self.landed.append(f"clip-{len(self.landed):04}-x")
        self.room.land(self.landed[-1], VOICES[voice], gap_ms=gap_ms)
        self.watch()

    @rule(wanted=st.booleans(), phrase=st.integers(0, 4))
    def play_on(self, wanted: bool, phrase: int) -> None:
        """Let whose turn it is speak, most of the time in words."""
        turn = self.room.state.round.turn if self.room.state.round else None
        whose = next((i for i, v in enumerate(VOICES) if turn and turn.is_for(v.id)), None)
        if turn is None or whose is None:
            return
        self.room.now_ms = max(self.room.now_ms, turn.go_at_ms)
        if wanted:
            self.speak(whose, 0, 0)
            self.caption(len(self.landed) - 1, phrase)
        else:
            self.write(whose, phrase)

    @rule(clip=st.integers(0, 30), phrase=st.integers(0, 4))
    def caption(self, clip: int, phrase: int) -> None:
        if self.landed:
            fact = ClipCaptioned(
                self.landed[clip % len(self.landed)], PHRASES[self.language][phrase], self.language
            )
            self.room.do(Caption(fact))
            self.watch()

    @rule(voice=voices, phrase=st.integers(0, 4))
    def write(self, voice: int, phrase: int) -> None:
        round_ = self.room.state.round
        self.attempt(Answer(round_.id if round_ else "forged", PHRASES[self.language][phrase]), voice)

    @rule(voice=voices, clip=st.integers(0, 30), value=st.sampled_from([-1, 1, 5, 9]))
    def vote(self, voice: int, clip: int, value: int) -> None:
        round_ = self.room.state.round or self.room.state.last_round
        if round_ and round_.takes:
            self.attempt(Vote(round_.id, round_.takes[clip % len(round_.takes)].clip, value), voice)

    @rule(voice=voices, clip=st.integers(0, 30), everything=st.booleans())
    def forget(self, voice: int, clip: int, everything: bool) -> None:
        name = self.landed[clip % len(self.landed)] if self.landed else "none"
        before = set(self.room.state.clips)
        self.attempt(Forget(None if everything else name, everything=everything), voice)
        self.forgotten |= before - set(self.room.state.clips)

    @rule(present=st.integers(0, 4), speaking=st.booleans(), pace=st.sampled_from([1.0, 1.5, 2.0, 99.0]))
    def wait(self, present: int, speaking: bool, pace: float) -> None:
        here = tuple(voice.id for voice in VOICES[:present])
        self.room.paces = dict.fromkeys(here, pace)
        self.room.here, self.room.speakers = here, here
        self.room.pass_time(speaking=here[:1] if speaking else ())
        self.watch()

    @rule()
    def restart(self) -> None:
        self.room.restart()

    @rule(pace=st.sampled_from([1.0, 2.0]))
    def fall_silent(self, pace: float) -> None:
        """A round in which nobody speaks any more ends by itself within 45 s."""
        started_ms, self.room.paces = self.room.now_ms, {voice.id: pace for voice in VOICES}
        while self.room.state.round is not None:
            assert self.room.pass_time(speaking=())
        self.watch()
        assert self.room.now_ms - started_ms <= SILENCE_MS
        assert not any(clip.hidden for clip in self.room.state.clips.values())

    def teardown(self) -> None:
        self.fall_silent(2.0)
        state = self.room.state
        self.room.restart()
        if not any(isinstance(event.data, Erased) for event in self.room.events):
            assert self.room.state == state
        opened = [e.data.round for e in self.room.events if isinstance(e.data, RoundOpened)]
        assert [closing.round for closing in self.room.closings()] == opened

    @invariant()
    def no_take_is_lost(self) -> None:
        assert set(self.room.state.clips) == set(self.landed) - self.forgotten

    @invariant()
    def nobody_has_two_takes_in_a_turn(self) -> None:
        takes = self.room.state.round.takes if self.room.state.round else ()
        assert len({(take.voice, take.turn) for take in takes}) == len(takes)

    @invariant()
    def nothing_is_seen_early(self) -> None:
        state = self.room.state
        secret = [clip.clip for clip in state.clips.values() if clip.hidden]
        secret += [take.clip for take in state.round.takes if take.hidden] if state.round else []
        for voice, seen in self.seen.items():
            for clip in secret:
                assert not is_hidden(state, clip, voice) or clip.encode() not in seen
        if state.round is not None:
            assert not {take.clip for take in public(state.round).takes} & set(secret)

    @invariant()
    def secrets_reach_their_player_only(self) -> None:
        for event in self.room.events:
            if isinstance(event.data, RoleGiven):
                for voice in VOICES:
                    seen = view(event, voice.id).data
                    assert isinstance(seen, RoleGiven)
                    assert bool(seen.text) == (voice.id == event.data.voice)
            elif isinstance(event.data, RoundOpened) and event.data.answer:
                seen = view(event, event.by.id if event.by else None).data
                assert isinstance(seen, RoundOpened)
                assert seen.answer == ""


def run(machine: type[RuleBasedStateMachine], how: settings) -> None:
    """Play at a table."""
    run_state_machine_as_test(machine, settings=how)


def table(game: str, language: str) -> type[RuleBasedStateMachine]:
    """Return a table for one game."""
    return type(f"Table_{game}", (Table,), {"game": game, "language": language})


FEW = settings(max_examples=8, stateful_step_count=24, deadline=None)
