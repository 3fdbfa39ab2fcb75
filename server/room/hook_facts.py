"""Facts about hooks, which let programs write into a room; apart from the others, for their number."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class HookMade(Struct, frozen=True):
    """A hook was made; `hook` is its id, a hash of its secret, which nobody can post with."""

    kind: ClassVar[str] = "hook.made"
    hook: str


class HookRemoved(Struct, frozen=True):
    """A hook is gone: its secret opens nothing any more."""

    kind: ClassVar[str] = "hook.removed"
    hook: str
