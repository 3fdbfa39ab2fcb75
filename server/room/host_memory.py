"""What a room's host saw and did, as far as that decides what it does next: a fold over events. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct
from msgspec.structs import replace

from games.round import AnswerGiven, RoundClosed
from games.words import tokens
from server.room import company
from server.room.context import Context
from server.room.events import (
    ClipCaptioned,
    ClipHidden,
    ClipRemoved,
    Event,
    TextHidden,
    TextRemoved,
    TextSaid,
)
from server.room.held_facts import ClipHeld
from server.room.state import RoomState

# Lines of its own that it never repeats, lines of all that it knows, and people who did something.
SAID_KEPT, LINES_KEPT, ACTED_KEPT = 50, 20, 100
# Whoever comes back sooner only lost the connection: they are not greeted anew, and were not away. Of so many
# who left that is known.
BACK_WITHIN_MS, LEFT_KEPT = 10 * 60_000, 100


# A running joke is a word or a short line that came back so often; the newest lines of people are counted,
# and of each so many words that are long enough to be worth it.
COUNTED_KEPT, COUNTED_WORDS, SHORTEST_COUNTED = 200, 12, 4
JOKE_TIMES, JOKE_LINE_WORDS = 3, 5


class Counted(Struct, frozen=True):
    """What came up in a line of a person, once each: its words, and itself if it is short."""

    target: str
    said: tuple[str, ...]


class Heard(Struct, frozen=True):
    """A line of a person that has no answer yet; `target` is its clip, or the seq of its event."""

    voice: str
    target: str
    text: str
    at_ms: int
    in_round: bool


class Spoken(Struct, frozen=True):
    """A line that was said in the room, by whom, and what takes it away."""

    name: str
    text: str
    machine: bool
    target: str


class Memory(Struct, frozen=True):
    """What the host (the voice `host`) saw and did; all of it is bounded.

    `came` is when those who are here came in, `left` when those who are not came and left, `acted` who did
    something, `active_ms` when a person did last, `writes` whether the newest take of a person was written,
    `tried` the last turn that it tried (0: to join), `feeds` whether a line to voice comes next after a
    topic, `began_ms` when it last began a game, or sat out, `with_` whom it keeps company, `eased` who got a
    kind line for a silence, `counted` what came up in lines, and `joked_ms` when it last said how often.
    """

    host: str
    came: dict[str, int] = {}
    left: dict[str, tuple[int, int]] = {}
    acted: tuple[str, ...] = ()
    greeted: tuple[str, ...] = ()
    with_: str = ""
    heard: Heard | None = None
    active_ms: int = 0
    line_ms: int = 0
    topic_ms: int = 0
    feeds: bool = False
    began_ms: int = 0
    said: tuple[str, ...] = ()
    lines: tuple[Spoken, ...] = ()
    games: tuple[str, ...] = ()
    writes: bool = False
    tried: tuple[str, int] = ("", 0)
    eased: tuple[str, ...] = ()
    counted: tuple[Counted, ...] = ()
    joked_ms: int = 0


def begun(memory: Memory, host: str, events: Iterable[Event], state: RoomState) -> Memory:
    """Return the memory of a voice that is the host from now on: it reads the newest lines anew.

    What waits for an answer is what came since it looks.
    """
    heard = memory.heard
    fresh = ("said", "lines", "counted", "writes", "tried")
    memory = replace(memory, host=host, **{name: getattr(Memory(host), name) for name in fresh})
    for event in events:
        memory = read(memory, event, state)
    return replace(memory, heard=heard)


def read(memory: Memory, event: Event, state: RoomState) -> Memory:
    """Return the memory after an event of the room, whose state has it already."""
    if event.by is not None and not event.by.machine and event.by.id != memory.host:
        memory = replace(memory, active_ms=event.at_ms)
    match event.data:
        case TextRemoved(target=target) | TextHidden(target=target):
            return _without(memory, str(target))
        case ClipRemoved(clip=clip) | ClipHidden(clip=clip) | ClipHeld(clip=clip):
            return _without(memory, clip)
        case TextSaid(text=text) if event.by:
            return _spoke(memory, event, text, str(event.seq), in_round=False)
        case AnswerGiven(text=text, answer=answer, hidden=hidden) if event.by:
            is_person = not event.by.machine
            memory = replace(memory, writes=True) if is_person else memory
            return memory if hidden else _spoke(memory, event, text, answer, in_round=True)
        case ClipCaptioned(clip=clip, text=text):
            return _captioned(memory, event, state, clip, text)
        case RoundClosed() if memory.heard and memory.heard.in_round:
            return replace(memory, heard=replace(memory.heard, at_ms=event.at_ms))
        case _ if event.by is not None and not event.by.machine:
            return _with_actor(memory, event.by.id)
        case _:
            return memory


def _spoke(memory: Memory, event: Event, text: str, target: str, *, in_round: bool) -> Memory:
    by = event.by
    assert by is not None
    line = Spoken(by.name, text, by.machine, target)
    memory = replace(memory, lines=(*memory.lines, line)[-LINES_KEPT:])
    if by.id == memory.host:
        return replace(memory, said=(*memory.said, text)[-SAID_KEPT:])
    if by.machine:
        return memory
    heard = Heard(by.id, target, text, event.at_ms, in_round)
    counted = (*memory.counted, Counted(target, _counted(text)))[-COUNTED_KEPT:]
    return replace(_with_actor(memory, by.id), heard=heard, counted=counted)


def _counted(text: str) -> tuple[str, ...]:
    said = tokens(text)
    line = (" ".join(said),) if 1 < len(said) <= JOKE_LINE_WORDS else ()
    words = dict.fromkeys(word for word in said if len(word) >= SHORTEST_COUNTED)
    return (*line, *[*words][:COUNTED_WORDS])


def came_back(memory: Memory) -> tuple[tuple[str, int], ...]:
    """Return what of the line that waits for an answer was said often, the longest first, and how often."""
    heard = memory.heard
    if heard is None:
        return ()
    times = {said: sum(said in each.said for each in memory.counted) for said in _counted(heard.text)}
    often = [(said, count) for said, count in times.items() if count >= JOKE_TIMES]
    return tuple(sorted(often, key=lambda each: -len(each[0])))


def _captioned(memory: Memory, event: Event, state: RoomState, clip: str, text: str) -> Memory:
    known = state.clips.whole.get(clip)
    voice = state.voices.get(known.voice) if known and known.voice else None
    if not text or known is None or voice is None or not company.is_heard(state, clip):
        return memory
    memory = replace(memory, writes=memory.writes and voice.machine)
    return _spoke(memory, replace(event, by=voice), text, clip, in_round=known.round is not None)


def _with_actor(memory: Memory, voice: str) -> Memory:
    if voice == memory.host or voice in memory.acted:
        return memory
    return replace(memory, acted=(*memory.acted, voice)[-ACTED_KEPT:])


def _without(memory: Memory, target: str) -> Memory:
    """Forget what was taken back, or is hidden: nobody is told of it any more, and no engine."""
    heard = memory.heard if memory.heard is None or memory.heard.target != target else None
    lines = tuple(line for line in memory.lines if line.target != target)
    counted = tuple(each for each in memory.counted if each.target != target)
    return replace(memory, heard=heard, lines=lines, counted=counted)


def people(memory: Memory, context: Context) -> tuple[str, ...]:
    """Return the people who came in: who may speak or listens, or did something."""
    inside = {*context.inside, *memory.acted}
    here = [voice for voice in context.here if voice in inside]
    return tuple(voice for voice in here if voice != memory.host and voice not in context.machines)


def met(memory: Memory, here: Collection[str], now_ms: int) -> Memory:
    """Return the memory of who is here as of now; whoever comes again after a while is new."""
    if memory.came.keys() == set(here):
        return memory
    away = {voice: (came_ms, now_ms) for voice, came_ms in memory.came.items() if voice not in here}
    left = {voice: at for voice, at in {**memory.left, **away}.items() if at[1] >= now_ms - BACK_WITHIN_MS}
    known = memory.came.keys() | left.keys()
    came = {voice: memory.came.get(voice, left.pop(voice, (now_ms, 0))[0]) for voice in here}
    left = dict([*left.items()][-LEFT_KEPT:])
    greeted, eased = (tuple(filter(known.__contains__, voices)) for voices in (memory.greeted, memory.eased))
    acted = tuple(voice for voice in memory.acted if voice in came)
    return replace(memory, came=came, left=left, greeted=greeted, eased=eased, acted=acted)
