"""The rows of what waits for the admin: newest first, and back to what they name."""

from __future__ import annotations

from server.log.memory import MemoryLog
from server.room.events import Draft, RoomOpened
from server.rooms import docket


async def test_rows_are_read_newest_first_and_say_when_and_where() -> None:
    log = MemoryLog()
    await log.append("room", [Draft(RoomOpened("wonder", "A room"), 1)])
    rows = [
        docket.report_row("room", "clip", 5),
        docket.report_row("room", "7", 9),
        docket.act_row("room", 3, 2),
    ]
    await log.advance(docket.READER, 1, expect=0, effects=rows)

    newest = await docket.newest(log, docket.REPORTS, 10)
    (act,) = await docket.newest(log, docket.ACTS, 10)

    assert [(row.item, docket.at_ms(row)) for row in newest] == [("7", 9), ("clip", 5)]
    assert (docket.seq_of(act), docket.at_ms(act)) == (3, 2)
    assert [row.item for row in await docket.newest(log, docket.REPORTS, 1)] == ["7"]
