"""A room of this process. Asleep it is small: its tail's head and readers, and who is here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from random import Random
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from server.blobs.base import Blob
from server.log.base import Log
from server.room import reports
from server.room.commands import (
    Command,
    Hide,
    Oversee,
    Refused,
    Remove,
    Report,
    Restore,
    RoundStart,
    Tick,
)
from server.room.context import Context
from server.room.events import Event, Language, TextSaid, Voice
from server.room.state import RoomState
from server.rooms.asked import asked_again
from server.rooms.base import Asleep, Room
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
from server.rooms.presence import Presence, PresenceState
from server.rooms.requests import PendingCommand, Request, pending
from server.rooms.rules import Rules
from server.rooms.snapshots import Folded
from server.rooms.tail import Tail
from server.rooms.timer import QUIET_MS, Timer
from server.rooms.writer import Writer

logger = logging.getLogger(__name__)


class Shared(Struct, frozen=True):
    """What all rooms of a registry share.

    A room falls asleep when nobody needed it for `idle_ms`; with `captions` words of takes are expected
    in rooms of the `languages` that are understood.
    `spoken_ms` is how long it takes to say a text in a language to who listens in a room, None where
    nothing is said. `watch` is told of each change of who is in a room. In `hosted` ones characters keep
    people company.
    """

    log: Log
    rules: Rules
    clock: Callable[[], int]
    random: Random
    idle_ms: int
    captions: bool = False
    languages: Container[str] = ("en", "de")
    spoken_ms: Callable[[str], Callable[[str, str], int] | None] | None = None
    watch: Callable[[str, Change], None] | None = None
    hosted: bool = False

    def expects_words(self, language: str) -> bool:
        """Tell whether what is said in a language gets its words."""
        return self.captions and language in self.languages


class Registry(Protocol):
    """The registry as its rooms know it."""

    shared: Shared

    def living(self, room: LocalRoom) -> LocalRoom:
        """Return the object that stands for this room's id now: this one, when there is no other."""

    def rouse(self, room_id: str, *, quiet: bool = False) -> None:
        """Begin to wake a room that sleeps; `wake_up` or `stay_asleep` is called on it when that is done."""

    def slept(self, room: LocalRoom, due_ms: int | None) -> None:
        """Forget a room that fell asleep, and wake it when it is due."""

    def left(self, room: LocalRoom) -> None:
        """Note that nobody reads a sleeping room any more."""

    def deposed(self, room: LocalRoom, waiting: Sequence[PendingCommand]) -> None:
        """Forget a room that another process owns, and send that process these commands."""

    async def wake(self, id: str, *, quiet: bool = False) -> Room:  # noqa: A002
        """Return the room, awake, from its owner."""


class LocalRoom:
    """One room, made by its registry. Asleep it has no writer and no timer."""

    def __init__(self, id: str, registry: Registry, tail: Tail) -> None:  # noqa: A002
        self.id = id
        self.tail = tail
        self.tail.on_left = self._left
        self._registry = registry
        self._presence = Presence()
        self._holds = 0
        self._voices_language: Language = "en"
        self._public = False
        self._writer: Writer | None = None
        self._timer: Timer | None = None
        self._deposed = False
        self._is_used = False  # by what the writer is at: something that is not quiet

    # Commands

    async def send(
        self,
        command: Command,
        *,
        by: Voice | None = None,
        key: str | None = None,
        salt: bytes = b"",
        blobs: Sequence[Blob] = (),
        quiet: bool = False,
    ) -> list[Event]:
        """Decide a command, see `Room.send`."""
        request = Request(command, by, key, salt, blobs, quiet)
        living = self if self._deposed else self._registry.living(self)
        if living is self:
            return await self._decided(request)
        return await request.send_to(living)

    async def _decided(self, request: Request) -> list[Event]:
        """Queue a command and return its events; a room that sleeps is woken first."""
        command = pending(request)
        await self._find_asked(command)
        await self._find_text(command)
        while not self._deposed:
            living = self._registry.living(self)
            if living is not self:  # this one fell asleep during a pause, and the room woke as another
                return await request.send_to(living)
            writer = self._roused(quiet=request.quiet)
            if (answer := await writer.requests.first_answer(command)) is not None:
                return answer
            if writer is self._writer:  # else it fell asleep or was deposed meanwhile
                return await self._put(writer, command)
        return await request.send_to(await self._registry.wake(self.id))

    async def _find_asked(self, command: PendingCommand) -> None:
        """Read from the log what the clip answered that a round is asked for by; others wait for nothing."""
        wish = command.request.command
        if isinstance(wish, RoundStart) and wish.clip:
            state = await self._read_for(command)
            clip = state.clips.get(wish.clip)
            found = await asked_again(self._registry.shared.log, self.id, clip.asked_seq if clip else None)
            found = replace(found, as_of=state.head) if found else None
            command.request = replace(command.request, command=replace(wish, asked=found))

    async def _find_text(self, command: PendingCommand) -> None:
        """Read from the log whether what is named by an old seq is a line; others wait for nothing."""
        asked = command.request.command
        wish = asked.command if isinstance(asked, Oversee) else asked
        if not isinstance(wish, Hide | Remove | Report | Restore) or not wish.seq:
            return
        if reports.knows(await self._read_for(command), wish.seq):
            return
        events = await self._registry.shared.log.read(self.id, wish.seq - 1, 1)
        if events and events[0].seq == wish.seq and isinstance(events[0].data, TextSaid):
            found: Command = replace(wish, is_text=True)
            if isinstance(asked, Oversee):
                found = replace(asked, command=found)
            command.request = replace(command.request, command=found)

    async def _read_for(self, command: PendingCommand) -> RoomState:
        """Return the state, woken if the room sleeps, as quietly as the command will."""
        return (await self._registry.wake(self.id, quiet=command.request.quiet)).state

    def _roused(self, *, quiet: bool) -> Writer:
        """Return the writer; in a room that sleeps, a new one that queues until the room has woken."""
        if not self.is_awake:
            self._registry.rouse(self.id, quiet=quiet)
        if self._writer is None:
            self._writer = Writer(self, self._registry.shared.log, self._registry.shared.rules)
        return self._writer

    def _put(self, writer: Writer, command: PendingCommand) -> asyncio.Future[list[Event]]:
        if self._timer is not None:
            self._timer.stop()
        self._is_used = self._is_used or not command.request.quiet
        return writer.put(command)

    # Awake and asleep

    @property
    def is_awake(self) -> bool:
        """Tell whether the room has its state."""
        return self._writer is not None and self._writer.state is not None

    @property
    def is_deposed(self) -> bool:
        """Tell whether another process owns the room by now; then this object is only a way to it."""
        return self._deposed

    @property
    def state(self) -> RoomState:
        """Return the state as of now. Raises `Asleep`."""
        if self._writer is None or self._writer.state is None:
            raise Asleep(self.id[:6])
        return self._writer.state

    async def awake(self) -> RoomState:
        """Return the state of the room, woken if it sleeps."""
        return (await self._registry.wake(self.id)).state

    @property
    def voices_language(self) -> Language:
        """Return the language in which voices are named, as it was when the room fell asleep."""
        return self.state.voices_language if self.is_awake else self._voices_language

    @property
    def public(self) -> bool:
        """Tell whether everybody may find the room."""
        return self.state.public if self.is_awake else self._public

    def wake_up(self, folded: Folded, *, quiet: bool = False) -> None:
        """Go on from the state as of the newest event, and decide what waits; `quiet`: then sleep again."""
        shared = self._registry.shared
        self.tail.fill(folded.newest)
        self._timer = Timer(self, shared.clock, shared.idle_ms)
        self._writer = self._writer or Writer(self, shared.log, shared.rules)
        self._writer.begin(folded.state, folded.snapshots)
        if not quiet:
            self._timer.use()
        self._start_timer(after_ms=QUIET_MS if quiet else 0)

    def stay_asleep(self, why: Exception) -> None:
        """Fail all waiting commands: the room cannot be woken."""
        if self._writer is not None and not self.is_awake:
            writer, self._writer = self._writer, None
            writer.give_up(why)

    def step_down(self) -> None:
        """Hand the waiting commands of a room that does not wake here to its owner."""
        self.deposed(self._writer.withdraw() if self._writer is not None else [])

    async def give_way(self) -> None:
        """Step down when what is under way is done, for another process has claimed the room."""
        while self._writer is not None and self.is_awake and self._writer.busy:
            await self._writer.settled()
        if not self._deposed:
            self.step_down()

    def fall_asleep(self, due_ms: int | None = None) -> None:
        """Drop state, events, writer and timer; all of it can be read from the log again."""
        self._voices_language, self._public = self.state.voices_language, self.state.public
        if self._writer is not None:
            self._writer.sleep()
        self._stop()
        self._presence.rest()
        self.tail.rest()
        self._registry.slept(self, due_ms)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._writer = self._timer = None

    async def close(self) -> None:
        """Finish what is in the inbox and fall asleep; may be called again."""
        while self._writer is not None and self.is_awake and self._writer.busy:
            await self._writer.settled()
        if self.is_awake:
            self.fall_asleep()

    def use(self) -> None:
        """Keep the room awake for `idle_ms` more: time enough to hold it."""
        if self._timer is not None:
            self._timer.use()

    def hold(self) -> None:
        """Keep a room that is awake from falling asleep until `release`."""
        self._holds += 1
        self._touch()

    def release(self) -> None:
        """End one hold."""
        self._holds -= 1
        self._touch()

    def _left(self) -> None:
        if not self.is_awake and not self._deposed:
            self._registry.left(self)

    def _touch(self) -> None:
        """Note that the room is used, and set its timer anew."""
        self.use()
        self._start_timer()

    def _start_timer(self, *, after_ms: int = 0) -> None:
        if self._timer is not None and self._writer is not None and not self._writer.busy:
            self._timer.start(after_ms=after_ms)

    # Who is here

    def context(self) -> Context:
        """Return what a decision depends on beside the state; valid for this turn of the event loop."""
        shared = self._registry.shared
        captions = shared.expects_words(self.voices_language)
        spoken_ms = shared.spoken_ms(self.id) if shared.spoken_ms else None
        return self._presence.context(
            shared.clock(), shared.random, captions=captions, spoken_ms=spoken_ms, hosted=shared.hosted
        )

    @property
    def speakers(self) -> Mapping[str, int]:
        """Return the present voices that may speak, each with the number of its connections that may."""
        return self._presence.speakers

    @property
    def speaking(self) -> AbstractSet[str]:
        """Return the voices with an open take or one on its way."""
        return self._presence.speaking.keys()

    @property
    def paces(self) -> Mapping[str, float]:
        """Return how much longer than others present voices may take."""
        return self._presence.paces

    def set_presence(self, voice_id: str, before: PresenceState | None, now: PresenceState | None) -> None:
        """Note how one connection of a voice is present now, and was before; None means not present."""
        self._presence.move(voice_id, before, now, self._registry.shared.clock())
        self._tell(Moved(voice_id, before, now))
        self._changed(voice_id)

    @property
    def machines(self) -> AbstractSet[str]:
        """Return the voices that are known to be machines."""
        return self._presence.machines.keys()

    def mark_machine(self, voice_id: str) -> None:
        """Note that a voice is a machine, for good."""
        if voice_id not in self._presence.machines:
            self._tell(MachineMarked(voice_id))
        self._presence.mark_machine(voice_id)

    def set_colour(self, voice_id: str, colour: str) -> None:
        """Note the colour that a voice was given where its connection is; one that it has stays."""
        self._presence.set_colour(voice_id, colour, self._registry.shared.clock())
        self._tell(Coloured(voice_id, self._presence.colours.get(voice_id, (colour, 0))[0]))

    def coloured(self, voice: Voice) -> Voice:
        """Return the voice in the colour that it has in here, marked if it is known as a machine."""
        is_new = voice.id not in self._presence.colours
        coloured = self._presence.coloured(voice, self._registry.shared.clock())
        if is_new:
            self._tell(Coloured(voice.id, coloured.colour))
        known = self.state.voices.get(voice.id) if self.is_awake else None
        if known is not None and known.machine:
            self.mark_machine(voice.id)
        return replace(coloured, machine=True) if voice.id in self.machines else coloured

    def consent(self, voice_id: str) -> None:
        """Note that a voice has read what is asked at the door, and came in."""
        self._presence.consent(voice_id)
        self._tell(Consented(voice_id))
        self._changed(voice_id)

    def wear(self, voice_id: str, mask: str | None) -> None:
        """Note which mask the takes of a voice are to wear from now on; None takes it off."""
        self._presence.wear(voice_id, mask)
        self._tell(Worn(voice_id, mask))

    def set_network(self, voice_id: str, network: str) -> None:
        """Note by which network a voice came, as a tag of this room."""
        self._presence.come_by(voice_id, network)
        self._tell(CameBy(voice_id, network))

    def _tell(self, change: Change) -> None:
        if (watch := self._registry.shared.watch) is not None and not self._deposed:
            watch(self.id, change)

    def _changed(self, voice_id: str) -> None:
        """Set the timer anew; a room that sleeps wakes for whoever speaks, and for people who may speak."""
        if self._timer is not None:
            self._touch()
        elif self._wakes_for(voice_id) and self._lives():
            with suppress(Refused):  # the server is closing
                self._registry.rouse(self.id)

    def _wakes_for(self, voice_id: str) -> bool:
        is_person = voice_id not in self.machines
        return voice_id in self.speaking or (voice_id in self.speakers and is_person)

    def _lives(self) -> bool:
        return not self._deposed and self._registry.living(self) is self

    def begin_speaking(self, voice_id: str, take: str = "", *, until_ms: int) -> None:
        """Mark a take as open; it counts as ended at `until_ms` when nobody ends it before."""
        self._presence.begin(voice_id, take, until_ms)
        self._tell(TakeBegun(voice_id, take, until_ms))
        self._changed(voice_id)

    def end_speaking(self, voice_id: str, take: str = "") -> None:
        """Mark a take as ended; its voice is silent when it has no other."""
        self._end_take(voice_id, take)
        self._touch()

    def _end_take(self, voice_id: str, take: str) -> None:
        is_silent = self._presence.end(voice_id, take)
        self._tell(TakeEnded(voice_id, take))
        if is_silent:
            self.hear(voice_id, on=False)

    def has_take(self, voice_id: str, take: str) -> bool:
        """Tell whether a take of a voice is open or on its way."""
        return take in self._presence.speaking.get(voice_id, ())

    def hear(self, voice_id: str, *, on: bool) -> None:
        """Signal to all that a voice speaks now, or no longer does; nothing is sent when nothing changed."""
        if on == (voice_id in self._presence.heard):
            return
        self._presence.heard ^= {voice_id}
        self.tail.signal("speaking", {"voice": voice_id, "on": on})

    # What its timer asks and tells

    @property
    def needed(self) -> bool:
        """Tell whether somebody holds the room or speaks in it."""
        return self._holds > 0 or bool(self._presence.speaking)

    def next_due_ms(self) -> int | None:
        """Return when the rules have something to do; None for never."""
        return self._registry.shared.rules.due(self.state, self.context())

    def takes_end_ms(self) -> list[int]:
        """Return when each open take counts as ended."""
        return self._presence.ends_ms()

    def expire_takes(self, now_ms: int) -> None:
        """End the takes that nobody ended in time, and say so."""
        for voice, take in self._presence.overdue(now_ms):
            self._end_take(voice, take)

    def tick(self) -> None:
        """Do what is due."""
        if self._writer is not None:
            self._put(self._writer, pending(Request(Tick()))).add_done_callback(_ticked)

    # What its writer tells

    def appended(self) -> None:
        """Let the next tick come soon, for something happened."""
        if self._timer is not None:
            self._timer.hasten()

    def rested(self) -> None:
        """Note that the inbox is empty."""
        if self._is_used:
            self.use()
        self._is_used = False
        self._start_timer()

    def deposed(self, waiting: Sequence[PendingCommand]) -> None:
        """Drop state, timer and signals, and hand the waiting commands to the owner elsewhere."""
        self._deposed = True
        self._stop()
        self._presence = Presence()
        self.tail.end()
        for command in waiting:
            if isinstance(command.request.command, Tick):  # the owner has a timer of its own
                command.grant([])
        self._registry.deposed(self, [command for command in waiting if not command.done.done()])


def _ticked(done: asyncio.Future[list[Event]]) -> None:
    """Note a tick that failed; the timer tries again."""
    if not done.cancelled() and (error := done.exception()) is not None:
        logger.warning("room.tick_failed %s", type(error).__name__)
