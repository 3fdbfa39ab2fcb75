"""What the radio of one room says between clips: lines become utterances, when they still fit.

A part of the radio: it reads what the radio reads, and is asked whenever no clip waits to be played.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from games.round import TurnGiven
from server.engines.utterances import Utterance, Utterances, joined
from server.room.events import Event
from server.room.lines import Announcement, Announcements, Part, free_until_ms, is_forgotten, speaks
from server.rooms.base import Room

# An estimate is rather too long: what is not known yet is tried when it fits by so much of it.
HOPED = 0.75
# Utterances of the lines that wait.
READY = 16


class Speakers(Struct, frozen=True):
    """What all rooms share: what makes utterances, whether a room has listeners for them, names of voices."""

    utterances: Utterances
    wants: Callable[[str], bool]
    name: Callable[[str, str], str]


class Said(Struct, frozen=True):
    """Something that is to be said now, and whom it names."""

    utterance: Utterance
    url: str
    line: Announcement
    named: tuple[str, ...] = ()
    names_at_ms: int = 0  # the first name comes so late in it

    @property
    def kind(self) -> str:
        """Return what a cue calls it."""
        return "speech" if self.utterance.spoken else "sound"


class Announcer:
    """Says what is to be known of a room, where it is spoken to."""

    def __init__(self, room: Room, speakers: Speakers | None) -> None:
        self._room = room
        self._speakers = speakers
        self._lines = Announcements()
        self._ready: dict[Part, tuple[Utterance, ...]] = {}  # one after the other; none: nobody can say it
        self._missed: Event | None = None  # a turn that was given while nobody listened

    def __bool__(self) -> bool:
        """Tell whether there is something to say."""
        return bool(self._lines)

    def read(self, event: Event) -> bool:
        """Follow an event; tell whether there is more to say now."""
        is_turn = isinstance(event.data, TurnGiven)
        if self._is_spoken_to:
            self._missed = None if is_turn else self._missed
            return self._lines.read(event, self._room.state, self._name)
        self._missed = event if is_turn else self._missed
        self._lines.clear()
        return False

    def joined(self) -> None:
        """Say once to whoever begins to listen what a turn wants that nobody heard, if it has not begun."""
        event, state = self._missed, self._room.state
        if event is None or not self._is_spoken_to:
            return
        self._missed = None
        turn = state.round.turn if state.round else None
        if turn is not None and turn == event.data and self._room.context().now_ms < turn.go_at_ms:
            self._lines.read(event, state, self._name)

    def is_over(self, said: Said) -> bool:
        """Tell whether what is being said is to end: it was taken back, or somebody may speak now."""
        state, context = self._room.state, self._room.context()
        is_in_a_window = said.kind == "speech" and free_until_ms(state, context) <= context.now_ms
        return state.closed or is_in_a_window or is_forgotten(said.line, state)

    @property
    def _is_spoken_to(self) -> bool:
        speakers = self._speakers
        if speakers is None or not speakers.utterances.is_on:
            return False
        return speaks(self._room.state) and speakers.wants(self._room.id)

    def _name(self, voice: str) -> str:
        known = self._room.state.voices.get(voice)
        return known.name if known else self._speakers.name(self._room.id, voice) if self._speakers else ""

    async def take(self, is_busy: Callable[[], bool]) -> Said | None:
        """Return what can be said now, and count it as said; None when nothing fits, or the air is busy."""
        while self._lines and self._speakers is not None and not is_busy():
            chosen = self._lines.next(self._room.state, self._room.context(), self._length_ms, self._place_ms)
            if chosen is None:
                break
            line, part = chosen
            if parts := self._ready.get(part):
                return self._taken(line, part, parts)
            await self._make(part, self._speakers.utterances)
        return None

    def _taken(self, line: Announcement, part: Part, parts: tuple[Utterance, ...]) -> Said:
        assert self._speakers is not None
        utterance, before = joined(parts), parts[:-1] if part.unnamed else ()
        self._lines.done(line)
        if not self._lines:
            self._ready.clear()
        url = f"/api/speech/{self._speakers.utterances.publish(utterance)}.ogg"
        return Said(utterance, url, line, part.named, sum(each.duration_ms for each in before))

    async def _make(self, part: Part, utterances: Utterances) -> None:
        """Make an utterance; what nobody can say counts as nothing."""
        parts = [await utterances.sound(part.sound, part.beat_ms)] if part.sound else []
        if part.text:
            language = self._room.state.language
            spoken = [await utterances.said(text, language) for text in part.texts]
            said = [each for each in spoken if each is not None]
            parts = [*parts, *said] if len(said) == len(spoken) else []
        self._ready = dict([*self._ready.items(), (part, tuple(parts))][-READY:])

    def _length_ms(self, part: Part) -> int:
        """Return how long a part takes, 0 when it cannot be said."""
        place_ms = self._place_ms(part)
        return place_ms if part in self._ready or not place_ms else max(1, round(HOPED * place_ms))

    def _place_ms(self, part: Part) -> int:
        """Return how long a part takes at most, 0 when it cannot be said."""
        if part in self._ready:
            return sum(each.duration_ms for each in self._ready[part])
        if not part.text:
            return 1
        assert self._speakers is not None
        return self._speakers.utterances.length_ms(part.text, self._room.state.language)

    def begins_at_ms(self) -> int | None:
        """Return when something is to begin exactly; None when nothing is."""
        return self._lines.begins_at_ms()
