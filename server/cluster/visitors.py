"""What one node's visitors are in a room: enough to tell it anew, and to take it all back. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from server.rooms.changes import (
    CameBy,
    Change,
    Coloured,
    Consented,
    MachineMarked,
    Moved,
    TakeBegun,
    TakeEnded,
    Worn,
)
from server.rooms.presence import PresenceState

# Of voices that are not here, so many things that were noted of them are kept: the latest.
NOTES_KEPT = 2_000

_Note = Consented | Worn | CameBy | MachineMarked | Coloured


class Visitors:
    """The connections and open takes of one node, what was noted of its voices, and its holds."""

    def __init__(self, changes: Iterable[Change] = (), *, holds: int = 0) -> None:
        self.holds = holds
        self._connections: Counter[tuple[str, PresenceState]] = Counter()
        self._takes: dict[tuple[str, str], int] = {}
        self._notes: dict[tuple[str, str], _Note] = {}
        for change in changes:
            self.note(change)

    def __bool__(self) -> bool:
        """Tell whether anybody is here, or keeps the room awake."""
        return bool(self._connections or self._takes or self.holds)

    def note(self, change: Change) -> None:
        """Take in a change."""
        match change:
            case Moved(voice, before, now):
                self._move(voice, before, now)
            case TakeBegun(voice, take, until_ms):
                self._takes[voice, take] = until_ms
            case TakeEnded(voice, take):
                self._takes.pop((voice, take), None)
            case _:
                self._keep(change)

    def _move(self, voice: str, before: PresenceState | None, now: PresenceState | None) -> None:
        if before is not None:
            self._connections[voice, before] -= 1
            if self._connections[voice, before] <= 0:
                del self._connections[voice, before]
        if now is not None:
            self._connections[voice, now] += 1

    def _keep(self, note: _Note) -> None:
        """Keep what was noted last of a voice, and forget the oldest of those who are not here."""
        key = (type(note).__name__, note.voice)
        self._notes.pop(key, None)
        self._notes[key] = note
        if len(self._notes) > NOTES_KEPT + 5 * len(self._connections):
            here = {voice for voice, _ in self._connections}
            away = [key for key in self._notes if key[1] not in here]
            for key in away[: len(away) // 2]:
                del self._notes[key]

    def changes(self) -> Iterator[Change]:
        """Yield changes that make all this of an empty room."""
        yield from self.notes()
        yield from self.here()

    def notes(self) -> Iterator[Change]:
        """Yield what was noted of voices."""
        yield from self._notes.values()

    def here(self) -> Iterator[Change]:
        """Yield changes that make the connections and the open takes."""
        for (voice, state), count in self._connections.items():
            for _ in range(count):
                yield Moved(voice, None, state)
        for (voice, take), until_ms in self._takes.items():
            yield TakeBegun(voice, take, until_ms)

    def taken_back(self) -> Iterator[Change]:
        """Yield changes after which none of these visitors is there any more."""
        for (voice, state), count in self._connections.items():
            for _ in range(count):
                yield Moved(voice, state, None)
        for voice, take in self._takes:
            yield TakeEnded(voice, take)

    def turned_into(self, other: Visitors) -> Iterator[Change]:
        """Yield changes that make these visitors those: who is among both never leaves in between."""
        yield from (note for key, note in other._notes.items() if self._notes.get(key) != note)
        for (voice, state), count in (other._connections - self._connections).items():
            for _ in range(count):
                yield Moved(voice, None, state)
        for (voice, state), count in (self._connections - other._connections).items():
            for _ in range(count):
                yield Moved(voice, state, None)
        for (voice, take), until_ms in other._takes.items():
            if self._takes.get((voice, take)) != until_ms:
                yield TakeBegun(voice, take, until_ms)
        for voice, take in self._takes.keys() - other._takes.keys():
            yield TakeEnded(voice, take)
