"""What visitors ask of the running round: join, answer in words, vote, stop it, start it again."""

from __future__ import annotations

from collections.abc import Collection

from games import round as play
from games.game import PLAYERS_LIMIT, Game, here_of, pending
from games.pace import words_by_ms
from games.referee import overruled, thumbed
from games.registry import BY_ID
from games.round import AnswerGiven, ChallengeMade, Round, Take, VoteCast
from server.room import machines, round_lifecycle, turns
from server.room.commands import Answer, Refused, RoundJoin, Vote
from server.room.context import Context
from server.room.events import Fact, Voice
from server.room.kinds import KINDS
from server.room.seats import seat
from server.room.state import RoomState
from server.room.text import cleaned

VOTES = range(-1, 6)
ANSWER_LIMIT_CHARACTERS = 200
ROLE_LIMIT_CHARACTERS = 64
# In public rooms this many players of one seat (a network) may wait for their first word at once.
UNHEARD_OF_SEAT = 3


def join(state: RoomState, command: RoundJoin, by: Voice | None, context: Context) -> list[Fact]:
    """Let a voice into the running round."""
    round_ = state.round
    if round_ is None:
        raise Refused("no_round", "No round is running now.")
    if by is None or by.id in round_.players:
        raise Refused("joined_already", "You are in this round already.")
    if len(round_.players) >= PLAYERS_LIMIT or turns.is_nearly_over(round_, by.id):
        raise Refused("round_full", "This round is full. The next one is yours.")
    _check_seat(state, round_, by, context)
    role = cleaned(command.role)[:ROLE_LIMIT_CHARACTERS]
    round_lifecycle.check_words(state, role)
    joined = turns.joining(round_, by.id, role)
    with_it, game = play.apply(round_, joined), BY_ID.get(round_.game)
    now = round_lifecycle.game_context(state, round_, context)
    told = game.joined(with_it, by.id, now) if game else []
    return [joined, *told, *turns.resumed(state, round_, with_it, context)]


def _check_seat(state: RoomState, round_: Round, by: Voice, context: Context) -> None:
    """Let no network fill a public room's round with players who say nothing."""
    own = seat(state, by.id, context)
    if own == by.id:
        return
    heard = {*round_.left, *(take.voice for take in round_.takes)}
    unheard = [player for player in round_.players if player not in heard]
    if sum(seat(state, player, context) == own for player in unheard) >= UNHEARD_OF_SEAT:
        raise Refused("round_full", "Others who came with you play already. Let them speak first.")


def answer(state: RoomState, command: Answer, by: Voice | None, context: Context) -> list[Fact]:
    """Take a text as a take, for those who cannot or would rather not speak now."""
    round_, turn = state.round, state.round.turn if state.round else None
    if round_ is None or turn is None or command.round != round_.id:
        raise Refused("no_round", "This round is not running.")
    if by is None or not turn.is_for(by.id) or context.now_ms < turn.go_at_ms - round_lifecycle.EAGER_MS:
        raise Refused("not_your_turn", "It is not your turn now.")
    if any(take.voice == by.id for take in round_.takes_of(turn.turn)):
        raise Refused("answered_already", "You have had this turn.")
    if round_lifecycle.is_full(round_) or round_.paused_until_ms:
        raise Refused("not_your_turn", "It is not your turn now.")
    text = cleaned(command.text)
    if not text or len(text) > ANSWER_LIMIT_CHARACTERS:
        raise Refused("bad_answer", f"An answer has 1 to {ANSWER_LIMIT_CHARACTERS} characters.")
    round_lifecycle.check_words(state, text)
    given = AnswerGiven(round_.id, turn.turn, round_lifecycle.new_id(context.random), text, turn.hidden)
    return [given, *round_lifecycle.after_landing(state, given, by, context)]


def vote(state: RoomState, command: Vote, by: Voice | None, context: Context) -> list[Fact]:
    """Count a vote, tell a challenge, and let the votes overrule the referee or speak for him."""
    round_ = _open_for_votes(state, command)
    take = round_.take(command.clip)
    if take is None or take.hidden or round_lifecycle.is_withheld(state, take.clip):
        raise Refused("no_such_clip", "This clip is not in the round.")
    if not _is_staged(round_, command):
        raise Refused("no_such_clip", "This clip is not on the stage.")
    if by is None or take.voice == by.id:
        raise Refused("own_clip", "Vote for somebody else.")
    if by.machine and not _is_asked(round_, by):
        raise machines.refused()
    if any(cast.clip == command.clip and cast.voice == by.id for cast in round_.votes):
        raise Refused("voted_already", "You have voted for this clip already.")
    if command.value not in VOTES:
        raise Refused("bad_value", f"A vote is a number from {VOTES[0]} to {VOTES[-1]}.")
    own = seat(state, by.id, context)
    cast = VoteCast(command.round, command.clip, command.value, by.id, "" if own == by.id else own)
    game = BY_ID.get(round_.game)
    challenge = [ChallengeMade(round_.id, take.clip, by.id)] if _challenges(game, round_, take, cast) else []
    follows = _after_vote(state, play.apply(round_, cast), cast, context)
    return [cast, *challenge, *overruled(round_, cast), *follows]


def _is_asked(round_: Round, by: Voice) -> bool:
    """Tell whether the running turn asks this voice for its vote, as it asks the teller of a riddle."""
    turn = round_.turn
    return turn is not None and turn.act == "vote" and by.id in turn.voices


def _is_staged(round_: Round, command: Vote) -> bool:
    """Tell whether a take may be liked now: in a vote only what is staged is, so all have a chance."""
    turn = round_.turn
    if turn is None or turn.act != "vote" or round_.closed is not None or command.value <= 0:
        return True
    return not turn.clips or command.clip in turn.clips


def _challenges(game: Game | None, round_: Round, take: Take, cast: VoteCast) -> bool:
    """Tell whether a vote says that a take broke the rule of its game, while that can be decided."""
    if game is None or cast.value >= 0 or round_.closed is not None:
        return False
    return game.challenged or (not take.is_worded and game.is_judged_by_thumbs(round_, take))


def _after_vote(state: RoomState, round_: Round, cast: VoteCast, context: Context) -> list[Fact]:
    """Return what a vote leads to in the running round; where words may still come, they are waited for."""
    game, take = BY_ID.get(round_.game), round_.take(cast.clip)
    if game is None or take is None or round_.closed is not None:
        return []
    now = round_lifecycle.game_context(state, round_, context)
    may_come = context.captions and context.now_ms < words_by_ms(round_) and pending(round_, [take], now)
    is_deaf = not take.is_worded and not may_come
    by_thumbs = is_deaf and cast.value < 0 and game.is_judged_by_thumbs(round_, take)
    thumbs = thumbed(round_, take, now) if by_thumbs else []
    return [*thumbs, *round_lifecycle.with_reveals(state, game.after_vote(round_, cast, now), context)]


def _open_for_votes(state: RoomState, command: Vote) -> Round:
    round_ = next((r for r in (state.round, state.last_round) if r and r.id == command.round), None)
    if round_ is None:
        raise Refused("no_round", "This round is not open for votes.")
    asked = round_.turn is not None and round_.closed is None and command.clip in round_.turn.clips
    if not asked and not KINDS.get(state.kind, KINDS["wonder"]).scored:
        raise Refused("not_scored", "Nothing is scored in this room.")
    return round_


def again(state: RoomState, voices: Collection[str], context: Context) -> list[Fact]:
    """End the round at once, and start its game anew with those of its players who are here.

    `voices` asked for it. Nobody is drawn into a game that all have to want: there only those of them play
    who played before, and its other places are open to whoever speaks.
    """
    round_ = state.round or state.last_round
    if round_ is None:
        raise Refused("no_round", "There is no round to start again.")
    game = BY_ID.get(round_.game) or round_lifecycle.plain(state)
    closed = round_lifecycle.close(state, "again", context) if state.round else []
    players = here_of(round_.players, round_lifecycle.game_context(state, round_, context))
    if game.opt_in:
        spoke = (take.voice for take in round_.takes)
        players = [voice for voice in dict.fromkeys((*players, *spoke)) if voice in voices]
    return [*closed, *round_lifecycle.begin(state, game, round_.tempo, players, context)]


def stop(state: RoomState, context: Context) -> list[Fact]:
    """End the round, as who asks for it may (`server/room/proposals.py`)."""
    if state.round is None:
        raise Refused("no_round", "No round is running now.")
    return round_lifecycle.close(state, "stopped", context)
