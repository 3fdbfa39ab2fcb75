"""Sounds with all their noise, of clips whose noise was turned down: for the recogniser, in memory alone."""

from __future__ import annotations

# All together; the oldest goes first, and of it the recogniser reads the clip. One of 30 s has about 150 KB.
UNREDUCED_BYTES = 8 * 1024 * 1024


class Unreduced:
    """The sounds that wait, by clip, until their words are known or their clip is removed."""

    def __init__(self, size_bytes: int = UNREDUCED_BYTES) -> None:
        self._most_bytes = size_bytes
        self._size_bytes = 0
        self._kept: dict[str, bytes] = {}

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._kept)

    def keep(self, clip: str, sound: bytes) -> None:
        """Keep a sound; the oldest ones go when there are too many bytes."""
        self.drop(clip)
        self._kept[clip] = sound
        self._size_bytes += len(sound)
        while self._size_bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def get(self, clip: str) -> bytes | None:
        """Return the sound of a clip."""
        return self._kept.get(clip)

    def drop(self, clip: str) -> None:
        """Let go of a sound; may be called again."""
        self._size_bytes -= len(self._kept.pop(clip, b""))
