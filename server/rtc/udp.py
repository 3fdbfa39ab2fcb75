"""The one UDP port: reads datagrams, knows whose they are, and drops the rest.

Demultiplexing by the first byte (RFC 7983); a STUN check with a valid MESSAGE-INTEGRITY binds its
address to a peer (RFC 8445 2.5, ICE-lite); everything else from an unknown address is dropped
before anything is parsed. We never send a datagram to an address that did not pass a check.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol

from server.rtc import stun
from server.rtc.settings import LARGEST_DATAGRAM_BYTES

# As the socket gives it: (host, port), for IPv6 with flow and scope.
Address = tuple[str, int] | tuple[str, int, int, int]

# Bind addresses that name no address of ours.
EVERYWHERE = ("", "::", "0.0.0.0")  # noqa: S104 - compared with, not bound
# Documentation addresses (RFC 5737, RFC 3849), used to ask for a route; nothing is sent to them.
_NOBODY = {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9)}
# Read at most this many at one wakeup, so that a flood leaves the loop to others.
DATAGRAMS_A_WAKEUP = 64
SOCKET_BUFFER_BYTES = 4 << 20
# A peer keeps the addresses it may still send from: one for each of its networks.
ADDRESSES_A_PEER = 16


class PortClient(Protocol):
    """What the port needs of a peer."""

    username: bytes
    password: bytes
    addresses: list[Address]

    def check_allowed(self, now_s: float) -> bool:
        """Tell whether one more check is answered now."""

    def checked(self, address: Address, *, nominates: bool, now_s: float) -> None:
        """Note a valid check."""

    def take_dtls(self, datagram: bytes) -> None:
        """Take a DTLS record from a bound address."""

    def take_media(self, datagram: bytes) -> None:
        """Take an SRTP or SRTCP packet from a bound address."""


class Port:
    """Owns the socket and the table from addresses to peers."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = 0
        self.dropped = 0
        self._loop = asyncio.get_running_loop()
        self._by_username: dict[bytes, PortClient] = {}
        self._by_address: dict[Address, PortClient] = {}
        self._loop.add_reader(sock.fileno(), self._readable)

    @property
    def number(self) -> int:
        """The UDP port number."""
        number: int = self.sock.getsockname()[1]
        return number

    def expect(self, peer: PortClient) -> None:
        """Let checks for `peer` in."""
        self._by_username[peer.username] = peer

    def forget(self, peer: PortClient) -> None:
        """Drop all that comes from `peer` from now on."""
        self._by_username.pop(peer.username, None)
        for address in peer.addresses:
            if self._by_address.get(address) is peer:
                del self._by_address[address]

    def send(self, datagram: bytes, address: Address) -> None:
        """Send now or never: what the network does not take is lost, as on the way."""
        try:
            self.sock.sendto(datagram, address)
        except OSError:
            self.dropped += 1

    def _readable(self) -> None:
        for _ in range(DATAGRAMS_A_WAKEUP):
            try:
                datagram, address = self.sock.recvfrom(LARGEST_DATAGRAM_BYTES + 1)
            except BlockingIOError:
                return
            except OSError:  # what ICMP says about an address we sent to
                continue
            self._take(datagram, address)

    def _take(self, datagram: bytes, address: Address) -> None:
        """Hand a datagram to its peer, by its first byte."""
        self.received += 1
        peer = self._by_address.get(address)
        if not 0 < len(datagram) <= LARGEST_DATAGRAM_BYTES:
            self.dropped += 1
        elif datagram[0] < 4:
            self._check(datagram, address)
        elif peer is None:
            self.dropped += 1
        elif 127 < datagram[0] < 192:
            peer.take_media(datagram)
        elif 19 < datagram[0] < 64:
            peer.take_dtls(datagram)
        else:
            self.dropped += 1

    def _check(self, datagram: bytes, address: Address) -> None:
        """Answer a STUN check made with our password; others get no answer at all."""
        check = stun.read(datagram)
        peer = None if check is None else self._by_username.get(check.username)
        now_s = self._loop.time()
        if (
            check is None
            or peer is None
            or not peer.check_allowed(now_s)
            or not stun.valid(check, peer.password)
        ):
            self.dropped += 1
            return
        if self._by_address.get(address) is not peer:
            self._bind(address, peer)
        self.send(stun.answer(check, peer.password, address[0], address[1]), address)
        peer.checked(address, nominates=check.nominates, now_s=now_s)

    def _bind(self, address: Address, peer: PortClient) -> None:
        """Give an address to the peer that proved it last."""
        other = self._by_address.get(address)
        if other is not None:
            other.addresses.remove(address)
        self._by_address[address] = peer
        peer.addresses.append(address)
        if len(peer.addresses) > ADDRESSES_A_PEER:
            del self._by_address[peer.addresses.pop(0)]

    def close(self) -> None:
        """Close the socket; may be called again."""
        if self.sock.fileno() >= 0:
            self._loop.remove_reader(self.sock.fileno())
            self.sock.close()


def open_socket(host: str, port: int) -> socket.socket:
    """Return a bound, non-blocking UDP socket; "::" and "" take IPv4 and IPv6 where available.

    Raises OSError.
    """
    both = host == "" and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if ":" in host or both else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host in ("", "::") else 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BUFFER_BYTES)
        sock.setblocking(False)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def bind_address(host: str, public_ip: str | None = None) -> str:
    """Return the address to bind: instead of loopback, the machine's own.

    Firefox never tries a loopback candidate, so that a page on localhost would stay without sound.
    Nobody gains by it: a datagram counts only after a check with a password that HTTP gave out.
    Where answers are told to name the host itself, it is listened on: there the checks will come.
    """
    loopback = host == "localhost" or (host not in EVERYWHERE and _is_loopback(host))
    return own_address() if loopback and public_ip != host else host


def _is_loopback(host: str) -> bool:
    try:
        return stun.plain_address(host).is_loopback
    except ValueError:
        return False


def advertised(host: str, public_ip: str | None) -> tuple[str, ...]:
    """Return the addresses that answers name: the configured, the bound, or this machine's own."""
    if public_ip:
        return tuple(str(stun.plain_address(each.strip())) for each in public_ip.split(","))
    if host not in EVERYWHERE:
        return (str(stun.plain_address(str(socket.getaddrinfo(host, None)[0][4][0]))),)
    return (own_address(),)


def own_address() -> str:
    """Return the IPv4 address this machine sends from by default, or loopback without a network."""
    return route_address(socket.AF_INET) or "127.0.0.1"


def route_address(family: socket.AddressFamily) -> str | None:
    """Return the address of the default route; None without one. No datagram is sent to learn it."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(_NOBODY[family])
            address: str = probe.getsockname()[0]
    except OSError:
        return None
    return None if address.startswith("fe80:") else address
