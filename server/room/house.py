"""All rooms: opens them, wakes them when somebody comes, lets them sleep when nobody is there.

A sleeping room is nothing but its log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random
from typing import Protocol

from server.log.base import Blob, Conflict, Listing, Log
from server.room import ids
from server.room.actor import Room, Rules
from server.room.commands import Command, Open, Refused, restarting
from server.room.context import Context
from server.room.decide import decide, due, erasures
from server.room.events import Event, RoomOpened, Voice
from server.room.state import EMPTY, RoomState, apply
from server.room.tail import Tail, View
from server.room.view import view

IDLE_MS = 60_000
WAKE_PAGE_EVENTS = 200  # some ms of folding, for audio is paced in the same loop
WOKEN_TAIL_EVENTS = 128  # enough for whoever comes in; the tail grows with what happens
SLUGS_TRIED = 20
RULES = Rules(EMPTY, decide, apply, due, erasures)

log = logging.getLogger(__name__)

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NoSuchRoom(Exception):
    """There is no room of this id."""


class RoomReader(Protocol):
    """Reads the tails of the rooms that are awake: each from its waking to its falling asleep."""

    def attach(self, room: Room) -> None:
        """Begin with a room that woke; its tail tells what happens from now on."""

    def detach(self, room: Room) -> None:
        """Let go of a room that fell asleep."""


class House:
    """Keeps the awake rooms by id and wakes the others from the log."""

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
    ) -> None:
        self._log, self.clock, self._random, self._secret = log, clock, random, secret
        self._idle_ms, self._rules, self._view = idle_ms, rules, view
        self._rooms: dict[str, Room] = {}
        self._waking: dict[str, asyncio.Task[Room]] = {}
        self._closed = False
        self._readers: list[RoomReader] = []

    def __len__(self) -> int:
        """Return how many rooms are awake."""
        return len(self._rooms)

    def ids(self) -> list[str]:
        """Return the ids of the rooms that are awake."""
        return list(self._rooms)

    def register(self, reader: RoomReader) -> None:
        """Attach a reader to the rooms that are awake, and from now on to each that wakes."""
        self._readers.append(reader)
        for room in self._rooms.values():
            _told(reader.attach, room)

    async def open(self, room: RoomOpened, by: Voice | None, *, id: str | None = None) -> Room:  # noqa: A002
        """Make a room and return it awake; without an id a public one gets a readable one.

        Raises `Refused`, with `room_taken` when the id is in use.
        """
        self._check_open()
        context = Context(self.clock(), self._random)
        drafts = self._rules.decide(self._rules.empty, Open(room), by, context)
        for name in [id] if id is not None else _names(room):
            try:
                await self._log.append(name, drafts, expect=0)
            except Conflict:
                continue
            return await self.wake(name)
        raise Refused("room_taken", "There is a room of this name already.")

    async def wake(self, id: str) -> Room:  # noqa: A002
        """Return a room, folded from its log when it slept; hold it within `idle_ms`. Raises `NoSuchRoom`."""
        if room := self._rooms.get(id):
            room.use()
            return room
        self._check_open()
        task = self._waking.get(id)
        if task is None:
            if not _ID.fullmatch(id):
                raise NoSuchRoom
            task = asyncio.get_running_loop().create_task(self._wake(id), name=f"wake {id[:6]}")
            self._waking[id] = task
        return await asyncio.shield(task)

    def awake(self, id: str) -> Room | None:  # noqa: A002
        """Return a room when it is awake."""
        return self._rooms.get(id)

    def is_waking(self, id: str) -> bool:  # noqa: A002
        """Tell whether a room is being woken, which whoever else asks for it then shares."""
        return id in self._waking

    async def look(self, id: str) -> RoomState:  # noqa: A002
        """Return a room's state without waking it. Raises `NoSuchRoom`."""
        room = self._rooms.get(id)
        return room.state if room is not None else (await self._folded(id))[0]

    async def send(
        self,
        id: str,  # noqa: A002
        command: Command,
        *,
        by: Voice | None,
        key: str | None = None,
        blobs: Sequence[Blob] = (),
    ) -> list[Event]:
        """Wake a room and send it a command. Raises what `wake` and `Room.send` raise."""
        room = await self.wake(id)
        return await room.send(command, by=by, key=key, blobs=blobs)

    async def listings(self, limit: int = 100) -> list[Listing]:
        """Return the public rooms, those with the newest event first."""
        return await self._log.rooms(limit, public=True)

    def voice(self, key: str, room: Room | str) -> Voice:
        """Return who a key is in a room; its name is English when only the id of a sleeping room is given."""
        awake = self._rooms.get(room) if isinstance(room, str) else room
        language = awake.state.language if awake is not None else "en"
        return ids.voice(self._secret, key, room if isinstance(room, str) else room.id, language)

    def left(self, room: Room) -> None:
        """Let go of a room that fell asleep."""
        if self._rooms.get(room.id) is room:
            del self._rooms[room.id]
            for reader in self._readers:
                _told(reader.detach, room)

    async def close(self) -> None:
        """Finish what all rooms have begun and let them sleep; may be called again."""
        self._closed = True
        if self._waking:
            await asyncio.wait(list(self._waking.values()))
        for room in list(self._rooms.values()):
            await room.close()

    def _check_open(self) -> None:
        if self._closed:
            raise restarting()

    async def _wake(self, id: str) -> Room:  # noqa: A002
        """Fold the log and take the room in, in one step with the end of the waking."""
        try:
            state, newest = await self._folded(id)
            room = self._rooms[id] = self._room(id, state, newest)
        finally:
            del self._waking[id]
        for reader in self._readers:
            _told(reader.attach, room)
        return room

    async def _folded(self, id: str) -> tuple[RoomState, list[Event]]:  # noqa: A002
        """Fold the log once, keeping the newest events for a tail."""
        state, newest = self._rules.empty, list[Event]()
        async for events in self._pages(id):
            for event in events:
                state = self._rules.apply(state, event)
            newest = (newest + events)[-WOKEN_TAIL_EVENTS:]
        if not newest:
            raise NoSuchRoom
        return state, newest

    def _room(self, id: str, state: RoomState, newest: list[Event]) -> Room:  # noqa: A002
        return Room(
            id,
            self,
            log=self._log,
            rules=self._rules,
            state=state,
            tail=Tail(self._view, newest),
            clock=self.clock,
            random=self._random,
            idle_ms=self._idle_ms,
        )

    async def _pages(self, id: str) -> AsyncIterator[list[Event]]:  # noqa: A002
        after = 0
        while events := await self._log.read(id, after, WAKE_PAGE_EVENTS):
            after = events[-1].seq
            yield events


def _told(told: Callable[[Room], None], room: Room) -> None:
    """Tell one reader of a room."""
    try:
        told(room)
    except Exception:  # the root of whatever the reader does: the room and the others must not suffer
        log.exception("house.reader_failed room=%.6s", room.id)


def _names(room: RoomOpened) -> list[str]:
    """Return the ids a new room may take, best first; a private one can only be known, not guessed."""
    if not room.public:
        return [ids.unguessable()]
    slug = ids.slug(room.name)
    return [slug, *(f"{slug}-{i}" for i in range(2, SLUGS_TRIED)), f"{slug}-{secrets.token_hex(4)}"]
