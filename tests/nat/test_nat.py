"""Through routers: listener and speaker behind NAT, and a server behind one, meet by its public address."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import netns
from tests.support.netns import Internet

CLIENT = "tests.support.nat_client"
HTTP, VOICES, STUN = "8080", "8081", "3478"


@pytest.fixture
def net() -> Iterator[Internet]:
    """Make an internet. Skipped where that is not permitted, but under CI=true that is an error."""
    reason = netns.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with netns.internet() as made:
        yield made


def meet(net: Internet, address: str) -> None:
    """Let a listener and a speaker, each behind a router, meet in a room of the server at an address."""
    url = f"http://{address}:{HTTP}"
    ear, mouth = net.home("ear")[0], net.home("mouth")[0]
    listener = net.close_to(ear.start(CLIENT, "listener", url))
    netns.said(listener, "listening")
    speaker = net.close_to(mouth.start(CLIENT, "speaker", url))
    spoken, heard = netns.told(speaker), netns.told(listener)
    assert spoken["server"] == heard["server"] == address
    assert spoken["duration_ms"] > 500
    assert heard["packets"] >= 20


@pytest.mark.timeout(180)
def test_visitors_behind_nat_reach_a_public_server(net: Internet, tmp_path: Path) -> None:
    place, address = net.public("server")
    assert netns.serve(net, place, str(tmp_path / "data")) == (HTTP, address)
    meet(net, address)


@pytest.mark.timeout(180)
def test_a_server_behind_nat_is_reached_by_its_forwarded_ports(net: Internet, tmp_path: Path) -> None:
    place, address = net.home("server", forwards=(f"tcp {HTTP}", f"udp {VOICES}"))
    assert netns.serve(net, place, str(tmp_path / "data"), "--public-ip", address) == (HTTP, address)
    meet(net, address)


@pytest.mark.timeout(180)
def test_a_server_behind_nat_learns_its_address_from_the_stun_server_it_was_given(
    net: Internet, tmp_path: Path
) -> None:
    place, address = net.home("server", forwards=(f"tcp {HTTP}", f"udp {VOICES}"))
    oracle, oracle_address = net.public("oracle")
    netns.said(net.close_to(oracle.start(CLIENT, "stun", STUN)), "answering")
    options = ("--public-ip", "auto", "--stun-server", f"{oracle_address}:{STUN}")
    assert netns.serve(net, place, str(tmp_path / "data"), *options) == (HTTP, address)
