"""Takes that their speakers hear before they land: kept in memory, for a minute, for nobody else."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from audio.take import Clip
from server.room.events import Source, Voice
from server.room.ids import unguessable

# An answer is waited for this long; without one the take is gone.
PREVIEW_MS = 60_000
# All previews together; the eldest goes first. A take of 30 s has about 150 KB.
PREVIEWS_BYTES = 16 * 1024 * 1024


class Timing(Struct, frozen=True):
    """What is known of when a take began, and what its page says of the reaction."""

    began_at_ms: int | None = None
    claimed_reaction_ms: int | None = None
    aired: bool = False  # it was heard while it was spoken


class Preview(Struct, frozen=True):
    """A finished take on its way; `id` is that of the clip it may become."""

    id: str
    room: str
    voice: Voice
    clip: Clip
    source: Source
    timing: Timing
    until_ms: int


class Previews:
    """At most one preview a voice in a room, and so many bytes in all."""

    def __init__(self, clock: Callable[[], int], *, size_bytes: int = PREVIEWS_BYTES) -> None:
        self._clock = clock
        self._size_bytes = size_bytes
        self._kept: dict[str, Preview] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept)

    def add(self, room: str, voice: Voice, clip: Clip, source: Source, timing: Timing) -> Preview:
        """Keep a take; the one that the voice had before is gone."""
        made = Preview(unguessable(), room, voice, clip, source, timing, self._clock() + PREVIEW_MS)
        self.forget(room, voice)
        self._kept[made.id] = made
        self.expire()
        return made

    def forget(self, room: str, voice: Voice) -> list[str]:
        """Let go of what a voice has waiting in a room, and return the ids."""
        gone = [kept.id for kept in self._kept.values() if (kept.room, kept.voice.id) == (room, voice.id)]
        for id_ in gone:
            del self._kept[id_]
        return gone

    def get(self, id_: str) -> Preview | None:
        """Return a preview that still waits."""
        found = self._kept.get(id_)
        return found if found is not None and found.until_ms > self._clock() else None

    def pop(self, id_: str) -> None:
        """Let go of a preview; may be called again."""
        self._kept.pop(id_, None)

    def expire(self) -> None:
        """Let go of those whose time is over, and of the eldest while there are too many bytes."""
        now_ms = self._clock()
        self._kept = {id_: kept for id_, kept in self._kept.items() if kept.until_ms > now_ms}
        size_bytes = sum(len(kept.clip.ogg) for kept in self._kept.values())
        while size_bytes > self._size_bytes:
            size_bytes -= len(self._kept.pop(next(iter(self._kept))).clip.ogg)
