"""In which order a room's radio plays what lands: while a round runs, the round's clips and nothing else.

What was said out of turn waits until the round is over, and so does what was left of the time before it.
Pure: events in, pieces out.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable

from msgspec import Struct

from games.round import AnswerGiven, Round, RoundClosed, RoundOpened, RoundRevealed
from server.room.chains import heard_of
from server.room.company import DUET_LEAD_MS
from server.room.events import ClipHidden, ClipLanded, ClipRemoved, ClipRestored, Event, RoomClosed
from server.room.held_facts import ClipHeld, ClipPassed

# Clips that land faster than they can be played are skipped from the oldest on.
QUEUE_PIECES = 64
# A replay of more clips is played in parts: 10 minutes of the longest (3 MB) are one message to a worker.
PIECE_CLIPS = 20
# What is said out of turn waits: this many pieces of one voice and of all, the oldest gives way.
LATER_OF_VOICE, LATER_PIECES = 2, 16


class Piece(Struct, frozen=True):
    """One clip, or several that make one; of which round it is, and of whom when it was said out of turn.

    An `older` one is heard in the company of a round's take: it answered the same prompt. One of a duet
    waits until `begins_at_ms`.
    """

    clips: tuple[str, ...]
    round: str | None = None
    aside_of: str = ""
    older: bool = False
    begins_at_ms: int = 0


def waiting_company(round_: Round) -> tuple[str, ...]:
    """Return the older clips that wait for a take of a running round, as a restart finds them in its log.

    The clip of a duet waits to be heard with the take as one.
    """
    own = (take for take in round_.takes if not take.hidden and round_.starter in {"", take.voice})
    return () if any(own) else round_.company


class Playlist:
    """What a radio has still to play; `round` is the running one."""

    def __init__(
        self,
        has_sound: Callable[[str], bool],
        is_withheld: Callable[[str], bool],
        running: Round | None = None,
    ) -> None:
        self.round = running.id if running else None
        self._has_sound = has_sound
        self._is_withheld = is_withheld
        self._queue: deque[Piece] = deque()
        self._left: deque[Piece] = deque()
        self._later: deque[Piece] = deque()
        self._held: deque[Piece] = deque()  # with clips that are hidden for now
        # Clips that wait for a take of the round, and whose take that is (anybody's when it is empty).
        self._company = waiting_company(running) if running else ()
        self._starter = running.starter if running else ""
        self._is_duet = running is not None and running.duet is not None

    def __bool__(self) -> bool:
        """Tell whether there is something to play now."""
        return bool(self._queue)

    def pop(self) -> Piece:
        """Return the next piece. Raises `IndexError`."""
        return self._queue.popleft()

    def waiting(self) -> list[Piece]:
        """Return what is played after the round, in order."""
        return [*self._left, *self._later]

    def read(self, event: Event) -> bool:
        """Follow an event; tell whether there is more to play now."""
        before = len(self._queue)
        match event.data:
            case ClipLanded(hidden=False, clip=clip, round=round_):
                is_aside = self.round is not None and round_ != self.round
                voice = event.by.id if event.by else clip
                partner = self._partner(round_, voice)
                self._add([Piece((*partner, clip), round_, voice if is_aside else "")])
                self._accompany(round_, voice)
            case AnswerGiven(hidden=False, round=round_):
                self._accompany_written(round_, event.by.id if event.by else "")
            case RoundRevealed(round=round_, takes=takes):
                self._add(Piece((take.clip,), round_) for take in takes)
            case RoundOpened() as opened:
                self._open(opened.round)
                self._invite(opened, event)
            case RoundClosed() as closed:
                self._close(closed)
            case ClipHidden(clip=clip) | ClipHeld(clip=clip):
                self._hold_back(clip)
            case ClipRestored(clip=clip) | ClipPassed(clip=clip):
                self._let_through(clip)
            case ClipRemoved(clip=clip):
                self._take_out(clip)
            case RoomClosed():
                for pieces in self._all():
                    pieces.clear()
            case _:
                pass
        return len(self._queue) > before

    def relayed(self, event: Event) -> bool:
        """Follow the landing of a take that was heard while it was spoken; tell whether there is more now."""
        before = len(self._queue)
        if isinstance(event.data, ClipLanded):
            self._accompany(event.data.round, event.by.id if event.by else event.data.clip)
        return len(self._queue) > before

    def _invite(self, opened: RoundOpened, event: Event) -> None:
        """Note the company of a round; in a duet it is heard first, and in a chain its last links."""
        self._company, self._starter = opened.company, event.by.id if event.by else ""
        self._is_duet = opened.duet is not None
        at_ms = event.at_ms + DUET_LEAD_MS
        if opened.earlier:
            self._add([Piece(heard_of(opened.earlier), opened.round, begins_at_ms=at_ms)])
        if self._is_duet:
            self._add(Piece((clip,), opened.round, older=True, begins_at_ms=at_ms) for clip in opened.company)

    def _accompany_written(self, round_: str, voice: str) -> None:
        """Play the company of a round after a written answer; that of a duet was heard before."""
        if not self._partner(round_, voice):
            self._accompany(round_, voice)

    def _partner(self, round_: str | None, voice: str) -> tuple[str, ...]:
        """Return what is heard as one with the first take of a duet, if that can still be heard."""
        if not self._is_duet or not self._is_wanted(round_, voice):
            return ()
        company, self._company = self._company, ()
        is_here = all(self._has_sound(clip) and not self._is_withheld(clip) for clip in company)
        return company if is_here else ()

    def _is_wanted(self, round_: str | None, voice: str) -> bool:
        """Tell whether a take is the one that the company of the running round waits for."""
        return round_ is not None and round_ == self.round and self._starter in {"", voice}

    def _accompany(self, round_: str | None, voice: str) -> None:
        """Play the company of a round once its take has landed: speak, then hear."""
        if not self._is_wanted(round_, voice):
            return
        company, self._company = self._company, ()
        self._add(Piece((clip,), round_, older=True) for clip in company)

    def put_back(self, piece: Piece) -> None:
        """Play a piece later that had to give way: next, or after the round that began meanwhile.

        It is the oldest: when enough landed meanwhile that the queue is full, it is the one to be skipped.
        """
        place = self._place(piece)
        if len(place) < QUEUE_PIECES:
            place.appendleft(piece)
        self._bound_later()

    def _bound_later(self) -> None:
        """Drop the oldest pieces of voices that have too many, and of all."""
        while self._later:
            voice, most = Counter(piece.aside_of for piece in self._later).most_common(1)[0]
            if most <= LATER_OF_VOICE and len(self._later) <= LATER_PIECES:
                return
            self._later.remove(next(piece for piece in self._later if piece.aside_of == voice))

    def _open(self, round_: str) -> None:
        """Begin a round: what has not been played yet waits until it is over, and no replay comes so late."""
        self.round = round_
        unplayed = [piece for piece in self._queue if len(piece.clips) == 1 and not piece.older]
        self._queue.clear()
        self._left.extend(piece for piece in unplayed if not piece.aside_of)
        self._later.extendleft(reversed([piece for piece in unplayed if piece.aside_of]))
        self._bound(self._left)
        self._bound_later()

    def _close(self, closed: RoundClosed) -> None:
        """End a round: its replay, then what waited."""
        waiting = self.waiting() if self.round in {None, closed.round} else []
        if self.round == closed.round:
            self.round = None
            self._company = ()
        replay = closed.replay
        parts = (tuple(replay[at : at + PIECE_CLIPS]) for at in range(0, len(replay), PIECE_CLIPS))
        self._add(Piece(part, closed.round) for part in parts)
        if waiting:
            self._left.clear()
            self._later.clear()
            self._add(waiting)

    def _hold_back(self, clip: str) -> None:
        """Keep what is hidden for now, to be played when somebody has decided that it stays."""
        self._held.extend(self._take_out(clip))
        self._bound(self._held)

    def _let_through(self, clip: str) -> None:
        waiting = [piece for piece in self._held if clip in piece.clips]
        for piece in waiting:
            self._held.remove(piece)
        self._add(waiting)

    def _take_out(self, clip: str) -> list[Piece]:
        """Take a clip, and all that it is a part of, out of what is to be played; return that."""
        out: list[Piece] = []
        for pieces in self._all():
            found = [piece for piece in pieces if clip in piece.clips]
            out += found
            for piece in found:
                pieces.remove(piece)
        return out

    def _all(self) -> tuple[deque[Piece], ...]:
        return self._queue, self._left, self._later, self._held

    def _add(self, pieces: Iterable[Piece]) -> None:
        """Put pieces where they wait: a written answer has no sound, and is none."""
        for piece in pieces:
            if not all(map(self._has_sound, piece.clips)):
                continue
            place = self._place(piece)
            place.append(piece)
            self._bound(place)
        self._bound_later()

    def _place(self, piece: Piece) -> deque[Piece]:
        if any(map(self._is_withheld, piece.clips)):
            return self._held
        if self.round is None or piece.round == self.round:
            return self._queue
        return self._later if piece.aside_of else self._left

    def _bound(self, pieces: deque[Piece]) -> None:
        while len(pieces) > QUEUE_PIECES:
            pieces.popleft()
