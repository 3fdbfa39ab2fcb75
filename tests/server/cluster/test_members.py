"""What a node believes of the others, from beats alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cluster.members import (
    BEAT_EVERY_MS,
    CLOCK_OFF_MS,
    FORGOTTEN_AFTER_MS,
    GONE_AFTER_MS,
    MEMBERS_MOST,
    SELF_UNHEARD_MS,
    Beat,
    Members,
    is_successor,
    node_id,
)

A, B, C = (node_id(name, 1_000, 7) for name in "abc")
NODES = (A, B, C)


def hear(members: Members, now_ms: int, *nodes: str, leaving: bool = False, region: str = "") -> None:
    for node in nodes:
        members.hear(Beat(node, now_ms, region, leaving=leaving), now_ms, now_ms)


def settled(node: str = A, *, until_ms: int = 5_000) -> Members:
    """A node that has heard all three for long."""
    members = Members(node, 0)
    for now_ms in range(0, until_ms + 1, BEAT_EVERY_MS):
        hear(members, now_ms, *NODES)
    return members


def test_a_node_that_beats_lives_and_one_that_is_silent_is_gone_in_time() -> None:
    members = settled()
    for now_ms in range(5_500, 8_001, BEAT_EVERY_MS):
        hear(members, now_ms, A, C)
        assert members.is_gone(B, now_ms) == (now_ms >= 5_000 + GONE_AFTER_MS)
        assert not members.is_gone(C, now_ms)
    assert members.alive(8_000) == [A, C]


def test_who_does_not_hear_itself_judges_nobody() -> None:
    members = settled()
    for now_ms in range(5_500, 20_000, BEAT_EVERY_MS):
        hear(members, now_ms, C)
        assert members.may_judge(now_ms) == (now_ms - 5_000 <= SELF_UNHEARD_MS)
        assert not members.is_gone(B, now_ms)
    assert not members.heard_lately(20_000)


def test_who_was_away_or_has_just_begun_listens_first() -> None:
    fresh, back = Members(A, 0), settled()
    back.reconnected(6_000)
    for members, began_ms in ((fresh, 0), (back, 6_000)):
        for now_ms in range(began_ms, began_ms + GONE_AFTER_MS, BEAT_EVERY_MS):
            hear(members, now_ms, A)
            assert not members.is_gone(B, now_ms)
        hear(members, began_ms + GONE_AFTER_MS, A)
        assert members.is_gone(B, began_ms + GONE_AFTER_MS)


def test_who_leaves_or_runs_anew_is_gone_at_once_also_for_who_may_not_judge() -> None:
    members = Members(A, 0)
    hear(members, 10, B)
    assert not members.is_gone(B, 10)
    hear(members, 20, B, leaving=True)
    hear(members, 30, B)  # a beat that was late
    assert members.is_gone(B, 30)
    later = node_id("c", 2_000, 1)
    assert not members.is_gone(C, 30)
    hear(members, 40, later)
    assert members.is_gone(C, 40)
    assert members.is_gone(node_id("a", 500, 0), 40), "an earlier run of this very node"
    assert is_successor(later, C)
    assert not is_successor(C, later)
    assert not is_successor(later, B)


def test_nobody_calls_itself_gone_and_who_leaves_owns_nothing_more() -> None:
    members = settled()
    assert not members.is_gone(A, 50_000)
    hear(members, 5_100, A, leaving=True)
    assert members.alive(5_100) == [B, C]
    assert members.choice("room", 5_100) != A


def test_a_room_stays_in_its_region_while_somebody_lives_there() -> None:
    members = Members(A, 0, region="eu")
    for now_ms in range(0, 5_001, BEAT_EVERY_MS):
        hear(members, now_ms, A, B, region="eu")
        hear(members, now_ms, C, region="us")
    rooms = [f"room{i}" for i in range(40)]
    assert {members.choice(room, 5_000) for room in rooms} == {A, B}
    assert {members.choice(room, 5_000, region="us") for room in rooms} == {C}
    assert {members.choice(room, 5_000, region="moon") for room in rooms} == set(NODES)


@given(
    st.sets(st.integers(0, 40), min_size=1, max_size=12),
    st.integers(0, 11),
    st.text("abcdefgh-_0189", min_size=1, max_size=20),
)
def test_all_choose_the_same_node_and_a_loss_moves_no_other_choice(
    numbers: set[int], lost: int, room: str
) -> None:
    nodes = [node_id(f"n{number}", 5, number) for number in sorted(numbers)]
    choices = set()
    for node in nodes:
        members = Members(node, 0)
        hear(members, 100, *nodes)
        choices.add(members.choice(room, 100))
    (choice,) = choices
    others = [node for node in nodes if node != nodes[lost % len(nodes)]]
    if choice in others:
        members = Members(others[0], 0)
        hear(members, 100, *others)
        assert members.choice(room, 100) == choice


@given(st.lists(st.tuples(st.integers(1, 3_000), st.sets(st.sampled_from(NODES))), max_size=60))
def test_whoever_is_called_gone_was_silent_and_the_judge_was_not_deaf(
    steps: list[tuple[int, set[str]]],
) -> None:
    members, now_ms, heard = Members(A, 0), 0, dict.fromkeys(NODES, -(10**9))
    for pause_ms, who in steps:
        now_ms += pause_ms
        hear(members, now_ms, *who)
        heard |= dict.fromkeys(who, now_ms)
        for node in (B, C):
            if members.is_gone(node, now_ms):
                assert now_ms - heard[node] >= GONE_AFTER_MS
                assert now_ms - heard[A] <= SELF_UNHEARD_MS
        assert A in members.alive(now_ms)


@pytest.mark.parametrize(("ahead_ms", "off"), [(0, False), (CLOCK_OFF_MS + 100, True), (-3_600_000, True)])
def test_a_node_whose_clock_differs_from_most_says_so(ahead_ms: int, off: bool) -> None:
    members = Members(A, 0)
    for now_ms in range(0, 5_001, BEAT_EVERY_MS):
        clock_ms = 1_800_000_000_000 + now_ms
        for delay_ms, node in ((3, B), (180, B), (9, C)):
            members.hear(Beat(node, clock_ms - delay_ms), now_ms, clock_ms + ahead_ms)
    assert members.is_clock_off(5_000) is off
    assert abs((members.clock_off_ms(5_000) or 0) - ahead_ms) < 20, "the beat that was fastest counts"
    assert Members(A, 0).clock_off_ms(0) is None


def test_one_node_that_is_off_does_not_make_the_others_doubt_themselves() -> None:
    members = Members(A, 0)
    for node, ahead_ms in ((B, 0), (C, 90_000), (node_id("d", 1, 1), 0)):
        members.hear(Beat(node, 1_000 + ahead_ms), 0, 1_000)
    assert not members.is_clock_off(0)
    assert members.offset_ms(C) == 90_000


def test_junk_and_crowds_are_bounded() -> None:
    members = settled()
    hear(members, 5_000, "x", "a.b-0123456789abcdef", "a-b", "")
    assert members.alive(5_000) == [A, B, C]
    hear(members, 5_000, *(node_id(f"n{i}", i, 0) for i in range(2 * MEMBERS_MOST)))
    assert len(members.alive(5_000)) == MEMBERS_MOST
    late_ms = 5_000 + FORGOTTEN_AFTER_MS
    hear(members, late_ms, node_id("z", 1, 1))
    assert len(members._members) == 1
    with pytest.raises(ValueError, match="no name"):
        node_id("a.b", 1, 1)


def test_who_stood_still_listens_first_for_others_are_heard_after_its_own_beat() -> None:
    members = settled()
    hear(members, 8_000, A)
    assert not members.is_gone(B, 8_000)
    for now_ms in range(8_400, 8_000 + GONE_AFTER_MS, 400):
        hear(members, now_ms, A, C)
    assert not members.is_gone(C, now_ms)
    hear(members, 8_000 + GONE_AFTER_MS, A)
    assert members.is_gone(B, 8_000 + GONE_AFTER_MS)
