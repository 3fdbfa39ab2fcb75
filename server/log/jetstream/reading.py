"""Reading rooms from their streams: where one ends, its messages, and the copies of blanked ones.

Any replica answers, also one that lags: what it lacks is asked of the leader.
"""

from __future__ import annotations

import base64
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence

import msgspec

from server.log.base import Damaged
from server.log.chain import is_outdated
from server.log.jetstream.records import (
    ALL_BEFORE,
    MARK_EVERY,
    KeyUse,
    Message,
    Place,
    name,
    place_of,
    record_of,
    token,
)
from server.log.jetstream.records import shard as shard_of
from server.nats.codes import NO_MESSAGE
from server.nats.connection import Connection, NatsRefused, NatsSilent, Stored
from server.room.events import Event

BATCH = 256  # messages that one request asks for
PLACES_KEPT = 1_024  # rooms whose ends are remembered, with their keys
STEPS = 64  # from mark to mark, before the messages are walked from where that came to
NEAR = 2 * MARK_EVERY[0]  # so many events are read in vain rather than looking for a nearer mark
READ_S = 3.0

logger = logging.getLogger(__name__)


class Rooms:
    """The messages of all rooms, and where the rooms that were used last end."""

    def __init__(self, connection: Connection, shards: int) -> None:
        self._connection = connection
        self.shards = shards
        self._places: OrderedDict[str, Place] = OrderedDict()
        self._suspected: dict[str, Place] = {}

    # Names

    def stream(self, room: str) -> str:
        """Return the stream of a room."""
        return f"ROOMS_{shard_of(room, self.shards)}"

    def subject(self, room: str) -> str:
        """Return the subject of a room."""
        return f"rooms.{shard_of(room, self.shards)}.{token(room)}"

    def blank(self, room: str, seq: int | str) -> str:
        """Return the subject of the copy of a message from which something was erased."""
        return f"blank.{shard_of(room, self.shards)}.{token(room)}.{seq}"

    # Where a room ends

    def known(self, room: str) -> Place | None:
        """Return where a room ended when this process last saw it."""
        return self._places.get(room)

    def keep(self, room: str, place: Place) -> None:
        """Remember where a room ends now."""
        self._places[room] = place
        self._places.move_to_end(room)
        while len(self._places) > PLACES_KEPT:
            self._places.popitem(last=False)

    def forget(self, room: str) -> None:
        """Forget where a room ends: somebody else wrote, or nobody knows what was stored."""
        self._places.pop(room, None)

    def suspect(self, room: str, place: Place) -> None:
        """Note that messages which a room took back may be there still."""
        self._suspected[room] = place

    def trust(self, room: str) -> None:
        """Note that all that a room took back is gone."""
        self._suspected.pop(room, None)

    def is_gone(self, room: str, seq: int) -> bool:
        """Tell whether a message that is there was taken back."""
        places = filter(None, (self._places.get(room), self._suspected.get(room)))
        return any(
            seq in place.pending or (ALL_BEFORE in place.pending and seq < place.base) for place in places
        )

    async def look(self, room: str) -> Place:
        """Return where a room ends as any replica has it."""
        return await self._ends(room, await self._connection.newest(self.stream(room), self.subject(room)))

    async def look_surely(self, room: str) -> Place:
        """Return where a room ends as the leader of its stream has it."""
        return await self._ends(room, await self._of_leader(room, {"last_by_subj": self.subject(room)}))

    async def _ends(self, room: str, newest: Stored | None) -> Place:
        """Return the place after the newest message, or the newest that is ours, for any can be put there."""
        if newest is None:
            return Place()
        message = message_of(room, newest)
        if message is not None:
            return place_of(newest.seq, message.seq, message.record)
        logger.warning("log.junk room=%.6s seq=%d", room, newest.seq)
        found = Place(newest.seq)
        seq = 1
        while seq <= newest.seq:
            messages = await self._batch(room, seq)
            for message in filter(None, (message_of(room, stored) for stored in messages)):
                found = place_of(newest.seq, message.seq, message.record)
            seq = messages[-1].seq + 1 if messages else newest.seq + 1
        return found

    # Messages

    async def events(self, room: str, after: int, limit: int, place: Place | None = None) -> list[Event]:
        """Return at most `limit` events after a number. Raises `Damaged`, `OSError`."""
        after = max(after, 0)
        place = place or await self.look(room)
        last = min(place.last, after + max(limit, 0))
        if last <= after:
            return []
        try:
            messages = await self.messages(room, after + 1, last, place)
            found = [event for message in messages for event in message.events()]
        except msgspec.DecodeError as error:
            raise Damaged("a message of a room cannot be read") from error
        return [event for event in found if after < event.seq <= last]

    async def messages(self, room: str, first: int, last: int, place: Place) -> list[Message]:
        """Return the messages that hold the events from a number to a number, in their order."""
        seq, number = await self._start(room, first, place)
        found: list[Message] = []
        while number <= last:
            fresh = await self._batch(room, seq, min(BATCH, last - number + 1))
            if not fresh:
                leading = await self._of_leader(room, {"seq": seq, "next_by_subj": self.subject(room)})
                fresh = [] if leading is None else [leading]
            if not fresh:
                return await self._short(room, place)
            seq = fresh[-1].seq + 1
            for message in filter(None, (message_of(room, stored) for stored in fresh)):
                if message.record.first > number:
                    found += await self._hole(room, number, message, place)
                if message.record.last >= message.record.first:
                    found.append(await self.current(message, place))
                number = max(number, message.record.last + 1)
        return [each for each in found if each.record.last >= first and each.record.first <= last]

    async def current(self, message: Message, place: Place) -> Message:
        """Return a message, or its blanked copy when something was erased from it and it is there still."""
        if message.seq in place.pending:
            return await self.copy(message.room, message.seq) or message
        return message

    async def copy(self, room: str, seq: int) -> Message | None:
        """Return the blanked copy of a message."""
        stored = await self._connection.newest(self.stream(room), self.blank(room, seq))
        record = record_of(stored.headers) if stored is not None else None
        if stored is None or record is None:
            return None
        return Message(room, seq, stored.seq, stored.stamp, record, stored.body)

    async def _hole(self, room: str, number: int, after: Message, place: Place) -> list[Message]:
        """Return the blanked copies between a number and a message: each names the message before it."""
        found: list[Message] = []
        prev = after.record.prev
        while not found or found[-1].record.first > number:
            copy = await self.copy(room, prev)
            if copy is None:
                await self._short(room, place)
                return []
            if copy.record.last >= copy.record.first:
                found.append(copy)
            prev = copy.record.prev
        return found[::-1]

    async def _short(self, room: str, place: Place) -> list[Message]:
        """Tell why messages lack: the room was dropped, or they are lost."""
        if (await self.look_surely(room)).base > place.base:
            return []
        raise Damaged("messages of a room are lost")

    async def _start(self, room: str, number: int, place: Place) -> tuple[int, int]:
        """Return a sequence, not after the message with a number, and the first number from there on."""
        best = (1, place.base + 1)
        marks, near = place.marks, (place.record.first, place.seq)
        for _ in range(STEPS):
            here = [mark for mark in (near, *marks) if mark[1] > place.base]
            best = max([best, *(mark for mark in here if mark[0] <= number)])
            beyond = [mark for mark in here if mark[0] > number]
            if number - best[0] < NEAR or not beyond or min(beyond)[1] == near[1]:
                break
            near = min(beyond)
            message = await self._at(room, near[1])
            if message is None:
                break
            marks = message.record.marks
        return best[1], best[0]

    async def _at(self, room: str, seq: int) -> Message | None:
        stored = await self._connection.get(self.stream(room), seq)
        return message_of(room, stored) if stored is not None else await self.copy(room, seq)

    async def from_sequence(self, room: str, seq: int, place: Place) -> list[Message]:
        """Return the messages with events from a sequence on; those of which that is erased are left out."""
        message = await self._at(room, seq)
        if message is None or seq <= place.base:
            return []
        return await self.messages(room, message.record.first, place.last, place)

    async def uses(self, room: str, first: int, last: int, place: Place | None = None) -> list[KeyUse]:
        """Return the keys of some events that the room's time and its newer keys have not outdated."""
        place = place or await self.look(room)
        try:
            messages = await self.messages(room, first, min(last, place.last), place)
            found = [use for message in messages for use in message.uses()]
        except msgspec.DecodeError as error:
            raise Damaged("the keys of a room cannot be read") from error
        used, now_ms = place.record.used, place.record.at_ms
        return [
            use
            for use in found
            if first <= use.first <= last and not is_outdated(used - use.nth, use.at_ms, now_ms)
        ]

    async def all(self) -> AsyncIterator[str]:
        """Yield every room that has a message, dropped ones too."""
        for shard in range(self.shards):
            offset = 0
            while page := await self._subjects(shard, offset):
                for room in filter(None, map(room_of, page)):
                    yield room
                offset += len(page)

    async def _subjects(self, shard: int, offset: int) -> list[str]:
        """Return some subjects of a shard's rooms, as many as the server tells at once."""
        asked = {"subjects_filter": f"rooms.{shard}.*", "offset": offset}
        try:
            info = await self._connection.js(f"STREAM.INFO.ROOMS_{shard}", asked, READ_S)
        except NatsRefused as refused:
            raise NatsSilent(f"the storage does not answer: {refused}") from refused
        return list(info["state"].get("subjects") or ())

    async def sequences(self, room: str, below: int) -> list[int]:
        """Return where all messages of a room below a sequence are, blanked copies included."""
        found: list[int] = []
        for subject in (self.subject(room), self.blank(room, "*")):
            seq = 1
            while messages := await self._batch(room, seq, subject=subject):
                found += [message.seq for message in messages if message.seq < below]
                seq = messages[-1].seq + 1
        return found

    async def _batch(
        self, room: str, seq: int, count: int = BATCH, subject: str | None = None
    ) -> Sequence[Stored]:
        asked = {"seq": seq, "batch": count, "next_by_subj": subject or self.subject(room)}
        return await self._connection.batch(self.stream(room), asked, READ_S)

    async def _of_leader(self, room: str, asked: dict[str, int | str]) -> Stored | None:
        """Return a message as the leader of the stream has it: never an old one."""
        try:
            answer = await self._connection.js(f"STREAM.MSG.GET.{self.stream(room)}", asked, READ_S)
        except NatsRefused as refused:
            if refused.code == NO_MESSAGE:
                return None
            raise NatsSilent(f"the storage does not answer: {refused}") from refused
        return of_api(answer["message"])


def message_of(room: str, stored: Stored) -> Message | None:
    """Return what is stored as a room's message; None for what others have put there."""
    record = record_of(stored.headers)
    if record is None:
        return None
    return Message(room, stored.seq, stored.seq, stored.stamp, record, stored.body)


def room_of(subject: str) -> str | None:
    """Return the room of a message's subject."""
    return name(subject.split(".")[2])


def of_api(message: dict[str, object]) -> Stored:
    """Return a message in the form of the API: its headers and body are in base64."""
    lines = base64.b64decode(str(message.get("hdrs", ""))).decode().split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines if line)
    headers = {key.strip(): value.strip() for key, _, value in pairs}
    seq, stamp = int(str(message["seq"])), str(message["time"])
    return Stored(
        str(message["subject"]), seq, stamp, headers, base64.b64decode(str(message.get("data", "")))
    )
