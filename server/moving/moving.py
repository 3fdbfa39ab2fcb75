"""A move from one log to another: into an empty one only, and finished when both are the same."""

from __future__ import annotations

from msgspec import Struct

from server.log.base import Unusable
from server.moving.comparing import Comparing, Comparison
from server.moving.copying import Copying
from server.moving.ends import MOVER, End, Progress, has_rooms


class Moved(Struct, frozen=True):
    """What became of a move: what was compared at its end, and which readers begin anew."""

    comparison: Comparison
    anew: list[str]


async def move(source: End, target: End, progress: Progress) -> Moved:
    """Move all, or what is left of it when it was ended before. Raises `Unusable`, `OSError`."""
    await _prepare(source, target)
    anew = await Copying(source, target, progress).run()
    comparison = await Comparing(source, target, progress, mend=True).run()
    if not comparison.differing:
        await target.log.restart(MOVER)
    return Moved(comparison, anew)


async def compare(source: End, target: End, progress: Progress) -> Comparison:
    """Compare only. Raises `OSError`."""
    return await Comparing(source, target, progress, mend=False).run()


async def _prepare(source: End, target: End) -> None:
    """See that the target is empty, or that this move was begun there; it gets the secret of the source."""
    if await source.log.cursor(MOVER):
        raise Unusable(f"{source.name} is the target of a move that is not finished: finish that one first.")
    secret = await source.log.secret()
    is_ours, is_begun = await target.log.secret() == secret, bool(await target.log.cursor(MOVER))
    if is_ours and is_begun:
        return
    if await has_rooms(target):
        whose = "these rooms already: `--check` compares" if is_ours else "the rooms of another installation"
        raise Unusable(f"{target.name} holds {whose}. A move needs an empty target.")
    await target.log.adopt_secret(secret)
    await target.log.advance(MOVER, 1, expect=await target.log.cursor(MOVER))
