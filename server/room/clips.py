"""The clips of a room: the newest and those that a round needs as a whole, older ones filed."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, ValuesView
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from games.round import Word
from server.room.events import Source, Voice
from server.room.filed import NOTHING, Filed, FiledClip

# So many of the newest stay whole; older ones are filed together.
WHOLE_CLIPS = 256
FILED_TOGETHER = 128
# How often chance may meet a clip that is not wanted; small rooms are looked through instead.
CHOICES_TRIED = 64


class ClipRef(Struct, frozen=True, array_like=True):
    """What a room knows of a clip that is in it: where its events are and what was measured.

    `repeats` are the seqs of the events that say its words again, or were said of it; `asked_seq` is
    that of the turn that it answered, None out of turn.
    """

    clip: str
    seq: int
    at_ms: int
    by: Voice | None
    duration_ms: int
    onset_ms: int
    gap_ms: int
    loudness_lufs: float
    peaks: tuple[int, ...]
    masked: bool
    source: Source
    round: str | None
    turn: int | None
    reaction_ms: int | None
    hidden: bool = False
    caption: str | None = None
    caption_seq: int | None = None
    reveal_seq: int | None = None
    repeats: tuple[int, ...] = ()
    asked_seq: int | None = None
    words: tuple[Word, ...] = ()
    mask: str | None = None
    speech_ms: int | None = None

    @property
    def voice(self) -> str:
        """Return the id of its voice, "" when it is nobody's."""
        return self.by.id if self.by else ""

    @property
    def is_captioned(self) -> bool:
        """Tell whether its words are known."""
        return self.caption is not None

    def filed(self) -> FiledClip:
        """Return what is kept of it when nobody acts in it any more."""
        at = self.clip, self.seq, self.at_ms, self.voice
        return FiledClip(*at, self.caption_seq, self.reveal_seq, self.repeats, self.asked_seq)


Clip = ClipRef | FiledClip


class Clips(Mapping[str, Clip]):
    """The clips of a room by id, in the order in which they landed. Immutable: changes return another.

    A landing, a change and a removal copy what is whole (bounded) and touch one segment of what is filed.
    """

    __slots__ = ("filed", "whole")

    def __init__(self, whole: dict[str, ClipRef] | None = None, filed: Filed = NOTHING) -> None:
        self.whole: dict[str, ClipRef] = whole or {}
        self.filed = filed

    def __getitem__(self, clip: str) -> Clip:
        """Return a clip. Raises `KeyError`."""
        found = self.whole.get(clip) or self.filed.get(clip)
        if found is None:
            raise KeyError(clip)
        return found

    def __contains__(self, clip: object) -> bool:
        """Tell whether a clip is here."""
        return clip in self.whole or (isinstance(clip, str) and self.filed.get(clip) is not None)

    def __iter__(self) -> Iterator[str]:
        """Yield the ids, all of them: it costs half a microsecond for each clip, as `values` does."""
        yield from (clip.clip for clip in self.filed.clips())
        yield from self.whole

    def values(self) -> ValuesView[Clip]:
        """Return all clips; they are read in a row, not looked up."""
        return _Values(self)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.whole) + self.filed.live

    def __repr__(self) -> str:
        """Return what is whole, and how many are filed."""
        return f"Clips({self.whole!r}, filed={self.filed.live})"

    def newest(self) -> Iterator[Clip]:
        """Yield the clips, newest first."""
        yield from reversed(self.whole.values())
        yield from self.filed.newest()

    def oldest_ms(self) -> int | None:
        """Return a time before which no clip landed, None without clips; no filed clip is read for it."""
        times = [segment.oldest_ms for segment in self.filed.segments]
        return min([*times, *(clip.at_ms for clip in self.whole.values())], default=None)

    def of_voice(self, voice: str) -> list[Clip]:
        """Return the clips of a voice, in the order in which they landed."""
        return [*self.filed.of_voice(voice), *(clip for clip in self.whole.values() if clip.voice == voice)]

    def landed_before(self, at_ms: int) -> Iterator[Clip]:
        """Yield the clips that landed at a time or before."""
        yield from self.filed.landed_before(at_ms)
        yield from (clip for clip in self.whole.values() if clip.at_ms <= at_ms)

    def choice(self, random: Random, passed: Container[str]) -> Clip | None:
        """Draw a clip that is neither hidden nor to be passed over; None when no draw finds one."""
        if len(self) <= CHOICES_TRIED:
            open_ = [clip for clip in self.values() if not clip.hidden and clip.clip not in passed]
            return random.choice(open_) if open_ else None
        drawn = (self._draw(random) for _ in range(CHOICES_TRIED))
        return next((c for c in drawn if c is not None and not c.hidden and c.clip not in passed), None)

    def _draw(self, random: Random) -> Clip | None:
        """Draw a clip; None when the draw hits the place of one that was removed."""
        whole = list(self.whole.values())
        at = random.randrange(len(whole) + sum(s.end - s.first for s in self.filed.segments))
        if at < len(whole):
            return whole[at]
        at -= len(whole)
        for segment in self.filed.segments:
            if at < segment.end - segment.first:
                return segment.get(segment.first + at)
            at -= segment.end - segment.first
        return None

    def with_clip(self, clip: ClipRef) -> Clips:
        """Add a clip that is not here, or write one anew that is whole."""
        return Clips(self.whole | {clip.clip: clip}, self.filed)

    def landed(self, clip: ClipRef) -> Clips:
        """Add a clip; an old one of its id gives way."""
        return Clips(self.whole | {clip.clip: clip}, self.filed.without(clip.clip))

    def captioned(self, clip: str, text: str, seq: int, words: tuple[Word, ...] = ()) -> Clips:
        """Note the words of a clip, when each is heard, and the event that brought them."""
        whole = self.whole.get(clip)
        if whole is not None:
            repeats = (*whole.repeats, *_known(whole.caption_seq))
            told = replace(whole, caption=text, caption_seq=seq, words=words, repeats=repeats)
            return self.with_clip(told)
        return self._refiled(
            clip,
            lambda filed: replace(
                filed, caption_seq=seq, repeats=(*filed.repeats, *_known(filed.caption_seq))
            ),
        )

    def repeated(self, clip: str, seq: int) -> Clips:
        """Note an event that says the words of a clip again, or was said of it."""
        whole = self.whole.get(clip)
        if whole is not None:
            return self.with_clip(replace(whole, repeats=(*whole.repeats, seq)))
        return self._refiled(clip, lambda filed: replace(filed, repeats=(*filed.repeats, seq)))

    def revealed(self, clip: str, seq: int) -> Clips:
        """Note that a clip is no longer hidden, and the event that said so."""
        whole = self.whole.get(clip)
        if whole is not None:
            return self.with_clip(replace(whole, hidden=False, reveal_seq=seq))
        return self._refiled(clip, lambda filed: replace(filed, reveal_seq=seq))

    def without(self, clip: str) -> Clips:
        """Remove a clip."""
        if clip not in self.whole:
            return Clips(self.whole, self.filed.without(clip))
        whole = self.whole.copy()  # a tenth of what it costs to pick out the others
        del whole[clip]
        return Clips(whole, self.filed)

    def with_old_filed(self, is_needed: Callable[[ClipRef], bool]) -> Clips:
        """File clips that are old and not needed whole, once there are `FILED_TOGETHER` of them."""
        too_many = len(self.whole) - WHOLE_CLIPS
        if too_many < FILED_TOGETHER or too_many % FILED_TOGETHER:
            return self
        old = [clip for clip in list(self.whole.values())[:too_many] if not is_needed(clip)]
        gone = {clip.clip for clip in old}
        whole = {id_: clip for id_, clip in self.whole.items() if id_ not in gone}
        return Clips(whole, self.filed.with_clips([clip.filed() for clip in old]))

    def _refiled(self, clip: str, change: Callable[[FiledClip], FiledClip]) -> Clips:
        filed = self.filed.get(clip)
        return self if filed is None else Clips(self.whole, self.filed.with_clip(change(filed)))


def _known(seq: int | None) -> tuple[int, ...]:
    """Return the event that told the words before: they were told once more as a filter let them pass."""
    return () if seq is None else (seq,)


class _Values(ValuesView[Clip]):
    def __init__(self, clips: Clips) -> None:
        super().__init__(clips)
        self._clips = clips

    def __iter__(self) -> Iterator[Clip]:
        yield from self._clips.filed.clips()
        yield from self._clips.whole.values()


NO_CLIPS = Clips()
