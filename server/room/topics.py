"""Topics that a room throws: drawn from the packs or suggested, by a tap, by pulse, or by vote."""

from __future__ import annotations

from games import round as play
from games.round import Prompt, RoundOpened
from server.room import round_lifecycle
from server.room.commands import Refused, Suggest
from server.room.context import Context
from server.room.events import Fact, TopicSuggested, TopicThrown, TopicWanted, Voice
from server.room.machines import people
from server.room.seats import seat, seats
from server.room.state import RoomState
from server.room.text import cleaned

TOPIC_LIMIT_CHARACTERS = 90
SUGGESTIONS_OF_ONE_VOICE = 3
SUGGESTIONS_LIMIT = 50
# Every second throw takes a suggestion while there are some.
SUGGESTED_SHARE = 0.5
# So many must want another topic, or more than half of the speakers present if those are more.
WANTED_VOICES = 2


def make_way(state: RoomState, reason: play.Closing, context: Context) -> list[Fact]:
    """End a running round, so that another can begin; `server/room/proposals.py` has checked who may."""
    return round_lifecycle.close(state, reason, context)


def throw(state: RoomState, context: Context) -> list[Fact]:
    """Throw a topic and open the plain game on it."""
    begun = round_lifecycle.begin(
        state, round_lifecycle.plain(state), None, (), context, prompt=_suggested(state, context)
    )
    thrown = next(fact.prompt for fact in begun if isinstance(fact, RoundOpened) and fact.prompt)
    return [TopicThrown(thrown), *begun]


def _suggested(state: RoomState, context: Context) -> Prompt | None:
    waiting = [id_ for id_ in sorted(state.suggestions) if not round_lifecycle.is_withheld(state, id_)]
    if not waiting or context.random.random() >= SUGGESTED_SHARE:
        return None
    topic = context.random.choice(waiting)
    return Prompt(topic, state.suggestions[topic].text)


def suggest(state: RoomState, command: Suggest, by: Voice | None, context: Context) -> list[Fact]:
    """Keep a topic for a later throw."""
    text = cleaned(command.text)
    if not text or len(text) > TOPIC_LIMIT_CHARACTERS:
        raise Refused("bad_topic", f"A topic has 1 to {TOPIC_LIMIT_CHARACTERS} characters.")
    round_lifecycle.check_words(state, text)
    own = sum(by is not None and waiting.voice == by.id for waiting in state.suggestions.values())
    if own >= SUGGESTIONS_OF_ONE_VOICE or len(state.suggestions) >= SUGGESTIONS_LIMIT:
        raise Refused("enough_topics", "There are topics enough. Wait until some were thrown.")
    if any(waiting.text.casefold() == text.casefold() for waiting in state.suggestions.values()):
        raise Refused("known_topic", "This topic is waiting already.")
    return [TopicSuggested(round_lifecycle.new_id(context.random), text)]


def want(state: RoomState, by: Voice | None, context: Context) -> list[Fact]:
    """Count a wish for another topic, and throw one when enough want it."""
    if by is None or by.id in state.wanted:
        raise Refused("wanted_already", "You have asked for another topic already.")
    own, here = seat(state, by.id, context), seats(state, people(context.speakers, context), context)
    wanted, needed = {*state.wanted_seats, own}, max(WANTED_VOICES, len(here) // 2 + 1)
    all_want = bool(here) and wanted.issuperset(here)
    is_soon = bool(here) and _is_card_up(state, context)
    enough = (all_want or (len(wanted) >= needed and not is_soon)) and _may_give_way(state)
    thrown = [*make_way(state, "replaced", context), *throw(state, context)] if enough else []
    return [TopicWanted(by.id, "" if own == by.id else own), *thrown]


def do_all_want(state: RoomState, context: Context) -> bool:
    """Tell whether all who are here and may speak have asked for another topic."""
    wanted = state.wanted_seats
    if not wanted or not any(people(context.speakers, context)):
        return False
    return all(seat(state, voice, context) in wanted for voice in people(context.speakers, context))


def off_stage(state: RoomState, topic: str, context: Context) -> list[Fact]:
    """Replace a topic that the running round had if it is hidden or was removed: nothing of it is shown on.

    Where nobody may speak the round ends, and no other begins.
    """
    prompt = state.round.prompt if state.round else None
    if prompt is None or (prompt.id == topic and not round_lifecycle.is_withheld(state, topic)):
        return []
    if not any(people(context.speakers, context)) or state.closed:
        return round_lifecycle.close(state, "stopped", context)
    return [*make_way(state, "replaced", context), *throw(state, context)]


def _is_card_up(state: RoomState, context: Context) -> bool:
    """Tell whether the end of the last round has the stage still: only all together cut that short."""
    return state.round is None and context.now_ms < round_lifecycle.card_ends_ms(state)


def _may_give_way(state: RoomState) -> bool:
    """Tell whether wishes end the running round: no game that somebody began, and none with takes."""
    round_ = state.round
    if round_ is None:
        return True
    is_begun = bool(round_.starter) and round_.game != round_lifecycle.plain(state).id
    return not round_.takes and not is_begun
