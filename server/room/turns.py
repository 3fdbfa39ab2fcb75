"""What players do with their turns beside speaking in them: pass them on, ask for a word, sit out."""

from __future__ import annotations

from games import round as play
from games.game import fresh
from games.registry import BY_ID
from games.round import HelpGiven, Round, RoundLeft, TurnGiven, TurnPassed
from server.room import round_lifecycle
from server.room.commands import Refused
from server.room.context import Context
from server.room.events import Fact, Voice
from server.room.state import RoomState

# Who is stuck is given one of these: any word does.
HELP_PACK = "word_association"
# A word is given when so much of the window is over: before, one's own is on its way.
HELP_SHARE = 0.6


def leave(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Let a voice sit out; the round goes on, but for a duel, which that ends."""
    round_ = _running(state)
    if by is None or by.id not in {*round_.players, *(take.voice for take in round_.takes)}:
        raise Refused("not_a_player", "You are not in this round.")
    if by.id in round_.left:
        raise Refused("not_a_player", "You are not in this round.")
    game = BY_ID.get(round_.game)
    if game is None or game.opt_in:
        return round_lifecycle.close(state, "stopped", context)
    left = RoundLeft(round_.id, by.id, "out")
    turn = round_.turn
    if turn is None or by.id not in turn.wanted or any(t.voice == by.id for t in round_.takes_of(turn.turn)):
        return [left]
    return [left, *_go_on(state, play.apply(round_, left), context)]


def pass_on(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Pass a turn on: it is over for this voice, and nothing is counted."""
    round_, turn, voice = _own_turn(state, by, context)
    passed = TurnPassed(round_.id, turn.turn, voice)
    if voice not in turn.wanted:
        return [passed]
    return [passed, *_go_on(state, play.apply(round_, passed), context)]


def help_out(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Give a word to whoever is stuck, once a turn and for all to see."""
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
    if context.now_ms < turn.go_at_ms - round_lifecycle.EAGER_MS:
        raise Refused("not_your_turn", "It is not your turn now.")
    takes = {take.voice for take in round_.takes_of(turn.turn)}
    passed = {each.voice for each in round_.passed if each.turn == turn.turn}
    if by.id in takes | passed:
        raise Refused("answered_already", "You have had this turn.")
    return round_, turn, by.id


def _go_on(state: RoomState, round_: Round, context: Context) -> list[Fact]:
    """Give the next turn when nobody is left to speak in this one."""
    turn, game = round_.turn, BY_ID.get(round_.game)
    if turn is None or game is None:
        return []
    done = {take.voice for take in round_.takes_of(turn.turn)}
    done |= {each.voice for each in round_.passed if each.turn == turn.turn} | {*round_.left}
    if not set(turn.wanted) <= done:
        return []
    now = round_lifecycle.game_context(state, round_, context)
    return round_lifecycle.with_reveals(state, game.advance(round_, now), context)
