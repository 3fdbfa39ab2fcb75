"""Facts that happened in a room, as they are stored and as they are sent.

An event is one fact with its place in the room's log. Facts are frozen structs tagged
with their wire kind; the tag is lifted out of `data` into the envelope on the wire.
"""

from __future__ import annotations

from typing import Literal, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from games.round import (
    AnswerGiven,
    Prompt,
    RoleGiven,
    RoundClosed,
    RoundJoined,
    RoundOpened,
    RoundRevealed,
    Tempo,
    TurnGiven,
    VerdictGiven,
    VerdictOverruled,
    VoteCast,
)

Language = Literal["en", "de"]
Source = Literal["webrtc", "whip", "upload", "telegram"]


class Voice(Struct, frozen=True):
    """Who a visitor is in one room: assigned, never typed, unlinkable to other rooms."""

    id: str
    name: str
    colour: str


class RoomOpened(Struct, frozen=True, tag="room.opened", tag_field="kind"):
    """A room came to be; `room_kind` names an entry of `kinds.KINDS`."""

    room_kind: str
    name: str
    theme: str = ""
    description: str = ""
    language: Language = "en"
    tempo: Tempo = "snap"
    public: bool = False
    place: str = ""
    live: bool = False


class RoomChanged(Struct, frozen=True, tag="room.changed", tag_field="kind", omit_defaults=True):
    """Some words about a room changed; None leaves a field as it was."""

    name: str | None = None
    theme: str | None = None
    description: str | None = None
    language: Language | None = None
    tempo: Tempo | None = None
    live: bool | None = None


class RoomClosed(Struct, frozen=True, tag="room.closed", tag_field="kind"):
    """A room ended."""

    reason: str


class TextSaid(Struct, frozen=True, tag="text.said", tag_field="kind"):
    """A visitor wrote something."""

    text: str


class TextRemoved(Struct, frozen=True, tag="text.removed", tag_field="kind"):
    """A text is gone; `target` is the seq of its event."""

    target: int
    reason: str = "forgotten"


class ClipLanded(Struct, frozen=True, tag="clip.landed", tag_field="kind"):
    """A finished clip is stored, with what was measured of it.

    `onset_ms` counts from the beginning of the take as it was recorded (negative inside the
    pre-roll); `peaks` are 64 values from 0 to 100; `reaction_ms` (onset after "go") is shown
    to its speaker only. A `hidden` clip is seen by its speaker only, until `round.revealed`.
    """

    clip: str
    duration_ms: int
    onset_ms: int
    gap_ms: int
    loudness_lufs: float
    peaks: tuple[int, ...]
    masked: bool = False
    source: Source = "webrtc"
    round: str | None = None
    turn: int | None = None
    reaction_ms: int | None = None
    hidden: bool = False


class ClipCaptioned(Struct, frozen=True, tag="clip.captioned", tag_field="kind"):
    """The words of a clip are known; while the clip is hidden nobody sees them."""

    clip: str
    text: str
    language: str
    hidden: bool = False


class ClipRemoved(Struct, frozen=True, tag="clip.removed", tag_field="kind"):
    """A clip is gone; its bytes and caption follow within 60 s."""

    clip: str
    reason: str = "forgotten"
    hidden: bool = False


class ClipReported(Struct, frozen=True, tag="clip.reported", tag_field="kind"):
    """Somebody reported a clip; visitors see only that the log has an entry here."""

    clip: str
    reason: str
    text: str = ""


class ReactionGiven(Struct, frozen=True, tag="reaction.given", tag_field="kind"):
    """A visitor reacted; `target` is a clip id or the seq of an event, as text."""

    target: str
    emoji: str


class TopicThrown(Struct, frozen=True, tag="topic.thrown", tag_field="kind"):
    """The room threw a prompt."""

    prompt: Prompt


class TopicSuggested(Struct, frozen=True, tag="topic.suggested", tag_field="kind"):
    """A visitor gave the room a topic to throw; `topic` is its id."""

    topic: str
    text: str


class TopicWanted(Struct, frozen=True, tag="topic.wanted", tag_field="kind"):
    """A visitor wants another topic; enough of them get one."""

    voice: str


class DiceRolled(Struct, frozen=True, tag="dice.rolled", tag_field="kind"):
    """Somebody rolled dice: the expression, each die in order, and the sum."""

    expression: str
    dice: tuple[int, ...]
    total: int


class VoiceMuted(Struct, frozen=True, tag="voice.muted", tag_field="kind"):
    """A voice may not speak or write until `until_ms`."""

    voice: str
    until_ms: int


class Erased(Struct, frozen=True):
    """A fact that was forgotten, or of a kind this program does not know."""


Fact = (
    RoomOpened
    | RoomChanged
    | RoomClosed
    | TextSaid
    | TextRemoved
    | ClipLanded
    | ClipCaptioned
    | ClipRemoved
    | ClipReported
    | ReactionGiven
    | TopicThrown
    | RoundOpened
    | RoundJoined
    | TurnGiven
    | RoundClosed
    | VoteCast
    | VerdictGiven
    | VoiceMuted
    | RoleGiven
    | AnswerGiven
    | RoundRevealed
    | VerdictOverruled
    | TopicSuggested
    | TopicWanted
    | DiceRolled
)
FACTS: tuple[type[Struct], ...] = Fact.__args__
KINDS: dict[str, type[Struct]] = {str(fact.__struct_config__.tag): fact for fact in FACTS}


class Draft(Struct, frozen=True):
    """A fact that wants to enter the log: who did it and when, without a number yet."""

    data: Fact
    at_ms: int
    by: Voice | None = None


class Event(Struct, frozen=True):
    """A fact in its room's log; `prev` is the seq of the event before (0 for the first)."""

    seq: int
    prev: int
    at_ms: int
    by: Voice | None
    kind: str
    data: Fact | Erased


class _Wire(Struct, frozen=True):
    type: str
    seq: int
    prev: int
    at_ms: int
    by: Voice | None
    kind: str
    data: msgspec.Raw


_NO_PROMPT = Prompt("", "")
_encoder = msgspec.json.Encoder()
_wire = msgspec.json.Decoder(_Wire)
_fields = {kind: msgspec.json.Decoder(fact) for kind, fact in KINDS.items()}
_TAGS = {kind: b'"kind":' + _encoder.encode(kind) for kind in KINDS}


def kind_of(fact: Fact) -> str:
    """Return the wire kind of a fact, as in `clip.landed`."""
    return str(type(fact).__struct_config__.tag)


def numbered(draft: Draft, seq: int, prev: int) -> Event:
    """Return the event that a draft becomes at a place in the log."""
    return Event(seq, prev, draft.at_ms, draft.by, kind_of(draft.data), draft.data)


def encode(event: Event) -> bytes:
    """Return the event as one JSON object: the form that is stored and sent."""
    return _encoder.encode(
        _Wire(
            "event",
            event.seq,
            event.prev,
            event.at_ms,
            event.by,
            event.kind,
            msgspec.Raw(_untagged(event)),
        )
    )


def decode(body: bytes) -> Event:
    """Return the event in a stored JSON object; unknown or erased facts become `Erased`.

    Raises `msgspec.DecodeError` when the envelope itself is not an event.
    """
    wire = _wire.decode(body)
    return Event(wire.seq, wire.prev, wire.at_ms, wire.by, wire.kind, _fact(wire.kind, wire.data))


def erased(event: Event) -> Event:
    """Return the event with its place kept and its content gone.

    What keeps a round going loses only its words: they were another's.
    """
    match event.data:
        case TopicThrown():
            return replace(event, data=TopicThrown(_NO_PROMPT))
        case RoundOpened(prompt=prompt) as opened if prompt is not None:
            return replace(event, data=replace(opened, prompt=_NO_PROMPT))
        case RoundJoined() as joined:
            return replace(event, data=replace(joined, role=""))
        case TurnGiven() as turn:
            return replace(event, data=replace(turn, prompt=""))
        case _:
            return blank(event)


def blank(event: Event) -> Event:
    """Return nothing but the event's place."""
    return Event(event.seq, event.prev, event.at_ms, None, event.kind, Erased())


def _untagged(event: Event) -> bytes:
    """Encode the fact without its tag, which the envelope carries as `kind`."""
    if isinstance(event.data, Erased):
        return b"{}"
    body = _encoder.encode(event.data)
    rest = body[1 + len(_TAGS[event.kind]) :]
    return b"{" + rest.lstrip(b",")


def _fact(kind: str, data: msgspec.Raw) -> Fact | Erased:
    raw = bytes(data)
    decoder = _fields.get(kind)
    if decoder is None or (raw == b"{}" and kind != "room.changed"):
        return Erased()
    tagged = b"{" + _TAGS[kind] + (b"" if raw == b"{}" else b",") + raw[1:]
    try:
        return cast("Fact", decoder.decode(tagged))
    except msgspec.ValidationError:
        return Erased()
