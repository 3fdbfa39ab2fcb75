"""Voices that are machines: they write, speak and play like anybody, and decide about nobody. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from server.room.commands import (
    Agree,
    Change,
    Close,
    Command,
    GiveKeeper,
    Hide,
    MakeHook,
    Mute,
    MuteNetwork,
    Pass,
    Refused,
    Remove,
    RemoveHook,
    Report,
    Restore,
    WantTopic,
)
from server.room.context import Context
from server.room.events import Voice
from server.room.state import RoomState

# What people alone decide: votes, reports, and what keeping a room brings with it.
PEOPLES = (
    Agree
    | Change
    | Close
    | GiveKeeper
    | Hide
    | MakeHook
    | Mute
    | MuteNetwork
    | Pass
    | Remove
    | RemoveHook
    | Report
    | Restore
    | WantTopic
)


def is_machine(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a voice is a machine: it said so here, or the room knows it as one."""
    known = state.voices.get(voice)
    return voice in context.machines or (known is not None and known.machine)


def marked(state: RoomState, by: Voice | None, context: Context) -> Voice | None:
    """Return who sends a command, marked if it is a machine: what one connection said holds for all."""
    if by is None or by.machine or not is_machine(state, by.id, context):
        return by
    return replace(by, machine=True)


def people(voices: Iterable[str], context: Context) -> Iterable[str]:
    """Return those of some voices that are no machines, in their order: to be walked once."""
    if not context.machines:
        return voices
    return (voice for voice in voices if voice not in context.machines)


def headcount(voices: Collection[str], context: Context) -> int:
    """Return how many of some voices, each named once, are people: O(machines), of which a room has few."""
    return len(voices) - sum(voice in voices for voice in context.machines)


def check(command: Command | None, by: Voice) -> None:
    """Refuse a machine what people alone decide."""
    if by.machine and isinstance(command, PEOPLES):
        raise refused()


def refused() -> Refused:
    """Return the refusal of what people alone decide."""
    return Refused("not_allowed", "That is for people to decide, not for a machine.")
