"""Which clips a recording is of, and what the log tells of them.

Clips are found in the room's state, newest first, so whoever asks is answered before anything is read; events
are read in pages, those alone in which some are. Only a round of long ago is looked for in the log first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice, takewhile

from aiohttp import web
from msgspec import Struct

from games.round import RoundOpened
from server.http import body
from server.http.problems import Problem
from server.log.base import Log
from server.room.clips import Clip, ClipRef
from server.room.evenings import Evening, evenings
from server.room.events import ClipLanded, Event, Language
from server.room.lines import speaks
from server.room.recording import Length, RecordingPlan, StretchFacts, Visible
from server.room.round_lifecycle import is_withheld, kind_of
from server.room.state import RoomState
from server.room.view import is_clip_hidden, is_hidden
from server.rooms.base import Room
from server.web.app_keys import LOG, ROOM_REGISTRY
from server.web.rooms import SEQ_LIMIT

# What one recording holds at most: five hours of short clips. More is asked for in parts.
CLIPS_MOST = 4_000
# How far back evenings are looked for, and how many are told.
CLIPS_LOOKED, EVENINGS_MOST = 8_000, 20
PAGE, PAGES_MOST = 500, 200
# So far back from the end of the log a round is looked for: 20,000 events, which is 50 to 100 ms.
PAGES_LOOKED = 40
# A round is opened, and closed, within so many events of its clips.
BEFORE, AFTER = 256, 64
ROUND_CHARACTERS = 64


def may_be_heard(state: RoomState, clip: Clip, now_ms: int) -> bool:
    """Tell whether everybody may hear a clip now, also where nobody hears its voice any more."""
    return not is_clip_hidden(state, clip, None) and state.muted.get(clip.voice, 0) <= now_ms


def newest_evenings(room: Room, most: int = EVENINGS_MOST) -> list[Evening]:
    """Return the newest evenings of a room. Raises `Problem` where nothing is recorded."""
    _check(room)
    state, now_ms = room.state, room.context().now_ms
    newest = islice(state.clips.newest(), CLIPS_LOOKED)
    times = (clip.at_ms for clip in newest if may_be_heard(state, clip, now_ms))
    return list(islice(evenings(times), most))


def is_recorded(room: Room) -> bool:
    """Tell whether there are recordings of a room: what is said in some stays among those who are there."""
    return kind_of(room.state).shared


def _check(room: Room) -> None:
    if not is_recorded(room):
        raise Problem("not_allowed", "What is said in this room stays in it: there is no recording.")


class Stretch(Struct):
    """Clips of a room, in the order in which they landed, and what was asked for."""

    room: Room
    log: Log
    clips: Sequence[Clip]
    round: str | None
    told: StretchFacts

    @property
    def from_ms(self) -> int:
        """Return when the first clip landed."""
        return self.clips[0].at_ms

    @property
    def to_ms(self) -> int:
        """Return when the last clip landed."""
        return self.clips[-1].at_ms

    @property
    def query(self) -> str:
        """Return what names it, also when it is asked for later."""
        return f"round={self.round}" if self.round else f"from_ms={self.from_ms}&to_ms={self.to_ms}"

    @property
    def language(self) -> Language:
        """Return the room's language."""
        return self.room.state.language

    @property
    def is_spoken(self) -> bool:
        """Tell whether the room is spoken to."""
        return speaks(self.room.state)

    @property
    def title(self) -> str:
        """Return what players show."""
        return f"{self.room.state.name or 'Space of Wonder'}, {self._day}"

    @property
    def file(self) -> str:
        """Return the name of a file of it, without its ending."""
        return f"{self.room.id}-{self._day}" + (f"-{self.round}" if self.round else "")

    @property
    def _day(self) -> str:
        return datetime.fromtimestamp(self.from_ms / 1000, UTC).date().isoformat()

    async def recording(self, length: Length) -> RecordingPlan:
        """Read what the log tells of it, once, and return what is heard when."""
        await _read(self.log, self.room.id, self.clips, self.told)
        state = await self.room.awake()
        ids = [clip.clip for clip in self.clips]
        return self.told.recording(ids, state, _visible(state, frozenset(ids)), length)

    async def may_be_heard(self, clip: str) -> bool:
        """Tell whether everybody may hear a clip at this moment."""
        state = await self.room.awake()
        known = state.clips.get(clip)
        return known is not None and may_be_heard(state, known, self.room.context().now_ms)

    async def may_be_told(self, round_: str | None) -> bool:
        """Tell whether what a round asks for may be told at this moment."""
        return self.told.may_be_told(round_, _visible(await self.room.awake()))


def _visible(state: RoomState, known: frozenset[str] = frozenset()) -> Visible:
    """Return what everybody may hear and read; of clips that are `known` it is not asked again."""
    return Visible(
        lambda clip: clip in known or (clip in state.clips and not is_hidden(state, clip, None)),
        lambda text: not is_withheld(state, text),
    )


async def asked(request: web.Request, room: Room, *, with_words: bool = False) -> Stretch:
    """Return the stretch that a query names. Raises `Problem`."""
    _check(room)
    round_ = _round(request)
    state, now_ms = room.state, request.app[ROOM_REGISTRY].clock()
    log = request.app[LOG]
    if round_ is not None:
        found = await _of_round(log, room, round_)
    elif {"from_ms", "to_ms"} & request.query.keys():
        found = _between(request, state)
    else:
        evening = next(iter(newest_evenings(room, 1)), None)
        found = _newest(state, evening.from_ms if evening else now_ms, now_ms)[-CLIPS_MOST:]
    clips = [clip for clip in found if may_be_heard(state, clip, now_ms)]
    if not clips:
        raise Problem("no_such_clip", "There is no clip (any more) to put into a file.")
    if sum(1 for _ in _pages(clips)) > PAGES_MOST:
        raise _too_much()
    return Stretch(room, log, clips, round_, StretchFacts(with_words=with_words))


def _round(request: web.Request) -> str | None:
    round_ = request.query.get("round")
    if round_ is None:
        return None
    if {"from_ms", "to_ms"} & request.query.keys():
        raise Problem("bad_query", "Name a `round`, or a time by `from_ms` and `to_ms`, not both.")
    if not 0 < len(round_) <= ROUND_CHARACTERS or not round_.replace("-", "").replace("_", "").isalnum():
        raise Problem("bad_query", "`round` must be the id of a round.")
    return round_


def _between(request: web.Request, state: RoomState) -> list[Clip]:
    from_ms = body.whole(request.query, "from_ms", 0, 0, SEQ_LIMIT)
    to_ms = body.whole(request.query, "to_ms", SEQ_LIMIT, 0, SEQ_LIMIT)
    if from_ms > to_ms:
        raise Problem("bad_query", "`from_ms` comes after `to_ms`.")
    found = _newest(state, from_ms, to_ms)
    if len(found) > CLIPS_MOST:
        raise Problem("bad_query", f"These are more than {CLIPS_MOST} clips: ask for a part of that time.")
    return found


def _newest(state: RoomState, from_ms: int, to_ms: int) -> list[Clip]:
    """Return the clips of a time, and one more than there may be when they are too many."""
    later = takewhile(lambda clip: clip.at_ms >= from_ms, state.clips.newest())
    found = islice((clip for clip in later if clip.at_ms <= to_ms), CLIPS_MOST + 1)
    return sorted(found, key=lambda clip: clip.seq)


async def _of_round(log: Log, room: Room, round_: str) -> list[Clip]:
    """Return the clips of a round; the log is read only where some of them may be filed."""
    state = room.state
    newest = list(islice(state.clips.newest(), CLIPS_MOST))
    whole = [clip for clip in newest if isinstance(clip, ClipRef)]
    found: list[Clip] = [clip for clip in whole if clip.round == round_]
    # One round runs at a time: before the first clip of another, none of this one's landed.
    is_older = any(clip.round not in (None, round_) for clip in whole if found and clip.seq < found[-1].seq)
    if not is_older and len(newest) > len(whole):
        ids = await _landed_in(log, room.id, newest, round_)
        found = [clip for clip in newest if clip.clip in ids]
    return sorted(found, key=lambda clip: clip.seq)


async def _landed_in(log: Log, room: str, newest: Sequence[Clip], round_: str) -> set[str]:
    """Return which clips are of a round, looked for in the log from its end to where the round was opened.

    None are where it is too long ago: a round that never was costs no more than that.
    """
    found, pages, before = set[str](), 0, newest[0].seq + 1
    while before > newest[-1].seq:
        pages += 1
        if pages > PAGES_LOOKED:
            return set()
        after = max(0, before - 1 - PAGE)
        for event in await log.read(room, after, before - 1 - after):
            match event.data:
                case ClipLanded(clip=clip, round=each) if each == round_:
                    found.add(clip)
                case RoundOpened(round=each) if each == round_:
                    before = 0
                case _:
                    pass
        before = min(before, after + 1)
    return found


def _too_much() -> Problem:
    return Problem("bad_query", "Too much was said in that time: ask for a part of it.")


def _pages(clips: Sequence[Clip]) -> Iterator[int]:
    """Yield after which events a page is read, so that all clips are in one."""
    after = 0
    for clip in clips:
        if clip.seq > after:
            after = max(after, clip.seq - 1 - BEFORE)
        while after < clip.seq:
            yield after
            after += PAGE


async def _read(log: Log, room: str, clips: Sequence[Clip], told: StretchFacts) -> None:
    """Read the events in which clips, their words and their rounds are."""
    after, read = 0, set[int]()
    for page in _pages(clips):
        after = _take(await log.read(room, page, PAGE), told, read) or page + PAGE
    _take(await log.read(room, after, AFTER), told, read)
    for clip in clips:
        if told.with_words and clip.caption_seq is not None and clip.caption_seq not in read:
            _take(await log.read(room, clip.caption_seq - 1, 1), told, read)


def _take(events: Sequence[Event], told: StretchFacts, read: set[int]) -> int:
    for event in events:
        told.read(event)
        read.add(event.seq)
    return events[-1].seq if events else 0
