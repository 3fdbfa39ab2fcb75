"""One socket's side of the talk: what its visitor sends, and the answer to each message.

Messages are taken in order and their commands reach the room in order, but nothing waits for a
slow one: each is answered by a task of its own, so a take that is being finished holds up no chat.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

from msgspec import Struct

from server.http.floods import NEWCOMER_MS, RoomFloods
from server.http.limits import Action, Limits, Rate
from server.room import masks, rounds
from server.room.commands import Forget, Refused, broken, restarting
from server.room.events import Event, Voice
from server.rooms.base import Asleep, Room
from server.rooms.presence import PresenceState
from server.socket.connection import Connection
from server.socket.fanout import Fanout
from server.socket.frames import NOT_ALLOWED, NOT_THE_PROTOCOL, PONG, frame
from server.socket.messages import (
    BadMessage,
    CommandMessage,
    Drop,
    Here,
    Id,
    Keep,
    Message,
    NotTheProtocol,
    Ping,
    SpeakStart,
    SpeakStop,
    TakeMessage,
    asked,
    parse,
)
from server.socket.replies import ack, pong, refused

# Messages of one socket that may wait for their answer at once.
IN_FLIGHT = 32
# What is refused for its form or its haste is counted; who goes on regardless is closed with 1008.
STRIKES = Rate(60, 5.0)

logger = logging.getLogger(__name__)


class Takes(Protocol):
    """What a conversation asks of the takes of a server."""

    async def begin(self, room: Room, voice: Voice, peer: str) -> None:
        """Open a take. Raises `Refused`."""

    async def stop(self, room: Room, voice: Voice, onset_ms: int | None, peer: str = "") -> Event | None:
        """End the take, of one peer if it is named. Raises `Refused`.

        Returns its durable `clip.landed`, or None when its speaker hears it first.
        """

    async def keep(self, room: Room, voice: Voice, preview: str) -> Event:
        """Let a heard take land and return its durable `clip.landed`. Raises `Refused`."""

    def drop(self, room: Room, voice: Voice, preview: str) -> None:
        """Let go of a heard take. Raises `Refused`."""


class SocketContext(Struct, frozen=True):
    """What all conversations of a server share.

    `own` keeps a task until it is done, `once` answers a repeat with the first answer (given an id
    and what it is used for), `listening` is told the room in which somebody began to listen, `forgotten` the
    room and the voice of who took everything back, and `came` who came into any room.
    """

    takes: Takes
    limits: Limits
    floods: RoomFloods
    clock: Callable[[], int]
    own: Callable[[Coroutine[None, None, None]], asyncio.Task[None]]
    once: Callable[[str, bytes, Callable[[], Coroutine[None, None, int]]], Awaitable[int]]
    is_draining: Callable[[], bool]
    listening: Callable[[str], None]
    forgotten: Callable[[str, str], Awaitable[None]]
    came: Callable[[bytes], None]


class Conversation:
    """Hears what one connection of a room says."""

    __slots__ = (
        "_admin",
        "_came_ms",
        "_connection",
        "_context",
        "_fanout",
        "_in_flight",
        "_salt",
        "_speech",
        "_struck_until_s",
    )

    def __init__(
        self,
        context: SocketContext,
        fanout: Fanout,
        connection: Connection,
        salt: bytes,
        *,
        admin: bool = False,
    ) -> None:
        self._admin = admin
        self._salt = salt
        self._context = context
        self._fanout = fanout
        self._connection = connection
        self._in_flight = 0
        self._came_ms = time.monotonic() * 1000
        self._struck_until_s = 0.0
        self._speech: asyncio.Task[None] | None = None

    def hear(self, body: str) -> None:
        """Take one text message."""
        if self._connection.ended:
            return
        try:
            message = parse(body)
        except NotTheProtocol as stranger:
            self._connection.end(NOT_THE_PROTOCOL, str(stranger))
        except BadMessage as bad:
            self._refuse(bad.id, Refused("bad_message", str(bad)))
        else:
            self._take(message)

    def _take(self, message: Message) -> None:
        try:
            self._check(message)
            self._place()
            if isinstance(message, Here):
                self._set_presence(message)
                return
        except Refused as refusal:
            self._refuse(message.id, refusal)
            return
        if isinstance(message, Ping):
            # At once, past what waits: pages set their clock by it.
            self._connection.write(frame(pong(message.t, self._context.clock(), message.id)))
        else:
            self._begin(message)

    def _place(self) -> None:
        """Let the room know by which network this message comes, should it have forgotten."""
        if self._connection.network:
            self._fanout.room.set_network(self._connection.voice.id, self._connection.network)

    def _set_presence(self, here: Here) -> None:
        if here.machine and not self._connection.voice.machine:
            self._fanout.mark_machine(self._connection)
        room, before = self._fanout.room, self._connection.presence
        if here.mask is not None:
            room.wear(self._connection.voice.id, masks.checked(here.mask))
        if here.consented:
            room.consent(self._connection.voice.id)
        now = PresenceState(here.speaker, here.listening, here.pace, here.voice, here.captions)
        self._fanout.set_presence(self._connection, now)
        self._send(ack(here.id, room.tail.head))
        if now.is_inside and not self._connection.voice.machine and not self._connection.is_screen:
            self._context.came(self._salt)
        if before.listening == "off" != here.listening and not self._connection.voice.machine:
            self._context.listening(room.id)

    def _check(self, message: Message) -> None:
        if self._in_flight >= IN_FLIGHT:
            raise Refused("too_fast", "Too much at once. Wait for the answers first.", 1_000)
        if self._context.is_draining() and not isinstance(message, Ping | SpeakStop | Keep):
            raise restarting()
        self._count(message.action)
        if message.action in {"say", "react"} and self._context.limits.on:
            self._check_flood(message.action)

    def _check_flood(self, action: Action) -> None:
        """Count what is written against what the room takes of all together."""
        floods, connection, room = self._context.floods, self._connection, self._fanout.room
        now_ms = time.monotonic() * 1000
        if action == "react":
            floods.check_reaction(room.id, now_ms)
            return
        newcomer = floods.is_slow(room.id, now_ms) and self._is_newcomer(now_ms)
        who = room.id, connection.voice.id, connection.address
        floods.check_line(*who, now_ms, newcomer=newcomer, language=room.voices_language)

    def _is_newcomer(self, now_ms: float) -> bool:
        """Tell whether a visitor has just come in and was not heard here: of a room that sleeps nobody is."""
        if now_ms - self._came_ms >= NEWCOMER_MS:
            return False
        try:
            return not self._fanout.room.state.clips.of_voice(self._connection.voice.id)
        except Asleep:
            return False

    def _count(self, action: Action) -> None:
        connection = self._connection
        now_ms = time.monotonic() * 1000
        self._context.limits.check(
            action, voice=connection.voice.id, address=connection.address, now_ms=now_ms
        )

    def _begin(self, message: CommandMessage | TakeMessage) -> None:
        self._in_flight += 1
        if isinstance(message, CommandMessage):
            self._context.own(self._answer(message.id, self._commanded(message)))
            return
        # What is asked of the takes goes there in order, too.
        self._speech = self._context.own(self._answer(message.id, self._spoken(message, self._speech)))

    async def _answer(self, id_: Id, granted: Coroutine[None, None, int]) -> None:
        """Wait until a message is granted, and answer it; the root of its task."""
        try:
            reply = ack(id_, await granted)
        except Refused as refusal:
            reply = refused(id_, refusal)
        except Exception:
            logger.exception("socket.message_failed room=%s", self._fanout.room.id[:6])
            reply = refused(id_, broken())
        finally:
            self._in_flight -= 1
        self._send(reply)

    async def _commanded(self, message: CommandMessage) -> int:
        room, voice, key = self._fanout.room, self._connection.voice, str(message.id)
        if self._admin and message.governs:
            events = await room.send(message.overseen(), by=None, key=f"{voice.id} {key}", salt=self._salt)
        else:
            command = message.command()
            events = await room.send(command, by=voice, key=key, salt=self._salt)
            if isinstance(command, Forget) and command.everything:
                await self._context.forgotten(room.id, voice.id)
        return events[-1].seq if events else room.tail.head

    async def _spoken(self, message: TakeMessage, before: asyncio.Task[None] | None) -> int:
        if before is not None:
            await asyncio.wait([before])
        key = f"{self._fanout.room.id} {self._connection.voice.id} {message.id}"
        return await self._context.once(key, asked(message), lambda: self._ask_takes(message))

    async def _ask_takes(self, message: TakeMessage) -> int:
        room, voice, takes = self._fanout.room, self._connection.voice, self._context.takes
        event: Event | None = None
        match message:
            case SpeakStart(peer=peer, round=round_):
                state = await room.awake()
                rounds.check_take(state, round_)
                if rounds.is_aside(state, voice.id):
                    self._count("aside")
                await takes.begin(room, voice, peer)
            case SpeakStop(onset_ms=onset_ms, peer=peer):
                event = await takes.stop(room, voice, onset_ms, peer or "")
            case Keep(preview=preview):
                event = await takes.keep(room, voice, preview)
            case Drop(preview=preview):
                takes.drop(room, voice, preview)
        return event.seq if event else room.tail.head

    def _send(self, body: bytes) -> None:
        self._fanout.post(self._connection, body)

    def _refuse(self, id_: Id | float, why: Refused) -> None:
        self._strike()
        if id_ != "":
            self._send(refused(id_, why))

    def find(self) -> None:
        """Count its visitor as here again, who was silent for long."""
        self._fanout.find(self._connection)

    def answer_ping(self, payload: bytes) -> None:
        """Answer a ping of the connection (RFC 6455 5.5.3)."""
        try:
            self._count("ping")
        except Refused:
            self._strike()
        else:
            self._connection.write(frame(payload, PONG))

    def _strike(self) -> None:
        """Count a refusal; too many in a short time end the socket."""
        now_s = time.monotonic()
        self._struck_until_s = max(self._struck_until_s, now_s) + 1 / STRIKES.per_s
        if self._struck_until_s - now_s > STRIKES.burst / STRIKES.per_s:
            self._connection.end(NOT_ALLOWED, "too many refused messages")
