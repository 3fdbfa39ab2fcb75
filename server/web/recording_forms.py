"""The two forms of a recording's sound, written piece by piece: Opus in Ogg as it is kept, and AAC in MP4."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from audio import m4a_stream, ogg, ogg_stream, opus
from audio.m4a import CHUNK
from audio.ogg_stream import Chapter
from audio.take import FRAME_MS, SAMPLE_RATE_HZ

# Turns a clip (Ogg Opus) into AAC in MP4; its id names it where it is kept.
ToM4a = Callable[[str, bytes], Awaitable[bytes]]


class SoundForm(Protocol):
    """How sound is written. All of it is frames of one length; a piece begins with the nearest one."""

    media_type: str
    silence: bytes

    def place(self, at_ms: int) -> int:
        """Return the number of the frame that is heard at a time."""

    def begin(self) -> bytes:
        """Return what comes first, whatever follows: it is sent before anything of the evening is read."""

    def head(self, duration_ms: int, title: str, chapters: Sequence[Chapter]) -> bytes:
        """Return what comes next, and tells how long all of it is and its chapters."""

    async def frames(self, id_: str, clip: bytes) -> list[bytes]:
        """Return a clip, or another sound in the form of one, as frames."""

    def write(self, frames: Sequence[bytes]) -> bytes:
        """Return the next frames as they are sent."""

    def end(self) -> bytes:
        """Return what comes last."""


class OggForm:
    """Opus: the packets of the clips themselves."""

    media_type = "audio/ogg"

    def __init__(self, serial: int) -> None:
        self.silence = opus.silence()
        self._stream = ogg_stream.OggStream(serial=serial)

    def place(self, at_ms: int) -> int:
        """Return the number of the frame that is heard at a time."""
        return round(at_ms / FRAME_MS)

    def begin(self) -> bytes:
        """Return the first page."""
        return self._stream.begin()

    def head(self, _duration_ms: int, title: str, chapters: Sequence[Chapter]) -> bytes:
        """Return the pages of the comment header."""
        return self._stream.head(title, thinned(chapters, ogg_stream.CHAPTERS_MOST))

    async def frames(self, _id: str, clip: bytes) -> list[bytes]:
        """Return the packets of a clip."""
        return ogg.read_stream(clip).packets

    def write(self, frames: Sequence[bytes]) -> bytes:
        """Return the pages that are full now."""
        return self._stream.add(frames)

    def end(self) -> bytes:
        """Return the last page."""
        return self._stream.end()


class M4aForm:
    """AAC, for players without Opus: each clip as it is transcoded by itself."""

    media_type = "audio/mp4"
    silence = m4a_stream.SILENCE

    def __init__(self, to_m4a: ToM4a) -> None:
        self._to_m4a = to_m4a
        self._fragments = self._frames = 0

    def place(self, at_ms: int) -> int:
        """Return the number of the frame that is heard at a time."""
        return round(at_ms * SAMPLE_RATE_HZ / 1000 / CHUNK)

    def begin(self) -> bytes:
        """Return the kind of the file."""
        return m4a_stream.begin()

    def head(self, duration_ms: int, title: str, chapters: Sequence[Chapter]) -> bytes:
        """Return the index without samples."""
        return m4a_stream.head(duration_ms, title, thinned(chapters, m4a_stream.CHAPTERS_MOST))

    async def frames(self, id_: str, clip: bytes) -> list[bytes]:
        """Return a clip as AAC."""
        return m4a_stream.frames(await self._to_m4a(id_, clip))

    def write(self, frames: Sequence[bytes]) -> bytes:
        """Return a fragment."""
        if not frames:
            return b""
        self._fragments += 1
        written = m4a_stream.fragment(self._fragments, self._frames, frames)
        self._frames += len(frames)
        return written

    def end(self) -> bytes:
        """Return nothing: the last fragment is the end."""
        return b""


def thinned(chapters: Sequence[Chapter], most: int) -> Sequence[Chapter]:
    """Return as many chapters as a form can hold, evenly."""
    return chapters[:: -(-len(chapters) // most)] if chapters else chapters
