"""A stretch of a room as one recording: what is heard when, in which chapters. Pure.

Times follow from the log alone: what cannot be heard any more when it is written is silence of the same
length, and what is spoken has a place as long as an estimate says. So sound, captions and chapters that were
asked for one after the other fit each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from games.game import Game
from games.registry import BY_ID
from games.round import AnswerGiven, Prompt, RoundClosed, RoundOpened, TurnGiven, Word
from server.room.events import ClipCaptioned, ClipLanded, Event, Language
from server.room.lines import is_plain, opening_of_game
from server.room.state import RoomState

# After each clip, and each text, of which one in 20 takes a little longer than its estimate.
GAP_MS = 300
# Where nothing is spoken a chapter begins with a soft sound, which has this long.
SOUND_MS = 500
TITLE_CHARACTERS = 80
OUT_OF_TURN: dict[Language, str] = {"en": "Out of turn", "de": "Zwischendurch"}

# How long a text takes to be spoken, 0 when it is not.
Length = Callable[[str], int]


class Visible(Struct, frozen=True):
    """What everybody may hear and read now: clips, and what was written (answers, topics), by their ids.

    Of a round that has something else in it nothing is spoken or written but its game:
    its prompts may repeat what others said.
    """

    clip: Callable[[str], bool]
    text: Callable[[str], bool]


class Piece(Struct, frozen=True):
    """Something with a place in a recording: a clip, a text of a round that is spoken, or else a sound."""

    start_ms: int
    duration_ms: int
    clip: str = ""
    text: str = ""
    round: str | None = None
    caption: str = ""
    words: tuple[Word, ...] = ()


class Chapter(Struct, frozen=True):
    """The clips of a round, or some that were said out of turn."""

    start_ms: int
    title: str
    round: str | None = None


class RecordingPlan(Struct, frozen=True):
    """All that is heard, in order, and the chapters."""

    pieces: tuple[Piece, ...]
    chapters: tuple[Chapter, ...]
    duration_ms: int

    @property
    def clips(self) -> int:
        """Return how many clips are in it."""
        return sum(bool(piece.clip) for piece in self.pieces)


class _Clip(Struct):
    landed: ClipLanded
    caption: ClipCaptioned | None = None


class StretchFacts:
    """What the events of a stretch tell of clips and rounds; what was erased tells nothing.

    Words, which are most of it, are kept only where captions are wanted.
    """

    def __init__(self, *, with_words: bool = False) -> None:
        self.with_words = with_words
        self._clips: dict[str, _Clip] = {}
        self._rounds: dict[str, RoundOpened] = {}
        self._turns: dict[tuple[str, int], TurnGiven] = {}
        self._replays: dict[str, tuple[str, ...]] = {}
        # Of each round: its clips, whose words it may repeat, and its prompt and answers.
        self._said: dict[str, list[str]] = {}
        self._written: dict[str, list[str]] = {}

    def read(self, event: Event) -> None:
        """Take in what an event tells."""
        match event.data:
            case ClipLanded(clip=clip, round=round_) as landed:
                self._clips[clip] = _Clip(replace(landed, peaks=()))
                if round_ is not None:
                    self._said.setdefault(round_, []).append(clip)
            case ClipCaptioned(clip=clip) as captioned if self.with_words and clip in self._clips:
                self._clips[clip].caption = captioned
            case AnswerGiven(answer=answer, round=round_):
                self._written.setdefault(round_, []).append(answer)
            case RoundOpened(round=round_, prompt=prompt) as opened:
                self._rounds[round_] = opened
                self._written.setdefault(round_, []).extend([prompt.id] if prompt and prompt.id else [])
            case TurnGiven(round=round_, turn=turn) as given:
                self._turns[round_, turn] = given
            case RoundClosed(round=round_, replay=replay):
                self._replays[round_] = replay
            case _:
                pass

    def recording(
        self, clips: Iterable[str], state: RoomState, visible: Visible, length: Length
    ) -> RecordingPlan:
        """Return the recording of clips, given in the order in which they landed."""
        known = [self._clips[clip].landed for clip in clips if clip in self._clips]
        making = _Making(length)
        for round_, group in grouped(known, self._replays):
            is_open = self.may_be_told(round_, visible)
            texts = _Texts(self._rounds.get(round_ or ""), state, is_open=is_open)
            making.begin(Chapter(making.at_ms, texts.title, round_))
            for landed in group:
                given = self._turns.get((round_ or "", -1 if landed.turn is None else landed.turn))
                making.speak(texts.of(given), round_)
                making.add(landed, self._clips[landed.clip].caption)
        return RecordingPlan(tuple(making.pieces), tuple(making.chapters), making.at_ms)

    def may_be_told(self, round_: str | None, visible: Visible) -> bool:
        """Tell whether nothing that a round asks for may repeat what is not for everybody."""
        id_ = round_ or ""
        said, written = self._said.get(id_, ()), self._written.get(id_, ())
        return all(map(visible.clip, said)) and all(map(visible.text, written))


def grouped(
    clips: Sequence[ClipLanded], replays: Mapping[str, tuple[str, ...]]
) -> list[tuple[str | None, list[ClipLanded]]]:
    """Return clips by round, in the order in which each began; what was said meanwhile comes after it.

    What makes one piece is in the order of its replay.
    """
    groups: list[tuple[str | None, list[ClipLanded]]] = []
    places: dict[str, list[ClipLanded]] = {}
    last = {clip.round: at for at, clip in enumerate(clips)}
    aside: list[ClipLanded] = []
    running: set[str] = set()
    for at, clip in enumerate(clips):
        if clip.round is None:
            aside.append(clip)
        else:
            if clip.round not in places:
                aside = _put(groups, aside) if not running else aside
                places[clip.round] = []
                groups.append((clip.round, places[clip.round]))
                running.add(clip.round)
            places[clip.round].append(clip)
            if last[clip.round] == at:
                running.discard(clip.round)
    _put(groups, aside)
    return [(round_, _in_order(group, replays.get(round_ or "", ()))) for round_, group in groups]


def _put(groups: list[tuple[str | None, list[ClipLanded]]], aside: list[ClipLanded]) -> list[ClipLanded]:
    """Put what was said out of turn where it is heard; return what waits after that."""
    if aside:
        groups.append((None, aside))
    return []


def _in_order(clips: list[ClipLanded], replay: Sequence[str]) -> list[ClipLanded]:
    places = {clip: at for at, clip in enumerate(replay)}
    return sorted(clips, key=lambda clip: places.get(clip.clip, len(places)))  # keeps the order of others


class _Texts:
    """What is written over a chapter, and spoken in it: each thing once."""

    def __init__(self, opened: RoundOpened | None, state: RoomState, *, is_open: bool) -> None:
        self._is_open = is_open and opened is not None
        self._said: list[str] = []
        game = BY_ID.get(opened.game) if opened else None
        is_named = opened is not None and not is_plain(opened.game, state.kind)
        self._opening = opening_of_game(opened.game, state.language) if opened and is_named else ""
        self.title = _title(game if is_named else None, opened.prompt if opened and is_open else None, state)

    def of(self, turn: TurnGiven | None) -> str:
        """Return what a turn asks for and none before it did, with the game and its rule in the first."""
        if turn is None or not self._is_open or turn.prompt in self._said:
            return ""
        told = max((text for text in self._said if turn.prompt.startswith(text)), key=len, default="")
        self._said.append(turn.prompt)
        steps = f"{', '.join(turn.steps)}." if turn.steps else ""
        opening, self._opening = self._opening, ""
        return " ".join(filter(None, (opening, turn.prompt[len(told) :].strip(), steps)))


def _title(game: Game | None, prompt: Prompt | None, state: RoomState) -> str:
    name = game.names[state.language] if game else ""
    asked = " ".join(prompt.text.split()) if prompt else ""
    title = ": ".join(filter(None, (name, asked))) or OUT_OF_TURN[state.language]
    return title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…"


class _Making:
    """A recording as far as it is made."""

    def __init__(self, length: Length) -> None:
        self._length = length
        self.pieces: list[Piece] = []
        self.chapters: list[Chapter] = []
        self.at_ms = 0
        self._is_begun = False

    def begin(self, chapter: Chapter) -> None:
        """Begin a chapter; it has a sound unless something is spoken first."""
        self.chapters.append(chapter)
        self._is_begun = True

    def speak(self, text: str, round_: str | None) -> None:
        """Make place for a text, or for the sound with which a chapter begins."""
        text_ms = self._length(text) if text else 0
        if text_ms:
            self._put(Piece(self.at_ms, text_ms + GAP_MS, text=text, round=round_))
        elif self._is_begun:
            self._put(Piece(self.at_ms, SOUND_MS))
        self._is_begun = False

    def add(self, landed: ClipLanded, told: ClipCaptioned | None) -> None:
        """Add a clip with its words."""
        caption, words = (told.text, told.words) if told else ("", ())
        self._put(Piece(self.at_ms, landed.duration_ms, landed.clip, caption=caption, words=words))
        self.at_ms += GAP_MS

    def _put(self, piece: Piece) -> None:
        self.pieces.append(piece)
        self.at_ms += piece.duration_ms
