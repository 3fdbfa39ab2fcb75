"""From one room to all its sockets: what one turn of the loop brings is one write a connection.

A batch is encoded and framed once. The next one waits twice as long as the last took to write
(`PACE`), so a busy room gathers more for each write and leaves most of the loop to others,
while a lone message goes out at once. No connection is ever awaited: who does not read is told to
come back with its cursor.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import length_hint

from msgspec import Struct
from msgspec.structs import replace

from server.room.events import Voice
from server.room.state import RoomState
from server.rooms.base import Room
from server.rooms.presence import PRESENT, PresenceState
from server.rooms.tail import Batch, Encoded
from server.socket.connection import Connection
from server.socket.frames import COME_BACK, frame, joined
from server.socket.replies import welcome
from server.socket.roster import Roster
from server.web.counts import Counts

# How long a room rests after a fan-out, in lengths of that fan-out.
PACE = 2.0
# ... but never longer than this: a fan-out during which the machine stood still must not hush the room.
REST_LIMIT_S = 0.25
# Who comes and goes is told with the room's next batch, or after this time when there is none.
PRESENCE_DELAY_S = 0.05
# Connections are looked at each time so much was written to all: none can have fallen further behind since.
LOOK_EVERY_BYTES = 64 * 1024
# How many past events a newcomer without a cursor gets.
HISTORY_EVENTS = 100

Describe = Callable[[str, RoomState, Counts], bytes]


class Part(Struct, frozen=True):
    """One message of a batch: what others see (None: nothing), and what one voice sees instead."""

    others: bytes | None
    voice: str | None = None
    theirs: bytes | None = None

    def seen_by(self, voice: str | None) -> bytes | None:
        """Return what a voice sees of it; None for all whom no part singles out."""
        return self.theirs if voice is not None and voice == self.voice else self.others


def parts_of(batch: Batch) -> list[Part]:
    """Return the messages of a batch: its events, then its signals."""
    events = [_event_part(encoded) for encoded in batch.events]
    signals = [Part(body) if to is None else Part(None, to, body) for to, body in batch.signals]
    return events + signals


def _event_part(encoded: Encoded) -> Part:
    if encoded.own is None or encoded.event.by is None:
        return Part(encoded.public)
    return Part(encoded.public, encoded.event.by.id, encoded.own)


def frame_for(parts: Iterable[Part], voice: str | None) -> bytes:
    """Return one frame with all that a voice sees of the parts."""
    return joined([body for part in parts if (body := part.seen_by(voice)) is not None])


class _Opening(Struct):
    """What newcomers without a cursor get in common; `owners` are voices that see some of it otherwise."""

    position: int
    roster: bytes
    events: Sequence[Encoded]
    owners: frozenset[str]
    frame: bytes


class _Card(Struct):
    state: RoomState
    counts: Counts
    body: bytes


class Fanout:
    """The connections of one room. Made with the first socket that comes, closed with the last that left."""

    def __init__(
        self,
        room: Room,
        *,
        describe: Describe,
        clock: Callable[[], int],
        empty: Callable[[Fanout], None],
    ) -> None:
        self.room = room
        self.roster = Roster()
        self.screens = 0  # those that sound comes from
        self.position = room.tail.head
        self._describe, self._clock, self._empty = describe, clock, empty
        # What writes to each, in the order they came: one walk over memory that lies side by side.
        self._connections: dict[Connection, Callable[[bytes], None]] = {}
        self._sockets = 0
        self._parts: list[Part] = []
        self._posts: list[tuple[Connection, bytes]] = []
        self._pending_head = self.position
        self._not_before_s = 0.0
        self._unlooked_bytes = 0
        self._timer: asyncio.Handle | None = None
        self._due_s = 0.0
        self._opening: _Opening | None = None
        self._described: _Card | None = None
        self._unsubscribe = room.tail.subscribe(self._hear, rested=self._rest, ended=self._end)

    def __len__(self) -> int:
        return len(self._connections)

    # --- connections

    def let_in(self) -> None:
        """Count a socket, so that the fan-out stays while the socket makes its way in."""
        self._sockets += 1

    def let_out(self) -> None:
        """Count a socket less; with the last the fan-out closes."""
        self._sockets -= 1
        if not self._sockets:
            self.close()

    def reach(self, after: int) -> None:
        """Bring the connections up to a cursor that somebody already has."""
        if after > self.position:
            self.flush()

    def greeting(self, state: RoomState, voice: Voice, key: str = "", *, anew: bool = False) -> bytes:
        """Return the welcome frame of a voice, with the key that was made for it, if any.

        `state` is the room's as of now.

        `anew` says that its cursor is not of this log.
        """
        counts, described = self.roster.told, self._described
        if described is None or described.state is not state or described.counts != counts:
            described = self._described = _Card(state, counts, self._describe(self.room.id, state, counts))
        return frame(welcome(described.body, voice, self.position, self._clock(), key, anew=anew))

    def join(self, connection: Connection, after: int | None, greeting: bytes = b"") -> bool:
        """Bring a connection in step: greeting, roster and the events after a cursor in one write.

        `after` None means the newest `HISTORY_EVENTS`. False when the tail does not reach back
        that far: then the log has to be read first.
        """
        if after is not None:
            self.reach(after)
        events = self._since(after)
        if events is None:
            return False
        self._connections[connection] = connection.put
        connection.ending = self._refuse
        self._moved(connection, None, PRESENT)
        if not connection.write(
            greeting + self._opening_frame(events, connection.voice.id, shared=after is None)
        ):
            self.leave(connection)
            return True
        self._schedule(PRESENCE_DELAY_S)
        return True

    def leave(self, connection: Connection) -> None:
        """Let a connection go; may be called again."""
        if connection not in self._connections:
            return
        del self._connections[connection]
        if not connection.is_away:
            self._moved(connection, connection.presence, None)
        self._schedule(PRESENCE_DELAY_S)

    def _refuse(self, connection: Connection) -> None:
        """Write no more to a connection that has ended."""
        if connection in self._connections:
            self._connections[connection] = connection.put

    def miss(self, connection: Connection) -> None:
        """Count a connection that owes a sign of life as nobody's; may be called again."""
        if connection in self._connections and not connection.is_away:
            connection.is_away = True
            self._moved(connection, connection.presence, None)
            self._schedule(PRESENCE_DELAY_S)

    def find(self, connection: Connection) -> None:
        """Count a connection again that gave a sign of life; may be called again."""
        if connection in self._connections and connection.is_away:
            connection.is_away = False
            self._moved(connection, None, PRESENT)
            self._moved(connection, PRESENT, connection.presence)
            self._schedule(PRESENCE_DELAY_S)

    def set_presence(self, connection: Connection, now: PresenceState) -> None:
        """Note how a connection is present."""
        if connection not in self._connections:
            return
        before, connection.presence = connection.presence, now
        if not connection.is_away:
            self._moved(connection, before, now)
        self._schedule(PRESENCE_DELAY_S)

    def mark_machine(self, connection: Connection) -> None:
        """Note that the voice of a connection is a machine: all its sockets count otherwise from now on."""
        voice = replace(connection.voice, machine=True)
        self.room.mark_machine(voice.id)
        for each in self._connections:
            if each.voice.id == voice.id:
                if not each.is_away and not each.is_screen:
                    self.roster.move(voice.id, each.presence, PRESENT)
                each.voice = voice
        connection.voice = voice
        self.roster.mark(voice)
        self._schedule(PRESENCE_DELAY_S)

    def _moved(self, connection: Connection, before: PresenceState | None, now: PresenceState | None) -> None:
        """Count a connection in, out or otherwise: for all who are here, and for the rules of the room.

        A screen is nobody in both: it is only known to be heard.
        """
        if connection.is_screen:
            was, is_ = before or PRESENT, now or PRESENT
            self.screens += (is_.listening != "off") - (was.listening != "off")
            return
        if before is None:
            self.roster.enter(connection.voice)
        elif now is None:
            self.roster.exit(connection.voice.id, before)
        else:
            self.roster.move(connection.voice.id, before, now)
        self.room.set_presence(connection.voice.id, before, now)

    def post(self, connection: Connection, body: bytes) -> None:
        """Send one connection an answer, behind all events that the room has brought so far."""
        if self._parts:
            self._posts.append((connection, body))
        elif not connection.write(frame(body)):
            self.leave(connection)

    def close(self) -> None:
        """Let go of the room; may be called again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        unsubscribe, self._unsubscribe = self._unsubscribe, _nothing
        if unsubscribe is not _nothing:
            unsubscribe()
            self._empty(self)

    def _rest(self) -> None:
        """Drop the state and events of a room that falls asleep."""
        self._opening = self._described = None

    def _end(self) -> None:
        """Send the connections away, for another process has the room: they come back with a cursor."""
        for connection in self._connections:
            connection.end(COME_BACK, "moved")
        self.close()

    # --- batches

    def _hear(self, batch: Batch) -> None:
        self._parts += parts_of(batch)
        if batch.events:
            self._pending_head = batch.events[-1].event.seq
        self._schedule()

    def _schedule(self, delay_s: float = 0.0) -> None:
        """See to it that what waits is written soon: at once, after a delay, or after the room's rest."""
        if self._unsubscribe is _nothing:
            return
        # Not loop.time(): uvloop's stands still within a turn.
        now_s = time.monotonic()
        due_s = max(self._not_before_s, now_s + delay_s)
        if self._timer is not None:
            if self._due_s <= due_s:
                return
            self._timer.cancel()
        loop, self._due_s = asyncio.get_running_loop(), due_s
        later = due_s > now_s
        self._timer = loop.call_later(due_s - now_s, self.flush) if later else loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits to all connections, now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        began_s = time.monotonic()
        news = self.roster.news()
        parts, self._parts = self._parts, []
        if news is not None:
            parts.append(Part(news))
        self.position = self._pending_head
        posts, self._posts = self._posts, []
        shared = frame_for(parts, None)
        self._write(shared, self._apart(parts, posts, shared))
        ended_s = time.monotonic()
        self._not_before_s = ended_s + min(PACE * (ended_s - began_s), REST_LIMIT_S)

    def _apart(
        self, parts: list[Part], posts: list[tuple[Connection, bytes]], shared: bytes
    ) -> dict[Connection, bytes]:
        """Return what some connections get instead of the shared frame."""
        voices = {part.voice: b"" for part in parts if part.voice is not None}
        for voice in voices:
            voices[voice] = frame_for(parts, voice)
        apart = {m: voices[m.voice.id] for m in self._connections if m.voice.id in voices} if voices else {}
        for connection, body in posts:
            apart[connection] = apart.get(connection, shared) + frame(body)
        return apart

    def _write(self, shared: bytes, apart: dict[Connection, bytes]) -> None:
        writes = self._connections
        if apart:
            writes = writes.copy()
            for connection in apart:
                writes.pop(connection, None)
        lost = self._put(shared, writes) if shared else []
        lost += [connection for connection, data in apart.items() if data and not connection.write(data)]
        self._unlooked_bytes += len(shared)
        if self._unlooked_bytes > LOOK_EVERY_BYTES:
            self._unlooked_bytes = 0
            lost += [connection for connection in self._connections if connection.is_slow()]
        for connection in lost:
            self.leave(connection)

    @staticmethod
    def _put(data: bytes, writes: Mapping[Connection, Callable[[bytes], None]]) -> list[Connection]:
        """Write the same to many, and return those who are gone."""
        # The connections themselves are not touched: that costs 0.3 us each, as much as a put.
        # A put that changes who is connected would end the walk of a mapping, each time anew.
        puts, refused = list(writes.values()), list[int]()
        walk = iter(puts)
        while True:
            try:
                for put in walk:
                    put(data)
            except RuntimeError:
                refused.append(len(puts) - 1 - length_hint(walk))
            else:
                break
        connections = list(writes) if refused else []
        return [connections[place] for place in refused]

    # --- newcomers

    def _since(self, after: int | None) -> Sequence[Encoded] | None:
        """Return the events after a cursor, None when the tail lacks even one of them."""
        tail = self.room.tail
        if after is None:
            return tail.newest(HISTORY_EVENTS)
        events = tail.since(after)
        return None if events and events[0].event.prev > after else events

    def _opening_frame(self, events: Sequence[Encoded], voice: str, *, shared: bool) -> bytes:
        if not shared:
            return self._past(events, voice)
        opening = self._opening
        if opening is None or not self._is_fresh(opening, events):
            owners = frozenset(e.event.by.id for e in events if e.own is not None and e.event.by is not None)
            past = self._past(events, None)
            opening = self._opening = _Opening(self.position, self.roster.full(), events, owners, past)
        return self._past(events, voice) if voice in opening.owners else opening.frame

    def _is_fresh(self, opening: _Opening, events: Sequence[Encoded]) -> bool:
        """Tell whether an opening still holds; an event that was erased since is another object."""
        same = opening.position == self.position and opening.roster is self.roster.full()
        # Lists of the same objects compare by identity, in about a microsecond.
        return same and opening.events == events

    def _past(self, events: Sequence[Encoded], voice: str | None) -> bytes:
        """Return roster and events up to where the connections are; the rest comes with the next batch."""
        shown = [_event_part(encoded) for encoded in events if encoded.event.seq <= self.position]
        return frame_for([Part(self.roster.full()), *shown], voice)


def _nothing() -> None:
    """Stand for a subscription that is over."""
