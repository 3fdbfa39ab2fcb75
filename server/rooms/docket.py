"""What waits for the admin's decision, and what the admin did: rows beside the log, found by their time.

A durable reader (`server/readers/moderation.py`) writes them, and the admin's pages read them. A row names
a place in a room's log and holds no words: those are in the log alone, and go from there.
"""

from __future__ import annotations

from server.log.base import Log, Projected

READER = "moderation"
REPORTS, ACTS = "reports", "acts"
# Rows are read from the smallest number on: what is taken from this one comes newest first.
_LATEST = 2**62


def report_row(room: str, target: str, at_ms: int) -> Projected:
    """Return the row of a thing that was reported: a clip's id, or the seq of a text as text."""
    return Projected(room, target, REPORTS, _LATEST - at_ms)


def act_row(room: str, seq: int, at_ms: int) -> Projected:
    """Return the row of something that the admin did."""
    return Projected(room, act_item(seq), ACTS, _LATEST - at_ms)


def act_item(seq: int) -> str:
    """Return the item under which an act is kept: never a clip's id, and sorted newest first."""
    return f"act {_LATEST - seq}"


def seq_of(row: Projected) -> int:
    """Return the seq of the event of an act."""
    return _LATEST - int(row.item.removeprefix("act "))


def at_ms(row: Projected) -> int:
    """Return when the newest report was made, or the act done."""
    return _LATEST - row.number


async def newest(log: Log, part: str, limit: int) -> list[Projected]:
    """Return the newest rows of a part, newest first."""
    return await log.projection(READER, part, limit=limit)
