"""Commands of visitors and of the room's own timer, and the refusal when one cannot be granted."""

from __future__ import annotations

from msgspec import Struct

from games.round import Prompt, Tempo
from server.room.events import ClipCaptioned, ClipLanded, Language, RoomOpened


class Refused(Exception):
    """The visitor asked for something that cannot be; `code` is stable, the sentence is shown."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms


# Why something was removed: by whoever keeps the room.
MODERATED = "moderated"
# What clients know under two names is sent by one: `internal` and `draining` were others.
BROKEN = "broken"
RESTARTING = "restarting"
FULL_RETRY_AFTER_MS = 10_000
AWAY_RETRY_AFTER_MS = 5_000


def broken() -> Refused:
    """Return the refusal for what failed on our side, without any detail."""
    return Refused(BROKEN, "Something broke on our side.")


def restarting(retry_after_ms: int = 1_000) -> Refused:
    """Return the refusal of what would begin while the server stops."""
    return Refused(RESTARTING, "The server is restarting. Come back in a moment.", retry_after_ms)


def storage_full() -> Refused:
    """Return the refusal of what there is no storage left for."""
    sentence = "The server has no room left to keep this. Try again later."
    return Refused("storage_full", sentence, FULL_RETRY_AFTER_MS)


def storage_away() -> Refused:
    """Return the refusal of what needs a storage that does not answer."""
    sentence = "Our storage does not answer just now. Try again in a moment."
    return Refused("storage_away", sentence, AWAY_RETRY_AFTER_MS)


class Open(Struct, frozen=True):
    """Open the room, with the `character` that is asked for; only one of the house's own may be called so."""

    room: RoomOpened
    house: bool = False
    character: str | None = None


class Change(Struct, frozen=True):
    """Change the room's words and how it plays; None leaves a field as it is."""

    name: str | None = None
    theme: str | None = None
    description: str | None = None
    language: Language | None = None
    tempo: Tempo | None = None
    live: bool | None = None
    locked: bool | None = None
    slow: bool | None = None
    hold: bool | None = None
    voice: bool | None = None
    mask: str | None = None
    noise_reduction: bool | None = None
    character: str | None = None


class Close(Struct, frozen=True):
    """Close the room for good."""


class Mute(Struct, frozen=True):
    """Mute a voice for a while (it may neither speak nor write); 0 ms ends that."""

    voice: str
    for_ms: int


class MuteNetwork(Struct, frozen=True):
    """Mute all voices of a network, named by its tag or by a voice that came from it; 0 ms ends that."""

    voice: str
    for_ms: int
    network: str = ""


class GiveKeeper(Struct, frozen=True):
    """Hand the room on to another voice."""

    voice: str


class MakeHook(Struct, frozen=True):
    """Let whoever knows a secret write into the room as a machine; `hook` is the id of the secret."""

    hook: str


class RemoveHook(Struct, frozen=True):
    """Take a hook away."""

    hook: str


class Hide(Struct, frozen=True):
    """Hide a clip, or a text by the seq of its event, from all until somebody decided."""

    clip: str = ""
    seq: int = 0
    is_text: bool = False


class Restore(Struct, frozen=True):
    """Decide that a clip or text stays, or let a take through that was held."""

    clip: str = ""
    seq: int = 0
    is_text: bool = False


class Pass(Struct, frozen=True):
    """Say whether a clip that a filter holds may pass; None takes that back."""

    clip: str
    value: bool | None


class Agree(Struct, frozen=True):
    """Say yes or no to a proposal."""

    proposal: str
    value: bool


# Why expiry removes.
EXPIRED = "expired"


class Remove(Struct, frozen=True):
    """Remove a clip, a text by the seq of its event, or a topic: as the keeper, or as expiry.

    `is_text`, also in `Hide`, `Restore` and `Report`, is that the room found in its log that an old seq is a
    line of chat; no sender says it.
    """

    clip: str
    reason: str
    seq: int = 0
    topic: str = ""
    is_text: bool = False


class Oversee(Struct, frozen=True):
    """Do one of these as the admin, with an entry in the audit log."""

    command: (
        Change
        | Close
        | Mute
        | MuteNetwork
        | GiveKeeper
        | MakeHook
        | RemoveHook
        | Remove
        | Hide
        | Restore
        | Pass
    )
    note: str = ""


class Say(Struct, frozen=True):
    """Write a text."""

    text: str


class React(Struct, frozen=True):
    """React to a clip (its id), so far into it, or to an event (its seq, as text)."""

    target: str
    emoji: str
    at_ms: int = 0


class Throw(Struct, frozen=True):
    """Throw a new topic and open a round on it."""


class Asked(Struct, frozen=True):
    """What a clip answered, as the log tells it; `game` is that of its round where it was asked of all.

    `as_of` is the head of the room when it was read: what was removed after that is not thrown again.
    """

    prompt: Prompt
    game: str = ""
    as_of: int | None = None


class RoundStart(Struct, frozen=True):
    """Start a game with the speakers who are present, or throw a prompt: what a clip answered, or the day's.

    `asked` is what the room found of the clip in its log; no sender says it.
    """

    game: str = ""
    tempo: Tempo | None = None
    clip: str = ""
    asked: Asked | None = None
    daily: bool = False


class RoundJoin(Struct, frozen=True):
    """Play in the running round."""

    role: str = ""


class RoundStop(Struct, frozen=True):
    """Say "out": end the running round, as one of its players."""


class RoundLeave(Struct, frozen=True):
    """Sit out: have no turns any more in a round that goes on."""


class TurnPass(Struct, frozen=True):
    """Pass one's own turn on."""


class TurnHelp(Struct, frozen=True):
    """Ask for a word in one's own turn."""


class Answer(Struct, frozen=True):
    """Write what others say, in one's turn of the running round."""

    round: str
    text: str


class Suggest(Struct, frozen=True):
    """Give the room a topic to throw later."""

    text: str


class WantTopic(Struct, frozen=True):
    """Vote for another topic."""


class Again(Struct, frozen=True):
    """End the running round, or take the last one, and start its game anew."""


class Vote(Struct, frozen=True):
    """Value a take of another in the running or the last round."""

    round: str
    clip: str
    value: int


class Report(Struct, frozen=True):
    """Report a clip, or a text by the seq of its event."""

    clip: str
    reason: str
    text: str = ""
    seq: int = 0
    is_text: bool = False


class Forget(Struct, frozen=True):
    """Forget one clip of one's own, or all that one left in the room."""

    clip: str | None = None
    everything: bool = False


class Land(Struct, frozen=True):
    """Put a finished clip into the room; round, turn and reaction are decided by the room.

    `began_at_ms` is when its take began on the server's clock, None when that is unknown (an
    upload); `claimed_reaction_ms` is what the speaker's own page measured; `let_in` is that the
    door let its speaker begin (else the door is asked now).
    """

    clip: ClipLanded
    began_at_ms: int | None = None
    claimed_reaction_ms: int | None = None
    let_in: bool = False


class Caption(Struct, frozen=True):
    """Tell the words of a clip."""

    caption: ClipCaptioned


class Tick(Struct, frozen=True):
    """Do what is due: close a turn or a round, or begin one by the room's own pulse."""


Command = (
    Open
    | Change
    | Close
    | Mute
    | Say
    | React
    | Throw
    | RoundStart
    | RoundJoin
    | Again
    | Vote
    | Report
    | Forget
    | Remove
    | Land
    | Caption
    | Tick
    | RoundStop
    | RoundLeave
    | TurnPass
    | TurnHelp
    | Answer
    | Suggest
    | WantTopic
    | MuteNetwork
    | GiveKeeper
    | MakeHook
    | RemoveHook
    | Hide
    | Restore
    | Agree
    | Pass
    | Oversee
)
