"""Facts that happened in a room, as they are stored and as they are sent.

An event is one fact with its place in the room's log. A fact is a frozen struct whose class
has its `kind`; stored and sent, the kind stands in the event and `data` has the fact's fields.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from games.round import (
    AnswerGiven,
    ChallengeMade,
    HelpGiven,
    Prompt,
    RoleGiven,
    RoundClosed,
    RoundJoined,
    RoundLeft,
    RoundOpened,
    RoundPaused,
    RoundRevealed,
    Tempo,
    TurnGiven,
    TurnPassed,
    VerdictGiven,
    VerdictOverruled,
    VoteCast,
    Word,
)
from server.room.held_facts import ClipHeld, ClipPassed, PassGiven
from server.room.hook_facts import HookMade, HookRemoved

Language = Literal["en", "de"]
Source = Literal["webrtc", "whip", "upload", "telegram"]
# What a player may propose while a round runs.
ProposalWish = Literal["stop", "again", "start"]


class Voice(Struct, frozen=True, omit_defaults=True):
    """Who a visitor is in one room: assigned, never typed, unlinkable to other rooms.

    A `machine` said so itself, or is one of the room's own.
    """

    id: str
    name: str
    colour: str
    machine: bool = False


class RoomOpened(Struct, frozen=True):
    """A room came to be; `room_kind` names an entry of `kinds.KINDS`."""

    kind: ClassVar[str] = "room.opened"
    room_kind: str
    name: str
    theme: str = ""
    description: str = ""
    language: Language = "en"
    tempo: Tempo = "snap"
    public: bool = False
    place: str = ""
    live: bool = False
    noise_reduction: bool = False


class RoomChanged(Struct, frozen=True, omit_defaults=True):
    """Some words about a room changed, or how it is kept; None leaves a field as it was.

    In a `locked` room all but its keeper only listen, in a `slow` one everybody has to wait between
    texts and takes, and in one on `hold` takes are hidden until its keeper lets them through. With a `mask`
    ("": none) every take wears it, with a `voice` the radio says prompts, turns and results, and with
    `noise_reduction` steady noise in takes is turned down. A `character` ("": none) keeps people company.
    """

    kind: ClassVar[str] = "room.changed"
    name: str | None = None
    theme: str | None = None
    description: str | None = None
    language: Language | None = None
    tempo: Tempo | None = None
    live: bool | None = None
    locked: bool | None = None
    slow: bool | None = None
    hold: bool | None = None
    mask: str | None = None
    voice: bool | None = None
    noise_reduction: bool | None = None
    character: str | None = None


class RoomClosed(Struct, frozen=True):
    """A room ended."""

    kind: ClassVar[str] = "room.closed"
    reason: str


class TextSaid(Struct, frozen=True):
    """A visitor wrote something."""

    kind: ClassVar[str] = "text.said"
    text: str


class TextRemoved(Struct, frozen=True):
    """A text is gone; `target` is the seq of its event."""

    kind: ClassVar[str] = "text.removed"
    target: int
    reason: str = "forgotten"


class ClipLanded(Struct, frozen=True):
    """A finished clip is stored, with what was measured of it.

    `onset_ms` counts from the beginning of the take as it was recorded (negative inside the
    pre-roll); `peaks` are 64 values from 0 to 100; `reaction_ms` (onset after "go") is shown
    to its speaker only. A `hidden` clip is seen by its speaker only, until `round.revealed`.
    It sounds through its `mask`; `speech_ms` is how much speech there was before that, where it was counted.
    """

    kind: ClassVar[str] = "clip.landed"
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
    mask: str | None = None
    speech_ms: int | None = None


class ClipCaptioned(Struct, frozen=True):
    """The words of a clip are known; while the clip is hidden nobody sees them.

    Without a text somebody listened and heard no words. `words` say from when to when in the clip each is
    heard, and `by` is the name of the engine.
    """

    kind: ClassVar[str] = "clip.captioned"
    clip: str
    text: str
    language: str
    hidden: bool = False
    words: tuple[Word, ...] = ()
    by: str = ""


class ClipRemoved(Struct, frozen=True):
    """A clip is gone; its bytes and caption follow within 60 s."""

    kind: ClassVar[str] = "clip.removed"
    clip: str
    reason: str = "forgotten"
    hidden: bool = False


class ClipReported(Struct, frozen=True):
    """Somebody reported a clip; all others see only that the log has an entry here.

    `seat` is what the report counts by (`server/room/seats.py`); nobody sees it.
    """

    kind: ClassVar[str] = "clip.reported"
    clip: str
    reason: str
    text: str = ""
    seat: str = ""


class ClipHidden(Struct, frozen=True):
    """A clip is neither shown nor heard until somebody decided about it."""

    kind: ClassVar[str] = "clip.hidden"
    clip: str


class ClipRestored(Struct, frozen=True):
    """Somebody decided that a clip stays."""

    kind: ClassVar[str] = "clip.restored"
    clip: str


class TextReported(Struct, frozen=True):
    """Somebody reported a text; all others see only that the log has an entry here."""

    kind: ClassVar[str] = "text.reported"
    target: int
    reason: str
    text: str = ""
    seat: str = ""


class TextHidden(Struct, frozen=True):
    """A text is not shown until somebody decided about it; `target` is the seq of its event."""

    kind: ClassVar[str] = "text.hidden"
    target: int


class TextRestored(Struct, frozen=True):
    """Somebody decided that a text stays."""

    kind: ClassVar[str] = "text.restored"
    target: int


class ReactionGiven(Struct, frozen=True, omit_defaults=True):
    """A visitor reacted; `target` is a clip id or the seq of an event, as text.

    `at_ms` is how far into the clip they were, 0 where they heard none of it. Of one `seat` they count as
    one (empty: the voice's own).
    """

    kind: ClassVar[str] = "reaction.given"
    target: str
    emoji: str
    at_ms: int = 0
    seat: str = ""


class TopicThrown(Struct, frozen=True):
    """The room threw a prompt."""

    kind: ClassVar[str] = "topic.thrown"
    prompt: Prompt


class TopicSuggested(Struct, frozen=True):
    """A visitor gave the room a topic to throw; `topic` is its id."""

    kind: ClassVar[str] = "topic.suggested"
    topic: str
    text: str


class TopicWanted(Struct, frozen=True, omit_defaults=True):
    """A visitor wants another topic; enough of them get one."""

    kind: ClassVar[str] = "topic.wanted"
    voice: str
    seat: str = ""


class DiceRolled(Struct, frozen=True):
    """Somebody rolled dice: the expression, each die in order, and the sum."""

    kind: ClassVar[str] = "dice.rolled"
    expression: str
    dice: tuple[int, ...]
    total: int


class VoiceMuted(Struct, frozen=True):
    """A voice may not speak or write until `until_ms`."""

    kind: ClassVar[str] = "voice.muted"
    voice: str
    until_ms: int


class NetworkMuted(Struct, frozen=True):
    """Whoever comes from a network may not speak or write until `until_ms`; nobody sees this.

    `network` is a short tag of it that means nothing outside of this room.
    """

    kind: ClassVar[str] = "network.muted"
    network: str
    until_ms: int


class KeeperGiven(Struct, frozen=True):
    """A room is kept by another voice from now on, by the admin alone when `voice` is empty."""

    kind: ClassVar[str] = "keeper.given"
    voice: str


class KeeperSeen(Struct, frozen=True):
    """Whoever keeps the room is here: who is here now is known to no log, and a room outlasts its server."""

    kind: ClassVar[str] = "keeper.seen"
    voice: str


class ProposalMade(Struct, frozen=True):
    """A player would like to end the running round, or to have another: the other players say yes or no.

    With `start` a round of `game` comes instead of it, on the `prompt` that `clip` answered if one was named.
    """

    kind: ClassVar[str] = "proposal.made"
    proposal: str
    wish: ProposalWish
    until_ms: int
    game: str = ""
    tempo: Tempo | None = None
    clip: str = ""
    prompt: Prompt | None = None


class ProposalAgreed(Struct, frozen=True):
    """A player said yes or no to a proposal; what they said last counts."""

    kind: ClassVar[str] = "proposal.agreed"
    proposal: str
    voice: str
    value: bool


class ProposalClosed(Struct, frozen=True):
    """A proposal was carried, or was not."""

    kind: ClassVar[str] = "proposal.closed"
    proposal: str
    accepted: bool


class AdminActed(Struct, frozen=True):
    """The admin did something here: an entry of the audit log, which nobody else sees."""

    kind: ClassVar[str] = "admin.acted"
    action: str
    target: str = ""
    note: str = ""


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
    | RoundLeft
    | RoundPaused
    | TurnGiven
    | TurnPassed
    | HelpGiven
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
    | ClipHidden
    | ClipRestored
    | TextReported
    | TextHidden
    | TextRestored
    | NetworkMuted
    | KeeperGiven
    | KeeperSeen
    | ProposalMade
    | ProposalAgreed
    | ProposalClosed
    | AdminActed
    | ChallengeMade
    | ClipHeld
    | ClipPassed
    | PassGiven
    | HookMade
    | HookRemoved
)
FACTS: tuple[type[Fact], ...] = Fact.__args__
KINDS: dict[str, type[Fact]] = {fact.kind: fact for fact in FACTS}


class Draft(Struct, frozen=True):
    """A fact that wants to enter the log: who did it and when, without a number yet."""

    data: Fact
    at_ms: int
    by: Voice | None = None

    @property
    def kind(self) -> str:
        """Return the kind of the event that it becomes."""
        return self.data.kind


class Event(Struct, frozen=True, tag="event", tag_field="type"):
    """A fact in its room's log; `prev` is the seq of the event before (0 for the first)."""

    seq: int
    prev: int
    at_ms: int
    by: Voice | None
    kind: str
    data: Fact | Erased


class _Stored(Struct, frozen=True):
    """An event whose data is not read yet: of which kind it is, the kind says."""

    seq: int
    prev: int
    at_ms: int
    by: Voice | None
    kind: str
    data: msgspec.Raw


_NO_PROMPT = Prompt("", "")
_encoder = msgspec.json.Encoder()
_stored = msgspec.json.Decoder(_Stored)
_data = {kind: msgspec.json.Decoder(fact) for kind, fact in KINDS.items()}


def numbered(draft: Draft, seq: int, prev: int) -> Event:
    """Return the event that a draft becomes at a place in the log."""
    return Event(seq, prev, draft.at_ms, draft.by, draft.kind, draft.data)


def encode(event: Event) -> bytes:
    """Return the event as one JSON object: the form that is stored and sent."""
    return _encoder.encode(event)


def decode(body: bytes) -> Event:
    """Return the event in a stored JSON object; unknown or erased facts become `Erased`.

    Raises `msgspec.DecodeError` when the envelope itself is not an event.
    """
    stored = _stored.decode(body)
    fact = _fact(stored.kind, stored.data)
    return Event(stored.seq, stored.prev, stored.at_ms, stored.by, stored.kind, fact)


def erased(event: Event) -> Event:
    """Return the event with its place kept and its content gone.

    What keeps a round going loses only its words: they were another's.
    """
    match event.data:
        case TopicThrown():
            return replace(event, data=TopicThrown(_NO_PROMPT))
        case RoundOpened(prompt=prompt) as opened if prompt is not None:
            return replace(event, data=replace(opened, prompt=_NO_PROMPT))
        case ProposalMade(prompt=prompt) as made if prompt is not None:
            return replace(event, data=replace(made, prompt=None))
        case RoundJoined() as joined:
            return replace(event, data=replace(joined, role=""))
        case TurnGiven() as turn:
            return replace(event, data=replace(turn, prompt=""))
        case _:
            return blank(event)


def blank(event: Event) -> Event:
    """Return nothing but the event's place."""
    return Event(event.seq, event.prev, event.at_ms, None, event.kind, Erased())


def _fact(kind: str, data: msgspec.Raw) -> Fact | Erased:
    decoder = _data.get(kind)
    # Only a `room.changed` may have no fields and be a fact.
    if decoder is None or (bytes(data) == b"{}" and kind != RoomChanged.kind):
        return Erased()
    try:
        return decoder.decode(data)
    except msgspec.ValidationError:
        return Erased()
