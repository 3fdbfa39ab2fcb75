"""The door of a room: which commands it lets through, from whom, and when. Pure.

Every command passes it in `decide`. What costs something before its command is sent (microphone
time, a finish) asks the same door first, with `SPEAK`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from server.room import machines
from server.room.commands import (
    Again,
    Agree,
    Answer,
    Close,
    Command,
    Forget,
    Hide,
    Land,
    Open,
    Oversee,
    Pass,
    React,
    Refused,
    Remove,
    Report,
    Restore,
    RoundJoin,
    RoundStart,
    Say,
    Suggest,
    Throw,
    TurnHelp,
    TurnPass,
    Vote,
    WantTopic,
)
from server.room.context import Context
from server.room.events import Voice
from server.room.governed import SLOW_REMEMBERED_MS
from server.room.kinds import KINDS, RoomKind
from server.room.state import RoomState

# The wish to begin a take that will land: no command of its own.
SPEAK = None
# What a closed room and a muted voice are not refused: what was said can always be taken away.
ALWAYS = Forget | Remove | Report | Restore | Hide
# Looking, listening, chatting, taking back and saying "out" need no consent.
INSIDE = (
    Again
    | Agree
    | Answer
    | Land
    | Pass
    | RoundJoin
    | RoundStart
    | Throw
    | TurnHelp
    | TurnPass
    | Vote
    | WantTopic
)
# What a locked room lets nobody do but its keeper: there the others only listen.
LOUD = INSIDE | Say | React | Suggest
# In a slow room a voice writes once in this time, and speaks once, out of its turns.
SLOW_TEXT_MS, SLOW_TAKE_MS = 10_000, SLOW_REMEMBERED_MS


def check(state: RoomState, command: Command | None, by: Voice | None, context: Context) -> None:
    """Refuse what a room lets nobody do, and what it does not let this voice do now.

    `by` None is the room itself. A take that was let in when it began lands whatever came after.
    """
    if isinstance(command, Open):
        return
    _check_room(state, command)
    if by is not None:
        machines.check(command, by)
    if by is None or isinstance(command, ALWAYS) or (isinstance(command, Land) and command.let_in):
        return
    _check_mute(state, by, context)
    if command is SPEAK or isinstance(command, INSIDE):
        _check_consent(state, by, context)
    if by.id != state.keeper:
        _check_locked(state, command)
        _check_slow(state, command, by, context)


def _check_room(state: RoomState, command: Command | None) -> None:
    if state.head == 0:
        raise Refused("no_such_room", "There is no such room (any more).")
    wanted = command.command if isinstance(command, Oversee) else command
    if not isinstance(wanted, ALWAYS | Close):
        check_open(state)


def check_open(state: RoomState) -> None:
    """Refuse what a closed room lets nobody do."""
    if state.closed:
        raise Refused("room_closed", "This room is closed.")


def _check_mute(state: RoomState, by: Voice, context: Context) -> None:
    left_ms = _muted_ms(state, by.id, context)
    if left_ms > 0:
        raise Refused("muted", "You are muted in this room for a while.", left_ms)


def _check_consent(state: RoomState, by: Voice, context: Context) -> None:
    if not _has_consented(state, by.id, context):
        words = _kind(state).consent
        raise Refused("consent_needed", words.get(state.language, words["en"]))


def _check_locked(state: RoomState, command: Command | None) -> None:
    if state.locked and (command is SPEAK or isinstance(command, LOUD)):
        raise Refused("locked", "This room is locked: for now you can only listen.")


def _check_slow(state: RoomState, command: Command | None, by: Voice, context: Context) -> None:
    if not state.slow:
        return
    if isinstance(command, Say):
        left_ms = state.governed.said.get(by.id, -SLOW_TEXT_MS) + SLOW_TEXT_MS - context.now_ms
    elif (command is SPEAK or isinstance(command, Land)) and not _has_turn(state, by.id):
        left_ms = state.governed.spoke.get(by.id, -SLOW_TAKE_MS) + SLOW_TAKE_MS - context.now_ms
    else:
        return
    if left_ms > 0:
        raise Refused("slow", "This room is slow for now. Wait a moment.", left_ms)


def _has_turn(state: RoomState, voice: str) -> bool:
    """Tell whether a voice has a turn now that it has not taken."""
    round_ = state.round
    if round_ is None or round_.turn is None or not round_.turn.is_for(voice):
        return False
    return all(take.voice != voice for take in round_.takes_of(round_.turn.turn))


def opens_at_ms(state: RoomState, voices: Collection[str], context: Context) -> int | None:
    """Return when the first of those voices that came in may play again, None when none of them came in."""
    ends_ms = [
        context.now_ms + max(_muted_ms(state, voice, context), 0)
        for voice in voices
        if _has_consented(state, voice, context) and not (state.locked and voice != state.keeper)
    ]
    return min(ends_ms, default=None)


def is_muted(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a voice, or the network by which it came, is muted now."""
    return _muted_ms(state, voice, context) > 0


def admits(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a voice may play now: nobody else is drawn into a game, or given a turn."""
    if state.locked and voice != state.keeper:
        return False
    return _muted_ms(state, voice, context) <= 0 and _has_consented(state, voice, context)


def is_wide_open(state: RoomState) -> bool:
    """Tell whether a room lets everybody play: then nobody has to be asked for one by one."""
    is_mute = bool(state.muted or state.governed.networks)
    return not is_mute and not state.locked and _kind(state).door == "open"


def admitted(state: RoomState, voices: Iterable[str], context: Context) -> Collection[str]:
    """Return those voices who may play now, in their order."""
    if is_wide_open(state):
        return voices if isinstance(voices, Collection) else [*voices]
    return [voice for voice in voices if admits(state, voice, context)]


def _muted_ms(state: RoomState, voice: str, context: Context) -> int:
    network = context.networks.get(voice, "")
    muted = state.muted.get(voice), state.governed.networks.get(network)
    return (
        max((until_ms for until_ms in muted if until_ms is not None), default=context.now_ms) - context.now_ms
    )


def _has_consented(state: RoomState, voice: str, context: Context) -> bool:
    return _kind(state).door == "open" or voice in context.consented


def _kind(state: RoomState) -> RoomKind:
    return KINDS.get(state.kind, KINDS["wonder"])
