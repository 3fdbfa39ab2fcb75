"""How a round feels: every game played by three scripted voices against the real rules, by a virtual clock.

What happens comes in the order in which it does in a room: a voice begins at "go", its take lands a moment
after its last sound, its words are known later, votes are cast while the takes are replayed. Nothing waits:
`python -m bench.pace` prints a line for every game within a second.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, pairwise
from random import Random
from statistics import fmean

from msgspec import Struct

from games.game import Game
from games.pace import SPOKEN
from games.registry import GAMES
from games.round import RoundClosed, RoundOpened, TurnGiven, VoteCast
from server.room.commands import Caption, Command, Land, Open, RoundJoin, RoundStart, Tick, Vote
from server.room.context import Context
from server.room.decide import decide, due
from server.room.events import ClipCaptioned, ClipLanded, Fact, RoomOpened, Voice, numbered
from server.room.state import EMPTY, RoomState, apply

VOICES = tuple(Voice(f"voice-{name}", name.title(), "#808080") for name in ("anna", "bela", "cleo"))
# After "go": the first sound of who has a turn alone, and of those who speak at once (a word takes 0.6 s).
ONSETS_MS = (600, 900, 1_400)
# A clip has so much air around its voice (`audio/finish.py`), and a word is a clip of 0.6 s.
AIR_MS = 160
WORD_CLIP_MS, LINE_CLIP_MS = 600, 2_200
# From the last sound until the clip is in the room: by a finger that lets go, or by the room, which hears
# that a voice is silent behind a word for 500 ms and needs 60 ms to finish it (`way.p50_ms`).
LET_GO_MS, BY_SILENCE_MS = 300, 560
WORDS_KNOWN_MS = 500
# A page asks to speak so long before "go".
LEAD_MS = 150
VOTES_MS = (900, 1_500, 2_200)
LONGEST_ROUND_MS = 600_000

Act = Callable[[], None]


class Paced(Struct):
    """What was measured of one round."""

    turns_ms: list[int]
    round_ms: int
    heard_ms: int
    vote_open_ms: int | None

    @property
    def turn_s(self) -> float:
        """Return the time from "go" to "go", on average; of one turn until the end."""
        return fmean(self.turns_ms) / 1000

    @property
    def share(self) -> float:
        """Return the share of the round in which a human speaks or is heard."""
        return self.heard_ms / self.round_ms


class PacedRound:
    """One round of a game, from its opening to its end."""

    def __init__(self, game: Game, *, landing_ms: int = LET_GO_MS, captions: bool = False) -> None:
        self.game, self.landing_ms, self.captions = game, landing_ms, captions
        self.state: RoomState = EMPTY
        self.now_ms = 1_000_000
        self.random = Random(1)
        self.speaking: set[str] = set()
        self.queue: list[tuple[int, int, Act]] = []
        self.order = count()
        self.clips = 0
        self.sounds: list[tuple[int, int]] = []
        self.radio_ms = 0
        self.facts: list[tuple[int, Fact]] = []
        kind = game.kinds[0]
        self._do(Open(RoomOpened(kind, "Bench", tempo=game.tempo)))

    def play(self) -> Paced:
        """Play a round to its end."""
        self._do(RoundStart(self.game.id), VOICES[0])
        for voice in VOICES[1:]:
            if self.state.round is not None and self.game.opt_in:
                self._do(RoundJoin(), voice)
        while self.state.round is not None:
            self._step()
        return self._measured()

    def _step(self) -> None:
        due_ms = due(self.state, self._context())
        if self.queue and (due_ms is None or self.queue[0][0] <= due_ms):
            at_ms, _, act = heapq.heappop(self.queue)
            self.now_ms = max(self.now_ms, at_ms)
            act()
            return
        if due_ms is None or due_ms > 1_000_000 + LONGEST_ROUND_MS:
            raise AssertionError(f"{self.game.id} goes on for ever")
        self.now_ms = max(self.now_ms, due_ms)
        self._do(Tick())

    def _context(self) -> Context:
        here = [voice.id for voice in VOICES]
        return Context(
            self.now_ms, self.random, here, here, self.speaking, {}, here, {}, captions=self.captions
        )

    def _do(self, command: Command, by: Voice | None = None) -> None:
        for draft in decide(self.state, command, by, self._context()):
            self.state = apply(self.state, numbered(draft, self.state.head + 1, self.state.head))
            self.facts.append((self.now_ms, draft.data))
            if isinstance(draft.data, TurnGiven):
                self._plan(draft.data)

    def _at(self, at_ms: int, act: Act) -> None:
        heapq.heappush(self.queue, (at_ms, next(self.order), act))

    def _plan(self, turn: TurnGiven) -> None:
        """Let everybody whose turn it is speak in it, or all vote."""
        if turn.act == "vote":
            for voice, after_ms in zip(VOICES, VOTES_MS, strict=True):
                if not turn.voices or voice.id in turn.voices:
                    self._at(max(self.now_ms, turn.go_at_ms) + after_ms, partial(self._vote, voice, turn))
            return
        speakers = [voice for voice in VOICES if turn.is_for(voice.id)]
        for voice, onset_ms in zip(speakers, ONSETS_MS, strict=False):
            self._speak(turn, voice, onset_ms)

    def _speak(self, turn: TurnGiven, voice: Voice, onset_ms: int) -> None:
        clip_ms = WORD_CLIP_MS if turn.max_words == 1 else LINE_CLIP_MS
        if turn.limit_ms:  # whoever is to talk talks
            clip_ms = clip_ms if turn.max_words == 1 else turn.limit_ms
        voice_ms = clip_ms - AIR_MS
        begins_ms = turn.go_at_ms + onset_ms
        ends_ms = begins_ms + voice_ms
        if turn.cut_at_ms is not None:
            ends_ms = min(ends_ms, turn.cut_at_ms)
            clip_ms = ends_ms - begins_ms + AIR_MS
        self._at(turn.go_at_ms - LEAD_MS, lambda: self.speaking.add(voice.id))
        landed = ClipLanded("", clip_ms, onset_ms, 0, -16.0, ())
        self._at(ends_ms + self.landing_ms, lambda: self._land(landed, voice, turn))
        self.sounds.append((begins_ms, ends_ms))

    def _land(self, clip: ClipLanded, voice: Voice, turn: TurnGiven) -> None:
        self.speaking.discard(voice.id)
        self.clips += 1
        id_ = f"clip-{self.clips:04}"
        landed = ClipLanded(id_, clip.duration_ms, clip.onset_ms, 0, -16.0, ())
        self._do(Land(landed, turn.go_at_ms), voice)
        begins_ms = max(self.now_ms, self.radio_ms)
        self.radio_ms = begins_ms + clip.duration_ms
        self.sounds.append((begins_ms, self.radio_ms))
        if self.captions:
            said = Caption(ClipCaptioned(id_, f"word{self.clips}", "en"))
            self._at(self.now_ms + WORDS_KNOWN_MS, lambda: self._do(said))

    def _vote(self, voice: Voice, turn: TurnGiven) -> None:
        """Vote for one take of another; who judges alone says something of each."""
        round_ = self.state.round
        takes = [take.clip for take in round_.takes if take.voice != voice.id] if round_ else []
        for clip in turn.clips if turn.voices else takes[-1:]:
            self._do(Vote(turn.round, clip, 1), voice)

    def _measured(self) -> Paced:
        opened_ms = next(at_ms for at_ms, fact in self.facts if isinstance(fact, RoundOpened))
        closed_ms = next(at_ms for at_ms, fact in self.facts if isinstance(fact, RoundClosed))
        turns = [fact for _, fact in self.facts if isinstance(fact, TurnGiven)]
        gos = [turn.go_at_ms for turn in turns if turn.act in SPOKEN]
        votes = [at_ms for at_ms, fact in self.facts if isinstance(fact, VoteCast)]
        return Paced(
            [after - before for before, after in pairwise(gos)] or [closed_ms - gos[0]],
            closed_ms - opened_ms,
            _union_ms(self.sounds, opened_ms, closed_ms),
            closed_ms - votes[-1] if votes else None,
        )


def _union_ms(spans: list[tuple[int, int]], from_ms: int, to_ms: int) -> int:
    """Return how much of a time is covered by some spans."""
    covered, end_ms = 0, from_ms
    for begins_ms, ends_ms in sorted(spans):
        covered += max(0, min(ends_ms, to_ms) - max(begins_ms, end_ms))
        end_ms = max(end_ms, ends_ms)
    return covered


def rounds() -> Iterator[tuple[str, Paced]]:
    """Play every game once."""
    for game in GAMES:
        yield game.id, PacedRound(game).play()


def word_s(*, landing_ms: int = LET_GO_MS, captions: bool = False) -> float:
    """Return the seconds a word in a word association."""
    game = next(game for game in GAMES if game.id == "word_association")
    return PacedRound(game, landing_ms=landing_ms, captions=captions).play().turn_s


def measure() -> dict[str, float]:
    """Return what the pace of all games is in short."""
    played = [paced for _, paced in rounds()]
    votes = [paced.vote_open_ms for paced in played if paced.vote_open_ms is not None]
    return {
        "word_s": word_s(),
        "word_with_words_known_s": word_s(captions=True),
        "word_by_silence_s": word_s(landing_ms=BY_SILENCE_MS),
        "vote_open_after_last_s": max(votes) / 1000,
        "heard_share": sum(paced.heard_ms for paced in played) / sum(paced.round_ms for paced in played),
    }


def main() -> None:
    """Print a line for every game."""
    print("| game | go to go, s | round, s | a human is heard | vote open after the last, s |")
    print("|---|---:|---:|---:|---:|")
    for name, paced in rounds():
        vote = "" if paced.vote_open_ms is None else f"{paced.vote_open_ms / 1000:.1f}"
        print(f"| {name} | {paced.turn_s:.1f} | {paced.round_ms / 1000:.0f} | {paced.share:.0%} | {vote} |")
    for name, value in measure().items():
        print(f"{name}: {value:.2f}")


if __name__ == "__main__":
    main()
