"""The part of deciding that is about rounds: begin, land, vote, go on, end."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from games import prompts
from games import round as play
from games.game import Game, Scene, Setup
from games.registry import BY_ID, offered
from games.round import Prompt, Round, RoundClosed, RoundFact, RoundJoined, Tempo, TurnGiven, VoteCast
from server.room.commands import Again, Command, Land, Refused, RoundJoin, RoundStart, Throw, Tick, Vote
from server.room.events import ClipLanded, Fact, TopicThrown, Voice
from server.room.kinds import TIMINGS
from server.room.state import RoomState, take_of

VOTES = range(-1, 6)
# Takes may begin this long before "go": eager speakers are welcome.
EAGER_MS = 1_500
# A page knows its speaker's reaction without the network's delay, but is believed this far only.
CLAIM_TOLERANCE_MS = 300
# After each silent round the pulse rests twice as long, up to this many doublings.
PULSE_DOUBLINGS = 4
PLAIN_GAME = "first_thing"
# One pulse in four offers another game than the plain prompt, when two or more can play.
OTHER_GAME_SHARE = 0.25


class Moment(Struct, frozen=True):
    """When something is decided, and its dice."""

    now_ms: int
    random: Random


def facts(state: RoomState, command: Command, by: Voice | None, moment: Moment) -> list[Fact]:
    """Return the facts of a command about rounds. Raises `Refused`."""
    match command:
        case Land():
            return _land(state, command, by, moment)
        case Throw():
            return [*_make_way(state, "replaced"), *_throw(state, moment)]
        case RoundStart():
            game = _game(state, command.game)
            players = (by.id,) if by else ()
            return [*_make_way(state, "replaced"), *_begin(state, game, command.tempo, players, moment)]
        case RoundJoin():
            return [_join(state, command, by)]
        case Again():
            return _again(state, moment)
        case Vote():
            return [_vote(state, command, by)]
        case Tick():
            return _tick(state, command, moment)
        case _:
            raise TypeError(command)


def due(state: RoomState, speakers: bool, speaking: bool) -> int | None:
    """Return when a `Tick` has something to do, in epoch ms; None when nothing is due."""
    if state.closed:
        return None
    if state.round is not None:
        game = BY_ID.get(state.round.game)
        return game.due(state.round, speaking) if game else state.round.opened_at_ms
    if not speakers or speaking:
        return None
    rest_ms = TIMINGS[state.tempo].pulse_ms * 2 ** min(state.silent_rounds, PULSE_DOUBLINGS)
    return state.rested_from_ms + rest_ms if state.rested_from_ms else state.opened_at_ms


def _game(state: RoomState, id: str) -> Game:  # noqa: A002
    game = BY_ID.get(id)
    if game is None or game not in offered(state.kind):
        raise Refused("no_such_game", "This room does not offer such a game.")
    return game


def _make_way(state: RoomState, reason: play.Closing) -> list[Fact]:
    """End a running round in which nobody has spoken; one with takes is not interrupted."""
    if state.round is None:
        return []
    if state.round.takes:
        raise Refused("round_running", "A round is running. Wait until it has ended.", 5_000)
    return [RoundClosed(state.round.id, reason)]


def _begin(
    state: RoomState, game: Game, tempo: Tempo | None, players: Sequence[str], moment: Moment
) -> list[Fact]:
    tempo = tempo or state.tempo
    timing = TIMINGS[tempo]
    setup = Setup(
        _new_id(moment.random),
        tempo,
        state.language,
        tuple(players),
        moment.now_ms,
        timing.count_in_ms,
        timing.window_ms,
        lambda name: _draw(state, name, tempo, moment.random),
    )
    return list(game.begin(setup))


def _throw(state: RoomState, moment: Moment) -> list[Fact]:
    begun = _begin(state, BY_ID[PLAIN_GAME], None, (), moment)
    thrown = next(fact.prompt for fact in begun if isinstance(fact, play.RoundOpened) and fact.prompt)
    return [TopicThrown(thrown), *begun]


def _draw(state: RoomState, name: str, tempo: Tempo, random: Random) -> Prompt:
    cards = prompts.pack(state.language, name)
    return prompts.draw(cards, tempo=tempo, kind=state.kind, recent=state.thrown, random=random)


def _new_id(random: Random) -> str:
    return base64.urlsafe_b64encode(random.randbytes(16)).rstrip(b"=").decode()


def _scene(state: RoomState, round_: Round, moment: Moment) -> Scene:
    timing = TIMINGS[round_.tempo]
    return Scene(
        moment.now_ms,
        state.language,
        timing.count_in_ms,
        timing.window_ms,
        lambda name: _draw(state, name, round_.tempo, moment.random),
    )


def _join(state: RoomState, command: RoundJoin, by: Voice | None) -> Fact:
    if state.round is None:
        raise Refused("no_round", "No round is running now.")
    if by is None or by.id in state.round.players:
        raise Refused("joined_already", "You are in this round already.")
    return RoundJoined(state.round.id, by.id, command.role[:64])


def _again(state: RoomState, moment: Moment) -> list[Fact]:
    """End the round at once, with no discussion, and start its game anew."""
    round_ = state.round or state.last_round
    if round_ is None:
        raise Refused("no_round", "There is no round to start again.")
    game = BY_ID.get(round_.game) or BY_ID[PLAIN_GAME]
    takes = tuple(take.clip for take in round_.takes)
    closed: list[Fact] = [RoundClosed(round_.id, "again", takes)] if state.round else []
    return [*closed, *_begin(state, game, round_.tempo, round_.players, moment)]


def _vote(state: RoomState, command: Vote, by: Voice | None) -> Fact:
    round_ = next((r for r in (state.round, state.last_round) if r and r.id == command.round), None)
    if round_ is None:
        raise Refused("no_round", "This round is not open for votes.")
    take = next((take for take in round_.takes if take.clip == command.clip), None)
    if take is None:
        raise Refused("no_such_clip", "This clip is not in the round.")
    if by is None or take.voice == by.id:
        raise Refused("own_clip", "Vote for somebody else.")
    if any(vote.clip == command.clip and vote.voice == by.id for vote in round_.votes):
        raise Refused("voted_already", "You have voted for this clip already.")
    if command.value not in VOTES:
        raise Refused("bad_value", f"A vote is a number from {VOTES[0]} to {VOTES[-1]}.")
    return VoteCast(command.round, command.clip, command.value, by.id)


def _land(state: RoomState, command: Land, by: Voice | None, moment: Moment) -> list[Fact]:
    turn = _turn_of(state, command, by)
    if turn is None or by is None or state.round is None:
        return [replace(command.clip, round=None, turn=None, reaction_ms=None)]
    reaction_ms = _reaction_ms(command, turn)
    clip = replace(command.clip, round=turn.round, turn=turn.turn, reaction_ms=reaction_ms)
    return [clip, *_judged(state, clip, by, moment)]


def _reaction_ms(command: Land, turn: TurnGiven) -> int | None:
    """Return the page's own measure where the server's confirms it, else the server's."""
    if command.began_at_ms is None:
        return None
    measured_ms = command.began_at_ms + command.clip.onset_ms - turn.go_at_ms
    claimed_ms = command.claimed_reaction_ms
    if claimed_ms is not None and abs(claimed_ms - measured_ms) <= CLAIM_TOLERANCE_MS:
        return claimed_ms
    return measured_ms


def _judged(state: RoomState, clip: ClipLanded, by: Voice, moment: Moment) -> list[RoundFact]:
    if state.round is None or state.round.game not in BY_ID:
        return []
    take = take_of(clip, by)
    round_ = play.landed(state.round, take)
    return BY_ID[round_.game].judge(round_, take, _scene(state, round_, moment))


def _turn_of(state: RoomState, command: Land, by: Voice | None) -> TurnGiven | None:
    """Return the running turn if this take answers it: by whose turn it is, begun in time, once."""
    turn = state.round.turn if state.round else None
    if state.round is None or turn is None or by is None or turn.voice not in (None, by.id):
        return None
    if any(take.voice == by.id for take in state.round.takes_of(turn.turn)):
        return None
    began_at_ms = command.began_at_ms
    if began_at_ms is not None and began_at_ms + command.clip.onset_ms < turn.go_at_ms - EAGER_MS:
        return None
    return turn


def _tick(state: RoomState, command: Tick, moment: Moment) -> list[Fact]:
    at_ms = due(state, bool(command.speakers), bool(command.speaking))
    if at_ms is None or at_ms > moment.now_ms:
        return []
    if state.round is not None:
        return _advance(state, state.round, moment)
    return _pulse(state, command.speakers, moment)


def _advance(state: RoomState, round_: Round, moment: Moment) -> list[Fact]:
    game = BY_ID.get(round_.game)
    if game is None:
        return [RoundClosed(round_.id, "stopped", tuple(take.clip for take in round_.takes))]
    return list(game.advance(round_, _scene(state, round_, moment)))


def _pulse(state: RoomState, speakers: Sequence[str], moment: Moment) -> list[Fact]:
    others = [game for game in offered(state.kind) if game.id != PLAIN_GAME]
    if len(speakers) < 2 or not others or moment.random.random() >= OTHER_GAME_SHARE:
        return _throw(state, moment)
    players = moment.random.sample(sorted(speakers), len(speakers))
    return _begin(state, moment.random.choice(others), None, players, moment)
