"""A room without a log, a clock or a socket: decide and fold, by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from msgspec.structs import replace

from games.round import RoundClosed, TurnGiven
from server.room.commands import Command, Land, Open, Tick
from server.room.context import Context
from server.room.decide import decide, due, erasures
from server.room.events import ClipLanded, Event, Fact, RoomOpened, Voice, decode, encode, erased, numbered
from server.room.state import EMPTY, RoomState, apply

ANNA = Voice("voice-anna", "Zany Kettle", "#ffaa00")
BELA = Voice("voice-bela", "Soft Cactus", "#00aaff")
CLEO = Voice("voice-cleo", "Loud Teapot", "#aa00ff")
DORA = Voice("voice-dora", "Odd Lantern", "#00ffaa")
# How long a take may be (ms) in a kind of room, at a pace.
LONGEST_TAKES = (
    ("wonder", 1.0, 7_000),
    ("roleplay", 1.0, 10_000),
    ("healing", 1.0, 15_000),
    ("healing", 2.0, 30_000),
)


class PureRoom:
    """Holds a state and the events that made it; `now_ms` is moved by the test."""

    def __init__(self, kind: str = "wonder", *, seed: int = 1, language: str = "en") -> None:
        self.state: RoomState = EMPTY
        self.events: list[Event] = []
        self.now_ms = 1_000_000
        self.random = Random(seed)
        self.here: Collection[str] = ()
        self.speakers: Collection[str] = ()
        self.speaking: Collection[str] = ()
        self.paces: Mapping[str, float] = {}
        self.left: Mapping[str, int] = {}
        self.came: Mapping[str, int] = {}
        self.captions = False
        self.networks: Mapping[str, str] = {}
        self.machines: Collection[str] = ()
        self.consented: Collection[str] | None = None  # None: whoever plays in these tests
        opened = RoomOpened(kind, "Test", language="de" if language == "de" else "en", public=True)
        self.do(Open(opened))

    def context(self) -> Context:
        """Return the context of a decision now, with the voices that the test says are present."""
        consented = {ANNA.id, BELA.id, CLEO.id, DORA.id} if self.consented is None else self.consented
        here = self.here or self.speakers
        how = here, self.speakers, self.speaking, self.paces, consented, self.left
        context = Context(self.now_ms, self.random, *how, captions=self.captions, networks=self.networks)
        return replace(context, machines=self.machines, came=self.came)

    def do(self, command: Command, by: Voice | None = None) -> list[Fact]:
        """Decide a command, fold what follows, and return it."""
        before = self.state
        drafts = decide(self.state, command, by, self.context())
        for draft in drafts:
            event = numbered(draft, self.state.head + 1, self.state.head)
            self.events.append(event)
            self.state = apply(self.state, event)
        self._erase([draft.data for draft in drafts], before)
        return [draft.data for draft in drafts]

    def _erase(self, facts: list[Fact], before: RoomState) -> None:
        """Blank what was forgotten, as a log does."""
        gone = set(erasures(before, facts)[0])
        self.events = [erased(event) if event.seq in gone else event for event in self.events]

    def restart(self) -> None:
        """Fold the room anew from its stored events."""
        self.state = EMPTY
        for event in self.events:
            self.state = apply(self.state, decode(encode(event)))

    def land(
        self, clip: str, by: Voice, *, onset_ms: int = 500, duration_ms: int = 900, gap_ms: int = 0
    ) -> list[Fact]:
        """Land a clip whose take began at the running turn's "go", or now."""
        turn = self.state.round.turn if self.state.round else None
        began_at_ms = turn.go_at_ms if turn else self.now_ms
        landed = ClipLanded(clip, duration_ms, onset_ms, gap_ms, -16.0, (50,) * 64)
        return self.do(Land(landed, began_at_ms), by)

    def due(self) -> int | None:
        """Return when something is due."""
        return due(self.state, self.context())

    def pass_time(
        self, *, speakers: Collection[str] | None = None, speaking: Collection[str] | None = None
    ) -> bool:
        """Jump to the next due moment and tick; False when nothing is due."""
        self.speakers = self.speakers if speakers is None else speakers
        self.speaking = self.speaking if speaking is None else speaking
        at_ms = self.due()
        if at_ms is None:
            return False
        self.now_ms = max(self.now_ms, at_ms)
        self.do(Tick())
        return True

    def turn(self) -> TurnGiven:
        """Return the running turn."""
        assert self.state.round is not None
        assert self.state.round.turn is not None
        return self.state.round.turn

    def closings(self) -> list[RoundClosed]:
        """Return the ends of all rounds so far."""
        return [event.data for event in self.events if isinstance(event.data, RoundClosed)]
