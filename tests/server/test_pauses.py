from __future__ import annotations

from server.pauses import doubled


def test_pauses_are_doubled_up_to_the_longest() -> None:
    assert [doubled(failures, 250, 30_000) for failures in (1, 2, 3)] == [250, 500, 1_000]
    assert doubled(10_000, 250, 30_000) == 30_000
