"""Two characters who play a game with each other by the embedded engine, in a room with its own packs."""

from __future__ import annotations

from collections.abc import Iterator

from games.characters import CHARACTERS, Character
from games.round import Round, Take, VerdictGiven
from server.engines.embedded import written
from server.engines.text import Line, Request
from server.room.commands import Answer, RoundJoin, RoundStart
from server.room.events import Voice
from tests.support.rooms import ANNA, BELA, PureRoom

# No round takes longer: more means that it never ends.
STEPS_LIMIT = 200


class Partners:
    """A round of a game from its beginning to its end; `moves` are (rule, move), `faults` the codes."""

    def __init__(self, game: str, kind: str, language: str, seed: int) -> None:
        self.game, self.language, self.seed = game, language, seed
        self.room = PureRoom(kind, seed=seed, language=language)
        self.room.here = self.room.speakers = [ANNA.id, BELA.id]
        characters = list(CHARACTERS.values())
        self.cast: dict[str, Character] = {
            ANNA.id: characters[seed % len(characters)],
            BELA.id: characters[(seed + 3) % len(characters)],
        }
        self.moves: list[tuple[str, str | None]] = []
        self._begin()
        self.faults = list(self._faults())

    def _begin(self) -> None:
        self.room.do(RoundStart(self.game), ANNA)
        if self.room.state.round and BELA.id not in self.room.state.round.players:
            self.room.do(RoundJoin(), BELA)
        for _ in range(STEPS_LIMIT):
            round_ = self.room.state.round
            if round_ is None or round_.game != self.game:
                return
            if not any(self._play(round_, voice) for voice in (ANNA, BELA)):
                self.room.pass_time()
        raise AssertionError(f"{self.game} never ends")

    def _play(self, round_: Round, voice: Voice) -> bool:
        """Let one make a move that may: once a turn."""
        turn = round_.turn
        if turn is None or not turn.is_for(voice.id):
            return False
        if any(take.voice == voice.id for take in round_.takes_of(turn.turn)):
            return False
        lines = tuple(Line(take.voice, take.text) for take in round_.takes if take.text and not take.hidden)
        said = tuple(take.text for take in round_.takes if take.text and take.voice == voice.id)
        request = Request(
            "play",
            self.cast[voice.id],
            self.room.state.language,
            lines,
            game=round_.game,
            rule=turn.prompt,
            prompt=_before(round_),
            secret=next((fact.text for fact in round_.roles if fact.voice == voice.id and fact.text), ""),
            words=turn.max_words,
            said=said,
            seed=self.seed * 1_000 + turn.turn,
        )
        move = written(request)
        self.moves.append((turn.prompt, move))
        if move is None:
            return False
        self.room.now_ms = max(self.room.now_ms, turn.go_at_ms + 1_000)
        self.room.do(Answer(round_.id, move), voice)
        return True

    @property
    def takes(self) -> tuple[Take, ...]:
        """Return what was said in the round, which is over."""
        round_ = self.room.state.last_round
        return round_.takes if round_ else ()

    def _faults(self) -> Iterator[str]:
        for event in self.room.events:
            if isinstance(event.data, VerdictGiven) and event.data.tone == "fault":
                yield event.data.code


def _before(round_: Round) -> str:
    """Return the line before, where one speaks after another, else what the round is about."""
    turn = round_.turn
    is_chain = turn is not None and (turn.voice is not None or turn.voices or turn.besides is not None)
    spoken = [take.text for take in round_.takes if take.text and not take.hidden]
    about = round_.scene or (round_.prompt.text if round_.prompt else "")
    return spoken[-1] if is_chain and spoken else about
