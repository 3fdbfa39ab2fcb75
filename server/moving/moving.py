"""A move from one log to another: into an empty one only, and finished when both are the same."""

from __future__ import annotations

import asyncio

from msgspec import Struct

from server.log.base import Damaged, Unusable
from server.moving.comparing import Comparing, Comparison
from server.moving.copying import Copying
from server.moving.ends import MOVER, PAGE_EVENTS, End, Progress, has_rooms
from server.room.events import ClipLanded

ALONE_WITHIN_S, ALONE_AGAIN_S = 4.0, 0.2
CLIPS_LOOKED_FOR = 16


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
    for end in (source, target):
        await _see_that_it_is_alone(end)
    await _see_that_clips_are_there(source)
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


async def _see_that_it_is_alone(end: End) -> None:
    """Raise `Unusable` for what a server has open; one that was just killed may count for a moment."""
    for _ in range(round(ALONE_WITHIN_S / ALONE_AGAIN_S)):
        if not await end.log.is_shared():
            return
        await asyncio.sleep(ALONE_AGAIN_S)
    raise Unusable(f"A server runs on {end.name}, or another move: stop that one first.")


async def _see_that_clips_are_there(source: End) -> None:
    """Raise `Unusable` when none of the first clips is there: they are in another storage than was said."""
    seen, after = 0, 0
    while seen < CLIPS_LOOKED_FOR and (page := await source.log.changes(after, PAGE_EVENTS)):
        after = page[-1].position
        for change in page:
            if isinstance(change.event.data, ClipLanded):
                seen += 1
                if await _is_there(source, change.event.data.clip):
                    return
    if seen:
        raise Unusable(f"The clips of {source.name} are not at {source.clips}: say where with --from-blobs.")


async def _is_there(source: End, clip: str) -> bool:
    try:
        return await source.blobs.info(clip) is not None
    except Damaged:
        return True
