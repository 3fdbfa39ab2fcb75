from __future__ import annotations

import pytest

from server.rtc.admission import Admission, network
from server.rtc.media import Busy
from server.rtc.settings import Settings


def admission() -> Admission:
    return Admission(Settings(peers=3, peers_per_address=2))


def come(into: Admission, *addresses: str) -> None:
    for address in addresses:
        into.enter(into.check(address))


def test_a_network_has_its_share_and_all_have_theirs() -> None:
    """M3."""
    inside = admission()
    come(inside, "192.0.2.1", "192.0.2.1")

    with pytest.raises(Busy, match="network"):
        inside.check("192.0.2.1")
    come(inside, "192.0.2.2")
    with pytest.raises(Busy, match="full"):
        inside.check("192.0.2.3")


def test_who_leaves_makes_room_and_leaves_no_trace() -> None:
    """M11: nothing is kept of an address that is gone."""
    inside = admission()
    come(inside, "192.0.2.1", "192.0.2.1", "2001:db8::1")
    for place in ("192.0.2.1", "192.0.2.1", "2001:db8::/64"):
        inside.leave(place)

    assert len(inside) == 0
    assert not inside._by_network
    come(inside, "192.0.2.1")


def test_a_refusal_counts_nobody() -> None:
    inside = admission()
    inside.check("192.0.2.1")

    assert len(inside) == 0
    assert not inside._by_network


def test_a_closed_door_lets_nobody_in() -> None:
    inside = admission()
    inside.close()

    with pytest.raises(Busy):
        inside.check("192.0.2.1")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("unix", "unix"),
    ],
)
def test_a_home_is_one_address_or_one_64(address: str, place: str) -> None:
    assert network(address) == place
