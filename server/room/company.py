"""A prompt that others answered: say yours first, then hear theirs. Pure.

A visitor who comes from a clip asks for the very prompt that it answered, and who plays alone is thrown what
others answered before. The clips that are heard afterwards are the `company` of the round. Who just came in
alone plays a duet: one answer is heard first, the prompt is theirs too, and then both are heard as one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from games.parts import Duet
from games.registry import BY_ID, offered
from games.round import RoundOpened, TurnGiven
from server.room import answered, daily, door, lines, round_lifecycle
from server.room.answered import Answered, Said
from server.room.commands import Refused, RoundStart
from server.room.context import Context
from server.room.events import Fact, TopicThrown
from server.room.machines import people
from server.room.proposals import Proposed
from server.room.state import RoomState

# So many strangers are heard after one's own take.
STRANGERS_HEARD = 2
# ... and of those who answered the prompt of the day.
DAILY_HEARD = 5
# The clip of a duet begins so long after its round, when a page that was let in can be expected to hear.
DUET_LEAD_MS = 1_500
# Between that clip and what comes next.
DUET_BREATH_MS = 400
# Longer clips are no partners: nobody waits that long at a door.
DUET_LONGEST_MS = 7_000
# Who was away for less came back to what they were in.
BACK_WITHIN_MS = 90_000


def wished(state: RoomState, command: RoundStart) -> Proposed:
    """Return the round that a clip asks for: its prompt and its game. Raises `Refused`."""
    if not is_heard(state, command.clip):
        raise Refused("no_such_clip", "This clip is not here (any more).")
    asked = command.asked
    is_stale = asked is not None and asked.as_of is not None and asked.as_of < state.removed_seq
    if asked is None or is_stale or round_lifecycle.is_withheld(state, asked.prompt.id):
        raise Refused("bad_value", "This clip answered no prompt that can be thrown again.")
    game = BY_ID.get(asked.game)
    if game is None or game.turns != "all" or game not in offered(state.kind):
        game = round_lifecycle.plain(state)
    return Proposed(game.id, command.tempo, command.clip, asked.prompt)


def begin(state: RoomState, wish: Proposed, players: tuple[str, ...], context: Context) -> list[Fact]:
    """Throw the prompt of a clip, which is heard after the take of whoever asked, or that of the day."""
    clips: tuple[str, ...] = (wish.clip,) if is_heard(state, wish.clip) else ()
    if answered.is_daily(wish.prompt) and not wish.clip:
        clips = _heard_today(state, wish, "".join(players[:1]), context)
    return _thrown(state, wish, players, clips, context)


def _heard_today(state: RoomState, wish: Proposed, starter: str, context: Context) -> tuple[str, ...]:
    """Return some of those who answered the prompt of the day before."""
    known = daily.answers(state.answered, wish.prompt) if wish.prompt else None
    said = [each.item for each in _others(state, known, starter)] if known else []
    few = context.random.sample(said, min(len(said), DAILY_HEARD))
    return tuple(clip for clip in said if clip in few)


def alone(state: RoomState, context: Context) -> list[Fact]:
    """Throw what others answered to whoever plays alone; nothing when nobody does, or no prompt is left."""
    speakers = [*door.admitted(state, people(context.speakers, context), context)]
    found = waiting(state, speakers[0]) if len(speakers) == 1 else None
    if found is None:
        return []
    strangers = [said.item for said in _others(state, found, speakers[0])]
    few = context.random.sample(strangers, min(len(strangers), STRANGERS_HEARD))
    clips = tuple(clip for clip in strangers if clip in few)
    return _thrown(state, Proposed(round_lifecycle.plain(state).id, prompt=found.prompt), (), clips, context)


def duet(state: RoomState, context: Context) -> list[Fact]:
    """Throw what one other answered to whoever came in alone: that is heard before "go"; nothing else."""
    voice = arrived(state, context)
    found = _partners(state, voice) if voice else None
    if found is None:
        return []
    prompt, said = found
    partner = context.random.choice(said)
    clip = state.clips[partner.item]
    thrown = _thrown(
        state,
        Proposed(round_lifecycle.plain(state).id, prompt=prompt.prompt),
        (),
        (partner.item,),
        context,
        duet=Duet(clip.at_ms, partner.machine),
    )
    heard_ms = DUET_LEAD_MS + partner.duration_ms + DUET_BREATH_MS
    return [lines.later(fact, heard_ms) if isinstance(fact, TurnGiven) else fact for fact in thrown]


def arrived(state: RoomState, context: Context) -> str:
    """Return who may speak alone and came in after the last round began; nobody else's turn was theirs."""
    speakers = [*door.admitted(state, people(context.speakers, context), context)]
    came_ms = context.came.get(speakers[0]) if len(speakers) == 1 else None
    last = state.last_round
    if came_ms is None or (last is not None and last.opened_at_ms >= came_ms):
        return ""
    was_in = last is not None and any(take.voice == speakers[0] for take in last.takes)
    return "" if was_in and came_ms - state.rested_from_ms < BACK_WITHIN_MS else speakers[0]


def is_due(state: RoomState, context: Context) -> bool:
    """Tell whether a duet waits for whoever came in alone."""
    voice = arrived(state, context)
    return bool(voice) and _partners(state, voice) is not None


def _partners(state: RoomState, voice: str) -> tuple[Answered, list[Said]] | None:
    """Return a prompt that waits for a voice, and those who may be heard first: people, else a machine."""
    for machine in (False, True):
        fits = partial(_is_partner, machine=machine)
        if (found := waiting(state, voice, fits)) is not None:
            return found, _others(state, found, voice, fits)
    return None


def _is_partner(said: Said, *, machine: bool) -> bool:
    return said.machine == machine and said.duration_ms <= DUET_LONGEST_MS


def _is_person(said: Said) -> bool:
    return not said.machine


def waiting(state: RoomState, voice: str, fits: Callable[[Said], bool] = _is_person) -> Answered | None:
    """Return the prompt that waits for a voice: others answered it, this voice did not, it was long ago.

    The one that was thrown for that reason in the last round is not thrown twice in a row. Others are those
    whose answer fits.
    """
    last = state.last_round
    refused = last.prompt.id if last and last.company and last.prompt else ""
    newest_daily = answered.newest_daily(state.answered)  # it is asked for, and comes by no chance
    left = [
        each
        for each in state.answered
        if each.prompt.id != refused
        and each is not newest_daily
        and not each.is_by(voice)
        and not round_lifecycle.is_withheld(state, each.prompt.id)
        and _others(state, each, voice, fits)
    ]
    thrown = {id_: at for at, id_ in enumerate(state.thrown)}
    return min(left, key=lambda each: thrown.get(each.prompt.id, -1), default=None)


def spared(state: RoomState, context: Context) -> tuple[str, ...]:
    """Return the clips that whoever is here alone is to hear only after a take of their own."""
    here = [*people(context.here, context)]
    found = waiting(state, here[0]) if len(here) == 1 else None
    return tuple(said.item for said in found.said) if found else ()


def answers_to(state: RoomState, clip: str, asked_seq: int | None) -> int:
    """Return how many answered what a clip did, at least this one, as far as the room remembers."""
    known = answered.to(state.answered, clip)
    if known is not None:
        return max(known.count, 1)
    same = (each for each in state.clips.whole.values() if asked_seq and each.asked_seq == asked_seq)
    return max(sum(1 for _ in same), 1)


def is_heard(state: RoomState, clip: str) -> bool:
    """Tell whether a clip is in the room and may be heard by all."""
    known = state.clips.get(clip)
    return known is not None and not known.hidden and clip not in state.governed.withheld


def _others(
    state: RoomState, prompt: Answered, voice: str, fits: Callable[[Said], bool] = _is_person
) -> list[Said]:
    said = filter(fits, prompt.said)
    spoken = (each for each in said if not each.written and each.voice != voice)
    return [each for each in spoken if is_heard(state, each.item)]


def _thrown(
    state: RoomState,
    wish: Proposed,
    players: tuple[str, ...],
    clips: tuple[str, ...],
    context: Context,
    *,
    duet: Duet | None = None,
) -> list[Fact]:
    plain = round_lifecycle.plain(state)
    game = BY_ID.get(wish.game) or plain
    is_plain = game is plain
    drawn = () if is_plain else players
    begun = round_lifecycle.begin(
        state, game, wish.tempo, drawn, context, prompt=wish.prompt, company=clips, duet=duet
    )
    thrown = next((fact.prompt for fact in begun if isinstance(fact, RoundOpened)), None)
    return [TopicThrown(thrown), *begun] if is_plain and thrown else begun
