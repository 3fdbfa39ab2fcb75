"""Facts of clips that a filter holds, as they are stored and sent."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class ClipHeld(Struct, frozen=True):
    """A filter found something in the words of a clip: it is withheld until its room lets it pass.

    `filter` names what was found, `contacts`, `slurs` or `names`; of a clip that is hidden nobody sees which.
    """

    kind: ClassVar[str] = "clip.held"
    clip: str
    filter: str
    hidden: bool = False


class ClipPassed(Struct, frozen=True):
    """Those who are here, or whoever decides in this room, let a clip pass that a filter held."""

    kind: ClassVar[str] = "clip.passed"
    clip: str


class PassGiven(Struct, frozen=True, omit_defaults=True):
    """Somebody said whether a clip that is held may pass, or (None) took that back.

    `yes` of the `needed` seats would let it pass. Nobody else sees whose `voice` it was,
    and nobody the `seat`.
    """

    kind: ClassVar[str] = "pass.given"
    clip: str
    voice: str
    value: bool | None
    yes: int
    needed: int
    seat: str = ""
