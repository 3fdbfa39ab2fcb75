"""A room that another node owns, as the edges of this one use it: the same protocol over the wire.

What visitors here do is told to the owner in order; what happens in the room comes with the tail. Who is
here is known of all nodes, so that a decision about the door is the same everywhere; the owner's counts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec import Raw
from msgspec.structs import replace

from server.blobs.base import Blob
from server.cluster.asking import Asking
from server.cluster.following import Following
from server.cluster.messages import (
    Act,
    Answer,
    Done,
    Failed,
    Follow,
    Followed,
    Heard,
    Leave,
    MoreHolds,
    Query,
    Refusal,
    Send,
    Signalled,
    Stored,
    Tell,
    Wake,
    Woken,
    fitting,
    in_parts,
    pack,
    unpack_events,
)
from server.cluster.remote_tail import RemoteTail
from server.cluster.transport import NoAnswer, Transport, Unreachable
from server.cluster.visitors import Visitors
from server.log.base import Log
from server.log.claims import Ownership
from server.room.commands import Command, Refused
from server.room.context import Context
from server.room.events import Event, Language, Voice
from server.room.state import RoomState
from server.rooms.base import Asleep, NoSuchRoom, Room
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
    take_in,
)
from server.rooms.local import Shared
from server.rooms.presence import Presence, PresenceState
from server.rooms.requests import Request
from server.rooms.tail import View

# An owner begins to decide a command in this time, or never: then it was not heard, or its disk stands still.
COMMAND_MS = 5_000
GOODBYE_S = 1.0
# A room without an owner that answers: a dead one is replaced within 3 s, a server of the log within 10 s.
GIVE_UP_S = 12.0
RETRY_S = 0.05
# What visitors did and could not be told yet; of signals, the newest.
ACTS_WAITING = 4_096

logger = logging.getLogger(__name__)


class Neighbourhood(Protocol):
    """The node of a remote room."""

    node: str
    transport: Transport

    @property
    def log(self) -> Log:
        """Return the log that all nodes share."""

    async def find(self, room: str) -> Ownership | None:
        """Return who owns a room and lives, this node perhaps; None when there is no such room."""

    async def wake(self, room: str) -> Room:
        """Return the room, awake, from wherever it is now."""

    def claimed_elsewhere(self, room: str) -> None:
        """Note that a room has another owner, as far as one hears."""

    def left(self, room: RemoteRoom, *, is_own: bool) -> None:
        """Forget a room that is not followed any more; `is_own` when it lives here from now on."""


class RemoteRoom:
    """One room of another node. It ends when this node becomes the owner, or nobody here needs it."""

    def __init__(self, id: str, home: Neighbourhood, shared: Shared, view: View) -> None:  # noqa: A002
        self.id = id
        self.tail = RemoteTail(view, self._send_signal)
        self.tail.on_left = self._leave_soon
        self.is_ended = False
        self._home, self._shared = home, shared
        self._following = Following(
            id, self, self.tail, log=home.log, rules=shared.rules, node=home.node, find=home.find
        )
        self._presence = Presence()
        self._visitors = Visitors()
        self._voices_language: Language = "en"
        self._public = False
        self._acts: list[Act] = []
        self._told = self._follows = 0
        self._telling: asyncio.Task[None] | None = None
        self._asking = Asking(home.transport)
        self._leaving: asyncio.TimerHandle | None = None

    @property
    def owner(self) -> str:
        """Return the node that was the owner when it was last looked for."""
        return self._following.owner

    @property
    def place(self) -> tuple[int, int] | None:
        """Return the epoch and number of the owner's newest frame here; None while it is not followed."""
        return self._following.place if self._following.is_synced else None

    async def start(self) -> None:
        """Follow the room from now on."""
        await self._following.start(self._home.transport)
        self._leave_soon()

    def look_again(self, *, is_silent: bool = False) -> None:
        """Look for the owner anew: it may be gone, and is not waited for, or may have forgotten this node."""
        self._following.doubt()
        if is_silent:
            self._asking.give_up()

    async def close(self) -> None:
        """Follow no more, and say so to the owner; may be called again."""
        owner, was_ended = self.owner, self.is_ended
        self._end()
        await self._following.close()
        if owner and not was_ended:
            try:
                await self._asking.ask(owner, Leave(self.id, self._home.node), timeout_s=GOODBYE_S)
            except OSError as error:
                logger.debug("cluster.not_left room=%.6s %s", self.id, error)

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
        """Let the owner decide a command, see `Room.send`.

        A command with a key is sent again until an owner answers. One without a key is not, when it may
        have been stored: then this raises `OSError`.
        """
        if blobs:
            raise ValueError("blobs are stored before a command is sent to another node")
        request = Request(command, by, key, salt, (), quiet)
        async with asyncio.timeout(GIVE_UP_S):
            while not self.is_ended:
                if not self._following.is_synced:
                    await self._following.until_synced()
                    continue
                if (events := await self._sent(request)) is not None:
                    return events
        return await request.send_to(await self._home.wake(self.id))

    async def _sent(self, request: Request) -> list[Event] | None:
        """Send a command once; None when it is to be sent again."""
        deadline_ms = self._shared.clock() + COMMAND_MS
        command, by, key = pack(request.command), request.by, request.key
        message = Send(self.id, self._home.node, deadline_ms, command, by, key, request.salt, request.quiet)
        try:
            answer = await self._ask(message)
        except (NoAnswer, Unreachable) as error:
            if request.key is None and isinstance(error, NoAnswer):
                raise
            answer = Failed("elsewhere")
        match answer:
            case Stored(events=bodies):
                return await self._shown(unpack_events(bodies))
            case Refusal(code, message_, retry_after_ms):
                raise Refused(code, message_, retry_after_ms)
            case Failed("gone"):
                raise NoSuchRoom
            case Failed("late"):
                await asyncio.sleep(RETRY_S)
            case Failed("elsewhere" | "unknown"):
                await self._look_after_pause()
            case _:
                raise OSError("The owner of the room could not store that.")
        return None

    async def _shown(self, events: list[Event]) -> list[Event]:
        """Return the events of an answer once the readers here have seen them, as those of the owner have."""
        if events and events[-1].seq > self.tail.head:
            self._following.take_answer(events)
            await self._following.until_shown(events[-1].seq)
        return events

    async def _look_after_pause(self) -> None:
        await asyncio.sleep(RETRY_S)
        self._following.doubt()

    async def _ask(self, message: Query) -> Answer:
        return await self._asking.ask(self.owner, message)

    # Awake and asleep

    @property
    def state(self) -> RoomState:
        """Return the state as of now. Raises `Asleep`."""
        if self._following.state is None:
            raise Asleep(self.id[:6])
        return self._following.state

    async def awake(self) -> RoomState:
        """Wake the room, wherever it is, and return its state."""
        if await self.is_woken():
            return self.state
        return await (await self._home.wake(self.id)).awake()

    async def is_woken(self) -> bool:
        """Wake the room at its owner, and tell whether it is awake here; False when it ended."""
        async with asyncio.timeout(GIVE_UP_S):
            while not self.is_ended:
                await self._following.until_synced()
                if not self.is_ended and await self._woken() is not None:
                    return True
        return False

    async def _woken(self) -> RoomState | None:
        try:
            answer = await self._ask(Wake(self.id, self._home.node))
        except OSError:
            answer = Failed("elsewhere")
        match answer:
            case Woken(head):
                await self._following.until_awake(head)
                self._leave_soon()
                return self._following.state
            case Failed("gone"):
                raise NoSuchRoom
            case Failed("storage" | "broken"):
                raise OSError("The owner of the room could not wake it.")
            case _ if not self.is_ended:
                await self._look_after_pause()
        return None

    @property
    def voices_language(self) -> Language:
        """Return the language in which voices are named, as it was when the room fell asleep."""
        state = self._following.state
        return state.voices_language if state is not None else self._voices_language

    @property
    def public(self) -> bool:
        """Tell whether everybody may find the room."""
        state = self._following.state
        return state.public if state is not None else self._public

    def hold(self) -> None:
        """Keep a room that is awake from falling asleep until `release`."""
        self._visitors.holds += 1
        self._act(MoreHolds(1))

    def release(self) -> None:
        """End one hold."""
        self._visitors.holds -= 1
        self._act(MoreHolds(-1))
        self._leave_if_empty()

    def _leave_soon(self) -> None:
        """Leave the room when nobody needs it for `idle_ms`, as a room of this process falls asleep."""
        if self._leaving is None and not self.is_ended:
            idle_s = max(self._shared.idle_ms, 1) / 1000
            self._leaving = asyncio.get_running_loop().call_later(idle_s, self._leave)

    def _leave_if_empty(self) -> None:
        if not self._visitors:
            self._leave_soon()

    def _leave(self) -> None:
        self._leaving = None
        if self.tail.readers or self._visitors:
            return  # who goes last begins anew
        if self._acts or self._asking or not self._following.is_synced:
            self._leave_soon()
        else:
            self._home.left(self, is_own=False)

    # Who is here

    def context(self) -> Context:
        """Return what a decision depends on beside the state; valid for this turn of the event loop."""
        shared = self._shared
        captions = shared.expects_words(self.voices_language)
        spoken_ms = shared.spoken_ms(self.id) if shared.spoken_ms else None
        return self._presence.context(shared.clock(), shared.random, captions=captions, spoken_ms=spoken_ms)

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
        self._note(Moved(voice_id, before, now))

    @property
    def machines(self) -> AbstractSet[str]:
        """Return the voices that are known to be machines."""
        return self._presence.machines.keys()

    def mark_machine(self, voice_id: str) -> None:
        """Note that a voice is a machine, for good."""
        if voice_id not in self.machines:
            self._note(MachineMarked(voice_id))

    def coloured(self, voice: Voice) -> Voice:
        """Return the voice in the colour that it has in here, marked if it is known as a machine."""
        is_new = voice.id not in self._presence.colours
        coloured = self._presence.coloured(voice, self._shared.clock())
        if is_new:
            self._note(Coloured(voice.id, coloured.colour))
        state = self._following.state
        known = state.voices.get(voice.id) if state is not None else None
        if known is not None and known.machine:
            self.mark_machine(voice.id)
        return replace(coloured, machine=True) if voice.id in self.machines else coloured

    def set_colour(self, voice_id: str, colour: str) -> None:
        """Note the colour that a voice was given where its connection is; one that it has stays."""
        self._note(Coloured(voice_id, colour))

    def consent(self, voice_id: str) -> None:
        """Note that a voice has read what is asked at the door, and came in."""
        self._note(Consented(voice_id))

    def wear(self, voice_id: str, mask: str | None) -> None:
        """Note which mask the takes of a voice are to wear from now on; None takes it off."""
        self._note(Worn(voice_id, mask))

    def set_network(self, voice_id: str, network: str) -> None:
        """Note by which network a voice came, as a tag of this room."""
        self._note(CameBy(voice_id, network))

    def begin_speaking(self, voice_id: str, take: str = "", *, until_ms: int) -> None:
        """Mark a take as open; it counts as ended at `until_ms` when nobody ends it before."""
        self._note(TakeBegun(voice_id, take, until_ms))

    def end_speaking(self, voice_id: str, take: str = "") -> None:
        """Mark a take as ended; its voice is silent when it has no other."""
        self._note(TakeEnded(voice_id, take))

    def has_take(self, voice_id: str, take: str) -> bool:
        """Tell whether a take of a voice is open or on its way."""
        return take in self._presence.speaking.get(voice_id, ())

    def hear(self, voice_id: str, *, on: bool) -> None:
        """Signal to all that a voice speaks now, or no longer does; nothing is sent when nothing changed."""
        self._act(Heard(voice_id, on))

    def _note(self, change: Change) -> None:
        """Take in what a visitor of this node does, and tell the owner."""
        if not self.is_ended:
            take_in(change, self._presence, self._shared.clock())
            self._visitors.note(change)
            self._act(change)
            self._leave_if_empty()

    # What is told to the owner

    def _send_signal(self, to: str | None, body: bytes) -> None:
        self._act(Signalled(to, Raw(body)))

    def _act(self, act: Act) -> None:
        """Tell the owner of something in this turn of the loop, behind what was done before."""
        if self.is_ended:
            return
        self._acts.append(act)
        if len(self._acts) > ACTS_WAITING:
            self._following.doubt()  # all that matters is told anew
            del self._acts[0]
        if self._telling is None and self._following.is_synced:
            self._telling = asyncio.get_running_loop().create_task(self._tell(), name=f"tell {self.id[:6]}")

    async def _tell(self) -> None:
        """Tell the owner what waits, in order; the root of its task."""
        try:
            while self._acts and self._following.is_synced and not self.is_ended:
                count = fitting(self._acts)
                acts, self._acts = self._acts[:count], self._acts[count:]
                nr, follows = self._told, self._follows
                self._told += 1
                answer = await self._ask(Tell(self.id, self._home.node, nr, acts))
                if not isinstance(answer, Done) and follows == self._follows:
                    raise Unreachable("The owner knows nothing of this node.")
        except OSError as error:
            logger.info("cluster.not_told room=%.6s %s", self.id, error)
            self._following.doubt()
        except Exception:
            logger.exception("cluster.not_told room=%.6s", self.id)
            self._following.doubt()
        finally:
            self._telling = None

    # What its copy asks and tells

    @property
    def is_held(self) -> bool:
        """Tell whether the state is wanted here even when the owner's room sleeps."""
        return self._visitors.holds > 0

    async def follow(self, owner: str) -> Followed:
        """Follow a node's room, and tell it of all visitors here."""
        self._acts = [act for act in self._acts if isinstance(act, Signalled | Heard)]
        parts, holds = in_parts(list(self._visitors.changes())), max(0, self._visitors.holds)
        self._told, self._follows = 0, self._follows + 1
        for nr, part in enumerate(parts):
            answer = await self._ask(Follow(self.id, self._home.node, part, holds, nr, nr + 1 < len(parts)))
            if not isinstance(answer, Done):
                break
        if isinstance(answer, Failed) and answer.why == "gone":
            raise NoSuchRoom
        if not isinstance(answer, Followed):
            raise Unreachable(f"The node that owns the room says: {answer}")
        self._presence = Presence()
        for change in [*answer.others, *self._visitors.changes()]:
            take_in(change, self._presence, self._shared.clock())
        asyncio.get_running_loop().call_soon(self._go_on_telling)
        return answer

    def _go_on_telling(self) -> None:
        if self._acts:
            self._act(self._acts.pop())

    def changed(self, origin: str, change: Change) -> None:
        """Note a change of who is in the room; those of visitors of this node are known."""
        if origin != self._home.node:
            take_in(change, self._presence, self._shared.clock())
            if isinstance(change, TakeEnded):  # the owner ends a take of a visitor here that nobody ended
                self._visitors.note(change)

    def moved(self) -> None:
        """Wait no longer for who may be the owner no more."""
        self._asking.give_up()
        self._home.claimed_elsewhere(self.id)

    def rested(self, state: RoomState) -> None:
        """Note that the room sleeps, and as what it fell asleep."""
        self._voices_language, self._public = state.voices_language, state.public
        self._presence.rest()
        self._leave_soon()

    def ended(self, *, is_own: bool) -> None:
        """Send the readers away: the room lives here now, or is gone."""
        self._end()
        self._home.left(self, is_own=is_own)

    def _end(self) -> None:
        if not self.is_ended:
            self.is_ended = True
            if self._leaving is not None:
                self._leaving.cancel()
            self._following.stop()
            self.moved()
            self.tail.end()
