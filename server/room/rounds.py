"""The commands about rounds, decided: begin, land, go on, end, and the room's own pulse."""

from __future__ import annotations

from collections.abc import Collection

from msgspec.structs import replace

from games.game import SILENCE_MS, Game
from games.pace import USUAL_TAKE_MS, done_in, votes_end_ms
from games.progress import folded
from games.registry import BY_ID, offered
from games.round import Round, TurnGiven
from server.room import (
    chains,
    company,
    daily,
    door,
    machines,
    proposals,
    round_commands,
    round_lifecycle,
    topics,
    turns,
)
from server.room.commands import (
    Again,
    Agree,
    Answer,
    Command,
    Land,
    Refused,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    Suggest,
    Throw,
    Tick,
    TurnHelp,
    TurnPass,
    Vote,
    WantTopic,
)
from server.room.context import Context
from server.room.events import ClipHidden, Fact, ProposalAgreed, ProposalClosed, Voice
from server.room.governed import WITHHELD_MOST
from server.room.proposals import Proposed
from server.room.round_lifecycle import EAGER_MS
from server.room.sets import SET_ROUNDS
from server.room.state import RoomState

# A page knows its speaker's reaction without the network's delay, but is believed this far only.
CLAIM_TOLERANCE_MS = 300
# No more than this many voices are made players of a game: nobody waits for minutes.
PULSE_PLAYERS = 6
SLOWEST_PACE = 2.0
# Whoever leaves in their turn is waited for this long: a connection that is opened anew at once is back.
LEFT_WAIT_MS = 500
# Whoever may hear their take before it lands has so long to think, and the round waits.
PREVIEW_MS = 60_000
# What happened so far in the future is not waited for (see `server/clock.py`).
AHEAD_MS = 60_000
HELD_RETRY_AFTER_MS = 10_000
# A take that is cut at random has at least this much of it.
SHORTEST_CUT_MS = 1_000


def facts(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Fact]:
    """Return the facts of a command about rounds. Raises `Refused`."""
    if isinstance(command, Agree):
        return _with_effect(state, proposals.agree(state, command, by, context), context)
    return _proposed(state, command, by, context) or _granted(state, command, by, context)


def _proposed(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Fact]:
    """Return the proposal that a command becomes, nothing when it may be granted at once."""
    match command:
        case Throw():
            return proposals.asked(state, "start", by, context, Proposed(round_lifecycle.plain(state).id))
        case RoundStart():
            return proposals.asked(state, "start", by, context, _wished(state, command, by, context))
        case RoundStop():
            return proposals.asked(state, "stop", by, context)
        case Again():
            return proposals.asked(state, "again", by, context)
        case _:
            return []


def _granted(state: RoomState, command: Command, by: Voice | None, context: Context) -> list[Fact]:
    match command:
        case Land():
            return _land(state, command, by, context)
        case Throw():
            return [*topics.make_way(state, "replaced", context), *topics.throw(state, context)]
        case RoundStart():
            return _start(state, _wished(state, command, by, context), by, context)
        case RoundJoin():
            return round_commands.join(state, command, by, context)
        case RoundStop():
            return round_commands.stop(state, context)
        case RoundLeave() | TurnPass() | TurnHelp() | Answer() | Vote():
            return _played(state, command, by, context)
        case Again():
            return round_commands.again(state, (by.id,) if by else (), context)
        case Suggest():
            return topics.suggest(state, command, by, context)
        case WantTopic():
            return topics.want(state, by, context)
        case Tick():
            return _tick(state, context)
        case _:
            raise TypeError(command)


def _played(
    state: RoomState,
    command: RoundLeave | TurnPass | TurnHelp | Answer | Vote,
    by: Voice | None,
    context: Context,
) -> list[Fact]:
    match command:
        case RoundLeave():
            return turns.leave(state, by, context)
        case TurnPass():
            return turns.pass_on(state, by, context)
        case TurnHelp():
            return turns.help_out(state, by, context)
        case Answer():
            return round_commands.answer(state, command, by, context)
        case Vote():
            return round_commands.vote(state, command, by, context)


def due(state: RoomState, context: Context) -> int | None:
    """Return when a `Tick` has something to do, in epoch ms; None when nothing is due."""
    if state.closed:
        return None
    if state.round is not None:
        if _is_ahead(state.round, context):
            return context.now_ms
        times = (_round_due(state, state.round, context), proposals.due_ms(state, context))
        return min((at_ms for at_ms in times if at_ms is not None), default=None)
    if context.speaking or not round_lifecycle.kind_of(state).pulse:
        return None
    speakers = machines.people(context.speakers, context)
    if not any(door.admits(state, voice, context) for voice in speakers):
        # All who might play are muted: a room that sleeps wakes when the first of them is so no more.
        opens_ms = door.opens_at_ms(state, speakers, context)
        return None if opens_ms is None else max(opens_ms, _pulse_at_ms(state, context))
    return _pulse_at_ms(state, context)


def _pulse_at_ms(state: RoomState, context: Context) -> int:
    """Return when the room throws its next topic by itself."""
    if state.rested_from_ms > context.now_ms + AHEAD_MS:
        return context.now_ms
    if topics.do_all_want(state, context):
        return state.rested_from_ms
    if len(state.wanted_seats) >= topics.WANTED_VOICES:
        return round_lifecycle.card_ends_ms(state)
    next_ms = round_lifecycle.next_round_at_ms(state)
    # Who comes in alone waits for no rest of others.
    return min(next_ms, round_lifecycle.card_ends_ms(state)) if company.is_due(state, context) else next_ms


def _is_ahead(round_: Round, context: Context) -> bool:
    """Tell whether a round began in the future: the clock was set back by far while no server ran."""
    return round_.opened_at_ms > context.now_ms + AHEAD_MS


def take_limit_ms(state: RoomState, voice: str, pace: float = 1.0) -> int:
    """Return how long a take of a voice may be now, by the rules of its room and turn."""
    return _take_limit_ms(state, _open_turn(state, voice), _bounded(pace))


def _take_limit_ms(state: RoomState, turn: TurnGiven | None, pace: float) -> int:
    limit_ms = turn.limit_ms if turn and turn.limit_ms else round_lifecycle.kind_of(state).longest_clip_ms
    return round(limit_ms * pace)


def check_take(state: RoomState, round_: str | None) -> None:
    """Refuse a take that is said to be for a round that is neither the running nor the last one.

    Who began a moment too late for a round speaks to the room all the same.
    """
    known = [each.id for each in (state.round, state.last_round) if each is not None]
    if round_ and round_ not in known:
        raise Refused("no_round", "There is no such round.")


def take_ends_ms(state: RoomState, voice: str, began_at_ms: int, pace: float = 1.0) -> int:
    """Return when a take that began at a time is ended by the room, in epoch ms."""
    ends_ms = began_at_ms + take_limit_ms(state, voice, pace)
    turn = _open_turn(state, voice)
    if turn is None or turn.cut_at_ms is None:
        return ends_ms
    return min(ends_ms, max(turn.cut_at_ms, began_at_ms + SHORTEST_CUT_MS))


def ends_with_a_word(state: RoomState, voice: str, pace: float = 1.0) -> bool:
    """Tell whether a take of a voice is over once it fell silent behind a word: not for who takes longer."""
    turn = _open_turn(state, voice)
    return turn is not None and turn.one_word and pace <= 1.0


def begin_left_ms(state: RoomState, voice: str, now_ms: int, pace: float = 1.0) -> int:
    """Return for how long a voice may still begin in the running turn: its take may be silent so long."""
    turn = _open_turn(state, voice)
    if turn is None:
        return 0
    window_ms = round((turn.closes_at_ms - turn.go_at_ms) * _bounded(pace))
    return max(0, turn.go_at_ms + window_ms - now_ms)


def _open_turn(state: RoomState, voice: str) -> TurnGiven | None:
    turn = state.round.turn if state.round else None
    return turn if turn is not None and turn.is_for(voice) else None


def _bounded(pace: float) -> float:
    return min(max(pace, 1.0), SLOWEST_PACE)


def _pace_of(turn: TurnGiven, context: Context) -> float:
    """Return how much longer a turn waits: for the slowest it is for, of those who play along or speak."""
    slow = (
        _bounded(pace)
        for voice, pace in context.paces.items()
        if turn.is_for(voice) and (voice in context.speakers or voice in context.speaking)
    )
    return max(slow, default=1.0)


def _round_due(state: RoomState, round_: Round, context: Context) -> int | None:
    game, turn = BY_ID.get(round_.game), round_.turn
    if game is None or turn is None:
        return round_.opened_at_ms
    if round_.paused_until_ms:
        return turns.pause_ends_ms(state, round_, context)
    if turns.are_all_muted(state, turn, context):
        return context.now_ms
    speaking = turns.is_anybody_speaking(state, round_, turn, context)
    pace = _pace_of(turn, context)
    words_ms = round_lifecycle.words_due_ms(state, game, round_, context)
    if game.is_full(round_):
        return round_.heard_at_ms if words_ms is None else words_ms
    if turn.act == "vote":
        ends_ms = votes_end_ms(round_, turn, turns.voters(state, round_, context))
        left_at_ms = _left_at_ms(turn.voices, context)
        return ends_ms if left_at_ms is None else min(ends_ms, left_at_ms + LEFT_WAIT_MS)
    due_ms = game.due(round_, speaking, pace)
    if due_ms is None:
        return None
    if speaking:
        due_ms += max(0, _take_limit_ms(state, turn, pace) - USUAL_TAKE_MS)
        due_ms += PREVIEW_MS if round_lifecycle.kind_of(state).preview else 0
    elif turns.is_done(state, round_, turn, context):
        due_ms = round_.heard_at_ms
    else:
        due_ms = min(due_ms, round_.heard_at_ms + SILENCE_MS)
        done = done_in(round_, turn) if turn.wanted else ()
        missing = [voice for voice in turn.wanted if turn.is_for(voice) and voice not in done]
        left_at_ms = _left_at_ms(missing, context)
        due_ms = due_ms if left_at_ms is None else min(due_ms, left_at_ms + LEFT_WAIT_MS)
    return due_ms if words_ms is None else max(due_ms, words_ms)


def _left_at_ms(wanted: Collection[str], context: Context) -> int | None:
    """Return when the last of those left who are wanted; None while one may be here, or nobody is."""
    if not context.here or not wanted or not all(voice in context.left for voice in wanted):
        return None
    return max(context.left[voice] for voice in wanted)


def _with_effect(state: RoomState, facts: list[Fact], context: Context) -> list[Fact]:
    """Do what was proposed when that was carried."""
    proposal, last = state.governed.proposal, facts[-1]
    if proposal is None or not isinstance(last, ProposalClosed) or not last.accepted:
        return facts
    proposer = state.voices.get(proposal.voice)
    if proposal.wish == "stop":
        return [*facts, *round_lifecycle.close(state, "stopped", context)]
    if proposal.wish == "again":
        said = [fact.voice for fact in facts if isinstance(fact, ProposalAgreed) and fact.value]
        return [*facts, *round_commands.again(state, {*proposal.yes, *said}, context)]
    if proposal.game == round_lifecycle.plain(state).id and proposal.prompt is None:
        return [*facts, *topics.make_way(state, "replaced", context), *topics.throw(state, context)]
    wish = Proposed(proposal.game, proposal.tempo, proposal.clip, proposal.prompt)
    return [*facts, *_start(state, wish, proposer, context)]


def _wished(state: RoomState, command: RoundStart, by: Voice | None, context: Context) -> Proposed:
    """Return the round that is asked for. Raises `Refused`."""
    if command.daily:
        return daily.wished(state, by, context)
    if command.clip:
        return company.wished(state, command)
    return Proposed(_game(state, command.game).id, command.tempo)


def _start(state: RoomState, wish: Proposed, by: Voice | None, context: Context) -> list[Fact]:
    game = _game(state, wish.game)
    players: tuple[str, ...] = (by.id,) if by else ()
    if not game.opt_in:
        others = sorted(set(door.admitted(state, context.speakers, context)).difference(players))
        players += tuple(context.random.sample(others, min(len(others), PULSE_PLAYERS - len(players))))
    way = topics.make_way(state, "replaced", context)
    if wish.prompt is not None and not round_lifecycle.is_withheld(state, wish.prompt.id):
        return [*way, *company.begin(state, wish, players, context)]
    return [*way, *round_lifecycle.begin(state, game, wish.tempo, players, context)]


def _game(state: RoomState, id: str) -> Game:  # noqa: A002
    game = BY_ID.get(id)
    if game is None or game not in offered(state.kind):
        raise Refused("no_such_game", "This room does not offer such a game.")
    return game


def _land(state: RoomState, command: Land, by: Voice | None, context: Context) -> list[Fact]:
    turn = _turn_of(state, command, by)
    held = _held(state, command.clip.clip, by)
    if turn is None or by is None:
        free = replace(command.clip, round=None, turn=None, reaction_ms=None, hidden=False)
        return [free, *held, *turns.back(state, by, context)]
    reaction_ms = _reaction_ms(command, turn)
    clip = replace(
        command.clip, round=turn.round, turn=turn.turn, reaction_ms=reaction_ms, hidden=turn.hidden
    )
    gone = turns.gone(state.round, context) if state.round else []
    return [clip, *held, *gone, *round_lifecycle.after_landing(state, clip, by, context)]


def _held(state: RoomState, clip: str, by: Voice | None) -> list[Fact]:
    """Hide a take that its room holds until its keeper lets it through."""
    if not state.hold or (by is not None and by.id == state.keeper):
        return []
    if len(state.governed.withheld) - len(state.governed.held) >= WITHHELD_MOST:
        raise Refused("slow", "Too many takes wait for whoever keeps this room.", HELD_RETRY_AFTER_MS)
    return [ClipHidden(clip)]


def _reaction_ms(command: Land, turn: TurnGiven) -> int | None:
    """Return the page's own measure where the server's confirms it, else the server's."""
    if command.began_at_ms is None:
        return None
    measured_ms = command.began_at_ms + command.clip.onset_ms - turn.go_at_ms
    claimed_ms = command.claimed_reaction_ms
    if claimed_ms is not None and abs(claimed_ms - measured_ms) <= CLAIM_TOLERANCE_MS:
        return claimed_ms
    return measured_ms


def is_aside(state: RoomState, voice: str) -> bool:
    """Tell whether a take that a voice begins now is out of turn, while others play a round."""
    return state.round is not None and _wanting(state, voice) is None


def is_early(state: RoomState, voice: str, context: Context) -> bool:
    """Tell whether a take that a voice begins now comes long before the turn that it might be for."""
    turn = _wanting(state, voice)
    return turn is not None and context.now_ms < turn.go_at_ms - round_lifecycle.EAGER_MS


def _wanting(state: RoomState, voice: str) -> TurnGiven | None:
    """Return the running turn if it wants a take of a voice: of whose turn it is, and once."""
    turn = _open_turn(state, voice)
    if state.round is None or turn is None or round_lifecycle.is_full(state.round):
        return None
    if state.round.paused_until_ms:
        return None
    return None if any(take.voice == voice for take in state.round.takes_of(turn.turn)) else turn


def _turn_of(state: RoomState, command: Land, by: Voice | None) -> TurnGiven | None:
    """Return the running turn if it wants this take: by whose turn it is, begun in time, once."""
    turn = _wanting(state, by.id) if by else None
    if turn is None:
        return None
    began_at_ms = command.began_at_ms
    if began_at_ms is not None and began_at_ms + command.clip.onset_ms < turn.go_at_ms - EAGER_MS:
        return None
    return turn


def _tick(state: RoomState, context: Context) -> list[Fact]:
    at_ms = due(state, context)
    if at_ms is None or at_ms > context.now_ms:
        return []
    proposal = state.governed.proposal
    if proposal is not None and (closed := proposals.outcome(state, proposal, context)):
        return _with_effect(state, [closed], context)
    if state.round is not None:
        return _advance(state, state.round, context)
    return _pulse(state, context)


def _advance(state: RoomState, round_: Round, context: Context) -> list[Fact]:
    game = BY_ID.get(round_.game)
    if game is None or _is_ahead(round_, context):
        return round_lifecycle.close(state, "stopped", context)
    now = round_lifecycle.game_context(state, round_, context)
    if round_.paused_until_ms:
        return round_lifecycle.with_reveals(state, turns.unpaused(game, round_, now), context)
    asleep = not context.speaking and context.now_ms >= round_.heard_at_ms + SILENCE_MS
    parted = turns.parted(round_, context)
    round_ = folded(round_, parted)
    follows = game.end(round_, now) if asleep else game.advance(round_, now)
    return [*parted, *round_lifecycle.with_reveals(state, follows, context)]


def _alone(state: RoomState, context: Context) -> list[Fact]:
    """Return what is for one alone: a duet at the door, a link of a chain, what others answered."""
    return company.duet(state, context) or chains.link(state, context) or company.alone(state, context)


def _pulse(state: RoomState, context: Context) -> list[Fact]:
    if together := _alone(state, context):
        return together
    kind, speakers = round_lifecycle.kind_of(state), door.admitted(state, context.speakers, context)
    others = kind.suited(len(speakers)) if len(speakers) > 1 else ()
    if state.set_rounds.next_place(context.now_ms) == SET_ROUNDS:
        others = tuple(game for game in others if game.turns == "all")
    wanted = len(state.wanted_seats) >= topics.WANTED_VOICES
    if not others or wanted or context.random.random() >= kind.other_share:
        return topics.throw(state, context)
    game = context.random.choice(others)
    players = context.random.sample(sorted(speakers), min(len(speakers), PULSE_PLAYERS))
    return round_lifecycle.begin(state, game, None, () if game.opt_in else players, context)
