"""What holds of every end of a round and of every verdict, whatever the game and whoever is deaf."""

from __future__ import annotations

from collections.abc import Iterable

from games import endings
from games.ballots import balance
from games.referee import OVERRULING_VOTES
from games.round import Round, RoundClosed, RoundJoined, RoundOpened, Take, VerdictGiven
from server.room.events import Event
from server.room.state import RoomState

# Verdicts on sound, on hearts and by thumbs: all others tell of words.
BY_EAR = {"hesitated", "too_long", "favourite", "unheard"}
PIECES = {"chain", "pair", "series", "duel"}


def check(event: Event, state: RoomState, events: Iterable[Event]) -> None:
    """Check an event that was just folded: an end against its round, a verdict against what is known."""
    match event.data:
        case RoundClosed() as closed:
            round_ = state.last_round
            assert round_ is not None
            assert round_.id == closed.round
            _check_end(closed, round_, state, _players(closed.round, events))
        case VerdictGiven() as verdict:
            both = [each for each in (state.round, state.last_round) if each and each.id == verdict.round]
            for round_ in both:
                take = round_.take(verdict.clip)
                assert take is None or _is_known(verdict, take, round_), verdict


def _players(round_: str, events: Iterable[Event]) -> set[str]:
    """Return all who ever played in a round."""
    players: set[str] = set()
    for event in events:
        match event.data:
            case RoundOpened(round=id_, players=first) if id_ == round_:
                players.update(first)
            case RoundJoined(round=id_, voice=voice) if id_ == round_:
                players.add(voice)
    return players


def _check_end(closed: RoundClosed, round_: Round, state: RoomState, players: set[str]) -> None:
    takes = {take.clip for take in round_.takes}
    assert set(closed.takes) == {take.clip for take in round_.takes if not take.written}
    assert set(closed.takes) <= set(state.clips)
    assert set(closed.replay) <= set(closed.takes)
    assert set(closed.winners) <= takes
    assert len(set(closed.winners)) == len(closed.winners)
    assert closed.ending not in PIECES or len(closed.takes) < 2 or closed.replay == closed.takes
    assert {secret.voice for secret in closed.secrets} <= players
    assert closed.met is None or closed.ending == "pair"
    assert (closed.set_place > 0) == bool(round_.takes)
    assert not closed.line or (closed.set_place == 5 and closed.line in state.clips)
    if closed.ending == "votes":
        _check_votes(closed, round_)


def _check_votes(closed: RoundClosed, round_: Round) -> None:
    """Nobody has more hearts than a winner, who has some or says what one of these says."""
    points = endings.hearts(round_)
    most = max((points[clip] for clip in endings.staged(round_) if clip in points), default=0)
    best = {clip for clip in closed.winners if points[clip] == most}
    said = {take.words for take in round_.takes if take.clip in best}
    assert bool(closed.winners) == (most > 0)
    assert all(clip in best or _words(round_, clip) in said for clip in closed.winners)


def _words(round_: Round, clip: str) -> tuple[str, ...] | None:
    take = round_.take(clip)
    return take.words if take else None


def _is_known(verdict: VerdictGiven, take: Take, round_: Round) -> bool:
    """Tell whether all that a verdict says can be known: its words, or those who heard it."""
    if take.words is not None or verdict.code in BY_EAR:
        return True
    sure = balance(round_.votes, take.clip)
    match verdict.code:
        case "thumbs":
            return sure <= -OVERRULING_VOTES
        case "challenge_right":
            return sure <= -OVERRULING_VOTES or round_.faults_of(take.clip) > 0
        case "challenge_outvoted":
            return sure > 0
        case "met_by_ear":
            pair = (other.clip for other in round_.takes_of(take.turn))
            return balance(round_.votes, *pair) >= OVERRULING_VOTES
        case "guessed":
            return any(vote.clip == take.clip and vote.value > 0 for vote in round_.votes)
        case "fooled":
            guesses = [other for other in round_.takes if other.turn > 1]
            judged = {vote.clip for vote in round_.votes if vote.value < 0}
            return all(guess.words is not None or guess.clip in judged for guess in guesses)
        case _:
            return False
