"""Takes that their speakers hear before they land: kept in memory, for a minute, for nobody else."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from audio.take import Clip
from server.room.events import Voice
from server.room.rounds import PREVIEW_MS
from server.takes.life import TakeLife

# All previews together; the oldest goes first. A take of 30 s has about 150 KB.
PREVIEWS_BYTES = 16 * 1024 * 1024


class Preview(Struct, eq=False):
    """A finished take that waits for its speaker's word.

    `is_replaced` when its voice has begun another take while this one was about to land.
    """

    take: TakeLife
    clip: Clip
    until_ms: int
    is_replaced: bool = False

    @property
    def id(self) -> str:
        """Return the id of the clip that it may become."""
        return self.take.id

    @property
    def room(self) -> str:
        """Return the id of its room."""
        return self.take.room.id

    @property
    def voice(self) -> Voice:
        """Return its speaker."""
        return self.take.voice


class Previews:
    """The previews that wait, and those that are landing. The table decides which go, its owner ends them."""

    def __init__(self, clock: Callable[[], int], *, size_bytes: int = PREVIEWS_BYTES) -> None:
        self._clock = clock
        self._size_bytes = size_bytes
        self._kept: dict[str, Preview] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept)

    def add(self, take: TakeLife, clip: Clip) -> Preview:
        """Keep a take for its minute."""
        made = self._kept[take.id] = Preview(take, clip, self._clock() + PREVIEW_MS)
        return made

    def get(self, id_: str) -> Preview | None:
        """Return a preview that still waits, or lands."""
        found = self._kept.get(id_)
        return found if found is not None and found.until_ms > self._clock() else None

    def pop(self, id_: str) -> None:
        """Let go of a preview; may be called again."""
        self._kept.pop(id_, None)

    def clear(self) -> None:
        """Let go of all."""
        self._kept.clear()

    def of(self, room: str, voice: Voice) -> list[Preview]:
        """Return what a voice has waiting in a room."""
        return [kept for kept in self._kept.values() if (kept.room, kept.voice.id) == (room, voice.id)]

    def expired(self) -> list[Preview]:
        """Return those that nobody answered in time."""
        now_ms = self._clock()
        return [kept for kept in self._waiting() if kept.until_ms <= now_ms]

    def surplus(self) -> list[Preview]:
        """Return the oldest of those that wait, for as long as there are too many bytes."""
        size_bytes, gone = sum(len(kept.clip.ogg) for kept in self._kept.values()), []
        for kept in self._waiting():
            if size_bytes <= self._size_bytes:
                break
            size_bytes -= len(kept.clip.ogg)
            gone.append(kept)
        return gone

    def next_ms(self) -> int | None:
        """Return when the next one expires; None when none waits."""
        return min((kept.until_ms for kept in self._waiting()), default=None)

    def _waiting(self) -> list[Preview]:
        return [kept for kept in self._kept.values() if kept.take.state == "previewed"]
