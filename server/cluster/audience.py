"""The nodes that follow one room of this node: its tail goes out once, whatever their number.

Each has a list of its visitors, so that they can be taken back when it falls silent. The newest number
is repeated after a silence, for nobody notices that the last message was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import chain, islice

from msgspec import Raw

from server.cluster.messages import FRAME_BYTES, Followed, Frame, encode, fitting
from server.cluster.visitors import Visitors
from server.room.events import encode as encode_event
from server.rooms.changes import Change
from server.rooms.local import LocalRoom
from server.rooms.tail import Batch

# When the newest number is said again, counted from the last frame.
REPEATS_S = (0.2, 2.0)
ON_ITS_WAY_S = 1.0
# Of more visitors elsewhere a node that begins to follow is not told; the owner knows them all.
OTHERS_MOST = 20_000


class Audience:
    """Made with the first node that follows, closed with the last that left."""

    def __init__(
        self,
        room: LocalRoom,
        node: str,
        epoch: int,
        *,
        own: Visitors,
        publish: Callable[[bytes], None],
        ended: Callable[[Audience], None],
    ) -> None:
        self.room, self.epoch = room, epoch
        self.nodes: dict[str, Visitors] = {}
        self.told: dict[str, int] = {}  # how often a node told something since it followed
        self._node, self._own, self._publish, self._on_end = node, own, publish, ended
        # A room that all left and follow again has higher numbers than before: no frame takes less than 1 us.
        self._nr = round(asyncio.get_running_loop().time() * 1_000_000)
        self._head = room.tail.head  # of the last frame
        self._changes: list[tuple[str, Change]] = []
        self._said_s = 0.0
        self._repeats = 0
        self._repeating: asyncio.TimerHandle | None = None
        self._unsubscribe = room.tail.subscribe(self._read, rested=self.show, ended=self._ended)

    def follow(self, node: str, visitors: Visitors) -> list[Change]:
        """Let a node follow; returns what its visitors change beside what was known of them."""
        before = self.nodes.get(node, Visitors())
        self.told[node] = 0
        return list(before.turned_into(visitors))

    def joined(self, node: str) -> Followed:
        """Return where a node that follows now begins."""
        self._flush()
        return Followed(self.epoch, self._nr, self._head, self.room.is_awake, self._others(node))

    def _others(self, node: str) -> list[Change]:
        """Return as many visitors of other nodes as fit into an answer, and what is noted of them first."""
        others = [self._own, *(visitors for other, visitors in self.nodes.items() if other != node)]
        here = list(islice(chain.from_iterable(each.here() for each in others), OTHERS_MOST))
        notes = list(islice(chain.from_iterable(each.notes() for each in others), OTHERS_MOST - len(here)))
        return [*notes[: fitting(notes, OTHERS_MOST)], *here[: fitting(here, OTHERS_MOST)]]

    def differs(self, node: str, epoch: int, nr: int) -> bool:
        """Tell whether a node missed what was said; what was said just now may be on its way."""
        if node not in self.nodes or epoch != self.epoch:
            return True
        silent_s = asyncio.get_running_loop().time() - self._said_s
        return nr != self._nr and silent_s > REPEATS_S[-1] + ON_ITS_WAY_S

    def note(self, origin: str, change: Change) -> None:
        """Tell all nodes of a change, at the end of this turn of the loop."""
        if not self._changes:
            asyncio.get_running_loop().call_soon(self._flush)
        self._changes.append((origin, change))

    def show(self) -> None:
        """Tell all nodes whether the room is awake."""
        self._say([], [])

    def close(self) -> None:
        """Tell nobody any more; may be called again."""
        self._unsubscribe()
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None

    def _ended(self) -> None:
        self.close()
        self._on_end(self)

    def _flush(self) -> None:
        if self._changes:
            self._say([], [])

    def _read(self, batch: Batch) -> None:
        """Say what the room brought; what is too long for one frame goes in several."""
        events = [Raw(encode_event(encoded.event)) for encoded in batch.events]
        signals = [(to, Raw(body)) for to, body in batch.signals]
        if not events:
            self._say([], signals)
            return
        first = batch.events[0].event.seq
        for part in _parts(events):
            self._head, prev = first + len(part) - 1, first - 1
            first += len(part)
            last = first > batch.events[-1].event.seq
            self._say(part, signals if last else [], prev=prev)

    def _say(
        self,
        events: list[Raw],
        signals: list[tuple[str | None, Raw]],
        *,
        prev: int | None = None,
        dropped: str = "",
    ) -> None:
        changes, self._changes = self._changes, []
        self._nr += 1
        self._send(events, signals, changes, self._head if prev is None else prev, dropped=dropped)
        self._said_s = asyncio.get_running_loop().time()
        if self._repeats and self._repeating is not None:
            self._repeating.cancel()  # it waits for the later repeat
            self._repeating = None
        self._repeats = 0
        if self._repeating is None:
            self._repeat_in(REPEATS_S[0])

    def drop(self, node: str) -> None:
        """Forget a node, and tell it so in case that it lives."""
        del self.nodes[node], self.told[node]
        self._say([], [], dropped=node)

    def _send(
        self,
        events: list[Raw],
        signals: list[tuple[str | None, Raw]],
        changes: list[tuple[str, Change]],
        prev: int,
        *,
        again: bool = False,
        dropped: str = "",
    ) -> None:
        self._publish(
            encode(
                Frame(
                    self.room.id,
                    self._node,
                    self.epoch,
                    self._nr,
                    self.room.is_awake,
                    prev,
                    self._head,
                    events,
                    signals,
                    changes,
                    again,
                    dropped,
                )
            )
        )

    def _repeat_in(self, wait_s: float) -> None:
        self._repeating = asyncio.get_running_loop().call_later(wait_s, self._repeat)

    def _repeat(self) -> None:
        """Say the newest number again if there was silence since the last frame, and wait on."""
        silent_s = asyncio.get_running_loop().time() - self._said_s
        if silent_s >= REPEATS_S[self._repeats] - 1e-3:
            self._send([], [], [], self._head, again=True)
            self._repeats += 1
        if self._repeats < len(REPEATS_S):
            self._repeat_in(max(0.0, REPEATS_S[self._repeats] - silent_s))
        else:
            self._repeating = None


def _parts(events: list[Raw]) -> Iterable[list[Raw]]:
    """Yield events in parts of about `FRAME_BYTES`."""
    part, size = list[Raw](), 0
    for event in events:
        if part and size + len(bytes(event)) > FRAME_BYTES:
            yield part
            part, size = [], 0
        part.append(event)
        size += len(bytes(event))
    yield part
