"""How far a round is: what was said in its running turn, what is known of it, and facts folded ahead."""

from __future__ import annotations

from collections.abc import Iterable

from games.round import Round, RoundFact, Take, VerdictGiven, apply


def unworded(takes: Iterable[Take]) -> tuple[Take, ...]:
    """Return those takes whose words are not known, and perhaps never will be."""
    return tuple(take for take in takes if not take.is_worded)


def untold(round_: Round, facts: Iterable[RoundFact]) -> list[RoundFact]:
    """Return facts without verdicts that the round has already, or that come twice."""
    seen = {(fact.clip, fact.code) for fact in round_.verdicts}
    fresh: list[RoundFact] = []
    for fact in facts:
        if isinstance(fact, VerdictGiven):
            if (fact.clip, fact.code) in seen:
                continue
            seen.add((fact.clip, fact.code))
        fresh.append(fact)
    return fresh


def folded(round_: Round, facts: Iterable[RoundFact]) -> Round:
    """Return the round after some facts."""
    for fact in facts:
        round_ = apply(round_, fact)
    return round_


def is_complete(round_: Round) -> bool:
    """Tell whether everybody whose turn it is has spoken; a turn for all is ended by time."""
    turn = round_.turn
    if turn is None or not turn.wanted:
        return False
    return set(turn.wanted) <= {take.voice for take in round_.takes_of(turn.turn)}


def is_taken(round_: Round) -> bool:
    """Tell whether anybody has spoken in the running turn."""
    return round_.turn is not None and bool(round_.takes_of(round_.turn.turn))


def is_shown(round_: Round) -> bool:
    """Tell whether the hidden takes of the running turn are shown: a guess after that would be too easy."""
    turn = round_.turn
    takes = round_.takes_of(turn.turn) if turn is not None and turn.hidden else ()
    return bool(takes) and not any(take.hidden for take in takes)


def number(round_: Round) -> int:
    """Return the number of the turn to come, from 1."""
    return round_.turns[-1].turn + 1 if round_.turns else 1
