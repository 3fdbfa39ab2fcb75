"""The ids of commands: a repeat gets the first answer, an id used for something else a refusal."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

import msgspec

from server.room.commands import Command, Refused
from server.room.events import Voice

KEY_BYTES = 16
ID_USED = (
    "This id was used before, for something else, and nothing was done. Use a fresh id for each message."
)


def salt(visitor_key: str) -> bytes:
    """Return what hides the digests of a visitor's words from whoever has the log but not the visitor's key.

    Without it a text that was taken back could be found again by trying all that it may have been.
    """
    return digest(b"salt " + visitor_key.encode())


def scoped(by: Voice | None, key: str) -> str:
    """Return a key that is the voice's own and of fixed length, for clients choose keys as they like."""
    return urlsafe_b64encode(digest(f"{by.id if by else ''} {key}".encode())).decode().rstrip("=")


def said(command: Command) -> bytes:
    """Return what a command says, as bytes."""
    return type(command).__name__.encode() + msgspec.json.encode(command)


def digest(asked: bytes) -> bytes:
    """Return what is kept of what was asked: enough to tell it from something else."""
    return hashlib.blake2b(asked, digest_size=KEY_BYTES).digest()


def id_used() -> Refused:
    """Return the refusal of an id that was used for something else."""
    return Refused("id_used", ID_USED)
