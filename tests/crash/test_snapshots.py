"""SIGKILL at random moments: what is left wakes as from zero, and no snapshot keeps what was removed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.log import schema
from server.log.reading import Reader
from server.log.schema import Settings
from server.room import snapshot
from server.room.events import ClipRemoved
from server.room.state import EMPTY, apply
from tests.crash.victim import ROOMS
from tests.server.room.test_clips import bare
from tests.server.room.test_snapshot import whole
from tests.support.fork_server import ForkServer

KILLS = 30


@pytest.fixture
def server() -> Iterator[ForkServer]:
    server = ForkServer("tests.crash.victim")
    yield server
    server.close()


class Found:
    """What was in the files that were left: how many snapshots, and how many removed clips."""

    snapshots = removed = behind = 0

    def look(self, path: Path) -> None:
        connection = schema.open_writer(path, Settings(synchronous="OFF"))
        reader = Reader(connection)
        for number in range(ROOMS):
            self._look_at(f"room{number}", reader)
        connection.close()

    def _look_at(self, room: str, reader: Reader) -> None:
        events, kept = reader.read(room, 0, 10**6), reader.snapshot(room)
        gone = [event.data.clip for event in events if isinstance(event.data, ClipRemoved)]
        if kept is None:
            return
        assert kept.seq <= len(events)
        stored = b"".join([kept.body, *kept.parts.values()])
        assert not [clip for clip in gone if clip.encode() in stored]
        state, _ = snapshot.decode(kept.body, kept.parts)
        for event in events[kept.seq :]:
            state = apply(state, event)
        folded = EMPTY
        for event in events:
            folded = apply(folded, event)
        known, wanted = ({clip.clip: bare(clip) for clip in each.clips.values()} for each in (state, folded))
        assert known == wanted, "what is whole and what is filed may differ: a removed clip files no other"
        assert whole(state)[0] == whole(folded)[0]
        self.snapshots, self.removed = self.snapshots + 1, self.removed + len(gone)
        self.behind += kept.seq < len(events)


@pytest.mark.timeout(180)
def test_no_kill_leaves_a_snapshot_that_is_wrong_or_remembers_what_was_removed(
    server: ForkServer, tmp_path: Path
) -> None:
    found = Found()
    for seed in range(KILLS):
        path = tmp_path / f"{seed // 10}" / "wonder.db"
        path.parent.mkdir(exist_ok=True)
        server.kill_one("forgetful", seed, path)
        if path.exists():
            found.look(path)
    assert found.snapshots > KILLS
    assert found.removed > KILLS
    assert found.behind
