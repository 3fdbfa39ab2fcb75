"""What a client may say on a socket, as pure functions: bytes to commands.

What a client sends is decoded strictly. A message of a wrong form is answered `refused` (`bad_message`) as
long as its id can be read; what is no JSON object with a type is not the protocol at all.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from server.http.limits import Action
from server.room.commands import (
    MODERATED,
    Again,
    Agree,
    Answer,
    Change,
    Command,
    Forget,
    GiveKeeper,
    Mute,
    Oversee,
    Pass,
    React,
    Remove,
    Report,
    Restore,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    TurnHelp,
    TurnPass,
    Vote,
    WantTopic,
)

# Larger ones are closed with 1009; every field below is thereby bounded too.
MESSAGE_LIMIT_BYTES = 16_384
ID_LIMIT_CHARACTERS = 128
# Beyond it not every whole number is one of its own in JSON (RFC 8259 6).
WHOLE_LIMIT = 2**53

ShortText = Annotated[str, Meta(min_length=1, max_length=ID_LIMIT_CHARACTERS)]
# Texts or whole numbers: clients that count their messages are welcome.
WholeNumber = Annotated[int, Meta(ge=-WHOLE_LIMIT, le=WHOLE_LIMIT)]
Id = ShortText | WholeNumber
Milliseconds = WholeNumber
GOVERNING = Change | GiveKeeper | Mute | Pass | Remove | Restore
Seq = Annotated[int, Meta(ge=1, le=WHOLE_LIMIT)]
Listening = Literal["radio", "files", "off"]
# How much longer than others a visitor may take; the page offers 1, 1.5 and 2.
Pace = Annotated[float, Meta(ge=1, le=2)]


class NotTheProtocol(ValueError):
    """What came is no message of this protocol: the socket is closed with 1002."""


class BadMessage(ValueError):
    """A message cannot be understood, but its id can: it is refused."""

    def __init__(self, id_: Id | float, sentence: str) -> None:
        super().__init__(sentence)
        self.id = id_


class Ping(Struct, frozen=True, tag="ping", tag_field="type"):
    """Asks for a pong; `t` is given back as it came."""

    action: ClassVar[Action] = "ping"
    t: int | float = 0
    id: str | int = ""


class Here(Struct, frozen=True, tag="here", tag_field="type"):
    """Says how a visitor is present.

    `pace` is how much longer than others they may take, seen by nobody else; `consented` that they have read
    what is asked at the door; `mask` what their takes are to wear ("none" ends it; unsaid it stays).
    Without `voice` they want no words of the radio; with `captions` they read what others say. With `machine`
    they are no person, and stay none in this room.
    """

    action: ClassVar[Action] = "here"
    id: Id
    speaker: bool = False
    listening: Listening = "off"
    pace: Pace = 1.0
    consented: bool = False
    mask: ShortText | None = None
    voice: bool = True
    captions: bool = False
    machine: bool = False


class SpeakStart(Struct, frozen=True, tag="speak.start", tag_field="type", omit_defaults=True):
    """Begins a take of a commanded peer; an empty peer announces an upload."""

    action: ClassVar[Action] = "speak"
    id: Id
    peer: str
    round: str | None = None


class SpeakStop(Struct, frozen=True, tag="speak.stop", tag_field="type", omit_defaults=True):
    """Ends the take, that of `peer` where there are two; `onset_ms` is the reaction time by the page."""

    action: ClassVar[Action] = "speak"
    id: Id
    onset_ms: Milliseconds | None = None
    peer: str | None = None


class Keep(Struct, frozen=True, tag="keep", tag_field="type"):
    """Lets a take land that its speaker has heard."""

    action: ClassVar[Action] = "preview"
    id: Id
    preview: ShortText


class Drop(Struct, frozen=True, tag="drop", tag_field="type"):
    """Lets go of a take that its speaker has heard."""

    action: ClassVar[Action] = "preview"
    id: Id
    preview: ShortText


class CommandMessage(Struct, frozen=True, omit_defaults=True):
    """A message that is a command to the room."""

    action: ClassVar[Action]
    # Said by the admin it is the admin's, not that of the voice which the admin has in the room.
    governs: ClassVar[bool] = False
    id: Id

    def command(self) -> Command:
        """Return the room's command for this message."""
        raise NotImplementedError

    def overseen(self) -> Command:
        """Return the command as the admin gives it."""
        command = self.command()
        return Oversee(command) if isinstance(command, GOVERNING) else command


class _Say(CommandMessage, frozen=True, tag="say", tag_field="type"):
    action: ClassVar[Action] = "say"
    text: str

    def command(self) -> Command:
        return Say(self.text)


class _React(CommandMessage, frozen=True, tag="react", tag_field="type"):
    action: ClassVar[Action] = "react"
    target: str | int
    emoji: str
    at_ms: Milliseconds = 0

    def command(self) -> Command:
        return React(str(self.target), self.emoji, self.at_ms)


class _Throw(CommandMessage, frozen=True, tag="throw", tag_field="type"):
    action: ClassVar[Action] = "throw"

    def command(self) -> Command:
        return Throw()


class _RoundStart(CommandMessage, frozen=True, tag="round.start", tag_field="type"):
    action: ClassVar[Action] = "round"
    game: str = ""
    tempo: Literal["snap", "slow"] | None = None
    clip: str = ""
    daily: bool = False

    def command(self) -> Command:
        return RoundStart(self.game, self.tempo, self.clip, daily=self.daily)


class _RoundJoin(CommandMessage, frozen=True, tag="round.join", tag_field="type"):
    action: ClassVar[Action] = "round"
    role: str | None = None

    def command(self) -> Command:
        return RoundJoin(self.role or "")


class _Again(CommandMessage, frozen=True, tag="again", tag_field="type"):
    action: ClassVar[Action] = "round"

    def command(self) -> Command:
        return Again()


class _RoundStop(CommandMessage, frozen=True, tag="round.stop", tag_field="type"):
    action: ClassVar[Action] = "round"

    def command(self) -> Command:
        return RoundStop()


class _RoundLeave(CommandMessage, frozen=True, tag="round.leave", tag_field="type"):
    action: ClassVar[Action] = "round"

    def command(self) -> Command:
        return RoundLeave()


class _TurnPass(CommandMessage, frozen=True, tag="turn.pass", tag_field="type"):
    action: ClassVar[Action] = "answer"

    def command(self) -> Command:
        return TurnPass()


class _TurnHelp(CommandMessage, frozen=True, tag="turn.help", tag_field="type"):
    action: ClassVar[Action] = "answer"

    def command(self) -> Command:
        return TurnHelp()


class _Answer(CommandMessage, frozen=True, tag="answer", tag_field="type"):
    action: ClassVar[Action] = "answer"
    round: str
    text: str

    def command(self) -> Command:
        return Answer(self.round, self.text)


class WantsTopic(CommandMessage, frozen=True, tag="topic.want", tag_field="type"):
    """Votes for another topic."""

    action: ClassVar[Action] = "suggest"

    def command(self) -> Command:
        """Return the room's command."""
        return WantTopic()


class _Suggest(CommandMessage, frozen=True, tag="suggest", tag_field="type"):
    action: ClassVar[Action] = "suggest"
    text: str

    def command(self) -> Command:
        return Suggest(self.text)


class _Vote(CommandMessage, frozen=True, tag="vote", tag_field="type"):
    action: ClassVar[Action] = "vote"
    round: str
    clip: str
    value: Annotated[int, Meta(ge=-(2**31), le=2**31)]

    def command(self) -> Command:
        return Vote(self.round, self.clip, self.value)


class _Report(CommandMessage, frozen=True, tag="report", tag_field="type"):
    action: ClassVar[Action] = "report"
    reason: str
    clip: str | None = None
    seq: Seq | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        _check_one(self.clip, self.seq)

    def command(self) -> Command:
        return Report(self.clip or "", self.reason, self.text or "", self.seq or 0)


class _Forget(CommandMessage, frozen=True, tag="forget", tag_field="type"):
    action: ClassVar[Action] = "forget"
    clip: str | None = None
    all: bool = False

    def __post_init__(self) -> None:
        if (self.clip is not None) == self.all:
            raise ValueError("either one clip or all")

    def command(self) -> Command:
        return Forget(self.clip, self.all)


class _Mute(CommandMessage, frozen=True, tag="mute", tag_field="type"):
    action: ClassVar[Action] = "govern"
    governs: ClassVar[bool] = True
    voice: ShortText
    for_ms: Milliseconds

    def command(self) -> Command:
        return Mute(self.voice, self.for_ms)


class _Agree(CommandMessage, frozen=True, tag="agree", tag_field="type"):
    action: ClassVar[Action] = "vote"
    proposal: ShortText
    value: bool

    def command(self) -> Command:
        return Agree(self.proposal, self.value)


class _Pass(CommandMessage, frozen=True, tag="pass", tag_field="type", omit_defaults=True):
    action: ClassVar[Action] = "vote"
    governs: ClassVar[bool] = True
    clip: ShortText
    value: bool | None = None

    def command(self) -> Command:
        return Pass(self.clip, self.value)


class _Remove(CommandMessage, frozen=True, tag="remove", tag_field="type"):
    action: ClassVar[Action] = "govern"
    governs: ClassVar[bool] = True
    clip: str | None = None
    seq: Seq | None = None
    topic: str | None = None

    def __post_init__(self) -> None:
        _check_one(self.clip, self.seq, self.topic)

    def command(self) -> Command:
        return Remove(self.clip or "", MODERATED, self.seq or 0, self.topic or "")


class _Restore(CommandMessage, frozen=True, tag="restore", tag_field="type"):
    action: ClassVar[Action] = "govern"
    governs: ClassVar[bool] = True
    clip: str | None = None
    seq: Seq | None = None

    def __post_init__(self) -> None:
        _check_one(self.clip, self.seq)

    def command(self) -> Command:
        return Restore(self.clip or "", self.seq or 0)


class _RoomSet(CommandMessage, frozen=True, tag="room.set", tag_field="type"):
    action: ClassVar[Action] = "govern"
    governs: ClassVar[bool] = True
    locked: bool | None = None
    slow: bool | None = None
    hold: bool | None = None

    def command(self) -> Command:
        return Change(locked=self.locked, slow=self.slow, hold=self.hold)


class _KeeperGive(CommandMessage, frozen=True, tag="keeper.give", tag_field="type"):
    action: ClassVar[Action] = "govern"
    governs: ClassVar[bool] = True
    voice: ShortText

    def command(self) -> Command:
        return GiveKeeper(self.voice)


def _check_one(*targets: str | int | None) -> None:
    if sum(target is not None for target in targets) != 1:
        raise ValueError("name one thing")


# What is asked of the takes, one after the other.
TakeMessage = SpeakStart | SpeakStop | Keep | Drop
Message = Ping | Here | TakeMessage | CommandMessage
_CLIENT = (
    Ping | Here | SpeakStart | SpeakStop | _Say | _React | _Throw | _RoundStart | _RoundJoin | _Again | _Vote
    | _Report | _Forget | _RoundStop | _Answer | _Suggest | WantsTopic | Keep | Drop
    | _Mute | _Agree | _Remove | _Restore | _RoomSet | _KeeperGive | _Pass
    | _RoundLeave | _TurnPass | _TurnHelp
)  # fmt: skip
# Every message a client may send, by its type.
TYPES: dict[str, type[Struct]] = {str(kind.__struct_config__.tag): kind for kind in _CLIENT.__args__}


class _Anything(Struct):
    type: str
    id: Id | float


# The escapes of a JSON text; the group is half of a surrogate pair without its other half.
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeEncodeError)
_decoder: msgspec.json.Decoder[Message] = msgspec.json.Decoder(_CLIENT)
_fields = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder()


def parse(body: str) -> Message:
    """Return the message in a text frame. Raises `BadMessage` or `NotTheProtocol`."""
    try:
        return _decoder.decode(body)
    except _UNREADABLE:
        return _reread(body)


def _reread(body: str) -> Message:
    """Take a message that says in an unusual form what may be said, or say what is wrong with it."""
    whole = _ESCAPE.sub(lambda found: r"\ufffd" if found[1] else found[0], body)
    try:
        fields = {name: _whole(value) for name, value in _fields.decode(whole).items()}
        anything = msgspec.convert(fields, _Anything)
    except _UNREADABLE:
        raise NotTheProtocol("one JSON object with a type and an id") from None
    if anything.type not in TYPES:
        raise BadMessage(anything.id, "This server does not know such a message.")
    if whole != body:
        raise BadMessage(anything.id, "A text holds half a character (a lone surrogate).")
    try:
        message: Message = msgspec.convert(fields, _CLIENT)
    except msgspec.ValidationError as error:
        raise BadMessage(anything.id, f"The message has a wrong form: {_shortened(str(error))}.") from None
    return message


def _whole(value: Any) -> Any:
    """Return a whole number as such, for some programs write 1 as 1.0 (JSON knows no difference)."""
    whole = isinstance(value, float) and value.is_integer() and abs(value) <= WHOLE_LIMIT
    return int(value) if whole else value


def _shortened(sentence: str) -> str:
    return sentence.rstrip(".")[:120]


def asked(message: TakeMessage) -> bytes:
    """Return what is asked of the takes, whatever its id: so a repeat is told from another use of the id."""
    return _encoder.encode(replace(message, id=0))
