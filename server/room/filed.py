"""Old clips of a room, filed: packed rows in immutable segments, and an index of runs that finds them.

A row says where the events of a clip are and whose it is: no word, no picture, no sound. Rows are
numbered in the order in which they were filed; a segment holds `SEGMENT_ROWS` numbers. The index
is a few sorted runs of (hash, number), merged as in a log-structured merge tree, so that
filing, finding and removing cost the same in a room of a hundred clips and of a million.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from struct import Struct as Packed

import msgspec
from msgspec import Struct
from msgspec.structs import replace

SEGMENT_ROWS = 512
# A run takes up the one before while that is less than this many times as long; none grows beyond the limit,
# so that a merge is some ms at most.
RUN_RATIO = 4
RUN_ENTRIES = 65_536
NUMBER_BITS = 32
NUMBER_MASK = (1 << NUMBER_BITS) - 1

_SPAN = Packed("<2I")
_DEAD = 0  # no row begins with it


class FiledClip(Struct, frozen=True, array_like=True):
    """A clip that nobody acts in any more: where its events are and whose it is.

    What was measured of it and its words are in these events. `repeats` are the seqs of the
    events that say its words again, or were said of it; `voice` is "" when it is nobody's. `asked_seq` is
    that of the turn that it answered.
    """

    clip: str
    seq: int
    at_ms: int
    voice: str
    caption_seq: int | None = None
    reveal_seq: int | None = None
    repeats: tuple[int, ...] = ()
    asked_seq: int | None = None

    @property
    def hidden(self) -> bool:
        """Return False: what is hidden is not filed."""
        return False

    @property
    def is_captioned(self) -> bool:
        """Tell whether its words are known."""
        return self.caption_seq is not None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(FiledClip).decode


class Segment(Struct, frozen=True):
    """Rows from the number `first` on; `live` of them are still there, none is older than `oldest_ms`.

    `offsets` are little-endian 32-bit numbers, one more than there are rows.
    """

    first: int
    live: int
    oldest_ms: int
    offsets: bytes
    rows: bytes

    @classmethod
    def of(cls, first: int, clips: Sequence[FiledClip | None], oldest_ms: int) -> Segment:
        """Return a segment of clips; None keeps the place of one that was removed."""
        rows = [_encode(clip) if clip else b"" for clip in clips]
        offsets, end = array("I", [0]), 0
        for row in rows:
            end += len(row)
            offsets.append(end)
        live = sum(clip is not None for clip in clips)
        oldest_ms = min([oldest_ms, *(clip.at_ms for clip in clips if clip)])
        return cls(first, live, oldest_ms, _little(offsets), b"".join(rows))

    @property
    def end(self) -> int:
        """Return the number after the last row's."""
        return self.first + len(self.offsets) // 4 - 1

    def get(self, number: int) -> FiledClip | None:
        """Return a row, None when it was removed."""
        start, end = self._span(number)
        return None if start == end or self.rows[start] == _DEAD else _decode(self.rows[start:end])

    def clips(self) -> list[FiledClip | None]:
        """Return all rows."""
        return [self.get(number) for number in range(self.first, self.end)]

    def without(self, number: int) -> Segment:
        """Remove a row: no byte of it stays."""
        start, end = self._span(number)
        rows = b"".join((self.rows[:start], bytes(end - start), self.rows[end:]))
        return replace(self, live=self.live - 1, rows=rows)

    def with_row(self, number: int, clip: FiledClip) -> Segment:
        """Write a row anew."""
        clips = self.clips()
        clips[number - self.first] = clip
        return Segment.of(self.first, clips, self.oldest_ms)

    def _span(self, number: int) -> tuple[int, int]:
        start, end = _SPAN.unpack_from(self.offsets, 4 * (number - self.first))
        return start, end


class Run(Struct, frozen=True):
    """Sorted entries, `hash << 32 | number`, of the clips that were filed with the numbers first to end - 1.

    `entries` are little-endian 64-bit numbers: two for each clip, by its id and by its voice.
    """

    first: int
    end: int
    entries: bytes

    @classmethod
    def of(cls, first: int, end: int, entries: Iterable[int]) -> Run:
        """Return a run of entries in any order."""
        return cls(first, end, _little(array("Q", sorted(entries))))

    def find(self, hash_: int) -> Iterator[int]:
        """Yield the numbers of a hash, in order."""
        entries = self.view()
        at = bisect_left(entries, hash_ << NUMBER_BITS)
        while at < len(entries) and entries[at] >> NUMBER_BITS == hash_:
            yield entries[at] & NUMBER_MASK
            at += 1

    def view(self) -> Sequence[int]:
        """Return the entries as numbers."""
        if sys.byteorder == "little":
            return memoryview(self.entries).cast("Q")
        swapped = array("Q", self.entries)
        swapped.byteswap()
        return swapped


class Filed(Struct, frozen=True):
    """All filed clips of a room; `next` is the number that the next one gets, `live` how many there are."""

    segments: tuple[Segment, ...] = ()
    runs: tuple[Run, ...] = ()
    next: int = 0
    live: int = 0

    def __len__(self) -> int:
        """Return how many clips there are."""
        return self.live

    def get(self, clip: str) -> FiledClip | None:
        """Return a clip by its id."""
        found = self._find(clip)
        return found[2] if found else None

    def clips(self) -> Iterator[FiledClip]:
        """Yield all clips in the order in which they were filed."""
        for segment in self.segments:
            yield from filter(None, segment.clips())

    def newest(self) -> Iterator[FiledClip]:
        """Yield all clips, those that were filed last first."""
        for segment in reversed(self.segments):
            yield from filter(None, reversed(segment.clips()))

    def of_voice(self, voice: str) -> Iterator[FiledClip]:
        """Yield the clips of a voice."""
        for number in self._numbers(_voice_hash(voice)):
            clip = self.at(number)
            if clip is not None and clip.voice == voice:
                yield clip

    def landed_before(self, at_ms: int) -> Iterator[FiledClip]:
        """Yield the clips that landed at a time or before; segments without such are not read."""
        for segment in self.segments:
            if segment.oldest_ms <= at_ms:
                yield from (clip for clip in segment.clips() if clip and clip.at_ms <= at_ms)

    def at(self, number: int) -> FiledClip | None:
        """Return the clip of a number, None when it was removed."""
        found = self._segment(number)
        return None if found is None else self.segments[found].get(number)

    def with_clips(self, clips: Sequence[FiledClip]) -> Filed:
        """File clips that are not here yet."""
        if not clips:
            return self
        end = self.next + len(clips)
        hashes = ((_clip_hash(clip.clip), _voice_hash(clip.voice)) for clip in clips)
        entries = (hash_ << NUMBER_BITS | n for n, both in enumerate(hashes, self.next) for hash_ in both)
        runs = _merged((*self.runs, Run.of(self.next, end, entries)), self.first)
        return Filed(_appended(self.segments, self.next, clips), runs, end, self.live + len(clips))

    def with_clip(self, clip: FiledClip) -> Filed:
        """Write a clip anew that is here."""
        found = self._find(clip.clip)
        if found is None:
            return self
        at, number, _ = found
        return replace(self, segments=_put(self.segments, at, self.segments[at].with_row(number, clip)))

    def without(self, clip: str) -> Filed:
        """Remove a clip."""
        found = self._find(clip)
        if found is None:
            return self
        at, number, _ = found
        left = self.segments[at].without(number)
        segments = _put(self.segments, at, *([left] if left.live else []))
        kept = replace(self, segments=segments, live=self.live - 1)
        return kept if left.live else replace(kept, runs=tuple(r for r in self.runs if r.end > kept.first))

    @property
    def first(self) -> int:
        """Return the first number that may still be found."""
        return self.segments[0].first if self.segments else self.next

    def _find(self, clip: str) -> tuple[int, int, FiledClip] | None:
        """Return the place of a clip's segment, its number, and the clip."""
        for number in self._numbers(_clip_hash(clip)):
            at = self._segment(number)
            row = None if at is None else self.segments[at].get(number)
            if at is not None and row is not None and row.clip == clip:
                return at, number, row
        return None

    def _numbers(self, hash_: int) -> Iterator[int]:
        for run in self.runs:
            yield from run.find(hash_)

    def _segment(self, number: int) -> int | None:
        at = bisect_left(self.segments, number + 1, key=_first) - 1
        return at if at >= 0 and number < self.segments[at].end else None


NOTHING = Filed()


def _first(segment: Segment) -> int:
    return segment.first


def _put(segments: tuple[Segment, ...], at: int, *instead: Segment) -> tuple[Segment, ...]:
    return (*segments[:at], *instead, *segments[at + 1 :])


def _appended(segments: tuple[Segment, ...], number: int, clips: Sequence[FiledClip]) -> tuple[Segment, ...]:
    """Fill the last segment, and begin others."""
    while clips:
        fits = SEGMENT_ROWS - number % SEGMENT_ROWS
        fresh, clips = clips[:fits], clips[fits:]
        last = segments[-1] if segments and segments[-1].end == number and number % SEGMENT_ROWS else None
        if last is None:
            segments = (*segments, Segment.of(number, fresh, fresh[0].at_ms))
        else:
            grown = Segment.of(last.first, [*last.clips(), *fresh], last.oldest_ms)
            segments = (*segments[:-1], grown)
        number += len(fresh)
    return segments


def _merged(runs: tuple[Run, ...], base: int) -> tuple[Run, ...]:
    """Merge the newest runs while they are alike; entries below `base` are of nobody any more."""
    while len(runs) > 1:
        older, newer = runs[-2:]
        both = (len(older.entries) + len(newer.entries)) // 8
        if len(older.entries) >= RUN_RATIO * len(newer.entries) or both > RUN_ENTRIES:
            break
        entries = [entry for run in (older, newer) for entry in run.view() if entry & NUMBER_MASK >= base]
        runs = (*runs[:-2], Run.of(older.first, newer.end, entries))
    return runs


def _clip_hash(clip: str) -> int:
    return int.from_bytes(blake2b(clip.encode(), digest_size=4, person=b"clip").digest())


def _voice_hash(voice: str) -> int:
    return int.from_bytes(blake2b(voice.encode(), digest_size=4, person=b"voice").digest())


def _little(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
