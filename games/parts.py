"""What the facts of a round have in them: values only."""

from __future__ import annotations

from msgspec import Struct


class Duet(Struct, frozen=True):
    """Of a round that is a duet: when its older clip was said, and whether a machine said it."""

    at_ms: int
    machine: bool = False


class Earlier(Struct, frozen=True):
    """A link of the chain that a round goes on with: a clip of an earlier visit."""

    clip: str
    voice: str
    duration_ms: int


class Secret(Struct, frozen=True):
    """What one player alone knew in a round: who they were, and what they were told."""

    voice: str
    role: str = ""
    text: str = ""


class OpenChallenge(Struct, frozen=True):
    """A challenge that nobody decided before its round ended: whose, and of which take."""

    clip: str
    voice: str
