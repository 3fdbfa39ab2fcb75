"""SIGKILL at random moments under load: whatever was acknowledged is there afterwards, once and in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, field

from server.log import schema
from server.log.reading import Reader
from server.log.schema import Settings
from server.room.events import ClipLanded, Event
from tests.crash.victim import ROOMS, thing_of
from tests.support.fork_server import ForkServer

KILLS = 50
KILLS_IN_SOAK = 1_000
FILES_OF_KILLS = 10  # a fresh file after this many, so that reading it all stays cheap
CONTROL_KILLS = 12


class Ledger(Struct):
    """What was acknowledged in one file: things and their seqs, by room."""

    acknowledged: dict[str, dict[str, int]] = field(default_factory=dict)

    def note(self, told: list[str]) -> None:
        for line in told:
            if line.startswith("ack "):
                _, thing, seq = line.split()
                known = self.acknowledged.setdefault(thing.split("-")[0], {}).setdefault(thing, int(seq))
                assert known == int(seq), f"{thing} got a second place"

    def lost(self, path: Path) -> int:
        """Check that what is stored is sound, and count what was acknowledged and is not there."""
        connection = schema.open_writer(path, Settings(synchronous="OFF"))
        assert connection.pragma("integrity_check") == "ok"
        reader = Reader(connection)
        lost = sum(self._lost_of(f"room{i}", reader) for i in range(ROOMS))
        clips = connection.execute("SELECT count(*) FROM event WHERE instr(body, '\"clip.landed\"')").get
        assert connection.execute("SELECT count(*) FROM blob_index").get == clips, "a blob without its event"
        assert connection.execute("SELECT count(*) FROM blob").get == clips
        connection.close()
        return lost

    def _lost_of(self, room: str, reader: Reader) -> int:
        events = reader.read(room, 0, 1_000_000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        for event in events:
            assert not isinstance(event.data, ClipLanded) or reader.blob(event.data.clip)
        places = {thing_of(event.data): event.seq for event in events}
        assert len(places) == len(events), "something is stored twice"
        _check_order(events)
        wanted = self.acknowledged.get(room, {})
        assert all(seq in (0, places[thing]) for thing, seq in wanted.items() if thing in places)
        return sum(thing not in places for thing in wanted)


def _check_order(events: list[Event]) -> None:
    """Each voice's numbers are stored as it sent them, without a gap."""
    numbers: dict[str, int] = {}
    for event in events:
        if event.by:
            number = int(thing_of(event.data).rsplit("-", 1)[1])
            assert number == numbers.get(event.by.id, -1) + 1
            numbers[event.by.id] = number


@pytest.fixture
def server() -> Iterator[ForkServer]:
    server = ForkServer("tests.crash.victim")
    yield server
    server.close()


def kill_many(server: ForkServer, folder: Path, mode: str, kills: int) -> tuple[int, int]:
    """Return how many acknowledgements there were, and how many of them were lost."""
    acknowledged = lost = 0
    for first in range(0, kills, FILES_OF_KILLS):
        path, ledger = folder / f"{first}" / "wonder.db", Ledger()
        path.parent.mkdir()  # a victim may die before it does
        for seed in range(first, min(first + FILES_OF_KILLS, kills)):
            ledger.note(server.kill_one(mode, seed, path))
            lost += ledger.lost(path)
        acknowledged += sum(len(things) for things in ledger.acknowledged.values())
    return acknowledged, lost


@pytest.mark.timeout(180)
def test_no_kill_loses_what_was_acknowledged(server: ForkServer, tmp_path: Path) -> None:
    acknowledged, lost = kill_many(server, tmp_path, "true", KILLS)
    assert acknowledged > KILLS
    assert lost == 0


def test_the_control_that_acknowledges_first_loses_some(server: ForkServer, tmp_path: Path) -> None:
    _, lost = kill_many(server, tmp_path, "eager", CONTROL_KILLS)
    assert lost > 0


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_no_kill_of_a_thousand_loses_what_was_acknowledged(server: ForkServer, tmp_path: Path) -> None:
    assert kill_many(server, tmp_path, "true", KILLS_IN_SOAK)[1] == 0
