"""The port: whose datagram it is, and that strangers' are nobody's."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator

import pytest
from aioice import stun as oracle

from server.rtc import udp
from server.rtc.udp import ADDRESSES_A_PEER, Address, Port

KEY = b"k" * 32


class FakeClient:
    """A peer that notes what it gets."""

    def __init__(self, username: bytes = b"us:them") -> None:
        self.username = username
        self.password = KEY
        self.addresses: list[Address] = []
        self.checks: list[tuple[Address, bool]] = []
        self.records: list[bytes] = []
        self.packets: list[bytes] = []
        self.patient = True

    def check_allowed(self, now_s: float) -> bool:
        return self.patient

    def checked(self, address: Address, *, nominates: bool, now_s: float) -> None:
        self.checks.append((address, nominates))

    def take_dtls(self, datagram: bytes) -> None:
        self.records.append(datagram)

    def take_media(self, datagram: bytes) -> None:
        self.packets.append(datagram)


class Remote:
    """A socket that talks to the port."""

    def __init__(self, port: Port) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.connect(("127.0.0.1", port.number))

    @property
    def address(self) -> Address:
        host, port = self.socket.getsockname()
        return host, port

    async def answered(self) -> bytes:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 2_048), 5)

    async def prove(self, user: str = "us:them") -> bytes:
        self.socket.send(check(user=user))
        return await self.answered()


def check(*, user: str = "us:them", key: bytes = KEY) -> bytes:
    message = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, attributes={"USERNAME": user})
    message.add_message_integrity(key)
    return bytes(message)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    made = Port(udp.open_socket("127.0.0.1", 0))
    yield made
    made.close()
    made.close()


@pytest.fixture
def peer(port: Port) -> FakeClient:
    made = FakeClient()
    port.expect(made)
    return made


@pytest.fixture
async def remote(port: Port) -> AsyncIterator[Remote]:
    made = Remote(port)
    yield made
    made.socket.close()


async def seen(port: Port, count: int) -> None:
    """Wait until the port has read the given number of datagrams."""
    async with asyncio.timeout(5):
        while port.received < count:
            await asyncio.sleep(0.001)


async def test_a_valid_check_is_answered_and_binds_its_address(
    port: Port, peer: FakeClient, remote: Remote
) -> None:
    answer = oracle.parse_message(await remote.prove())

    assert answer.attributes["XOR-MAPPED-ADDRESS"] == remote.address
    assert answer.check_message_integrity(KEY)
    assert peer.checks == [(remote.address, False)]


async def test_datagrams_of_a_bound_address_go_to_its_peer_by_their_kind(
    port: Port, peer: FakeClient, remote: Remote
) -> None:
    await remote.prove()
    for datagram in (b"\x16dtls", b"\x80rtp", b"\xbfrtp", b"\x05?", b"\x50turn", b"\xff?"):
        remote.socket.send(datagram)
    await seen(port, 7)

    assert peer.records == [b"\x16dtls"]
    assert peer.packets == [b"\x80rtp", b"\xbfrtp"]
    assert port.dropped == 3


@pytest.mark.parametrize(
    "datagram",
    [b"", b"\x16" + bytes(40), b"\x80" + bytes(40), bytes(1_500), os.urandom(99)],
    ids=["nothing", "dtls", "rtp", "zeros", "noise"],
)
async def test_what_a_stranger_sends_is_dropped_without_an_answer(
    port: Port, peer: FakeClient, remote: Remote, datagram: bytes
) -> None:
    """P1, P2, P3, H4: not even an empty datagram reaches anybody."""
    remote.socket.send(datagram)
    await seen(port, 1)

    assert port.dropped == 1
    assert (peer.records, peer.packets, peer.checks) == ([], [], [])
    with pytest.raises(BlockingIOError):
        remote.socket.recv(100)


async def test_empty_and_oversized_datagrams_of_a_peer_are_dropped_too(
    port: Port, peer: FakeClient, remote: Remote
) -> None:
    await remote.prove()
    remote.socket.send(b"")
    remote.socket.send(b"\x80" + bytes(1_500))
    remote.socket.send(b"\x80" + bytes(1_499))
    await seen(port, 4)

    assert [len(packet) for packet in peer.packets] == [1_500]


@pytest.mark.parametrize(
    "datagram",
    [check(key=b"guess"), check(user="us:other"), check(user="x")],
    ids=["key", "other user", "odd user"],
)
async def test_a_check_that_is_not_genuine_gets_no_answer(
    port: Port, peer: FakeClient, remote: Remote, datagram: bytes
) -> None:
    remote.socket.send(datagram)
    await seen(port, 1)

    assert port.dropped == 1
    with pytest.raises(BlockingIOError):
        remote.socket.recv(100)


async def test_checks_beyond_the_rate_get_no_answer(port: Port, peer: FakeClient, remote: Remote) -> None:
    peer.patient = False
    remote.socket.send(check())
    await seen(port, 1)

    assert port.dropped == 1


async def test_a_peer_holds_few_addresses_and_loses_the_oldest(port: Port, peer: FakeClient) -> None:
    """P6, H7: checks from 200 ports leave no 200 candidates."""
    remotes = [Remote(port) for _ in range(ADDRESSES_A_PEER + 4)]
    for each in remotes:
        await each.prove()
    remotes[0].socket.send(b"\x80old")
    remotes[-1].socket.send(b"\x80new")
    await seen(port, len(remotes) + 2)

    assert len(peer.addresses) == ADDRESSES_A_PEER
    assert peer.packets == [b"\x80new"]
    for each in remotes:
        each.socket.close()


async def test_an_address_belongs_to_who_proved_it_last(port: Port, peer: FakeClient, remote: Remote) -> None:
    other = FakeClient(b"we:they")
    port.expect(other)
    await remote.prove()
    await remote.prove("we:they")
    remote.socket.send(b"\x80rtp")
    await seen(port, 3)

    assert (peer.addresses, other.addresses) == ([], [remote.address])
    assert (peer.packets, other.packets) == ([], [b"\x80rtp"])


async def test_who_is_forgotten_is_a_stranger(port: Port, peer: FakeClient, remote: Remote) -> None:
    await remote.prove()

    port.forget(peer)
    remote.socket.send(b"\x80rtp")
    remote.socket.send(check())
    await seen(port, 3)

    assert peer.packets == []
    assert port.dropped == 2


async def test_a_flood_is_read_in_portions(port: Port, peer: FakeClient, remote: Remote) -> None:
    for _ in range(3 * udp.DATAGRAMS_A_WAKEUP):
        remote.socket.send(b"flood")

    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert port.received <= 2 * udp.DATAGRAMS_A_WAKEUP
    await seen(port, 3 * udp.DATAGRAMS_A_WAKEUP)


async def test_random_datagrams_raise_nothing(port: Port, peer: FakeClient, remote: Remote) -> None:
    chance = random.Random(4)
    genuine = check()
    await remote.prove()
    for _ in range(100):
        broken = bytearray(genuine)
        broken[chance.randrange(len(broken))] ^= chance.randrange(1, 256)
        remote.socket.send(bytes(broken))
        remote.socket.send(chance.randbytes(chance.randrange(0, 60)))
    await seen(port, 201)

    assert len(peer.checks) == 1


async def test_what_cannot_be_sent_is_counted(port: Port) -> None:
    port.send(b"x" * 70_000, ("127.0.0.1", 9))

    assert port.dropped == 1


async def test_both_families_are_served_by_one_port() -> None:
    port = Port(udp.open_socket("", 0))
    peer = FakeClient()
    port.expect(peer)
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family == socket.AF_INET6 and port.sock.family != family:
            continue  # no IPv6 on this machine
        remote = Remote(port)
        remote.socket.close()
        remote.socket = socket.socket(family, socket.SOCK_DGRAM)
        remote.socket.setblocking(False)
        remote.socket.connect((host, port.number))
        answer = oracle.parse_message(await remote.prove())
        assert answer.attributes["XOR-MAPPED-ADDRESS"][0] == host
        remote.socket.close()
    port.close()


def test_a_port_that_is_taken_is_an_error() -> None:
    first = udp.open_socket("127.0.0.1", 0)

    with pytest.raises(OSError, match="in use"):
        udp.open_socket("127.0.0.1", first.getsockname()[1])
    first.close()


@pytest.mark.parametrize(
    ("host", "public_ip", "expected"),
    [
        ("127.0.0.1", None, ("127.0.0.1",)),
        ("127.0.0.1", "", ("127.0.0.1",)),
        ("localhost", "203.0.113.5", ("203.0.113.5",)),
        ("::", "203.0.113.5, 2001:db8::5", ("203.0.113.5", "2001:db8::5")),
    ],
)
def test_the_advertised_address_is_the_configured_or_the_bound(
    host: str, public_ip: str | None, expected: tuple[str, ...]
) -> None:
    """P14: behind a translating router only the operator knows."""
    assert udp.advertised(host, public_ip) == expected


def test_without_a_choice_one_address_of_this_machine_is_advertised() -> None:
    (address,) = udp.advertised("0.0.0.0", None)

    assert address not in udp.EVERYWHERE


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.0.1"])
def test_loopback_is_listened_for_on_an_address_that_every_browser_tries(host: str) -> None:
    assert udp.bind_address(host) == udp.own_address()
    assert udp.bind_address(host, "203.0.113.5") == udp.own_address()


def test_loopback_is_listened_on_when_answers_shall_name_it() -> None:
    assert udp.bind_address("127.0.0.1", "127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("host", ["", "::", "0.0.0.0", "192.0.2.1", "example.org"])
def test_any_other_host_is_listened_on_as_it_is(host: str) -> None:
    assert udp.bind_address(host) == host


def test_a_machine_without_a_network_has_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline(socket.socket):
        def connect(self, address: object) -> None:
            raise OSError("network is unreachable")

    monkeypatch.setattr(socket, "socket", Offline)

    assert udp.own_address() == "127.0.0.1"
