"""Which games are chains across visits, and when one stays open for whoever comes next. Pure."""

from __future__ import annotations

from collections.abc import Callable

from games.game import GameContext
from games.registry import BY_ID
from games.round import Round, RoundClosed
from server.room.context import Context
from server.room.machines import is_machine
from server.room.state import RoomState

# Games whose links need nothing but the link before, heard.
LINKED = (
    "word_association", "word_at_a_time", "fortunately", "last_word_first", "yes_and", "half_life",
)  # fmt: skip


def stays_open(
    state: RoomState, round_: Round, fact: RoundClosed, now: Callable[[], GameContext], context: Context
) -> bool:
    """Tell whether a chain is not over with its round: somebody may go on, as the game sees it `now`."""
    game = BY_ID.get(round_.game)
    if game is None or game.id not in LINKED or fact.reason == "again" or not round_.takes:
        return False
    if len(round_.takes) + _besides(state, round_) >= game.takes or round_.hidden or round_.prompt is None:
        return False
    if any(take.written or take.hidden or is_machine(state, take.voice, context) for take in round_.takes):
        return False
    return game.next(round_, now()) is not None


def _besides(state: RoomState, round_: Round) -> int:
    """Return how many links of a chain are hidden, and so not in the round that goes on with it."""
    taken = {take.clip for take in round_.takes}
    chain = next((each for each in state.chains if each.id == round_.chain), None)
    return sum(link.clip not in taken for link in chain.links) if chain else 0
