"""What a room is governed by: bounded, whatever happens."""

from __future__ import annotations

from server.room.events import (
    ClipHidden,
    ClipReported,
    Draft,
    Event,
    Fact,
    NetworkMuted,
    ProposalMade,
    numbered,
)
from server.room.governed import (
    PROPOSING_EVERY_MS,
    REPORTED_KEPT,
    REPORTERS_KEPT,
    REPORTS_KEPT,
    Governed,
    apply,
    dropped,
)
from tests.support.rooms import ANNA, BELA


def fold(kept: Governed, *facts: tuple[int, Fact], by: object = ANNA) -> Governed:
    for seq, (at_ms, fact) in enumerate(facts, 1):
        kept = apply(kept, event(seq, at_ms, fact), fact)  # type: ignore[arg-type]
    return kept


def event(seq: int, at_ms: int, fact: Fact) -> Event:
    return numbered(Draft(fact, at_ms, BELA if seq % 2 else ANNA), seq, seq - 1)


def test_reports_are_counted_by_seat_and_only_so_many_are_remembered() -> None:
    kept = fold(Governed(), *((5, ClipReported("c", "r", "", f"n{i % 40}")) for i in range(100)))

    assert len(kept.reports["c"].seqs) == REPORTS_KEPT
    assert len(kept.reports["c"].seats) == REPORTERS_KEPT
    many = fold(kept, *((5, ClipReported(f"c{i}", "r", "", "n")) for i in range(REPORTED_KEPT + 5)))
    assert len(many.reports) <= REPORTED_KEPT
    assert "c0" not in many.reports


def test_a_flood_of_reports_drives_out_nobody_elses() -> None:
    kept = fold(Governed(), (5, ClipReported("lone", "r", "", "n1")), (6, ClipReported("two", "r", "", "n1")))
    kept = fold(kept, (7, ClipReported("two", "r", "", "flood")))
    kept = fold(kept, *((8, ClipReported(f"c{i}", "r", "", "flood")) for i in range(2 * REPORTED_KEPT)))

    assert len(kept.reports) <= REPORTED_KEPT
    assert {"lone", "two", f"c{2 * REPORTED_KEPT - 1}"} <= kept.reports.keys()
    assert "c0" not in kept.reports


def test_what_is_gone_is_neither_hidden_nor_reported() -> None:
    kept = fold(Governed(), (5, ClipReported("c", "r", "", "n")), (6, ClipHidden("c")))

    assert dropped(kept, "c") == Governed()
    assert dropped(kept, "d") == kept


def test_who_proposed_is_remembered_for_as_long_as_it_matters() -> None:
    first, second = 1_000, 1_000 + PROPOSING_EVERY_MS
    kept = fold(Governed(), (first, ProposalMade("p", "stop", 9)), (second, ProposalMade("q", "stop", 9)))

    assert kept.proposed == {ANNA.id: second}


def test_a_network_is_muted_until_it_is_not() -> None:
    kept = fold(
        Governed(), (5, NetworkMuted("n", 10)), (6, NetworkMuted("m", 20)), (11, NetworkMuted("k", 30))
    )

    assert kept.networks == {"m": 20, "k": 30}
    assert fold(kept, (12, NetworkMuted("m", 12))).networks == {"k": 30}
