"""IPv4 and IPv6 on the one port: `--host ::` serves pages and voices to both."""

from __future__ import annotations

import re
import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientSession

from server.rtc.discover import route_addresses
from tests.support.rtc_bare import BarePeer
from tests.support.server import running_server

ENDPOINT = "api/rooms/wonder/whep"

pytestmark = pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")


def hosts(answer: str) -> list[str]:
    """Return the addresses that the candidates of an answer name."""
    return re.findall(r"^a=candidate:\S+ 1 udp \d+ (\S+) ", answer, re.MULTILINE | re.IGNORECASE)


def way(
    session: ClientSession, base: str, heard: list[str], only: str = ""
) -> Callable[[str], Awaitable[str]]:
    """Return what sends an offer, and keeps of the answer's candidates `only` the one of an address."""

    async def ask(offer: str) -> str:
        headers = {"Content-Type": "application/sdp"}
        async with session.post(f"{base}/{ENDPOINT}", data=offer, headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 201, text
        heard.extend(hosts(text))
        lines = text.splitlines(keepends=True)
        return "".join(line for line in lines if "a=candidate" not in line or not only or f" {only} " in line)

    return ask


async def test_listeners_come_by_ipv4_and_by_ipv6() -> None:
    with running_server(host="::", public_ip="127.0.0.1,::1") as server:
        port = server.url.rsplit(":", 1)[1]
        async with ClientSession() as session:
            for page, voice in (("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")):
                heard: list[str] = []
                async with BarePeer("listener", count_only=True) as peer:
                    await peer.connect(way(session, f"http://{page}:{port}", heard, only=voice))
                    assert peer.server[0] == voice
                    assert sorted(heard) == ["127.0.0.1", "::1"]


async def test_without_being_told_both_own_addresses_are_named() -> None:
    with running_server(host="::") as server:
        async with ClientSession() as session:
            heard: list[str] = []
            port = server.url.rsplit(":", 1)[1]
            await way(session, f"http://127.0.0.1:{port}", heard)(BarePeer("listener").offer())
    assert tuple(heard) == (route_addresses() or ("127.0.0.1",))
