"""One round from a script, in writing or by voice: what is said is the same, when it is known is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from games.game import Game
from games.pace import words_by_ms
from games.registry import BY_ID
from games.round import Round, TurnGiven, VerdictGiven
from server.room import round_lifecycle
from server.room.commands import Again, Answer, Caption, RoundJoin, RoundStart, Vote
from server.room.events import ClipCaptioned, Voice
from tests.support.rooms import ANNA, BELA, CLEO, DORA, PureRoom

if TYPE_CHECKING:
    from _typeshed import SupportsLenAndGetItem

T = TypeVar("T")
VOICES = (ANNA, BELA, CLEO, DORA)
TURNS_LIMIT = 30
# What a script may say: also the last word before it, what is to be found out, and the scene.
PHRASES = {
    "en": (
        "moon", "moon", "moons", "sun", "sun", "rain dance", "stop", "{last}", "{last} of the moon",
        "{answer}", "is it {answer}?", "{line}", "is it you?", "you know it", "yes but no", "yes and we sing",
        "fortunately it rained", "unfortunately it rained", "I don't know", "I see it. I feel cold.",
        "the purple horse ate the purple horse", "a cat, a dog, a cow, a pig, a hen",
        "what will they have been there", "you always wash",
    ),
    "de": (
        "Mond", "Mond", "Monde", "Sonne", "Sonne", "Regen Tanz", "Punkt", "{last}", "{last} im Mond",
        "{answer}", "ist es {answer}?", "{line}", "bist du es?", "du weißt es", "ja aber nein",
        "ja und wir singen", "zum Glück kam Regen", "leider kam Regen", "keine Ahnung",
        "Ich sehe es. Ich fühle mich kalt.",
        "das lila Pferd aß das lila Pferd", "eine Katze, ein Hund, eine Kuh, ein Schwein, ein Huhn",
        "wann werden sie dann hier gewesen sein", "immer du",
    ),
}  # fmt: skip


class Script(Struct, frozen=True):
    """Who says what, turn by turn (an index into the phrases, None: silent), and who challenges it."""

    lines: tuple[tuple[int | None, ...], ...]
    challenges: tuple[tuple[bool, ...], ...]

    def line(self, turn: int, voice: int) -> int | None:
        """Return what a voice says in a turn."""
        return self.lines[turn % len(self.lines)][voice]

    def is_challenged(self, turn: int, voice: int) -> bool:
        """Tell whether a voice challenges what was said in a turn."""
        return self.challenges[turn % len(self.challenges)][voice]


class Steady(Random):
    """Chance that gives every verdict its first wording and ids of their own: they use up nothing."""

    ids = 0

    def choice(self, seq: SupportsLenAndGetItem[T]) -> T:
        """Return the first of some wordings, else one at random."""
        first: T = seq[0]
        return first if isinstance(seq, tuple) and isinstance(first, str) else super().choice(seq)

    def randbytes(self, n: int) -> bytes:
        """Return bytes that never came before."""
        self.ids += 1
        return self.ids.to_bytes(n, "big")


class Playing:
    """A round of one game in a room; `spoken` says how, `chance` when words come (None: never)."""

    def __init__(
        self,
        game: Game,
        kind: str,
        language: str,
        script: Script,
        *,
        spoken: bool,
        seed: int = 1,
        chance: Random | None = None,
        loses: Callable[[], bool] = lambda: False,
    ) -> None:
        self.game, self.script, self.language, self.spoken = game, script, language, spoken
        self.chance, self.loses = chance or Random(0), loses
        self.room = PureRoom(kind, language=language)
        self.room.random, self.room.captions = Steady(seed), True
        self.room.here = self.room.speakers = [voice.id for voice in VOICES]
        self.said: list[str] = []
        self.unheard: dict[str, str] = {}  # clips whose words are not known yet
        self.longest_wait_ms = 0
        self._begin()

    def _begin(self) -> None:
        self.room.do(RoundStart(self.game.id), ANNA)
        for voice in VOICES[1:]:
            if self.room.state.round and voice.id not in self.room.state.round.players:
                self.room.do(RoundJoin(), voice)
        self.room.do(Again(), ANNA)
        assert self.room.state.round is not None
        self.id, self.start_ms = self.room.state.round.id, self.room.now_ms

    @property
    def round(self) -> Round:
        """Return the round, running or over."""
        known = (self.room.state.round, self.room.state.last_round)
        return next(each for each in known if each is not None and each.id == self.id)

    def play(self) -> Playing:
        """Play to the end, and let all words be known then."""
        while self.round.closed is None:
            assert len(self.round.turns) < TURNS_LIMIT
            self._turn(self.round.turns[-1])
        self._caption([*self.unheard])
        return self

    def _turn(self, turn: TurnGiven) -> None:
        """Let whoever may speak do so, each turn at a time of its own, then let it end."""
        self.room.now_ms = max(self.room.now_ms, self.start_ms + turn.turn * 25_000, turn.go_at_ms + 500)
        for number, voice in enumerate(VOICES):
            line = self.script.line(turn.turn, number)
            if self._is_running(turn) and turn.is_for(voice.id) and not self.game.is_full(self.round):
                if line is not None:
                    self._say(voice, PHRASES[self.language][line])
            elif self._is_running(turn) and turn.act == "listen":
                self._challenge(turn, number)
        if self.chance.random() < 0.2:
            self.room.restart()
        self._words_come()
        if self._is_running(turn):
            assert self._awaited() or self._is_paused or not self.game.is_full(self.round), (
                "nothing held it up"
            )
            self._pass_time()

    @property
    def _is_paused(self) -> bool:
        """Tell whether the round waits for a second player: who was silent twice sits out."""
        return self.round.paused_until_ms > 0

    def _is_running(self, turn: TurnGiven) -> bool:
        return self.round.closed is None and self.round.turns[-1].turn == turn.turn

    def _say(self, voice: Voice, phrase: str) -> None:
        last = self.said[-1].split()[-1] if self.said else "moon"
        text = phrase.format(last=last, answer=self.round.solution or "moon", line=self.round.scene or "moon")
        self.said.append(text)
        if not self.spoken:
            self.room.do(Answer(self.id, text[:200]), voice)
            return
        clip = f"clip-{len(self.said)}"
        self.room.land(clip, voice)
        assert self.round.take(clip)
        self.unheard[clip] = text[:200]
        if self.chance.random() < 0.3:
            self._tell(self._some())

    def _challenge(self, turn: TurnGiven, number: int) -> None:
        talk = self.round.takes[-1]
        voice, voted = VOICES[number], {vote.voice for vote in self.round.votes if vote.clip == talk.clip}
        wants = self.script.is_challenged(turn.turn, number) and voice.id not in {talk.voice, *voted}
        if wants and round_lifecycle.kind_of(self.room.state).scored:
            self.room.do(Vote(self.id, talk.clip, -1), voice)

    def _words_come(self) -> None:
        """Let the words that decide come in time, in any order, and some that do not."""
        wanted = self._awaited() if self.round.closed is None else []
        if wanted and not any(take.hidden for take in self.round.takes):
            most_ms = max(0, words_by_ms(self.round) - 1 - self.room.now_ms)
            self.room.now_ms += self.chance.randint(0, most_ms)
        self._tell([*wanted, *self._some()])

    def _some(self) -> list[str]:
        return [clip for clip in self.unheard if self.chance.random() < 0.3]

    def _tell(self, clips: Sequence[str]) -> None:
        """Tell the words of some clips in any order, but for those that are lost."""
        order = [clip for clip in dict.fromkeys(clips) if not self.loses()]
        self.chance.shuffle(order)
        self._caption(order)

    def _awaited(self) -> list[str]:
        scene = round_lifecycle.game_context(self.room.state, self.round, self.room.context())
        return [take.clip for take in self.game.awaited(self.round, scene)]

    def _caption(self, clips: Sequence[str]) -> None:
        for clip in clips:
            if (text := self.unheard.pop(clip, None)) is not None:
                self.room.do(Caption(ClipCaptioned(clip, text, self.language)))

    def _pass_time(self) -> None:
        if self.game.is_full(self.round) and not self._is_paused:
            due_ms = self.room.due()
            assert due_ms is not None
            self.longest_wait_ms = max(self.longest_wait_ms, due_ms - self.round.heard_at_ms)
        head = self.room.state.head
        self.room.pass_time()
        assert self.room.state.head > head, "a tick that was due did nothing"

    def story(self) -> dict[str, Any]:
        """Return what came of it, without what differs in any case: times, clips and measures."""
        round_ = self.round
        closing = self.room.closings()[-1]
        return {
            "turns": [_asked(turn) for turn in round_.turns],
            "takes": [(take.turn, take.voice, take.text) for take in round_.takes],
            "verdicts": Counter(self._verdict(fact) for fact in round_.verdicts),
            "end": (closing.reason, closing.answer, round_.closed),
        }

    def _verdict(self, fact: VerdictGiven) -> tuple[int, str, str, str, str]:
        take = self.round.take(fact.clip)
        assert take is not None
        return take.turn, take.voice, fact.code, fact.tone, fact.text


def _asked(turn: TurnGiven) -> tuple[object, ...]:
    who = turn.voice, turn.voices, turn.besides
    words = turn.min_words, turn.max_words, turn.limit_ms
    return turn.turn, turn.prompt, turn.act, turn.role, who, words, turn.bell, turn.steps, turn.hidden


def games_and_kinds() -> list[tuple[str, str]]:
    """Return every game with every kind of room that offers it and scores as another does."""
    return [(game.id, kind) for game in BY_ID.values() for kind in _telling(game)]


def _telling(game: Game) -> list[str]:
    scored = [kind for kind in game.kinds if kind != "healing"][:1]
    return [*scored, *(["healing"] if "healing" in game.kinds else [])]
