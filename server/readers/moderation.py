"""Moderation: what was reported and waits for a decision, and what the admin did, noted for the admin's page.

A durable reader whose rows are in `server/rooms/docket.py`; of both it keeps the newest.
"""

from __future__ import annotations

from collections.abc import Sequence

from server.log.base import Change, Effect, Log, Withdrawn
from server.readers.base import Reader, Rest
from server.room.events import (
    AdminActed,
    ClipRemoved,
    ClipReported,
    ClipRestored,
    TextRemoved,
    TextReported,
    TextRestored,
)
from server.room.held_facts import ClipHeld, ClipPassed
from server.rooms import docket

REPORTS_KEPT, ACTS_KEPT = 2_000, 10_000
# Rows are cut to these numbers after each start, and whenever `TRIMMED_EVERY` have come.
TRIMMED_EVERY = 500
PAGE_ROWS = 500


class Moderation(Reader):
    """Notes reports until somebody decided, and what the admin did."""

    name = docket.READER
    derived = True
    urgent = (
        ClipReported.kind,
        ClipHeld.kind,
        TextReported.kind,
        ClipRemoved.kind,
        ClipRestored.kind,
        ClipPassed.kind,
        TextRemoved.kind,
        TextRestored.kind,
        AdminActed.kind,
    )

    def __init__(self, log_: Log) -> None:
        self._log = log_
        self._untrimmed = TRIMMED_EVERY

    async def read(self, change: Change) -> Sequence[Effect] | None:
        """Note a report, what a filter holds, or an act; drop reports that are decided."""
        room, at_ms = change.room, change.event.at_ms
        match change.event.data:
            case ClipReported(clip=clip) | ClipHeld(clip=clip):
                self._untrimmed += 1
                return [docket.report_row(room, clip, at_ms)]
            case TextReported(target=target):
                self._untrimmed += 1
                return [docket.report_row(room, str(target), at_ms)]
            case ClipRemoved(clip=clip) | ClipRestored(clip=clip) | ClipPassed(clip=clip):
                return [Withdrawn(room, clip)]
            case TextRemoved(target=target) | TextRestored(target=target):
                return [Withdrawn(room, str(target))]
            case AdminActed():
                self._untrimmed += 1
                return [docket.act_row(room, change.event.seq, at_ms)]
            case _:
                return None

    async def idle(self) -> Rest:
        """Drop the oldest rows when there are too many."""
        if self._untrimmed < TRIMMED_EVERY:
            return Rest()
        self._untrimmed = 0
        return Rest(
            [*await self._over(docket.REPORTS, REPORTS_KEPT), *await self._over(docket.ACTS, ACTS_KEPT)]
        )

    async def _over(self, part: str, kept: int) -> list[Effect]:
        """Return what drops all but the newest rows of a part."""
        after, seen, gone = (-1, ""), 0, list[Effect]()
        while rows := await self._log.projection(self.name, part, after=after, limit=PAGE_ROWS):
            gone += [Withdrawn(row.room, row.item) for row in rows[max(0, kept - seen) :]]
            seen += len(rows)
            after = (rows[-1].number, rows[-1].item)
        return gone
