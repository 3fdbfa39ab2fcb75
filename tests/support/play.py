"""A game played by hand, without a room: takes land when it is a voice's turn, time passes, captions come."""

from __future__ import annotations

from random import Random

from msgspec.structs import replace

from games.game import Game, GameContext, Setup
from games.registry import BY_ID
from games.round import (
    Prompt,
    Round,
    RoundClosed,
    RoundFact,
    RoundOpened,
    Take,
    Tempo,
    TurnGiven,
    VerdictGiven,
    apply,
    captioned,
    landed,
    opened,
)
from games.words import tokens


class Played:
    """A round of one game; `facts` are all that came of it, `round` what they fold to."""

    def __init__(
        self,
        game: str | Game,
        *players: str,
        language: str = "en",
        scored: bool = True,
        tempo: Tempo = "snap",
        seed: int = 1,
        card: str = "",
    ) -> None:
        self.game = BY_ID[game] if isinstance(game, str) else game
        self.language, self.scored, self.card = language, scored, card
        self.random, self.now_ms, self.facts = Random(seed), 1_000_000, list[RoundFact]()
        self.present: tuple[str, ...] = ()
        self.drawn = 0
        first, *rest = self.game.begin(Setup("r", tempo, players, self.scene()))
        assert isinstance(first, RoundOpened)
        self.round: Round = opened(first, self.now_ms)
        self.facts.append(first)
        self._told(rest)

    def scene(self) -> GameContext:
        """Return the moment."""
        return GameContext(
            self.now_ms, self.language, 3_000, 5_000, self._draw, self.random, self.scored, self.present
        )

    def _draw(self, name: str) -> Prompt:
        self.drawn += 1
        return Prompt(f"{name}-{self.drawn}", self.card or f"{name} {self.drawn}")

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
    def prompts(self) -> list[str]:
        """Return what the turns asked."""
        return [turn.prompt for turn in self.round.turns]

    def say(self, voice: str, text: str = "", *, gap_ms: int = 0, duration_ms: int = 900) -> list[str]:
        """Land a take, caption it if there is a text, and return the codes of the verdicts."""
        self.now_ms = max(self.now_ms, self.turn.go_at_ms + 1_000)
        clip = f"c{len(self.round.takes) + 1}"
        take = Take(clip, voice, self.turn.turn, duration_ms, 0, gap_ms, hidden=self.turn.hidden)
        self.round = landed(self.round, take, self.now_ms)
        before = len(self.round.verdicts)
        self._told(self.game.judge(self.round, take, self.scene()))
        if text:
            self.round = captioned(self.round, clip, text, tokens(text))
            known = self.round.take(clip)
            assert known is not None
            self._told(self.game.judge_words(self.round, known, self.scene()))
        self._told(self.game.landed(self.round, take, self.scene()))
        return [verdict.code for verdict in self.round.verdicts[before:]]

    def wait(self) -> list[RoundFact]:
        """Let the running turn end."""
        due_ms = self.game.due(self.round, speaking=False)
        assert due_ms is not None
        self.now_ms = max(self.now_ms, due_ms)
        facts = self.game.advance(self.round, self.scene())
        self._told(facts)
        return facts

    def codes(self) -> list[str]:
        """Return the codes of all verdicts."""
        return [verdict.code for verdict in self.round.verdicts]

    def verdicts(self) -> list[VerdictGiven]:
        """Return all verdicts."""
        return list(self.round.verdicts)

    def _told(self, facts: list[RoundFact]) -> None:
        self.facts += facts
        for fact in facts:
            self.round = apply(self.round, fact)

    def vote(self, fact: RoundFact) -> None:
        """Fold a vote."""
        self._told([fact])

    def forget_presence(self, *present: str) -> None:
        """Say who is here now."""
        self.present = present
        self.round = replace(self.round)
