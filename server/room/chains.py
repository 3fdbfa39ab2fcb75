"""Chains that go on across visits: whoever is alone hears the last link and adds one. Pure.

A chain of turns that one person leaves stays open for a day, and so does one that is begun alone on purpose.
Only what was spoken is handed on, by ear: no words of it are in the event of the round that goes on with it.
"""

from __future__ import annotations

from games.game import Game
from games.parts import Earlier
from games.registry import BY_ID, offered
from games.round import TurnGiven
from server.room import company, door, lines, round_lifecycle
from server.room.context import Context
from server.room.events import Fact
from server.room.kinds import DAY_MS
from server.room.linked import LINKED
from server.room.machines import people
from server.room.open_chains import OpenChain
from server.room.state import RoomState

# A prompt stays open so long for who comes next.
OPEN_MS = DAY_MS
# As much of the end of a chain is heard before one's link, and always its last one.
HEARD_MS = 6_000
# In so many rests after a take one begins a chain, where none waits.
BEGUN_SHARE = 0.5


def link(state: RoomState, context: Context) -> list[Fact]:
    """Let whoever plays alone add to a chain, or begin one; nothing right after another, or after silence."""
    speakers = [*door.admitted(state, people(context.speakers, context), context)]
    last = state.last_round
    if len(speakers) != 1 or last is None or last.chain:
        return []
    if not any(take.voice == speakers[0] for take in last.takes):
        return []
    waiting = waits_for(state, speakers[0], context)
    if waiting is not None:
        return _go_on(state, waiting, speakers[0], context)
    if any(speakers[0] in each.voices for each in state.chains if _is_open(each, context)):
        return []  # one's own is still to be gone on with
    return _begin(state, speakers[0], context)


def waits_for(state: RoomState, voice: str, context: Context) -> OpenChain | None:
    """Return the chain that waits longest for a voice: no link is theirs, and the last can be heard."""
    open_ = (each for each in state.chains if _is_open(each, context) and voice not in each.voices)
    heard = (each for each in open_ if company.is_heard(state, each.links[-1].clip))
    known = (each for each in heard if each.game in round_lifecycle.kind_of(state).games)
    return min(known, key=lambda each: each.at_ms, default=None)


def heard_of(earlier: tuple[Earlier, ...]) -> tuple[str, ...]:
    """Return the links that are heard before the next one: the newest, as many as are short together."""
    clips, sum_ms = list[str](), 0
    for each in reversed(earlier):
        sum_ms += each.duration_ms
        if clips and sum_ms > HEARD_MS:
            break
        clips.insert(0, each.clip)
    return tuple(clips)


def _is_open(chain: OpenChain, context: Context) -> bool:
    return not chain.is_over and bool(chain.links) and context.now_ms - chain.at_ms < OPEN_MS


def _go_on(state: RoomState, chain: OpenChain, voice: str, context: Context) -> list[Fact]:
    earlier = tuple(each for each in chain.links if company.is_heard(state, each.clip))
    begun = round_lifecycle.begin(
        state,
        BY_ID[chain.game],
        chain.tempo,
        (voice,),
        context,
        prompt=chain.prompt,
        chain=chain.id,
        earlier=earlier,
    )
    heard = heard_of(earlier)
    heard_ms = sum(each.duration_ms for each in earlier if each.clip in heard)
    return [
        lines.later(fact, company.DUET_LEAD_MS + heard_ms + company.DUET_BREATH_MS)
        if isinstance(fact, TurnGiven)
        else fact
        for fact in begun
    ]


def _begin(state: RoomState, voice: str, context: Context) -> list[Fact]:
    """Begin a chain for who comes next, now and then."""
    games: list[Game] = [game for game in offered(state.kind) if game.id in LINKED]
    if not games or context.random.random() >= BEGUN_SHARE:
        return []
    id_ = round_lifecycle.new_id(context.random)
    return round_lifecycle.begin(state, context.random.choice(games), None, (voice,), context, chain=id_)
