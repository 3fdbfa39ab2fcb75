"""All rooms of this process: opens them, wakes them when they are needed, and lets them sleep.

A sleeping room is nothing but its log, and what its sockets need: see `LocalRoom`.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from server.blobs.base import Blob
from server.log.base import Conflict, Listing, Log
from server.room import ids
from server.room.commands import Command, Open, Refused, restarting
from server.room.context import Context
from server.room.events import Event, RoomOpened, Voice
from server.room.house import HOUSE_IDS
from server.room.state import RoomState
from server.room.view import view
from server.rooms.alarms import Alarms
from server.rooms.base import NoSuchRoom, Room, RoomReader
from server.rooms.changes import Change
from server.rooms.directory import Directory, LocalDirectory
from server.rooms.local import LocalRoom, Shared
from server.rooms.requests import PendingCommand
from server.rooms.rules import RULES, Rules
from server.rooms.snapshots import Folded, Snapshots, missed_since
from server.rooms.tail import Tail, View
from server.together import settled

IDLE_MS = 60_000
# A room that is due but cannot be woken is tried again after these pauses, doubled from the first on.
FIRST_RETRY_MS, LONGEST_RETRY_MS = 1_000, 600_000
SLUGS_TRIED = 20

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

logger = logging.getLogger(__name__)


class _Waking(Struct, eq=False):
    """A waking that is under way; `quiet` while nobody needs the room to stay awake."""

    task: asyncio.Task[Room | None]
    quiet: bool = True


class RoomRegistry:
    """Keeps by id the rooms that are awake or have readers, and wakes the others from the log."""

    def __init__(
        self,
        log: Log,
        *,
        clock: Callable[[], int],
        random: Random,
        secret: bytes,
        idle_ms: int = IDLE_MS,
        rules: Rules = RULES,
        view: View = view,
        directory: Directory | None = None,
        captions: bool = False,
        languages: Container[str] = ("en", "de"),
        spoken_ms: Callable[[str], Callable[[str, str], int] | None] | None = None,
        watch: Callable[[str, Change], None] | None = None,
    ) -> None:
        self.clock = clock
        self.shared = Shared(log, rules, clock, random, idle_ms, captions, languages, spoken_ms, watch)
        self._log, self._secret, self.view = log, secret, view
        self._directory = directory or LocalDirectory()
        self._snapshots = Snapshots(log, rules.snapshots)
        self._rooms: dict[str, LocalRoom] = {}
        self._awake: dict[str, LocalRoom] = {}
        self._waking: dict[str, _Waking] = {}
        self._handing_on: set[asyncio.Task[None]] = set()
        self._opening: set[asyncio.Future[None]] = set()
        self._alarms = Alarms(clock, self._ring)
        self._failed_wakes: dict[str, int] = {}  # of rooms that are due, by how often
        self._closed = False
        self._readers: list[RoomReader] = []

    def __len__(self) -> int:
        """Return how many rooms are awake."""
        return len(self._awake)

    def ids(self) -> list[str]:
        """Return the ids of the rooms that are awake."""
        return list(self._awake)

    def rooms(self) -> Iterator[Room]:
        """Yield the rooms that are awake or have readers."""
        yield from list(self._rooms.values())

    def register(self, reader: RoomReader) -> None:
        """Attach a reader to the rooms that are awake, and from now on to each that wakes."""
        self._readers.append(reader)
        for room in self._awake.values():
            _tell(reader.attach, room)

    async def open(
        self,
        room: RoomOpened,
        by: Voice | None,
        *,
        id: str | None = None,  # noqa: A002
        key: str | None = None,
        character: str | None = None,
    ) -> Room:
        """Make a room and return it awake; without an id a public one gets a readable one.

        A `key` is that of whoever opens it, for whose voice is known only when the room's id is.
        Raises `Refused`, with `room_taken` when the id is in use.
        """
        self._check_open()
        rules = self.shared.rules
        context = Context(self.clock(), self.shared.random)
        opening = Open(room, house=id in HOUSE_IDS, character=character)
        with self._waited_for():
            for name in [id] if id is not None else _names(room):
                opener = ids.voice(self._secret, key, name, room.language) if key else by
                drafts = rules.decide(rules.empty, opening, opener, context)
                try:
                    await self._log.append(name, drafts, expect=0)
                except Conflict:
                    continue
                return await self._awakened(name)
        raise Refused("room_taken", "There is a room of this name already.")

    @contextmanager
    def _waited_for(self) -> Iterator[None]:
        """Keep an opening among what `close` waits for: a room that is stored must not be refused."""
        done = asyncio.get_running_loop().create_future()
        self._opening.add(done)
        try:
            yield
        finally:
            self._opening.discard(done)
            done.set_result(None)

    async def wake(self, id: str, *, quiet: bool = False) -> Room:  # noqa: A002
        """Return a room, awake; hold it within `idle_ms`. Raises `NoSuchRoom` and what the log raises.

        With `quiet` the caller sends quiet commands at once, and the room may sleep again after them.
        """
        if id not in self._awake:
            self._check_open()
        return await self._awakened(id, quiet=quiet)

    async def _awakened(self, id: str, *, quiet: bool = False) -> Room:  # noqa: A002
        while (room := self._awake.get(id)) is None:
            elsewhere = await asyncio.shield(self._wakes(id, quiet=quiet))
            if elsewhere is not None:
                return elsewhere
        if not quiet:
            room.use()
        return room

    def awake(self, id: str) -> Room | None:  # noqa: A002
        """Return a room when it is awake."""
        return self._awake.get(id)

    def known(self, id: str) -> Room | None:  # noqa: A002
        """Return a room when it is awake or has readers."""
        return self._rooms.get(id)

    def is_waking(self, id: str) -> bool:  # noqa: A002
        """Tell whether a room is being woken; all who ask for it meanwhile share that waking."""
        return id in self._waking

    async def look(self, id: str) -> RoomState:  # noqa: A002
        """Return a room's state without waking it. Raises `NoSuchRoom`."""
        room = self._awake.get(id)
        return room.state if room is not None else (await self._folded(id)).state

    async def send(
        self,
        id: str,  # noqa: A002
        command: Command,
        *,
        by: Voice | None,
        key: str | None = None,
        blobs: Sequence[Blob] = (),
        quiet: bool = False,
    ) -> list[Event]:
        """Wake a room and send it a command. Raises what `wake` and `Room.send` raise."""
        room = await self.wake(id, quiet=quiet)
        return await room.send(command, by=by, key=key, blobs=blobs, quiet=quiet)

    async def listings(self, limit: int = 100) -> list[Listing]:
        """Return the public rooms, those with the newest event first."""
        return await self._log.rooms(limit, public=True)

    def voice(self, key: str, room: Room | str) -> Voice:
        """Return who a key is in a room; its name is English when only the id of a strange room is given."""
        living = self._rooms.get(room) if isinstance(room, str) else room
        language = living.voices_language if living is not None else "en"
        voice = ids.voice(self._secret, key, room if isinstance(room, str) else room.id, language)
        return voice if living is None else living.coloured(voice)

    def machine(self, which: str, room: Room) -> Voice:
        """Return the voice of a machine of the room's own: no key of a visitor has a space."""
        voice = self.voice(f"machine {which}", room)
        room.mark_machine(voice.id)
        return replace(voice, machine=True)

    def meet(self, voice_id: str, room: Room, network: str) -> None:
        """Note by which network (as `limits.network` gives it) a voice came into a room."""
        room.set_network(voice_id, ids.network(self._secret, network, room.id))

    async def close(self) -> None:
        """Finish what all rooms have begun and let them sleep; may be called again."""
        self._closed = True
        self._alarms.close()
        while tasks := self._under_way():
            await asyncio.wait(tasks)
        for room in list(self._rooms.values()):
            await room.close()
        await self._snapshots.close()

    def _under_way(self) -> list[asyncio.Future[Any]]:
        wakings = (waking.task for waking in self._waking.values())
        return [*self._opening, *wakings, *self._handing_on]

    # What rooms tell

    def living(self, room: LocalRoom) -> LocalRoom:
        """Return the object that stands for this room's id now: the given one, when there is no other."""
        return self._rooms.setdefault(room.id, room)

    def rouse(self, room_id: str, *, quiet: bool = False) -> None:
        """Begin to wake a room, unless that is under way. Raises `Refused`."""
        if room_id not in self._awake:
            self._check_open()
            self._wakes(room_id, quiet=quiet)

    def _ring(self, room_id: str) -> None:
        """Wake a room that is due; it is due again in a while when that fails."""
        if room_id not in self._awake:
            self._wakes(room_id).add_done_callback(partial(self._rung, room_id))

    def _rung(self, room_id: str, task: asyncio.Task[Room | None]) -> None:
        if task.cancelled() or self._closed:
            return
        if isinstance(error := task.exception(), Exception) and not isinstance(error, NoSuchRoom):
            failures = self._failed_wakes.get(room_id, 0)
            self._failed_wakes[room_id] = failures + 1
            pause_ms = min(FIRST_RETRY_MS * 2 ** min(failures, 30), LONGEST_RETRY_MS)
            self._alarms.set(room_id, self.clock() + pause_ms)
        else:
            self._failed_wakes.pop(room_id, None)

    def slept(self, room: LocalRoom, due_ms: int | None) -> None:
        """Forget a room that fell asleep, and wake it when it is due."""
        del self._awake[room.id]
        if due_ms is not None and not self._closed:
            self._alarms.set(room.id, due_ms)
        self._detach(room)
        self.left(room)

    def left(self, room: LocalRoom) -> None:
        """Forget a sleeping room that nobody reads."""
        if not room.tail.readers and self._rooms.get(room.id) is room and room.id not in self._waking:
            del self._rooms[room.id]

    def deposed(self, room: LocalRoom, waiting: Sequence[PendingCommand]) -> None:
        """Forget a room that another process owns, and send that process these commands."""
        self._rooms.pop(room.id, None)
        self._awake.pop(room.id, None)
        self._alarms.cancel(room.id)
        self._detach(room)
        if waiting:
            task = asyncio.get_running_loop().create_task(self._hand_on(room.id, waiting))
            self._handing_on.add(task)
            task.add_done_callback(self._handing_on.discard)

    def _detach(self, room: Room) -> None:
        for reader in self._readers:
            _tell(reader.detach, room)

    async def _hand_on(self, id: str, waiting: Sequence[PendingCommand]) -> None:  # noqa: A002
        """Send commands to the owner of a room, in their order; the root of its task."""
        try:
            owner = await self.wake(id)
        except Exception as error:  # noqa: BLE001 - those who wait are told
            logger.warning("room.owner_not_found room=%s %s", id[:6], type(error).__name__)
            for command in waiting:
                command.fail(error)
            return
        await settled(_passed_on(command, owner) for command in waiting)

    # Waking

    def _check_open(self) -> None:
        if self._closed:
            raise restarting()

    def _wakes(self, id: str, *, quiet: bool = False) -> asyncio.Task[Room | None]:  # noqa: A002
        """Return the task that wakes a room; its result is the room if that has another owner."""
        waking = self._waking.get(id)
        if waking is None:
            if not _ID.fullmatch(id):
                raise NoSuchRoom
            task = asyncio.get_running_loop().create_task(self._wake(id), name=f"wake {id[:6]}")
            task.add_done_callback(_woken)
            waking = self._waking[id] = _Waking(task)
        waking.quiet = waking.quiet and quiet
        return waking.task

    async def _wake(self, id: str) -> Room | None:  # noqa: A002
        """Fold the log and let the room go on; no other task runs between that and the waking's end."""
        room: LocalRoom | None = None
        try:
            if id not in self._rooms and (elsewhere := await self._directory.owner(id)) is not None:
                del self._waking[id]
                taken_up = self._rooms.get(id)  # by who knew it, while the owner was asked for
                if taken_up is not None:
                    taken_up.step_down()
                return elsewhere
            room = self._rooms.get(id) or LocalRoom(id, self, Tail(self.view))
            self._rooms[id] = room
            folded = await self._folded(id)
            missed = await missed_since(self._log, id, room.tail.head, folded.newest)
        except Exception as error:
            del self._waking[id]
            if room is not None:
                room.stay_asleep(error)
                self.left(room)
            raise
        quiet = self._waking.pop(id).quiet
        self._take_in(room, folded, missed, quiet=quiet)
        return None

    def _take_in(self, room: LocalRoom, folded: Folded, missed: list[Event], *, quiet: bool) -> None:
        """Let a room go on from a state; its readers are told what they have missed."""
        self._awake[room.id] = room
        self._alarms.cancel(room.id)
        self._failed_wakes.pop(room.id, None)
        room.wake_up(folded, quiet=quiet)
        for reader in self._readers:
            _tell(reader.attach, room)
        if missed:
            room.tail.publish(missed)

    async def _folded(self, id: str) -> Folded:  # noqa: A002
        """Fold a room's log from its snapshot on."""
        rules = self.shared.rules
        folded = await self._snapshots.fold(id, rules.empty, rules.apply)
        if not folded.newest:
            raise NoSuchRoom
        return folded


async def _passed_on(command: PendingCommand, owner: Room) -> None:
    """Answer a command with what its room's owner says; the root of its share of a task."""
    try:
        command.grant(await command.request.send_to(owner))
    except Exception as error:  # noqa: BLE001 - the one who waits is told
        command.fail(error)


def _woken(task: asyncio.Task[Room | None]) -> None:
    """Note a waking that failed; whoever waits for it is told."""
    if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, NoSuchRoom):
        logger.warning("room.not_woken %s", type(error).__name__)


def _tell(told: Callable[[Room], None], room: Room) -> None:
    """Tell one reader of a room."""
    try:
        told(room)
    except Exception:  # the root of whatever the reader does: the room and the others must not suffer
        logger.exception("room.reader_failed room=%.6s", room.id)


def _names(room: RoomOpened) -> list[str]:
    """Return the ids a new room may take, best first; a private one can only be known, not guessed."""
    if not room.public:
        return [ids.unguessable()]
    slug = ids.slug(room.name)
    first = [] if slug in HOUSE_IDS else [slug]
    return [*first, *(f"{slug}-{i}" for i in range(2, SLUGS_TRIED)), f"{slug}-{secrets.token_hex(4)}"]
