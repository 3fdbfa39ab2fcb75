"""Proposals: a running round is ended or replaced by who began it, the keeper, or half its players. Pure."""

from __future__ import annotations

from msgspec import Struct

from games.round import Prompt, Round, Tempo
from server.room import door, machines, round_lifecycle
from server.room.commands import Agree, Refused
from server.room.context import Context
from server.room.events import Fact, ProposalAgreed, ProposalClosed, ProposalMade, ProposalWish, Voice
from server.room.governed import PROPOSING_EVERY_MS, Proposal, agreed
from server.room.seats import seats
from server.room.state import RoomState

# How long the other players have to say yes or no.
PROPOSAL_MS = 8_000


class Proposed(Struct, frozen=True):
    """The round that somebody would like: its game, and the `prompt` that a `clip` answered."""

    game: str
    tempo: Tempo | None = None
    clip: str = ""
    prompt: Prompt | None = None


NO_ROUND = Proposed("")


def asked(
    state: RoomState, wish: ProposalWish, by: Voice | None, context: Context, start: Proposed = NO_ROUND
) -> list[Fact]:
    """Return the proposal that a command becomes, nothing when it may be granted. Raises `Refused`."""
    round_ = state.round
    if round_ is None or by is None or by.id in {round_.starter, state.keeper}:
        return []
    if by.machine:
        raise machines.refused()
    if not is_player(round_, by.id, context):
        raise Refused("not_a_player", "Only its players can end a round, or have another one.")
    if not round_.starter and not round_.takes:
        return []
    if len(seats(state, _present(state, round_, by.id, context), context)) < 2:
        return []
    _check_free(state, by, context)
    id_, until_ms = round_lifecycle.new_id(context.random), context.now_ms + PROPOSAL_MS
    return [ProposalMade(id_, wish, until_ms, start.game, start.tempo, start.clip, start.prompt)]


def is_player(round_: Round, voice: str, context: Context) -> bool:
    """Tell whether a voice plays: it joined, it took part, or the turn is for all who may speak."""
    if voice in round_.left:
        return False
    if voice in round_.players or any(take.voice == voice for take in round_.takes):
        return True
    return voice in context.speakers and round_.turn is not None and round_.turn.is_for(voice)


def _present(state: RoomState, round_: Round, proposer: str, context: Context) -> set[str]:
    """Return the players who may say yes or no: who is muted could not."""
    here = door.admitted(state, machines.people(context.here, context), context)
    return {proposer, *(voice for voice in here if is_player(round_, voice, context))}


def _check_free(state: RoomState, by: Voice, context: Context) -> None:
    running, proposed_ms = state.governed.proposal, state.governed.proposed.get(by.id)
    if running is not None:
        left_ms = max(0, running.until_ms - context.now_ms)
        raise Refused(
            "proposal_running", "Something is proposed already. Say yes or no to it first.", left_ms
        )
    if proposed_ms is not None and context.now_ms < proposed_ms + PROPOSING_EVERY_MS:
        left_ms = proposed_ms + PROPOSING_EVERY_MS - context.now_ms
        raise Refused("too_fast", "You have proposed something a moment ago.", left_ms)


def agree(state: RoomState, command: Agree, by: Voice | None, context: Context) -> list[Fact]:
    """Count a yes or a no of a player, and do what was proposed when that is enough. Raises `Refused`."""
    proposal, round_ = state.governed.proposal, state.round
    if proposal is None or round_ is None or proposal.id != command.proposal:
        raise Refused("no_proposal", "This is not proposed (any more).")
    if by is None or not is_player(round_, by.id, context):
        raise Refused("not_a_player", "Only the players of the round say yes or no.")
    said = ProposalAgreed(proposal.id, by.id, command.value)
    closed = outcome(state, agreed(proposal, said), context)
    return [said, closed] if closed else [said]


def outcome(state: RoomState, proposal: Proposal, context: Context) -> ProposalClosed | None:
    """Return whether a proposal is carried or lost by now, None while it is open.

    Half of the players who are here and may speak carry it, and more than its proposer's own seat while
    there is another.
    """
    round_ = state.round
    may = door.admitted(state, machines.people(context.here, context), context)
    here = [voice for voice in may if round_ is not None and is_player(round_, voice, context)]
    all_seats = seats(state, here, context)
    yes = seats(state, (voice for voice in here if voice in proposal.yes), context)
    no = seats(state, (voice for voice in here if voice in proposal.no), context) - yes
    needed = max((len(all_seats) + 1) // 2, min(2, len(all_seats)), 1)
    if len(yes) >= needed:
        return ProposalClosed(proposal.id, accepted=True)
    # While nobody is here at all they may be on their way back: the server was restarted.
    is_lost = bool(context.here) and len(all_seats) - len(no) < needed
    if context.now_ms >= proposal.until_ms or is_lost:
        return ProposalClosed(proposal.id, accepted=False)
    return None


def due_ms(state: RoomState, context: Context) -> int | None:
    """Return when the open proposal is to be closed, None without one."""
    proposal = state.governed.proposal
    if proposal is None:
        return None
    return proposal.until_ms if outcome(state, proposal, context) is None else context.now_ms
