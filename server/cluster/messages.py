"""What nodes send each other: queries to a node and its answers, frames of a room's tail, beats.

Each is a version, then JSON. What is junk, of another version or too long raises `Junk`: others may use
the same servers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from server.cluster.members import NODE_PATTERN, Beat
from server.room.commands import Command, Oversee, Refused
from server.room.events import Event, Voice
from server.room.events import decode as decode_event
from server.room.events import encode as encode_event
from server.rooms.changes import Change

VERSION = b"w1"
# The longest message; the server's own limit (`max_payload`) is 4 MB.
MESSAGE_BYTES = 3_000_000
# Events of one frame of a tail; more go into several frames.
FRAME_BYTES = 512_000
# Of so many changes of presence one message tells, and of so many bytes; two such parts fit into a message.
CHANGES_MOST = 2_000
PART_BYTES = 1_400_000
# A node that begins to follow tells of its visitors in at most so many parts.
PARTS_MOST = 100

T = TypeVar("T")

RoomId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Node = Annotated[str, Meta(pattern=f"^{NODE_PATTERN}$")]
Count = Annotated[int, Meta(ge=0)]


class Junk(Exception):
    """This is no message of ours, or not one of this version."""


class Packed(Struct, frozen=True):
    """A command by the name of its class; `inner` is that of the one that an `Oversee` holds."""

    name: str
    body: Raw
    inner: str = ""


class Heard(Struct, frozen=True, tag="heard"):
    """A voice speaks now, or no longer does."""

    voice: str
    on: bool


class MoreHolds(Struct, frozen=True, tag="more_holds"):
    """So many more holds keep the room awake, or fewer."""

    more: int


class Signalled(Struct, frozen=True, tag="signalled"):
    """A signal to one voice, or to all."""

    to: str | None
    body: Raw


Act = Change | Heard | MoreHolds | Signalled


class Send(Struct, frozen=True, tag="send"):
    """Decide a command: see `Room.send`. After the deadline (on the sender's clock) it is not begun."""

    room: RoomId
    node: Node
    deadline_ms: int
    command: Packed
    by: Voice | None = None
    key: str | None = None
    salt: bytes = b""
    quiet: bool = False


class Wake(Struct, frozen=True, tag="wake"):
    """Wake a room."""

    room: RoomId
    node: Node


class Follow(Struct, frozen=True, tag="follow"):
    """Tell a node of a room from now on; `changes` are all that its own visitors are there.

    What is too long for one message comes in parts with the numbers `part`, each but the last with `more`.
    """

    room: RoomId
    node: Node
    changes: Annotated[list[Change], Meta(max_length=CHANGES_MOST)] = []
    holds: Count = 0
    part: Annotated[int, Meta(ge=0, lt=PARTS_MOST)] = 0
    more: bool = False


class Tell(Struct, frozen=True, tag="tell"):
    """What the visitors of a node do, beside commands; `nr` counts what it told since it followed."""

    room: RoomId
    node: Node
    nr: Count
    acts: Annotated[list[Act], Meta(max_length=CHANGES_MOST)]


class Leave(Struct, frozen=True, tag="leave"):
    """Tell a node no more of a room: it has no visitors there."""

    room: RoomId
    node: Node


class Taken(Struct, frozen=True, tag="taken"):
    """A room of this node was claimed by another; the log is asked whether that is so."""

    room: RoomId


class Doubted(Struct, frozen=True, tag="doubted"):
    """This node was taken for gone, and rooms of it were claimed: the log is asked which."""


class Compare(Struct, frozen=True, tag="compare"):
    """Which frame of which epoch a node had last of rooms that it follows here."""

    node: Node
    rooms: Annotated[list[tuple[RoomId, Count, Count]], Meta(max_length=CHANGES_MOST)]


Query = Send | Wake | Follow | Tell | Leave | Taken | Doubted | Compare


class Stored(Struct, frozen=True, tag="stored"):
    """The events of a command."""

    events: list[Raw]


class Refusal(Struct, frozen=True, tag="refused"):
    """A command was refused."""

    code: str
    message: str
    retry_after_ms: int | None = None


class Failed(Struct, frozen=True, tag="failed"):
    """It could not be.

    `elsewhere`: the room has another owner. `late`: it came after its deadline. `gone`: there is no such
    room. `unknown`: the node does not follow, as far as is known here. `storage` and `broken`: it may have
    been done or not. But for these two nothing was done.
    """

    why: Literal["elsewhere", "late", "gone", "unknown", "storage", "broken", "junk"]


class Woken(Struct, frozen=True, tag="woken"):
    """The room is awake, and has events up to a number."""

    head: Count


class Followed(Struct, frozen=True, tag="followed"):
    """How a room is at the frame `nr` of an epoch; `others` are the visitors of all other nodes."""

    epoch: Count
    nr: Count
    head: Count
    awake: bool
    others: list[Change]


class Different(Struct, frozen=True, tag="different"):
    """Of these rooms the node missed something, or it does not follow them as far as is known here."""

    rooms: list[RoomId]


class Done(Struct, frozen=True, tag="done"):
    """It is done."""


Answer = Stored | Refusal | Failed | Woken | Followed | Different | Done


class Frame(Struct, frozen=True, tag="frame"):
    """What the owner of a room shows, numbered in its epoch; one that says only that comes `again`.

    `prev` is the newest event before these, `last` the newest of all. A change comes with the node whose
    visitor it is. The visitors of a `dropped` node were taken back: if it lives, it follows anew.
    """

    room: RoomId
    node: Node
    epoch: Count
    nr: Count
    awake: bool
    prev: Count
    last: Count
    events: list[Raw] = []
    signals: list[tuple[str | None, Raw]] = []
    changes: list[tuple[str, Change]] = []
    again: bool = False
    dropped: str = ""


_COMMANDS: dict[str, Any] = {command.__name__: command for command in Command.__args__}
_encoder = msgspec.json.Encoder()
_decoders = {
    name: msgspec.json.Decoder(command) for name, command in _COMMANDS.items() if command is not Oversee
}
_queries: msgspec.json.Decoder[Query] = msgspec.json.Decoder(Query)
_answers: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_frames = msgspec.json.Decoder(Frame)
_beats = msgspec.json.Decoder(Beat)


class _Overseen(Struct):
    command: Raw
    note: str = ""


_overseen = msgspec.json.Decoder(_Overseen)


def pack(command: Command) -> Packed:
    """Return a command as it is sent."""
    inner = type(command.command).__name__ if isinstance(command, Oversee) else ""
    return Packed(type(command).__name__, Raw(_encoder.encode(command)), inner)


def unpack(packed: Packed) -> Command:
    """Return a command as it was sent. Raises `Junk`."""
    try:
        if packed.name == Oversee.__name__:
            overseen = _overseen.decode(packed.body)
            return Oversee(_decoders[packed.inner].decode(overseen.command), overseen.note)
        command: Command = _decoders[packed.name].decode(packed.body)
    except (KeyError, msgspec.DecodeError) as why:
        raise Junk(f"a command that is none: {packed.name[:20]!r}") from why
    return command


def pack_events(events: list[Event]) -> list[Raw]:
    """Return events as they are sent: whole, as they are stored."""
    return [Raw(encode_event(event)) for event in events]


def unpack_events(bodies: list[Raw]) -> list[Event]:
    """Return events as they were sent. Raises `Junk`."""
    try:
        return [decode_event(bytes(body)) for body in bodies]
    except msgspec.DecodeError as why:
        raise Junk("an event that is none") from why


def refusal(refused: Refused) -> Refusal:
    """Return a refusal as it is sent."""
    return Refusal(refused.code, refused.message, refused.retry_after_ms)


def fitting(acts: Sequence[Act], most: int = CHANGES_MOST) -> int:
    """Return how many acts, from the first on, fit into a part of a message; at least one does."""
    size = 0
    for count, act in enumerate(acts[:most]):
        size += len(_encoder.encode(act)) + 1
        if size > PART_BYTES:
            return max(1, count)
    return min(len(acts), most)


def in_parts(changes: Sequence[Change]) -> list[list[Change]]:
    """Return changes in parts that fit into one message each; one part at least."""
    parts = list[list[Change]]()
    while changes or not parts:
        count = fitting(changes)
        parts.append(list(changes[:count]))
        changes = changes[count:]
    return parts


def encode(message: Query | Answer | Frame | Beat) -> bytes:
    """Return a message as bytes."""
    return VERSION + _encoder.encode(message)


def decode_query(body: bytes) -> Query:
    """Return a query. Raises `Junk`."""
    return _decoded(_queries, body)


def decode_answer(body: bytes) -> Answer:
    """Return an answer. Raises `Junk`."""
    return _decoded(_answers, body)


def decode_frame(body: bytes) -> Frame:
    """Return a frame of a tail. Raises `Junk`."""
    return _decoded(_frames, body)


def decode_beat(body: bytes) -> Beat:
    """Return a beat. Raises `Junk`."""
    return _decoded(_beats, body)


def _decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    if not body.startswith(VERSION):
        raise Junk("of another version, or of another program")
    if len(body) > MESSAGE_BYTES:
        raise Junk("too long")
    try:
        return decoder.decode(memoryview(body)[len(VERSION) :])
    except msgspec.DecodeError as why:
        raise Junk(str(why)) from why
