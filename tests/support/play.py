"""A game at a table: one round in a room without a log, by the room's own rules and in their order.

A take lands when it is a voice's turn, its words come afterwards by a caption, time passes, voices
leave: each is a command that is decided and folded as in a real room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from string import ascii_lowercase
from unittest.mock import patch

from msgspec.structs import replace

from games import prompts, registry
from games.game import Game
from games.prompts import Card
from games.registry import BY_ID
from games.round import Round, RoundClosed, RoundFact, RoundOpened, Tempo, TurnGiven, VerdictGiven
from server.room.commands import Again, Answer, Caption, Command, Forget, RoundJoin, RoundStart, Vote
from server.room.events import ClipCaptioned, Fact, Voice
from server.room.kinds import KINDS
from tests.support.rooms import PureRoom


class Played:
    """A round of one game; `facts` are all that came of it.

    Players `a`, `b` and so on play in this order. With `card` every prompt that is drawn says this;
    else it says the name of its pack and how many were drawn. Words are expected (`captions`) unless
    a test says that nobody listens for them.
    """

    def __init__(
        self,
        game: str | Game,
        *players: str,
        language: str = "en",
        scored: bool = True,
        tempo: Tempo | None = None,
        seed: int = 1,
        card: str = "",
        captions: bool = True,
    ) -> None:
        self.game = BY_ID[game] if isinstance(game, str) else game
        self.card, self.drawn, self.scored = card, 0, scored
        kinds = [kind for kind in self.game.kinds if KINDS[kind].scored] or self.game.kinds
        self.room = PureRoom(kinds[0], seed=seed, language=language)
        self.room.captions, self.room.consented = captions, [*ascii_lowercase, *players]
        self._begin(players, tempo)
        self.facts: list[RoundFact] = list(self._of_round(0))

    def _begin(self, players: Sequence[str], tempo: Tempo | None) -> None:
        """Start the game; with players once more, for they are in it from the start then, and in order."""
        first, others = (players[0], players[1:]) if players else (None, ())
        self._do(RoundStart(self.game.id, tempo), first)
        for voice in others:
            self._do(RoundJoin(), voice)
        if others:
            self._do(Again(), first)
        for voice in players:
            self._arrive(voice)

    def _arrive(self, voice: str) -> None:
        """Let a voice be here: who plays, speaks or votes is."""
        if voice not in self.room.here:
            self.room.here = self.room.speakers = [*self.room.here, voice]

    def _of_round(self, since: int) -> Iterator[RoundFact]:
        for event in self.room.events[since:]:
            if isinstance(event.data, RoundFact) and event.data.round == self.round.id:
                yield event.data

    @contextmanager
    def _stage(self) -> Iterator[None]:
        """Offer the game, stack the packs, and let the room score or not, while a command is decided."""
        kind = self.room.state.kind
        with ExitStack() as stack:
            stack.enter_context(patch.object(prompts, "pack", self._pack))
            if self.game.id not in BY_ID:
                stack.enter_context(patch.dict(BY_ID, {self.game.id: self.game}))
                stack.enter_context(patch.object(registry, "GAMES", (*registry.GAMES, self.game)))
            if kind in KINDS:
                stack.enter_context(patch.dict(KINDS, {kind: replace(KINDS[kind], scored=self.scored)}))
            yield

    def _pack(self, _: str, name: str) -> tuple[Card, ...]:
        self.drawn += 1
        return (Card(f"{name}-{self.drawn}", self.card or f"{name} {self.drawn}"),)

    def _do(self, command: Command, voice: str | None = None) -> list[Fact]:
        if voice is not None and self.room.here:  # while the game is begun, nobody is drawn into it
            self._arrive(voice)
        with self._stage():
            return self.room.do(command, voice_of(voice) if voice else None)

    def _told(self, since: int) -> list[RoundFact]:
        told = list(self._of_round(since))
        self.facts += told
        return told

    @property
    def now_ms(self) -> int:
        """Return the time."""
        return self.room.now_ms

    @property
    def round(self) -> Round:
        """Return the round, running or over."""
        round_ = self.room.state.round or self.room.state.last_round
        assert round_ is not None
        return round_

    @property
    def turn(self) -> TurnGiven:
        """Return the running turn."""
        assert self.round.turn is not None
        return self.round.turn

    @property
    def closed(self) -> RoundClosed | None:
        """Return the end, if it has come."""
        return next((fact for fact in self.facts if isinstance(fact, RoundClosed)), None)

    @property
    def opened(self) -> RoundOpened:
        """Return the beginning."""
        return next(fact for fact in self.facts if isinstance(fact, RoundOpened))

    @property
    def prompts(self) -> list[str]:
        """Return what the turns asked."""
        return [turn.prompt for turn in self.round.turns]

    def land(self, voice: str, *, gap_ms: int = 0, duration_ms: int = 900) -> list[str]:
        """Land a take in the running turn, and return the codes of the verdicts that follow at once."""
        since = len(self.room.events)
        self._arrive(voice)
        self.room.now_ms = max(self.now_ms, self.turn.go_at_ms + 1_000)
        clip = f"c{len(self.round.takes) + 1}"
        with self._stage():
            self.room.land(clip, voice_of(voice), gap_ms=gap_ms, duration_ms=duration_ms)
        assert self.round.take(clip), "it was not their turn"
        return codes(self._told(since))

    def caption(self, clip: str, text: str) -> list[str]:
        """Tell the words of a clip, and return the codes of the verdicts that follow."""
        since = len(self.room.events)
        self._do(Caption(ClipCaptioned(clip, text, self.room.state.language)))
        return codes(self._told(since))

    def say(self, voice: str, text: str = "", *, gap_ms: int = 0, duration_ms: int = 900) -> list[str]:
        """Land a take; its words come afterwards, or never. Return the codes of the verdicts."""
        found = self.land(voice, gap_ms=gap_ms, duration_ms=duration_ms)
        clip = self.round.takes[-1].clip
        if text:
            return [*found, *self.caption(clip, text)]
        running = self.room.state.round
        if running and self.game.is_full(running):
            self.wait()
        return found

    def write(self, voice: str, text: str) -> list[str]:
        """Write an answer instead of speaking, and return the codes of the verdicts."""
        since = len(self.room.events)
        self.room.now_ms = max(self.now_ms, self.turn.go_at_ms + 1_000)
        self._do(Answer(self.round.id, text), voice)
        return codes(self._told(since))

    def wait(self) -> list[RoundFact]:
        """Let pass what is waited for: the end of the running turn, or the words of its takes."""
        since = len(self.room.events)
        with self._stage():
            assert self.room.pass_time()
        return self._told(since)

    def vote(self, voice: str, clip: str, value: int) -> list[RoundFact]:
        """Vote, and return what follows."""
        since = len(self.room.events)
        self._do(Vote(self.round.id, clip, value), voice)
        return self._told(since)

    def take_back(self, clip: str) -> None:
        """Let a speaker take a clip back."""
        take = self.round.take(clip)
        assert take is not None
        self._do(Forget(clip), take.voice)

    def join(self, voice: str) -> list[RoundFact]:
        """Join, and return what follows."""
        since = len(self.room.events)
        self._do(RoundJoin(), voice)
        return self._told(since)

    def codes(self) -> list[str]:
        """Return the codes of all verdicts."""
        return [verdict.code for verdict in self.round.verdicts]

    def verdicts(self) -> list[VerdictGiven]:
        """Return all verdicts."""
        return list(self.round.verdicts)

    def leave_only(self, *voices: str) -> None:
        """Say who is here now."""
        self.room.here = self.room.speakers = voices


def voice_of(name: str) -> Voice:
    """Return the voice of a player."""
    return Voice(name, f"Voice {name}", "#808080")


def codes(facts: Sequence[RoundFact]) -> list[str]:
    """Return the codes of the verdicts among some facts."""
    return [fact.code for fact in facts if isinstance(fact, VerdictGiven)]
