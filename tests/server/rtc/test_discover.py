"""Where others reach this machine: asked of a real, small STUN server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import cast

import pytest
from aioice import stun
from hypothesis import given, settings
from hypothesis import strategies as st

from server.rtc import discover

Answer = Callable[[stun.Message, tuple[str, int]], list[bytes]]


class StunServer(asyncio.DatagramProtocol):
    """Answers what it is told to; counts what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.asked = 0
        self.closed = asyncio.Event()
        self._answer = answer

    def connection_lost(self, _: Exception | None) -> None:
        self.closed.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        for datagram in self._answer(stun.parse_message(data), addr[:2]):
            self._transport.sendto(datagram, addr)


@asynccontextmanager
async def stun_server(answer: Answer, host: str = "127.0.0.1") -> AsyncIterator[tuple[StunServer, int]]:
    made = StunServer(answer)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: made, (host, 0))
    yield made, transport.get_extra_info("sockname")[1]
    transport.close()
    await made.closed.wait()


def mapped(request: stun.Message, address: tuple[str, int], *, name: str = "XOR-MAPPED-ADDRESS") -> bytes:
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
    answer.attributes[name] = address
    return bytes(answer)


def outside(request: stun.Message, _: tuple[str, int]) -> list[bytes]:
    return [mapped(request, ("203.0.113.7", 4242))]


@pytest.mark.parametrize("name", ["XOR-MAPPED-ADDRESS", "MAPPED-ADDRESS"])
async def test_the_configured_server_says_the_address(name: str) -> None:
    async with stun_server(lambda q, _: [mapped(q, ("203.0.113.7", 1), name=name)]) as (_, port):
        assert await discover.public_ip("0.0.0.0", "auto", f"127.0.0.1:{port}") == "203.0.113.7"


async def test_a_lost_datagram_is_sent_again() -> None:
    asked: list[int] = []

    def second(request: stun.Message, address: tuple[str, int]) -> list[bytes]:
        asked.append(1)
        return outside(request, address) if len(asked) == 2 else []

    async with stun_server(second) as (_, port):
        assert await discover.ask("127.0.0.1", port, (0.05, 5.0)) == ("203.0.113.7",)


async def test_rubbish_and_answers_to_others_are_passed_over() -> None:
    stranger = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)

    def noise(request: stun.Message, address: tuple[str, int]) -> list[bytes]:
        return [b"\x01\x01", mapped(stranger, ("198.51.100.1", 1)), *outside(request, address)]

    async with stun_server(noise) as (_, port):
        assert await discover.ask("127.0.0.1", port) == ("203.0.113.7",)


async def test_an_error_is_no_address() -> None:
    def error(request: stun.Message, _: tuple[str, int]) -> list[bytes]:
        answer = stun.Message(stun.Method.BINDING, stun.Class.ERROR, request.transaction_id)
        return [bytes(answer)]

    async with stun_server(error) as (_, port):
        assert await discover.ask("127.0.0.1", port, (0.05,)) == ()


async def test_ipv6_is_asked_for_too() -> None:
    async with stun_server(lambda q, _: [mapped(q, ("2001:db8::7", 1))], "::1") as (_, port):
        assert await discover.ask("::1", port) == ("2001:db8::7",)


async def test_a_silent_server_leaves_it_to_the_routes(caplog: pytest.LogCaptureFixture) -> None:
    async with stun_server(lambda *_: []) as (server, port):
        found = await discover.public_ip("::", "auto", f"127.0.0.1:{port}", (0.02, 0.02))
        assert server.asked == 2
    assert found == (",".join(discover.route_addresses()) or None)
    assert "says no address" in caplog.text


async def test_nobody_is_asked_without_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(*_: object) -> tuple[str, ...]:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(discover, "ask", ask)
    assert await discover.public_ip("0.0.0.0", "203.0.113.9", "stun.example:3478") == "203.0.113.9"
    assert await discover.public_ip("0.0.0.0", "", "stun.example:3478") is None
    assert await discover.public_ip("127.0.0.1", "") is None
    routes = ",".join(discover.route_addresses()) or None
    assert await discover.public_ip("::", "auto") == routes
    assert await discover.public_ip("::", "") == routes


async def test_only_addresses_that_the_port_takes_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discover, "route_addresses", lambda: ("192.0.2.9", "2001:db8::9"))
    assert await discover.public_ip("0.0.0.0", "auto") == "192.0.2.9"
    assert await discover.public_ip("2001:db8::9", "auto") == "2001:db8::9"
    assert await discover.public_ip("::", "auto") == "192.0.2.9,2001:db8::9"


def test_routes_give_addresses_others_can_use() -> None:
    for address in discover.route_addresses():
        assert not ip_address(address).is_link_local
        assert not ip_address(address).is_unspecified


@pytest.mark.parametrize("wrong", ["", ":1", "host", "host:", "host:0", "host:65536", "::1", "a b:1", "h:²"])
def test_what_is_no_host_and_port_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="not"):
        discover.split(wrong)


def test_host_and_port_are_split() -> None:
    assert discover.split("stun.example:3478") == ("stun.example", 3478)
    assert discover.split("[2001:db8::1]:3478") == ("2001:db8::1", 3478)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_datagram_is_read_or_passed_over(datagram: bytes) -> None:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    assert discover.read(datagram, request) is None


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_attributes_in_our_answer_are_read_or_passed_over(attributes: bytes) -> None:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    head = b"\x01\x01" + len(attributes).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + request.transaction_id
    found = discover.read(head + attributes, request)
    assert found is None or ip_address(found)
