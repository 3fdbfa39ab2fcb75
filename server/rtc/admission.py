"""How many peers are let in: altogether, and from one network (pure)."""

from __future__ import annotations

import ipaddress
from collections import Counter

from server.rtc.media import Busy
from server.rtc.settings import Settings
from server.rtc.stun import plain_address


class Admission:
    """Counts who is in."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inside = 0
        self._by_network: Counter[str] = Counter()
        self._closed = False

    def __len__(self) -> int:
        return self._inside

    def check(self, address: str) -> str:
        """Return the network of an address. Raises `Busy` when no more are taken, from there or at all."""
        found = network(address)
        if self._closed or self._inside >= self._settings.peers:
            raise Busy("The server is full.")
        if self._by_network[found] >= self._settings.peers_per_address:
            raise Busy("Too many connections come from your network.")
        return found

    def enter(self, network: str) -> None:
        """Count a peer in."""
        self._inside += 1
        self._by_network[network] += 1

    def leave(self, network: str) -> None:
        """Count a peer out; nothing is kept of a network that nobody is in from."""
        self._inside -= 1
        self._by_network[network] -= 1
        if not self._by_network[network]:
            del self._by_network[network]

    def close(self) -> None:
        """Let nobody in any more."""
        self._closed = True


def network(address: str) -> str:
    """Return what is counted as one place: an IPv4 address, or the /64 of an IPv6 one."""
    try:
        plain = plain_address(address)
    except ValueError:
        return address
    if plain.version == 4:
        return str(plain)
    return str(ipaddress.ip_network((plain, 64), strict=False))
