"""What a room's radio says between clips, and when: prompts, whose turn it is, counts, verdicts, results.

Pure: events in, lines out. Each line has choices, the best first; what fits into the time there is, is said,
and what can no longer be said in time is not. Nothing is said into a window in which somebody may speak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from games.game import BREATH_MS
from games.pace import SPOKEN
from games.progress import is_complete
from games.registry import BY_ID
from games.round import Round, RoundClosed, RoundOpened, TurnGiven, VerdictGiven
from server.room import characters, filters, taught
from server.room.context import Context
from server.room.events import ClipLanded, Event, Fact, Language, RoomClosed, TextSaid, Voice
from server.room.kinds import KINDS, TIMINGS
from server.room.state import RoomState

Sound = Literal["", "tick", "last_tick", "go", "stop", "landed", "refused", "turn", "applause"]
Name = Callable[[str], str]
# From the commit of what is said until its sound begins: the engine, and a machine with much to do.
START_MS = 250
# Words are over so long before "go": sound is 100 to 200 ms on its way, and eager pages open early.
GUARD_MS = 300
# A count-in has three beats, of which the last is silent but for its tick.
BEATS = 3
# What belongs to a moment is said this soon after it, or never.
VERDICT_WITHIN_MS, RESULT_WITHIN_MS, LANDED_WITHIN_MS, TALK_WITHIN_MS = 6_000, 15_000, 700, 3_000
TALK_CHARACTERS, TALK_LEAST_CHARACTERS = 48, 16  # are said in about 4 s, and in 1.3
LATE_MS = 60
SIGN_MS = 500  # the sound before the words of a fault
LINES_KEPT = 8
NEVER_MS = 2**53
# For a voice that has not said anything yet: about as long as names are.
ANY_NAME = "Velvet Anteater"
SENTENCE_END = re.compile(r"[.!?…]\s")
UNTOLD = ("again", "replaced", "stopped")

WORDS: dict[str, dict[str, str]] = {
    "en": {
        "you": "{name}, it's you.",
        "then": "Then {name}.",
        "pair": "{name} and {other}, together.",
        "some": "{names}.",
        "all": "Everybody.",
        "besides": "Everybody but {name}.",
        "wins": "{name} wins.",
        "win": "{name} and {other} win.",
        "answer": "It was: {answer}.",
        "met": "One mind!",
        "missed": "Not the same.",
        "and": "and",
    },
    "de": {
        "you": "{name}, du bist dran.",
        "then": "Danach {name}.",
        "pair": "{name} und {other}, zusammen.",
        "some": "{names}.",
        "all": "Alle zusammen.",
        "besides": "Alle außer {name}.",
        "wins": "{name} gewinnt.",
        "win": "{name} und {other} gewinnen.",
        "answer": "Es war: {answer}.",
        "met": "Ein Gedanke!",
        "missed": "Nicht dasselbe.",
        "and": "und",
    },
}


class Part(Struct, frozen=True):
    """What is heard as one: a sound (ticks on a beat, where it has one), then words, and whom they name.

    The words up to `unnamed` name nobody: who hides a voice hears those.
    """

    text: str = ""
    sound: Sound = ""
    beat_ms: int = 0
    named: tuple[str, ...] = ()
    unnamed: int = 0

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the words that name nobody, then the others."""
        texts = self.text[: self.unnamed].strip(), self.text[self.unnamed :].strip()
        return tuple(text for text in texts if text)


class Announcement(Struct, frozen=True):
    """Something to be said: the first choice that fits, exactly at a time or as soon as there is air.

    `about` is what it says again: a turn or a verdict. What is not `needed` gives way to verdicts.
    """

    choices: tuple[Part, ...]
    until_ms: int
    begins_at_ms: int = 0
    is_of_turn: bool = False
    is_needed: bool = True
    about: TurnGiven | VerdictGiven | None = None


def speaks(state: RoomState) -> bool:
    """Tell whether a room wants to be spoken to: as its keeper set it, else as its kind has it."""
    kind = KINDS.get(state.kind, KINDS["wonder"])
    return kind.voice if state.voice is None else state.voice


# --- what is said of a turn


def prompt_of(round_: Round, turn: TurnGiven) -> str:
    """Return what a turn asks for and no earlier one of its round did; with the game's name in the first."""
    before = [given for given in round_.turns if given.turn < turn.turn]
    if any(given.prompt == turn.prompt for given in before):
        return ""
    known = [given.prompt for given in before]
    known += [round_.scene, round_.prompt.text if round_.prompt else ""] if before else []
    told = max((text for text in known if text and turn.prompt.startswith(text)), key=len, default="")
    steps = f" {', '.join(turn.steps)}." if turn.steps else ""
    return f"{turn.prompt[len(told) :].strip()}{steps}"


def opening_of(round_: Round, state: RoomState) -> str:
    """Return the game, and its rule in a few words where a player has not heard it today.

    Nothing for the plain game, which everybody knows.
    """
    game, language = BY_ID.get(round_.game), state.language
    if game is None or is_plain(round_.game, state.kind):
        return ""
    is_known = taught.is_known(state.taught, round_)
    return f"{game.names[language]}." if is_known else opening_of_game(game.id, language)


def opening_of_game(id_: str, language: Language) -> str:
    """Return a game and its rule in a few words."""
    game = BY_ID.get(id_)
    return f"{game.names[language]}. {game.short[language]}." if game is not None else ""


def is_plain(game: str, kind: str) -> bool:
    """Tell whether a game is the plain one of a kind of room."""
    return game == KINDS.get(kind, KINDS["wonder"]).plain


def who_of(round_: Round, turn: TurnGiven, state: RoomState, name: Name) -> str:
    """Return whose turn it is; nothing when it is theirs again, or everybody's again.

    In the plain game it is always everybody's, and often of one who is alone.
    """
    words = WORDS[state.language]
    before = next((given for given in reversed(round_.turns) if given.turn < turn.turn), None)
    if turn.act not in SPOKEN:
        return ""
    if before is not None and _wanted(before) == _wanted(turn) and before.act in SPOKEN:
        return ""
    if turn.voice:
        said = words["you"].format(name=name(turn.voice))
        return said if before or not turn.next else f"{said} {words['then'].format(name=name(turn.next))}"
    if len(turn.voices) == 2:
        return words["pair"].format(name=name(turn.voices[0]), other=name(turn.voices[1]))
    if turn.voices:
        return words["some"].format(names=", ".join(map(name, turn.voices)))
    if turn.besides:
        return words["besides"].format(name=name(turn.besides))
    return "" if is_plain(round_.game, state.kind) else words["all"]


def _wanted(turn: TurnGiven) -> tuple[object, ...]:
    return turn.voice, turn.voices, turn.besides


def _joined(*texts: str) -> str:
    """Return sentences as one text, each with its end."""
    kept = (text.strip() for text in texts if text.strip())
    return " ".join(text if text[-1] in ".!?…:" else f"{text}." for text in kept)


# --- the time that words need


def with_time(facts: Iterable[Fact], state: RoomState, round_: Round | None, context: Context) -> list[Fact]:
    """Return facts whose turns begin when what must be known of them was said, and verdicts before them.

    A turn of one word that follows another begins at once where nothing was wrong: its pace is the game.
    """
    facts = list(facts)
    if context.spoken_ms is None or not speaks(state):
        return facts
    verdicts = [fact for fact in facts if isinstance(fact, VerdictGiven)]
    return [
        _postponed(fact, state, round_, context, verdicts)
        if isinstance(fact, TurnGiven) and fact.act in SPOKEN and round_ is not None
        else fact
        for fact in facts
    ]


def _postponed(
    turn: TurnGiven, state: RoomState, round_: Round, context: Context, verdicts: Sequence[VerdictGiven]
) -> TurnGiven:
    assert context.spoken_ms is not None
    tempo, counted_ms = round_.tempo, TIMINGS[round_.tempo].count_in_ms
    text = needed(round_, turn, state)
    said_ms = context.spoken_ms(text, state.language) if text else 0
    verdicts_ms = sum(
        context.spoken_ms(each.text, state.language) + (SIGN_MS if each.tone == "fault" else 0)
        for each in verdicts
    )
    if not said_ms and not verdicts_ms:
        return turn
    wait_ms = turn.go_at_ms - context.now_ms
    is_counted = round_.turn is None or bool(turn.voices)
    free_ms = BREATH_MS[tempo] if not is_counted else 0
    busy_ms = 0 if round_.turn is None else max(0, wait_ms - (counted_ms if is_counted else free_ms))
    after_ms = counted_ms if is_counted else GUARD_MS
    last = round_.takes[-1] if round_.takes else None
    if (
        last is not None and not last.hidden
    ):  # it is heard before words are, also where its game does not wait
        busy_ms = max(busy_ms, round_.heard_at_ms + last.duration_ms - context.now_ms)
    if busy_ms + START_MS < VERDICT_WITHIN_MS:
        said_ms += verdicts_ms
    return later(turn, max(0, busy_ms + START_MS + said_ms + after_ms - wait_ms))


def needed(round_: Round, turn: TurnGiven, state: RoomState) -> str:
    """Return what must be known before a turn begins."""
    if turn.one_word and round_.turns and not turn.voices:
        return ""

    def name(voice: str) -> str:
        known = state.voices.get(voice)
        return known.name if known and known.name else ANY_NAME

    opening = opening_of(round_, state) if not round_.turns else ""
    return _joined(opening, prompt_of(round_, turn), who_of(round_, turn, state, name))


def later(turn: TurnGiven, by_ms: int) -> TurnGiven:
    """Return a turn that begins later by so much, and is as long as before."""
    if not by_ms:
        return turn
    cut_at_ms = None if turn.cut_at_ms is None else turn.cut_at_ms + by_ms
    fields = {name: getattr(turn, name) for name in turn.__struct_fields__}
    moved = {"go_at_ms": turn.go_at_ms + by_ms, "closes_at_ms": turn.closes_at_ms + by_ms}
    return TurnGiven(**{**fields, **moved, "cut_at_ms": cut_at_ms})


# --- what is to be said


class Announcements:
    """What a radio has still to say."""

    def __init__(self) -> None:
        self._lines: list[Announcement] = []

    def __bool__(self) -> bool:
        """Tell whether there is something to say."""
        return bool(self._lines)

    def clear(self) -> None:
        """Say nothing of it."""
        self._lines.clear()

    def read(self, event: Event, state: RoomState, name: Name) -> bool:
        """Follow an event, of which the state knows; tell whether there is more to say now."""
        match event.data:
            case RoomClosed() | RoundOpened():
                self.clear()
                return False
            case TurnGiven() as turn if (round_ := _round_of(state, turn.round)) is not None:
                self._turn(turn, round_, state, name)
            case VerdictGiven(text=text, tone=tone) as told:
                sound: Sound = "refused" if tone == "fault" else ""
                choices = (Part(text, sound), *([Part(sound=sound)] if sound else []))
                until_ms = event.at_ms + VERDICT_WITHIN_MS
                self._lines = [line for line in self._lines if not _is_older_verdict(line, until_ms)]
                self._add(Announcement(choices, until_ms, about=told), state)
            case TextSaid(text=text) if event.by is not None and _is_host(event.by, state):
                said = Part(_first_of(text), named=(event.by.id,))  # who hides it hears nothing of it
                self._add(Announcement((said,), event.at_ms + TALK_WITHIN_MS), state)
            case ClipLanded(hidden=True):
                self._add(Announcement((Part(sound="landed"),), event.at_ms + LANDED_WITHIN_MS), state)
            case RoundClosed() as closed if closed.reason not in UNTOLD:
                self._lines = [line for line in self._lines if isinstance(line.about, VerdictGiven)]
                self._result(closed, state, name, event.at_ms)
            case RoundClosed():
                self.clear()
                return False
            case _:
                return False
        return True

    def _turn(self, turn: TurnGiven, round_: Round, state: RoomState, name: Name) -> None:
        """Say what a turn asks for and whose it is, and count it in where there is time for that."""
        self._lines = [line for line in self._lines if not line.is_of_turn]
        is_first = not any(given.turn < turn.turn for given in round_.turns)
        opening = opening_of(round_, state) if is_first else ""
        prompt, who = prompt_of(round_, turn), who_of(round_, turn, state, name)
        least = who or prompt if turn.voice or turn.voices else prompt or who  # to all, what is asked
        texts = dict.fromkeys((_joined(opening, prompt, who), _joined(prompt, who), least))
        voices = [voice for voice in (turn.voice, *turn.voices, turn.besides, turn.next) if voice]
        choices = [_naming(Part(text), voices, name) for text in texts if text]
        if turn.act not in SPOKEN:
            self._add(Announcement(tuple(choices), turn.closes_at_ms, is_of_turn=True, about=turn), state)
            return
        choices += [Part(sound="turn"), Part(sound="last_tick")] if turn.voice else []
        is_needed = bool(needed(round_, turn, state))
        self._add(Announcement(tuple(choices), turn.go_at_ms, 0, True, is_needed, turn), state)
        if is_first or turn.voices:
            beat_ms = TIMINGS[round_.tempo].count_in_ms // BEATS
            begins_ms = turn.go_at_ms - BEATS * beat_ms
            counted = (Part(sound="tick", beat_ms=beat_ms),)
            self._add(Announcement(counted, turn.go_at_ms, begins_ms, is_of_turn=True), state)

    def _result(self, closed: RoundClosed, state: RoomState, name: Name, now_ms: int) -> None:
        words, round_ = WORDS[state.language], _round_of(state, closed.round)
        voices = _voices_of(closed.winners, round_)
        won = ""
        if len(voices) == 1:
            won = words["wins"].format(name=name(voices[0]))
        elif len(voices) == 2:
            won = words["win"].format(name=name(voices[0]), other=name(voices[1]))
        met = "" if closed.met is None else words["met" if closed.met else "missed"]
        answer = words["answer"].format(answer=closed.answer) if closed.answer else ""
        sound: Sound = "applause" if won or closed.met else "stop"
        texts = dict.fromkeys((_joined(met, answer, won, closed.coach), _joined(met, answer, won), ""))
        until_ms = now_ms + RESULT_WITHIN_MS
        if closed.next_at_ms:
            until_ms = min(until_ms, closed.next_at_ms)
        choices = (_naming(Part(text, sound), voices, name) for text in texts)
        self._add(Announcement(tuple(choices), until_ms), state)

    def _add(self, line: Announcement, state: RoomState) -> None:
        choices = tuple(part for part in (_told_by(state, each) for each in line.choices) if part is not None)
        self._lines = [*self._lines, *([replace(line, choices=choices)] if choices else [])][-LINES_KEPT:]

    def next(
        self,
        state: RoomState,
        context: Context,
        length_ms: Callable[[Part], int],
        place_ms: Callable[[Part], int] | None = None,
    ) -> tuple[Announcement, Part] | None:
        """Return what fits now, and drop what no longer does, or was forgotten.

        `length_ms` is 0 for what cannot be said; `place_ms` is what to keep free for it at most. What a turn
        asks for is said last, right before it, if there is time for both.
        """
        now_ms = context.now_ms
        kept = (line for line in self._lines if not _is_late(line, now_ms))
        self._lines = [line for line in kept if not is_forgotten(line, state)]
        free_ms = free_until_ms(state, context) - now_ms
        counts = [line.begins_at_ms - now_ms for line in self._lines if line.begins_at_ms]
        air_ms = min([free_ms, *counts])
        waiting = [line for line in self._lines if not line.begins_at_ms]
        turns = [line for line in waiting if line.is_of_turn]
        others = [line for line in waiting if not line.is_of_turn]
        kept_ms = sum((place_ms or length_ms)(line.choices[0]) for line in turns if line.is_needed)
        for line in others if turns else ():
            if (part := _fitting(line, air_ms - kept_ms, length_ms)) is not None:
                return line, part
        for line in turns:
            if (part := _fitting(line, min(air_ms, line.until_ms - now_ms), length_ms)) is not None:
                return line, part
            if free_ms > 0:
                self._lines.remove(line)  # there is ever less time
        for line in others:
            if (part := _fitting(line, air_ms, length_ms)) is not None:
                return line, part
        return self._counted(state, context)

    def _counted(self, state: RoomState, context: Context) -> tuple[Announcement, Part] | None:
        """Return a count-in whose time has come."""
        for line in self._lines:
            if line.begins_at_ms and line.begins_at_ms <= context.now_ms + LATE_MS // 2:
                is_free = free_until_ms(state, context) > context.now_ms
                return (line, line.choices[0]) if is_free else None
        return None

    def begins_at_ms(self) -> int | None:
        """Return when something is to begin exactly; None when nothing is."""
        return min((line.begins_at_ms for line in self._lines if line.begins_at_ms), default=None)

    def done(self, line: Announcement) -> None:
        """Take out what is said now."""
        if line in self._lines:
            self._lines.remove(line)


def _first_of(text: str) -> str:
    """Return the sentences of a line that are soon said, and no mere "Attention!"; all of it can be read."""
    ends = [end.end() for end in SENTENCE_END.finditer(text) if end.end() >= TALK_LEAST_CHARACTERS]
    if not ends or len(text) <= TALK_CHARACTERS:
        return text
    return text[: max([end for end in ends if end <= TALK_CHARACTERS], default=ends[0])].strip()


def _is_host(voice: Voice, state: RoomState) -> bool:
    """Tell whether a voice is the room's own character: no other machine is called so."""
    character = characters.of(state)
    return voice.machine and character is not None and voice.name == character.names[state.language]


def _is_older_verdict(line: Announcement, until_ms: int) -> bool:
    """Tell whether a line is about a take before: it would be taken for one about the newer one."""
    return isinstance(line.about, VerdictGiven) and line.until_ms < until_ms


def _fitting(line: Announcement, room_ms: int, length_ms: Callable[[Part], int]) -> Part | None:
    """Return the first choice of a line that fits."""
    return next((part for part in line.choices if 0 < length_ms(part) <= room_ms), None)


def _naming(part: Part, voices: Iterable[str], name: Name) -> Part:
    """Return a part with those of some voices whose names are in its words."""
    named = [voice for voice in dict.fromkeys(voices) if name(voice) and name(voice) in part.text]
    if not named:
        return part
    ends = [end.end() for end in SENTENCE_END.finditer(part.text)]
    first = min(part.text.index(name(voice)) for voice in named)
    return replace(part, named=tuple(named), unnamed=max((at for at in ends if at <= first), default=0))


def is_forgotten(line: Announcement, state: RoomState) -> bool:
    """Tell whether what a line says again was taken back or hidden meanwhile: its words are said no more."""
    if line.about is None or (round_ := _round_of(state, line.about.round)) is None:
        return False
    if isinstance(line.about, TurnGiven):
        now = next((given for given in round_.turns if given.turn == line.about.turn), None)
        return now is not None and now.prompt != line.about.prompt
    return line.about not in round_.verdicts or line.about.clip in state.governed.withheld


def _told_by(state: RoomState, part: Part) -> Part | None:
    """Return a part as a room says it: without words that nobody may write there, for takes are repeated."""
    kept = KINDS.get(state.kind, KINDS["wonder"]).filters
    if not part.text or filters.refuse(part.text, state.language, kept) is None:
        return part
    return replace(part, text="", named=(), unnamed=0) if part.sound else None


def _is_late(line: Announcement, now_ms: int) -> bool:
    return line.until_ms <= now_ms or 0 < line.begins_at_ms < now_ms - LATE_MS


def _round_of(state: RoomState, id_: str) -> Round | None:
    return next(
        (each for each in (state.round, state.last_round) if each is not None and each.id == id_), None
    )


def _voices_of(clips: Iterable[str], round_: Round | None) -> list[str]:
    takes = [round_.take(clip) for clip in clips] if round_ else []
    return list(dict.fromkeys(take.voice for take in takes if take is not None))


def free_until_ms(state: RoomState, context: Context) -> int:
    """Return until when nobody may speak, in epoch ms: 0 while a window or a take is open."""
    round_ = state.round
    if context.speaking or state.closed:
        return 0
    if round_ is None or round_.turn is None or round_.paused_until_ms or round_.turn.act not in SPOKEN:
        return NEVER_MS
    if context.now_ms < round_.turn.go_at_ms:
        return round_.turn.go_at_ms - GUARD_MS
    return NEVER_MS if is_complete(round_) else 0
