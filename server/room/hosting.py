"""What a room's host does next, from what it saw and did: a machine that keeps one visitor company. Pure.

It gives way: it says nothing while two people play, one line for a line of theirs and one in ten seconds at
most, nothing to a machine, and nothing late. It judges nobody, and plays only where it can hear.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from games.pace import SPOKEN, done_in, words_by_ms
from games.round import Round, Take, TurnGiven
from server.room import door, round_lifecycle
from server.room.commands import (
    Answer,
    Command,
    RoundJoin,
    RoundLeave,
    RoundStart,
    Say,
    Suggest,
    Throw,
    TurnPass,
)
from server.room.context import Context
from server.room.events import Language
from server.room.host_memory import Memory
from server.room.round_commands import ANSWER_LIMIT_CHARACTERS
from server.room.state import RoomState
from server.room.topics import TOPIC_LIMIT_CHARACTERS

Deed = Literal["greet", "react", "topic", "feed", "bye", "play", "start", "join", "leave"]

# A visitor is greeted so long after coming in: before, their page still loads; later it is no greeting.
GREET_AFTER_MS, GREET_UNTIL_MS = 1_000, 5_000
# Somebody has played with them by then; the room's own pulse has the first word.
START_AFTER_MS = 4_000
LINE_EVERY_MS = 10_000
# An answer to what was said longer ago is late.
REACT_UNTIL_MS = 12_000
# Who did nothing for so long is left in peace: else a page left open would keep a room busy for ever.
IDLE_MS = 45_000
# A short pause before it speaks in its turn, and what is kept free before the turn ends.
PAUSE_MS, SPARE_MS = 700, 400
# Of a window that is for all so much passes first: it never takes the first word.
ALL_SHARE = 0.4
# The pulse throws as soon as the card is over: the host begins this long before.
BEFORE_PULSE_MS = 300
TOPIC_EVERY_MS = 60_000
LEAVE_UNTIL_MS = 20_000
START_UNTIL_MS = 20_000
GAMES_KEPT, GREETED_KEPT = 4, 100

# Games of turns in which it is a partner: it begins them, and joins whoever began one alone.
PARTNERED = (
    "word_association", "fortunately", "word_at_a_time", "last_word_first", "questions_only", "yes_and",
    "word_ration", "mind_meld", "forbidden_word", "gibberish",
)  # fmt: skip
# What is told in them does not hang on what was said before: also where it hears nothing.
DEAF = ("forbidden_word",)
# Games for all at once in which it answers as everybody does.
SHARED = (
    "first_thing", "five_things", "five_likenesses", "wrong_names", "walk_into_a_bar", "world_worst",
    "cyborg_line", "same_line", "thanks",
)  # fmt: skip
GOODBYES: dict[Language, tuple[str, ...]] = {
    "en": ("bye", "goodbye", "good night", "see you", "gotta go", "i have to go"),
    "de": ("tschüss", "tschüs", "ciao", "gute nacht", "bis bald", "bis morgen", "ich muss los"),
}


class Move(Struct, frozen=True):
    """What it does next, no later than `until_ms`; `voice` is for whom, `turn` which turn of the round."""

    deed: Deed
    until_ms: int
    voice: str = ""
    round: str = ""
    turn: int = 0
    game: str = ""
    target: str = ""


# What it does


def next_move(state: RoomState, context: Context, memory: Memory, here: Collection[str]) -> Move | None:
    """Return what the host does now, None for nothing."""
    if state.closed or state.locked or not here or door.is_muted(state, memory.host, context):
        return None
    if len(here) > 1:
        return _given_way(state, context, memory, here)
    (voice,) = here
    if context.now_ms > max(memory.came.get(voice, 0), memory.active_ms) + IDLE_MS:
        return None
    return (
        _play(state, context, memory)
        or _greet(context, memory, voice)
        or _join(state, context, memory, voice)
        or _react(state, context, memory, voice)
        or _start(state, context, memory, voice)
        or _topic(state, context, memory)
    )


def fits(state: RoomState, context: Context, memory: Memory, here: Collection[str], move: Move) -> bool:
    """Tell whether a move that was thought about is still the one to make: else it is late, and dropped."""
    if context.now_ms > move.until_ms:
        return False
    now = next_move(state, context, memory, here)
    return now is not None and replace(now, until_ms=0, game="") == replace(move, until_ms=0, game="")


def _given_way(state: RoomState, context: Context, memory: Memory, here: Collection[str]) -> Move | None:
    """Leave the round to people, and say goodbye once to whom it kept company."""
    round_ = state.round
    if round_ is not None and memory.host in round_.players:
        is_tried = memory.began_ms + START_AFTER_MS > context.now_ms
        if len(_players(round_) & set(here)) > 1 and not is_tried:
            return Move("leave", context.now_ms + LEAVE_UNTIL_MS, round=round_.id)
        return _play(state, context, memory)
    if memory.with_ in here and round_ is None and _may_say(context, memory):
        return Move("bye", context.now_ms + REACT_UNTIL_MS, memory.with_)
    return None


def _players(round_: Round) -> set[str]:
    return {*round_.players, *(take.voice for take in round_.takes)} - {*round_.left}


def _may_say(context: Context, memory: Memory) -> bool:
    """Tell whether it may say a line now: not over a voice, and not soon after another."""
    return not context.speaking and context.now_ms >= memory.line_ms + LINE_EVERY_MS


def _greet(context: Context, memory: Memory, voice: str) -> Move | None:
    came_ms = memory.came.get(voice)
    if came_ms is None or voice in memory.greeted or not _may_say(context, memory):
        return None
    if not came_ms + GREET_AFTER_MS <= context.now_ms <= came_ms + GREET_UNTIL_MS:
        return None
    return Move("greet", came_ms + GREET_UNTIL_MS, voice)


def _react(state: RoomState, context: Context, memory: Memory, voice: str) -> Move | None:
    """Answer the newest line: chat at once, what was said in a round when that is over."""
    heard = memory.heard
    if heard is None or not _owes_a_line(context, memory, voice) or not _may_say(context, memory):
        return None
    if heard.in_round and state.round is not None:
        return None
    if voice not in memory.greeted and context.now_ms <= memory.came.get(voice, 0) + GREET_AFTER_MS:
        return None  # who writes at once is greeted first
    until_ms = heard.at_ms + REACT_UNTIL_MS
    bye = not heard.in_round and is_goodbye(heard.text, state.language)
    return Move("bye" if bye else "react", until_ms, voice, target=heard.target)


def _owes_a_line(context: Context, memory: Memory, voice: str) -> bool:
    """Tell whether a line waits for an answer that is not late yet."""
    heard = memory.heard
    return heard is not None and heard.voice == voice and context.now_ms <= heard.at_ms + REACT_UNTIL_MS


def is_goodbye(text: str, language: Language) -> bool:
    """Tell whether somebody says that they go."""
    words = f" {' '.join(''.join(c if c.isalnum() else ' ' for c in text.casefold()).split())} "
    return len(words.split()) <= 6 and any(f" {bye} " in words for bye in GOODBYES[language])


def _is_resting(state: RoomState, context: Context) -> bool:
    """Tell whether no round runs, and the end of the last one has had the stage."""
    if state.round is not None or context.speaking:
        return False
    return context.now_ms >= round_lifecycle.card_ends_ms(state) - BEFORE_PULSE_MS


def _start(state: RoomState, context: Context, memory: Memory, voice: str) -> Move | None:
    """Begin a game for two in every second rest; for who may not speak now, throw a topic."""
    came_ms = memory.came.get(voice, context.now_ms)
    if not _is_resting(state, context) or _owes_a_line(context, memory, voice):
        return None
    if context.now_ms < max(came_ms, memory.began_ms) + START_AFTER_MS:
        return None
    last, until_ms = state.last_round, context.now_ms + START_UNTIL_MS
    spoke = last is not None and any(take.voice != memory.host for take in last.takes)
    if last is not None and not spoke and state.rested_from_ms > came_ms:
        return None  # no person answered: the pulse, which slows down, has the next word
    if voice not in context.speakers:
        return Move("start", until_ms, voice)
    if last is not None and last.starter == memory.host:
        return None
    games = playable(state, context, memory)
    if not games:
        return None
    fresh = [game for game in games if game not in memory.games] or games
    return Move("start", until_ms, voice, game=context.random.choice(fresh))


def playable(state: RoomState, context: Context, memory: Memory) -> list[str]:
    """Return the games for two that the room offers and the host can play here."""
    hears = context.captions or memory.writes
    offered = round_lifecycle.kind_of(state).games
    return [game for game in PARTNERED if game in offered and (hears or game in DEAF)]


def _join(state: RoomState, context: Context, memory: Memory, voice: str) -> Move | None:
    """Play along with who is alone in a game for several."""
    round_ = state.round
    if round_ is None or round_.chain or round_.game not in playable(state, context, memory):
        return None
    if memory.host in (*round_.players, *round_.left) or _players(round_) != {voice}:
        return None
    if memory.tried == (round_.id, 0):
        return None
    return Move("join", context.now_ms + START_UNTIL_MS, voice, round=round_.id)


def _topic(state: RoomState, context: Context, memory: Memory) -> Move | None:
    """Suggest a topic that fits what was said, or a line for others to voice, now and then."""
    is_due = memory.topic_ms + TOPIC_EVERY_MS <= context.now_ms
    if state.round is not None or state.suggestions or not is_due:
        return None
    if all(line.machine for line in memory.lines):
        return None
    deed: Deed = "feed" if memory.feeds else "topic"
    return Move(deed, context.now_ms + REACT_UNTIL_MS)


def _play(state: RoomState, context: Context, memory: Memory) -> Move | None:
    """Take the running turn, if it is the host's or for all."""
    round_ = state.round
    turn = round_.turn if round_ else None
    if round_ is None or turn is None or not _is_open(round_, turn, memory):
        return None
    if context.now_ms < _speaks_at_ms(round_, turn, context, memory):
        return None
    if context.now_ms > turn.closes_at_ms - SPARE_MS:
        return None
    return Move("play", turn.closes_at_ms, round=round_.id, turn=turn.turn, game=round_.game)


def _is_open(round_: Round, turn: TurnGiven, memory: Memory) -> bool:
    """Tell whether a turn waits for the host: it has not been in it, and plays the game."""
    if round_.paused_until_ms or turn.act not in SPOKEN or not turn.is_for(memory.host):
        return False
    if memory.tried == (round_.id, turn.turn) or memory.host in done_in(round_, turn):
        return False
    if round_lifecycle.is_full(round_) or round_.duet is not None:  # that is for two voices
        return False
    return memory.host in turn.wanted or memory.host in round_.players or round_.game in SHARED


def _speaks_at_ms(round_: Round, turn: TurnGiven, context: Context, memory: Memory) -> int:
    """Return when it takes a turn: a moment after "go", and when it knows the words that it stands on."""
    if memory.host not in turn.wanted and not turn.max_words:
        return turn.go_at_ms + round((turn.closes_at_ms - turn.go_at_ms) * ALL_SHARE)
    at_ms = turn.go_at_ms + PAUSE_MS
    if context.captions and _is_deaf_to(round_, memory):
        at_ms = max(at_ms, min(words_by_ms(round_), turn.closes_at_ms - 2 * SPARE_MS))
    return at_ms


def _newest(round_: Round) -> Take | None:
    return round_.takes[-1] if round_.takes else None


def _is_deaf_to(round_: Round, memory: Memory) -> bool:
    """Tell whether the words of the newest take of another are not known."""
    take = _newest(round_)
    return take is not None and take.voice != memory.host and not take.is_worded


# How it does it


def stands_on(round_: Round, memory: Memory) -> str | None:
    """Return what a move in a game stands on: the line before, else the scene; None for a line unheard."""
    shown = [take for take in round_.takes if not take.hidden and take.voice != memory.host and take.text]
    if _is_deaf_to(round_, memory) and round_.game in PARTNERED and round_.game not in DEAF:
        return None
    if shown and round_.game in PARTNERED:
        return shown[-1].text
    return round_.scene or (round_.prompt.text if round_.prompt else "")


def secret(round_: Round, memory: Memory) -> str:
    """Return what only the host was told in a round."""
    return next((role.text for role in round_.roles if role.voice == memory.host and role.text), "")


def command(move: Move, text: str, state: RoomState) -> Command | None:
    """Return the command by which the host does it, None where there is nothing to do it with."""
    match move.deed:
        case "start":
            return RoundStart(move.game) if move.game else Throw()
        case "join":
            return RoundJoin()
        case "leave":
            return RoundLeave()
        case "play":
            is_short = 0 < len(text) <= ANSWER_LIMIT_CHARACTERS
            turn = state.round.turn if state.round else None
            owed = turn is not None and turn.voice is not None
            return Answer(move.round, text) if is_short else TurnPass() if owed else None
        case "topic" | "feed":
            return Suggest(text) if 0 < len(text) <= TOPIC_LIMIT_CHARACTERS else None
        case _:
            return Say(text) if text else None


def tried(memory: Memory, move: Move, now_ms: int) -> Memory:
    """Return the memory of having tried a move, whatever comes of it: nothing is tried again and again."""
    match move.deed:
        case "greet":
            return replace(memory, greeted=(*memory.greeted, move.voice)[-GREETED_KEPT:], with_=move.voice)
        case "react":
            return replace(memory, heard=None)
        case "bye":
            return replace(memory, heard=None, with_="")
        case "topic" | "feed":
            return replace(memory, topic_ms=now_ms, feeds=move.deed == "topic")
        case "play":
            return replace(memory, tried=(move.round, move.turn))
        case "join":
            return replace(memory, tried=(move.round, 0))
        case "start":
            games = (*memory.games, move.game)[-GAMES_KEPT:] if move.game else memory.games
            return replace(memory, games=games, began_ms=now_ms, with_=move.voice)
        case "leave":
            return replace(memory, began_ms=now_ms)


def spoke(memory: Memory, move: Move, now_ms: int) -> Memory:
    """Return the memory of having said a line."""
    return replace(memory, line_ms=now_ms) if move.deed in {"greet", "react", "bye"} else memory


def is_seated(state: RoomState, memory: Memory) -> bool:
    """Tell whether the host has a place in the running round."""
    round_ = state.round
    return round_ is not None and memory.host in round_.players and round_.closed is None
