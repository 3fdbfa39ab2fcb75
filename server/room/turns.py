"""What players do with their turns beside speaking: pass them on, get a word, sit out, come back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from games import round as play
from games.game import JOINED_UNTIL_SHARE, Game, GameContext, fresh
from games.pace import SPOKEN, done_in, is_asleep
from games.registry import BY_ID
from games.round import HelpGiven, Round, RoundFact, RoundJoined, RoundLeft, TurnGiven, TurnPassed
from server.room import door, machines, round_lifecycle
from server.room.commands import Refused
from server.room.context import Context
from server.room.events import Fact, Voice
from server.room.state import RoomState

# Who is stuck is given one of these: any word does.
HELP_PACK = "word_association"
# A word is given when this share of the window is over: before, one's own is on its way.
HELP_SHARE = 0.6
# Whoever was silent in this many turns in a row sits out.
SILENT_TURNS = 2
# After this many turns in a row without a take nobody has anything to say: a round's memory is bounded.
PASSED_TURNS = 24
# Who left the room keeps their place in the rota for this long.
SEAT_MS = 90_000


# Whose turn it is, and whether they are done


def is_anybody_speaking(state: RoomState, round_: Round, turn: TurnGiven, context: Context) -> bool:
    """Tell whether a take that the running turn waits for is open or on its way: none of who is muted."""
    if not context.speaking:
        return False
    done = done_in(round_, turn)
    may = (voice for voice in context.speaking if turn.is_for(voice) and voice not in done)
    return any(not door.is_muted(state, voice, context) for voice in may)


def are_all_muted(state: RoomState, turn: TurnGiven, context: Context) -> bool:
    """Tell whether a turn belongs to nobody but voices that are muted."""
    named = (turn.voice,) if turn.voice else turn.voices
    return bool(named) and all(door.is_muted(state, voice, context) for voice in named)


def is_done(state: RoomState, round_: Round, turn: TurnGiven, context: Context) -> bool:
    """Tell whether all who are here and may speak in the running turn have spoken, or passed it on."""
    if turn.act not in SPOKEN:
        return False
    if turn.wanted:
        waited = (voice for voice in turn.wanted if voice not in round_.left)
        here = {voice for voice in waited if not door.is_muted(state, voice, context)}
        return bool(here) and here <= done_in(round_, turn)
    return _are_all_done(state, round_, turn, context)


def _are_all_done(state: RoomState, round_: Round, turn: TurnGiven, context: Context) -> bool:
    """Tell whether a turn for all is over: asked after each command, so seldom of all who are here."""
    done_most = len(round_.takes) + len(round_.passed) + (turn.besides is not None)
    if len(context.speakers) > done_most and door.is_wide_open(state):
        return False
    done = done_in(round_, turn)
    may = [*context.speakers, *(voice for voice in round_.players if voice in context.here)]

    def is_one_in(voices: Iterable[str]) -> bool:
        return any(turn.is_for(voice) and door.admits(state, voice, context) for voice in voices)

    return not is_one_in(voice for voice in may if voice not in done) and is_one_in(may)


def voters(state: RoomState, round_: Round, context: Context) -> Collection[str]:
    """Return those who are here and have something to vote on: a take of another."""
    staged = round_.turn.clips if round_.turn else ()
    speakers = {take.voice for take in round_.takes if not staged or take.clip in staged}
    asked = round_.turn.voices if round_.turn else ()
    if asked:
        may = {voice for voice in asked if voice in context.here and speakers - {voice}}
        return {voice for voice in may if door.admits(state, voice, context)}
    here: Collection[str] = context.here
    if context.machines or not door.is_wide_open(state):
        here = {*door.admitted(state, machines.people(here, context), context)}
    if len(speakers) > 1:
        return here
    return {*here} - speakers if speakers else ()


# Who has turns


def is_nearly_over(round_: Round, voice: str) -> bool:
    """Tell whether a round of a known length is in its last quarter: who was in it may come back."""
    game = BY_ID.get(round_.game)
    if game is None or game.takes <= 1 or voice in round_.left or round_.paused_until_ms:
        return False
    return len(round_.takes) >= game.takes * JOINED_UNTIL_SHARE


def joining(round_: Round, voice: str, role: str = "") -> RoundJoined:
    """Return that a voice plays from now on, as the last in the rota."""
    known = {*round_.left, *(take.voice for take in round_.takes)}
    late = bool(round_.takes) and voice not in known
    return RoundJoined(round_.id, voice, role, late)


def back(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Give a voice turns again that sat out for its silence, and speaks."""
    round_ = state.round
    if round_ is None or by is None or by.id not in round_.quiet:
        return []
    joined = joining(round_, by.id)
    return [joined, *resumed(state, round_, play.apply(round_, joined), context)]


def parted(round_: Round, context: Context) -> list[RoundFact]:
    """Return who has no turns any more: who was silent again, and who is gone for long."""
    turn = round_.turn
    silent = [] if turn is None or turn.act not in SPOKEN else [*turn.wanted]
    leaves: list[RoundFact] = [
        RoundLeft(round_.id, voice, "silent")
        for voice in silent
        if voice in round_.players and voice in context.here and _was_silent(round_, voice)
    ]
    return [*leaves, *gone(round_, context)]


def gone(round_: Round, context: Context) -> list[RoundFact]:
    """Return who lost their place in the rota, having left long ago; none while the room is empty."""
    if not context.here:
        return []
    away = (voice for voice in round_.players if voice not in context.here and voice in context.left)
    return [
        RoundLeft(round_.id, voice, "gone")
        for voice in away
        if context.now_ms - context.left[voice] >= SEAT_MS
    ]


def _was_silent(round_: Round, voice: str) -> bool:
    """Tell whether a voice said nothing in its last turns."""
    own = [turn for turn in round_.turns if turn.act in SPOKEN and voice in turn.wanted][-SILENT_TURNS:]
    return len(own) == SILENT_TURNS and all(voice not in done_in(round_, turn) for turn in own)


# A round that waits for somebody


def pause_ends_ms(state: RoomState, round_: Round, context: Context) -> int:
    """Return until when a paused round waits: until somebody is back, or its time is over."""
    now = round_lifecycle.game_context(state, round_, context)
    return round_.opened_at_ms if _are_several(round_, now) else round_.paused_until_ms


def unpaused(game: Game, round_: Round, now: GameContext) -> list[RoundFact]:
    """Return how a paused round goes on, or its end when nobody came."""
    return game.go_on(round_, now) if _are_several(round_, now) else game.end(round_, now)


def _are_several(round_: Round, now: GameContext) -> bool:
    return sum(voice in now.present for voice in round_.players) > 1


def resumed(state: RoomState, paused: Round, round_: Round, context: Context) -> list[Fact]:
    """Go on with a round that was paused until this moment."""
    return _go_on(state, round_, context) if paused.paused_until_ms else []


# What they ask for


def leave(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Let a voice sit out; the round goes on, except for a duel, which ends."""
    round_ = _running(state)
    if by is None or by.id not in {*round_.players, *(take.voice for take in round_.takes)}:
        raise Refused("not_a_player", "You are not in this round.")
    if by.id in round_.left:
        raise Refused("not_a_player", "You are not in this round.")
    game, left = BY_ID.get(round_.game), RoundLeft(round_.id, by.id, "out")
    if game is None or game.opt_in:
        return [left, *round_lifecycle.close(state, "stopped", context)]
    turn = round_.turn
    if turn is None or by.id not in turn.wanted or by.id in done_in(round_, turn) or round_.paused_until_ms:
        return [left]
    return [left, *_go_on_when_done(state, play.apply(round_, left), context)]


def pass_on(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Pass a turn on: it is over for this voice, and nothing is counted."""
    round_, turn, voice = _own_turn(state, by, context)
    passed = TurnPassed(round_.id, turn.turn, voice)
    if voice not in turn.wanted:
        return [passed]
    after, game = play.apply(round_, passed), BY_ID.get(round_.game)
    if game is not None and is_asleep(replace(after, passed=()), PASSED_TURNS):
        end = game.end(after, round_lifecycle.game_context(state, after, context))
        return [passed, *round_lifecycle.with_reveals(state, end, context)]
    return [passed, *_go_on_when_done(state, after, context)]


def help_out(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Give a word to a voice that is stuck, once a turn and for all to see."""
    round_, turn, voice = _own_turn(state, by, context)
    if any(given.turn == turn.turn and given.voice == voice for given in round_.helps):
        raise Refused("answered_already", "You have had a word in this turn.")
    from_ms = turn.go_at_ms + round((turn.closes_at_ms - turn.go_at_ms) * HELP_SHARE)
    if context.now_ms < from_ms:
        raise Refused("not_your_turn", "A word comes in a moment.", from_ms - context.now_ms)
    text = fresh(round_lifecycle.game_context(state, round_, context), HELP_PACK, round_)
    return [HelpGiven(round_.id, turn.turn, voice, text)]


def _running(state: RoomState) -> Round:
    if state.round is None:
        raise Refused("no_round", "No round is running now.")
    return state.round


def _own_turn(state: RoomState, by: Voice | None, context: Context) -> tuple[Round, TurnGiven, str]:
    """Return the running turn of a voice that has said nothing in it. Raises `Refused`."""
    round_ = _running(state)
    turn = round_.turn
    if turn is None or by is None or not turn.is_for(by.id) or round_lifecycle.is_full(round_):
        raise Refused("not_your_turn", "It is not your turn now.")
    if context.now_ms < turn.go_at_ms - round_lifecycle.EAGER_MS or round_.paused_until_ms:
        raise Refused("not_your_turn", "It is not your turn now.")
    if by.id in done_in(round_, turn):
        raise Refused("answered_already", "You have had this turn.")
    return round_, turn, by.id


def _go_on_when_done(state: RoomState, round_: Round, context: Context) -> list[Fact]:
    """Give the next turn when nobody is left to speak in this one."""
    turn = round_.turn
    done = done_in(round_, turn) | {*round_.left} if turn else set()
    return _go_on(state, round_, context) if turn and set(turn.wanted) <= done else []


def _go_on(state: RoomState, round_: Round, context: Context) -> list[Fact]:
    game = BY_ID.get(round_.game)
    if game is None:
        return []
    follows = game.go_on(round_, round_lifecycle.game_context(state, round_, context))
    return round_lifecycle.with_reveals(state, follows, context)
