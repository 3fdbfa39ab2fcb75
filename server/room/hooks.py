"""Hooks: addresses by which a program writes into a room, as a voice that is a machine. Pure.

Whoever knows the secret of a hook may post. The log, which all may read, has its id alone: a hash, from
which nobody finds the secret. So a hook is part of its room, and lives and ends with it.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

from server.room.commands import MakeHook, Refused, RemoveHook
from server.room.events import Fact
from server.room.hook_facts import HookMade, HookRemoved
from server.room.state import RoomState

# A room has no more hooks than this.
HOOKS_MOST = 8
# Of a hash of 256 bits: so few that an id is short, so many that nobody finds another secret for it.
ID_BYTES = 18


def id_of(secret: str) -> str:
    """Return the id of a hook with a secret: to be told to anybody."""
    digest = hashlib.sha256(b"hook\0" + secret.encode()).digest()[:ID_BYTES]
    return urlsafe_b64encode(digest).decode()


def facts(state: RoomState, command: MakeHook | RemoveHook) -> list[Fact]:
    """Return that a hook is made or gone. Raises `Refused` (`enough_hooks`, `no_such_hook`)."""
    known = state.governed.hooks
    if isinstance(command, RemoveHook):
        if command.hook not in known:
            raise no_such_hook()
        return [HookRemoved(command.hook)]
    if command.hook in known:
        return []
    if len(known) >= HOOKS_MOST:
        raise Refused("enough_hooks", f"A room has at most {HOOKS_MOST} hooks. Remove one first.")
    return [HookMade(command.hook)]


def no_such_hook() -> Refused:
    """Return the refusal where a hook is not there."""
    return Refused("no_such_hook", "There is no such hook (any more).")
