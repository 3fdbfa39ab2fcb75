"""A simulated evening: hundreds of visitors in rooms of every kind, hours of room time in seconds."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

from games.round import TurnGiven
from server.room.commands import (
    Again,
    Answer,
    Caption,
    Command,
    Forget,
    Land,
    Open,
    Refused,
    RoundJoin,
    RoundStart,
    RoundStop,
    Suggest,
    Throw,
    Tick,
    Vote,
    WantTopic,
)
from server.room.context import Context
from server.room.decide import decide, due, erasures
from server.room.events import (
    ClipCaptioned,
    ClipLanded,
    Event,
    Fact,
    RoomOpened,
    Voice,
    decode,
    encode,
    erased,
    numbered,
)
from server.room.kinds import KINDS
from server.room.state import EMPTY, RoomState, apply

WORDS = (
    "yes", "and", "but", "moon", "goat", "why", "is", "it", "umbrella", "fortunately", "the", "soup", "I",
    "feel", "need", "ja", "aber", "warum", "Mond", "Ziege", "Punkt", "stop", "never", "always", "we", "king",
)  # fmt: skip


class Hall:
    """One room of the evening, with who is in it."""

    def __init__(self, kind: str, language: str, number: int, now_ms: int, random: Random) -> None:
        self.state: RoomState = EMPTY
        self.events: list[Event] = []
        self.now_ms, self.random = now_ms, random
        self.present: dict[str, Voice] = {}
        self.voices: dict[str, Voice] = {}  # who ever came in by the door
        self.speaking: set[str] = set()
        self.paces: dict[str, float] = {}
        self.captions = number % 4 in {0, 3}  # in half of the halls words are expected
        self.landed = 0
        self.known: tuple[object, ...] | None = None
        self.due_ms: int | None = None
        opened = RoomOpened(kind, f"Hall {number}", language="de" if language == "de" else "en")
        self.do(Open(opened))

    def context(self) -> Context:
        """Return the context of a decision now, with who is in the hall."""
        present = self.present.keys()
        how = present, present, self.speaking, self.paces, self.voices.keys()
        return Context(self.now_ms, self.random, *how, captions=self.captions)

    def do(self, command: Command, by: Voice | None = None) -> list[Fact]:
        """Decide and fold; a refusal is no news."""
        before = self.state
        try:
            drafts = decide(self.state, command, by, self.context())
        except Refused:
            assert self.state is before
            return []
        for draft in drafts:
            event = numbered(draft, self.state.head + 1, self.state.head)
            self.events.append(event)
            self.state = apply(self.state, event)
        facts = [draft.data for draft in drafts]
        if isinstance(command, Forget) and (gone := set(erasures(before, facts)[0])):
            self.events = [erased(event) if event.seq in gone else event for event in self.events]
        return facts

    def tick(self) -> None:
        """Do what is due."""
        self.do(Tick())

    def due(self) -> int | None:
        """Return when a tick has something to do."""
        known = (self.state.head, frozenset(self.present), frozenset(self.speaking), len(self.paces))
        if known != self.known:
            self.known = known
            self.due_ms = due(self.state, self.context())
        return self.due_ms

    def restart(self) -> None:
        """Fold anew from what is stored; who was speaking is cut off."""
        self.state = EMPTY
        for event in self.events:
            self.state = apply(self.state, decode(encode(event)))
        self.speaking.clear()


class Evening:
    """Visitors come, play, fall silent and go; `run` brings all of it to an end."""

    def __init__(self, *, visitors: int, minutes: int, seed: int) -> None:
        self.random = Random(seed)
        self.now_ms = self.start_ms = 1_700_000_000_000
        self.end_ms = self.start_ms + minutes * 60_000
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.count = 0
        self.seen: Counter[str] = Counter()
        self.halls = [
            Hall(kind, language, number, self.now_ms, self.random)
            for number, (kind, language) in enumerate((k, lang) for k in KINDS for lang in ("en", "de"))
        ]
        for number in range(visitors):
            voice = Voice(f"v{number:04}", f"Visitor {number}", "#808080")
            at_ms = self.start_ms + self.random.randrange(self.end_ms - self.start_ms)
            hall = self.random.choice(self.halls)
            self.at(at_ms, partial(self.arrive, hall, voice))

    def at(self, at_ms: int, what: Callable[[], None]) -> None:
        """Plan something."""
        self.count += 1
        heapq.heappush(self.queue, (at_ms, self.count, what))

    def run(self) -> None:
        """Let the evening happen, then let every room fall silent."""
        while self.queue:
            at_ms, _, what = heapq.heappop(self.queue)
            self.beat(at_ms)
            self.now_ms = at_ms
            what()
        for hall in self.halls:
            hall.present.clear()
            hall.speaking.clear()
            while hall.state.round is not None:
                at = hall.due()
                assert at is not None
                hall.now_ms = max(hall.now_ms, at)
                hall.tick()

    def beat(self, until_ms: int) -> None:
        """Tick every room that has something due before a time."""
        for hall in self.halls:
            while (at_ms := hall.due()) is not None and at_ms <= until_ms:
                hall.now_ms = max(hall.now_ms, at_ms)
                head = hall.state.head
                hall.tick()
                assert hall.state.head > head, "a tick that was due did nothing"
            hall.now_ms = max(hall.now_ms, until_ms)

    def arrive(self, hall: Hall, voice: Voice) -> None:
        """Come in, stay some minutes, do something now and then."""
        hall.present[voice.id] = hall.voices[voice.id] = voice
        hall.paces[voice.id] = self.random.choice([1.0, 1.0, 1.0, 1.5, 2.0])
        leaves_ms = self.now_ms + self.random.randrange(60_000, 900_000)
        self.at(leaves_ms, lambda: self.leave(hall, voice))
        self.later(hall, voice, leaves_ms)

    def leave(self, hall: Hall, voice: Voice) -> None:
        """Vanish, perhaps in the middle of a take."""
        hall.present.pop(voice.id, None)
        hall.paces.pop(voice.id, None)
        hall.speaking.discard(voice.id)

    def later(self, hall: Hall, voice: Voice, leaves_ms: int) -> None:
        """Plan the next thing to do."""
        at_ms = self.now_ms + self.random.randrange(2_000, 25_000)
        if at_ms < leaves_ms:
            self.at(at_ms, lambda: self.act(hall, voice, leaves_ms))

    def act(self, hall: Hall, voice: Voice, leaves_ms: int) -> None:
        """Speak when it is one's turn, most of the time; else send any other command."""
        turn = hall.state.round.turn if hall.state.round else None
        if turn is not None and turn.is_for(voice.id) and self.random.random() < 0.85:
            self.speak(hall, voice, turn)
        else:
            self.meddle(hall, voice)
        if self.random.random() < 0.002:
            hall.restart()
            self.seen["restart"] += 1
        self.later(hall, voice, leaves_ms)

    def speak(self, hall: Hall, voice: Voice, turn: TurnGiven) -> None:
        """Begin a take, or write; the take lands a while later."""
        if self.random.random() < 0.1:
            self.note(hall.do(Answer(turn.round, self.phrase()), voice))
            return
        hall.speaking.add(voice.id)
        began_ms = max(self.now_ms, turn.go_at_ms)
        length_ms = self.random.randrange(400, 6_000)
        self.at(began_ms + length_ms + 80, lambda: self.land(hall, voice, began_ms, length_ms))

    def land(self, hall: Hall, voice: Voice, began_ms: int, length_ms: int) -> None:
        """Land a take, and caption it most of the time."""
        hall.speaking.discard(voice.id)
        hall.landed += 1
        clip = f"clip-{hall.events[0].at_ms}-{hall.landed}"
        gap_ms = self.random.choice([0, 0, 200, 1_000])
        landed = ClipLanded(clip, length_ms, self.random.randrange(100, 1_500), gap_ms, -16.0, (1, 2))
        self.note(hall.do(Land(landed, began_ms), voice))
        if self.random.random() < 0.7:
            caption = ClipCaptioned(clip, self.phrase(), hall.state.language)
            self.at(self.now_ms + 1_500, lambda: self.note(hall.do(Caption(caption))))

    def phrase(self) -> str:
        """Return something that somebody may say."""
        return " ".join(self.random.choices(WORDS, k=self.random.randrange(1, 9)))

    def meddle(self, hall: Hall, voice: Voice) -> None:
        """Ask for anything else."""
        round_ = hall.state.round or hall.state.last_round
        clips = [take.clip for take in round_.takes] if round_ else []
        vote = Vote(
            round_.id if round_ else "", self.random.choice(clips or [""]), self.random.choice([-1, 1, 5])
        )
        wishes: list[Command] = [RoundJoin(), vote, vote, RoundStart(self.random.choice(_games(hall)))]
        rare: list[Command] = [
            Again(),
            RoundStop(),
            Throw(),
            WantTopic(),
            Suggest(self.phrase()),
        ]
        forget = Forget(everything=True)
        pick = self.random.random()
        command = forget if pick < 0.01 else self.random.choice(rare if pick < 0.2 else wishes)
        self.note(hall.do(command, voice))

    def note(self, facts: list[Fact]) -> None:
        """Count what happened."""
        self.seen.update(type(fact).__name__ for fact in facts)


def _games(hall: Hall) -> tuple[str, ...]:
    return KINDS[hall.state.kind].games
