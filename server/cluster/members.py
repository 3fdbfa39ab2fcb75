"""Which nodes live, as their beats tell it: who is gone, who is to own a room, whose clock is off.

All that is said here is a belief. Being wrong costs a needless move of a room, never a second owner: the
claim in the room's log decides. Pure: times are arguments, in milliseconds of a clock that nobody sets.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from statistics import median_low

from msgspec import Struct, field

BEAT_EVERY_MS = 500
# Who was not heard for this long is gone: five beats, so that one lost beat and a busy loop are no death.
GONE_AFTER_MS = 2_500
# Who does not hear itself hears nobody, and judges nobody.
SELF_UNHEARD_MS = 1_200
# Nodes that were not heard for this long are forgotten, and never more than so many are known.
FORGOTTEN_AFTER_MS = 60_000
MEMBERS_MOST = 1_000
# Beats by which clocks are compared: of several, the one that was on its way for the shortest time counts.
CLOCK_BEATS = 8
# Deadlines are shown to people in tenths of a second.
CLOCK_OFF_MS = 250

NODE_PATTERN = "[A-Za-z0-9_]{1,32}-[0-9a-f]{16}"


class Beat(Struct, frozen=True):
    """What a node says of itself every `BEAT_EVERY_MS`; `at_ms` is the time of day on its clock."""

    node: str
    at_ms: int
    region: str = ""
    load: float = 0.0
    leaving: bool = False


def node_id(name: str, started_ms: int, chance: int) -> str:
    """Return what one run of a node is called: its name, when it began, and four digits by chance."""
    made = f"{name}-{started_ms:012x}{chance & 0xFFFF:04x}"
    if not is_node(made):
        raise ValueError(f"no name of a node: {name!r}")
    return made


def is_node(text: str) -> bool:
    """Tell whether a text names a run of a node; it is then safe in a subject."""
    return re.fullmatch(NODE_PATTERN, text) is not None


def is_successor(node: str, of: str) -> bool:
    """Tell whether a run is a later one of the same node: the earlier one has ended then."""
    (name, began), (other, other_began) = node.rsplit("-", 1), of.rsplit("-", 1)
    return name == other and began > other_began


class _Member(Struct):
    heard_ms: int
    region: str = ""
    load: float = 0.0
    leaving: bool = False
    offsets_ms: deque[int] = field(default_factory=lambda: deque(maxlen=CLOCK_BEATS))


class Members:
    """The nodes of a cluster as one of them hears them."""

    def __init__(self, node: str, now_ms: int, *, region: str = "") -> None:
        self.node, self.region = node, region
        self._members: dict[str, _Member] = {}
        self._listening_since_ms = now_ms
        self._self_heard_ms: int | None = None

    def hear(self, beat: Beat, now_ms: int, clock_ms: int) -> None:
        """Take in a beat, also one's own; `clock_ms` is the time of day here. What is junk is left out."""
        if not is_node(beat.node):
            return
        if beat.node == self.node:
            if self._self_heard_ms is not None and now_ms - self._self_heard_ms > SELF_UNHEARD_MS:
                self._listening_since_ms = now_ms  # the others' beats may come later than the own one
            self._self_heard_ms = now_ms
        known = self.meet(beat.node, now_ms)
        if known is not None:
            known.region, known.load = beat.region, beat.load
            known.leaving = known.leaving or beat.leaving
            known.offsets_ms.append(beat.at_ms - clock_ms)

    def meet(self, node: str, now_ms: int) -> _Member | None:
        """Note that a node lives: it beats, or it asked for something."""
        known = self._members.get(node)
        if known is None:
            self._forget(now_ms)
            if len(self._members) >= MEMBERS_MOST:
                return None
            known = self._members[node] = _Member(now_ms)
        known.heard_ms = now_ms
        return known

    def reconnected(self, now_ms: int) -> None:
        """Forget all that was known, for who was deaf knows nothing, and listen before the next judgement."""
        self._members.clear()
        self._listening_since_ms, self._self_heard_ms = now_ms, None

    def may_judge(self, now_ms: int) -> bool:
        """Tell whether others may be called gone: one hears oneself, and has listened for long enough."""
        heard_ms = self._self_heard_ms
        is_hearing = heard_ms is not None and now_ms - heard_ms <= SELF_UNHEARD_MS
        return is_hearing and now_ms - self._listening_since_ms >= GONE_AFTER_MS

    def is_gone(self, node: str, now_ms: int) -> bool:
        """Tell whether a node's rooms are to be claimed: it is leaving, runs anew, or is silent."""
        if node == self.node:
            return False
        known = self._members.get(node)
        if (known is not None and known.leaving) or not is_node(node):
            return True
        if any(is_successor(other, node) for other in (self.node, *self._members)):
            return True
        return not _is_heard(known, now_ms) and self.may_judge(now_ms)

    def is_silent(self, node: str, now_ms: int) -> bool:
        """Tell whether a node's visitors are to be taken back; one that is leaving still has some."""
        known = self._members.get(node)
        return node != self.node and not _is_heard(known, now_ms) and self.may_judge(now_ms)

    def is_leaving(self, node: str) -> bool:
        """Tell whether a node said that it leaves."""
        known = self._members.get(node)
        return known is not None and known.leaving

    def alive(self, now_ms: int) -> list[str]:
        """Return the nodes that may own rooms, this one among them unless it is leaving."""
        heard = (node for node, known in self._members.items() if _is_heard(known, now_ms))
        alive = {node for node in heard if not self.is_gone(node, now_ms)}
        own = self._members.get(self.node)
        return sorted(alive - {self.node} if own is not None and own.leaving else alive | {self.node})

    def heard_lately(self, now_ms: int) -> bool:
        """Tell whether this node heard itself lately: else it is cut off, and shows nothing as certain."""
        heard_ms = self._self_heard_ms
        return heard_ms is not None and now_ms - heard_ms <= GONE_AFTER_MS

    def choice(self, room: str, now_ms: int, *, region: str | None = None) -> str:
        """Return which living node is to claim a room, in a region if one lives there.

        All who hear the same nodes choose the same one, and a node more or less moves no other choice.
        """
        alive = self.alive(now_ms) or [self.node]
        wanted = self.region if region is None else region
        near = [node for node in alive if self._region(node) == wanted]
        return max(near or alive, key=lambda node: (_weight(node, room), node))

    def _region(self, node: str) -> str:
        known = self._members.get(node)
        return known.region if known is not None else self.region

    def clock_off_ms(self, now_ms: int) -> int | None:
        """Return by how much this node's clock goes before most, of two before the other; None for one."""
        others = [offset for node in self.alive(now_ms) if (offset := self.offset_ms(node)) is not None]
        if len(others) > 1:
            return -median_low([0, *others])
        return -others[0] if others else None

    def is_clock_off(self, now_ms: int) -> bool:
        """Tell whether this node's clock differs from most others by more than `CLOCK_OFF_MS`."""
        return abs(self.clock_off_ms(now_ms) or 0) > CLOCK_OFF_MS

    def offset_ms(self, node: str) -> int | None:
        """Return by how much a node's clock goes before this one's, as far as is known."""
        known = self._members.get(node)
        return max(known.offsets_ms, default=None) if known is not None and node != self.node else None

    def _forget(self, now_ms: int) -> None:
        """Forget nodes that have not been heard for long."""
        long_gone = [
            node for node, known in self._members.items() if now_ms - known.heard_ms >= FORGOTTEN_AFTER_MS
        ]
        for node in long_gone:
            del self._members[node]


def _is_heard(member: _Member | None, now_ms: int) -> bool:
    return member is not None and now_ms - member.heard_ms < GONE_AFTER_MS


def _weight(node: str, room: str) -> bytes:
    return hashlib.blake2b(f"{node} {room}".encode(), digest_size=8).digest()
