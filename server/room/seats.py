"""What a say counts by: votes, wishes for a topic, proposals and reports all count seats. Pure.

In a public room whoever comes from one network has one seat, so that ten keys of one person have one say.
A room that is entered by a link or a code has a seat for each voice, so that a class behind one address
has as many as it has heads.
"""

from __future__ import annotations

from collections.abc import Iterable

from server.room.context import Context
from server.room.machines import people
from server.room.state import RoomState


def seat(state: RoomState, voice: str, context: Context, *, alone: bool = True) -> str:
    """Return the seat by which a say (a vote, a wish, a yes, a report) of a voice counts.

    Where everybody who is here comes from one network (a household), there is nobody to be outvoted and
    each voice has its seat; not so with `alone` false, for what is decided about those who are not here.
    """
    network = context.networks.get(voice, "")
    if not state.public or not network or (alone and not _is_mixed(network, context)):
        return voice
    return network


def _is_mixed(network: str, context: Context) -> bool:
    return any(context.networks.get(each, network) != network for each in people(context.here, context))


def seats(state: RoomState, voices: Iterable[str], context: Context) -> set[str]:
    """Return the seats that some voices have together."""
    asked, networks = set(voices), context.networks
    known = {networks[voice] for voice in (*people(context.here, context), *asked) if voice in networks}
    if not state.public or len(known) < 2:
        return asked
    return {networks.get(voice, voice) for voice in asked}
