"""One fold in two languages: the server's and the page's reach the same state of every room."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.room.events import KINDS
from tests.support.any_room import any_room
from tests.support.golden import FOLDER, LOGS, folded, shared, wire
from tests.support.golden_scenes import SentRoom
from tests.support.javascript import PageFold, page_fold
from tests.support.rooms import ANNA, BELA


@pytest.fixture(scope="module")
def fold() -> Iterator[PageFold]:
    with page_fold() as running:
        yield running


def test_the_golden_logs_hold_every_kind_of_event() -> None:
    logs = [(FOLDER / f"{name}.jsonl").read_bytes().splitlines()[:-1] for name in LOGS]

    assert {msgspec.json.decode(line)["kind"] for log in logs for line in log} == set(KINDS)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(any_room(), st.sampled_from([None, ANNA.id, BELA.id]))
def test_both_folds_agree_on_every_room_as_sent_and_as_stored(
    fold: PageFold, room: SentRoom, voice: str | None
) -> None:
    for events in (room.sent, room.events):
        log = wire(events, voice)

        assert fold(log) == shared(folded(log))
