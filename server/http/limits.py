"""Token buckets: how much one voice and one address may ask for. Pure: the clock is an argument.

Each bucket is the single number of the generic cell rate algorithm (ITU-T I.371 Annex A): the
time at which it will be full again.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address
from itertools import islice
from typing import Literal

from msgspec import Struct

from server.room.commands import Refused

# Keys one table may hold; a full bucket needs no entry, so only the busy ones count.
TABLE_KEYS = 10_000
# An address stands for a household or a school class, so it may do this many times what a voice may.
ADDRESS_VOICES = 30
IPV6_PREFIX_BITS = 64
IPV4_PREFIX_BITS = 24
# Milliseconds as floats are exact to 0.0002 even since the epoch; sums of intervals err by a little more.
ROUNDING_MS = 0.1

# Uploads in memory: a school class that falls silent at the same moment sends 2 MB.
HELD_BYTES, HELD_OF_ADDRESS_BYTES = 64_000_000, 16_000_000
HELD_RETRY_AFTER_MS = 2_000

Action = Literal[
    "say", "react", "throw", "round", "vote", "report", "forget", "speak", "here", "ping", "join", "upload",
    "offer", "room", "answer", "suggest", "preview", "look", "wake",
    "govern", "aside", "code", "search", "mask", "recording", "hook", "push",
]  # fmt: skip


class Rate(Struct, frozen=True):
    """`burst` at once, then `per_s` in every second."""

    burst: int
    per_s: float

    def times(self, count: int) -> Rate:
        """Return the rate of `count` together."""
        return Rate(self.burst * count, self.per_s * count)


# What one voice may do. Someone who types fast in short lines stays under 2 lines a second; a burst
# is what somebody pastes or catches up with after a pause.
RATES: dict[Action, Rate] = {
    "say": Rate(20, 3.0),
    "react": Rate(20, 5.0),
    "throw": Rate(4, 0.25),
    "round": Rate(8, 1.0),
    "vote": Rate(20, 3.0),
    "answer": Rate(10, 1.0),
    "suggest": Rate(5, 0.2),
    "preview": Rate(10, 1.0),
    "report": Rate(5, 0.1),
    "forget": Rate(10, 1.0),
    "speak": Rate(10, 1.0),
    "here": Rate(10, 1.0),
    "ping": Rate(20, 2.0),
    "join": Rate(40, 1.0),  # after a restart a thousand may come back, by one address
    "upload": Rate(20, 1.0),
    "offer": Rate(20, 1.0),
    "room": Rate(6, 1 / 20),
    "govern": Rate(10, 0.5),
    # 30 codes of three words at once, then one every 10 s: people mishear, and nobody is to find rooms by
    # trying.
    "code": Rate(1, 1 / 300),
    # Somebody who types asks with every few letters; each costs a walk through an index and some reads.
    "search": Rate(10, 2.0),
    # By address alone: 3,000 looks at once, 1,200 a second. A school of a thousand whose network lets no UDP
    # through fetches each clip of the radio, every five seconds and some browsers in three parts: 600.
    "look": Rate(100, 40.0),
    # 300 rooms that are asleep or are not there, and 30 a second: each costs reading a log. People wake the
    # rooms whose links they follow; whoever tries names, or walks through all rooms, is stopped here.
    "wake": Rate(10, 1.0),
    # A take out of turn, while others play; by `FloodLimits`.
    "aside": Rate(3, 3 / 60),
    # An evening as one file: each reads some thousand events. 120 at once, six a second.
    "recording": Rate(4, 0.2),
    # What a program writes by a hook: five lines at once, six a minute. The eight hooks of a room together
    # write less than it takes.
    "hook": Rate(5, 1 / 10),
    # New subscriptions of Web Push: four rooms at once, eight an hour; a network 120 at once and 240 an hour,
    # of the 10,000 that there may be. Who comes again with the same one is not counted.
    "push": Rate(4, 8 / 3_600),
    # Hearing oneself through a mask; it costs as much as a take. By `FloodLimits`.
    "mask": Rate(2, 20 / 60),
}


class FloodLimits(Struct, frozen=True):
    """What one network and one room may do in a minute or an hour, whatever each voice may."""

    rooms_per_hour: int = 30
    joins_per_minute: int = 1_800
    asides_per_minute: int = 3
    lines_per_minute: int = 60
    reactions_per_minute: int = 600
    mask_previews_per_minute: int = 20

    def of_voice(self, rates: dict[Action, Rate]) -> dict[Action, Rate]:
        """Return what one voice may do."""
        return {
            **rates,
            "aside": Rate(self.asides_per_minute, self.asides_per_minute / 60),
            "mask": Rate(2, self.mask_previews_per_minute / 60),
        }

    def of_network(self) -> dict[Action, Rate]:
        """Return what one network may do where that is not `ADDRESS_VOICES` times what a voice may.

        Of the joins two thirds may come at once: after a restart a thousand come back, by one address.
        """
        asides = self.asides_per_minute * NETWORK_ASIDES
        return {
            "room": Rate(self.rooms_per_hour, self.rooms_per_hour / 3_600),
            "join": Rate(max(1, self.joins_per_minute * 2 // 3), self.joins_per_minute / 60),
            "aside": Rate(asides, asides / 60),
        }


# Out of turn a network may speak as much as this many voices: one person with ten keys is one person.
NETWORK_ASIDES = 3


class Buckets:
    """One bucket a key, all of one rate, in a table that never holds more than `size` keys."""

    __slots__ = ("_full_at_ms", "_interval_ms", "_size", "_slack_ms")

    def __init__(self, rate: Rate, *, size: int = TABLE_KEYS) -> None:
        self._interval_ms = 1000 / rate.per_s
        self._slack_ms = (rate.burst - 1) * self._interval_ms + ROUNDING_MS
        self._full_at_ms: dict[str, float] = {}
        self._size = size

    def __len__(self) -> int:
        return len(self._full_at_ms)

    def wait_ms(self, key: str, now_ms: float) -> float:
        """Return how many ms until the next token is free, 0 if one is free now."""
        return max(0.0, self._full_at_ms.get(key, 0.0) - now_ms - self._slack_ms)

    def spend(self, key: str, now_ms: float) -> None:
        """Take one token, even from an empty bucket."""
        full_at_ms = self._full_at_ms.get(key)
        if full_at_ms is None:
            self._make_place(now_ms)
            full_at_ms = now_ms
        self._full_at_ms[key] = max(full_at_ms, now_ms) + self._interval_ms

    def _make_place(self, now_ms: float) -> None:
        """Drop full buckets, then the oldest: a tenth at least, so that this stays rare."""
        if len(self._full_at_ms) < self._size:
            return
        kept = {key: at for key, at in self._full_at_ms.items() if at > now_ms}
        over = len(kept) - self._size * 9 // 10
        self._full_at_ms = dict(islice(kept.items(), max(0, over), None))


class Limits:
    """What every voice and every address prefix may do, for all actions."""

    def __init__(
        self,
        rates: dict[Action, Rate] | None = None,
        *,
        on: bool = True,
        address_voices: int = ADDRESS_VOICES,
        floods: FloodLimits | None = None,
    ) -> None:
        self.on = on
        self.floods = floods or FloodLimits()
        of_network = self.floods.of_network() if rates is None else {}
        rates = self.floods.of_voice(RATES) if rates is None else rates
        self._voices = {action: Buckets(rate) for action, rate in rates.items()}
        self._addresses = {
            action: Buckets(of_network.get(action) or rate.times(address_voices))
            for action, rate in rates.items()
        }

    def check(self, action: Action, *, voice: str | None, address: str, now_ms: float) -> None:
        """Count one action of a voice at an address (as `prefix` gives it), by a clock that nobody sets.

        Raises `Refused` (`too_fast`) when either did too much; the refused action is not counted.
        """
        if not self.on:
            return
        addresses, voices = self._addresses[action], self._voices[action]
        wait_ms = addresses.wait_ms(address, now_ms)
        if voice is not None:
            wait_ms = max(wait_ms, voices.wait_ms(voice, now_ms))
        if wait_ms > 0:
            raise Refused("too_fast", "That was a lot at once. Try again in a moment.", math.ceil(wait_ms))
        addresses.spend(address, now_ms)
        if voice is not None:
            voices.spend(voice, now_ms)


class UploadBudget:
    """How many bytes of uploads are in memory: of all together, and of each address."""

    def __init__(
        self, most_bytes: int = HELD_BYTES, most_of_address_bytes: int = HELD_OF_ADDRESS_BYTES
    ) -> None:
        self._most_bytes, self._most_of_address_bytes = most_bytes, most_of_address_bytes
        self._of_address: Counter[str] = Counter()

    @contextmanager
    def holding(self, address: str, size_bytes: int) -> Iterator[None]:
        """Count bytes while they are held. Raises `Refused` (`busy`) when others hold too much."""
        own_bytes, all_bytes = self._of_address[address], self._of_address.total()
        crowded = 0 < own_bytes > self._most_of_address_bytes - size_bytes
        if crowded or 0 < all_bytes > self._most_bytes - size_bytes:
            raise Refused("busy", "Too many clips at once. Try again in a moment.", HELD_RETRY_AFTER_MS)
        self._of_address[address] += size_bytes
        try:
            yield
        finally:
            self._of_address[address] -= size_bytes
            if not self._of_address[address]:
                del self._of_address[address]


def network(address: str | None) -> str:
    """Return what counts as one network: the /24 of an IPv4 address, or the /64 of an IPv6 one."""
    found = prefix(address)
    return f"{found.rpartition('.')[0]}.0/{IPV4_PREFIX_BITS}" if "." in found else found


def prefix(address: str | None) -> str:
    """Return what counts as one address: an IPv4 address, or the /64 of an IPv6 one."""
    # Some us each time: a cache would keep the addresses of those who left.
    try:
        parsed = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    shift = 128 - IPV6_PREFIX_BITS
    return f"{IPv6Address(int(parsed) >> shift << shift)}/{IPV6_PREFIX_BITS}"
