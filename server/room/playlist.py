"""In which order a room's radio plays what lands: while a round runs, the round's clips and nothing else.

What was said out of turn waits until the round is over, and so does what was left of the time before it. No
clock, no sound: events in, pieces out.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from games.round import RoundClosed, RoundOpened, RoundRevealed
from server.room.events import ClipLanded, ClipRemoved, Event, RoomClosed

# Clips that land faster than they can be played are skipped from the oldest on.
QUEUE_PIECES = 64
# A replay of more clips is played in parts: 10 minutes of the longest (3 MB) are one message to a worker.
PIECE_CLIPS = 20
# What is said out of turn waits: so much of one voice and of all, the oldest gives way.
LATER_OF_VOICE, LATER_PIECES = 2, 16


class Piece(Struct, frozen=True):
    """One clip, or several that make one; of which round it is, and of whom when it was said out of turn."""

    clips: tuple[str, ...]
    round: str | None = None
    aside_of: str = ""


class Playlist:
    """What a radio has still to play; `round` is the running one."""

    def __init__(self, round_: str | None = None) -> None:
        self.round = round_
        self._queue: deque[Piece] = deque()
        self._left: deque[Piece] = deque()
        self._later: deque[Piece] = deque()

    def __bool__(self) -> bool:
        """Tell whether there is something to play now."""
        return bool(self._queue)

    def pop(self) -> Piece:
        """Return the next piece. Raises `IndexError`."""
        return self._queue.popleft()

    def waiting(self) -> list[Piece]:
        """Return what is played after the round, in order."""
        return [*self._left, *self._later]

    def read(self, event: Event, has_sound: Callable[[str], bool]) -> bool:
        """Follow an event; tell whether there is more to play now."""
        before = len(self._queue)
        match event.data:
            case ClipLanded(hidden=False) as landed:
                self._landed(landed, event.by.id if event.by else "", has_sound)
            case RoundRevealed(round=round_, takes=takes):
                self._add(Piece((take.clip,), round_) for take in takes if has_sound(take.clip))
            case RoundOpened(round=round_):
                self._open(round_)
            case RoundClosed() as closed:
                self._close(closed, has_sound)
            case ClipRemoved(clip=clip):
                self._withdraw(clip)
            case RoomClosed():
                for pieces in (self._queue, self._left, self._later):
                    pieces.clear()
            case _:
                pass
        return len(self._queue) > before

    def put_back(self, piece: Piece) -> None:
        """Play a piece later that had to give way: next, or after the round that began meanwhile.

        It is the oldest: when enough landed meanwhile that the queue is full, it is the one to be skipped.
        """
        if self.round is not None and piece.round != self.round:
            (self._later if piece.aside_of else self._left).appendleft(piece)
            self._bound(self._left)
            self._bound_later()
        elif len(self._queue) < QUEUE_PIECES:
            self._queue.appendleft(piece)

    def _landed(self, landed: ClipLanded, voice: str, has_sound: Callable[[str], bool]) -> None:
        if not has_sound(landed.clip):
            return
        if self.round is None or landed.round == self.round:
            self._add([Piece((landed.clip,), landed.round)])
            return
        self._later.append(Piece((landed.clip,), None, voice or landed.clip))
        self._bound_later()

    def _bound_later(self) -> None:
        """Let go of the oldest of whom there is too much."""
        while self._later:
            voice, most = Counter(piece.aside_of for piece in self._later).most_common(1)[0]
            if most <= LATER_OF_VOICE and len(self._later) <= LATER_PIECES:
                return
            self._later.remove(next(piece for piece in self._later if piece.aside_of == voice))

    def _open(self, round_: str) -> None:
        """Begin a round: what has not been played yet waits until it is over."""
        self.round = round_
        unplayed = list(self._queue)
        self._queue.clear()
        self._left.extend(piece for piece in unplayed if not piece.aside_of)
        self._later.extendleft(reversed([piece for piece in unplayed if piece.aside_of]))
        self._bound(self._left)
        self._bound_later()

    def _close(self, closed: RoundClosed, has_sound: Callable[[str], bool]) -> None:
        """End a round: its replay, then what waited."""
        replay = closed.replay
        parts = (tuple(replay[at : at + PIECE_CLIPS]) for at in range(0, len(replay), PIECE_CLIPS))
        self._add(Piece(part, closed.round) for part in parts if all(map(has_sound, part)))
        if self.round not in {None, closed.round}:
            return
        self.round = None
        self._add(self.waiting())
        self._left.clear()
        self._later.clear()

    def _withdraw(self, clip: str) -> None:
        for pieces in (self._queue, self._left, self._later):
            for piece in [piece for piece in pieces if clip in piece.clips]:
                pieces.remove(piece)

    def _add(self, pieces: Iterable[Piece]) -> None:
        self._queue.extend(pieces)
        self._bound(self._queue)

    def _bound(self, pieces: deque[Piece]) -> None:
        while len(pieces) > QUEUE_PIECES:
            pieces.popleft()
