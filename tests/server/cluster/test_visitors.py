"""What one node's visitors are can be told anew, turned into something else, and taken back."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from server.cluster.visitors import NOTES_KEPT, Visitors
from server.rooms.changes import (
    CameBy,
    Change,
    Coloured,
    Consented,
    MachineMarked,
    Moved,
    TakeBegun,
    TakeEnded,
    Worn,
    take_in,
)
from server.rooms.presence import PRESENT, SPEAKER, Presence, PresenceState

STATES = [PRESENT, SPEAKER, PresenceState(listening="radio"), PresenceState(speaker=True, pace=1.5)]


def presence(*changes: Iterable[Change]) -> Presence:
    made = Presence()
    for several in changes:
        for change in several:
            take_in(change, made, 1)
    return made


def looks(made: Presence) -> object:
    """What of a presence later changes depend on; paces belong to whoever moved last."""
    return (
        made.here,
        made.speakers,
        made.inside,
        made.speaking,
        set(made.consented),
        made.masks,
        made.networks,
        set(made.machines),
        {voice: colour for voice, (colour, _) in made.colours.items()},
    )


def an_evening(chance: Random) -> list[Change]:
    """Visitors that come, move, speak and go, as sockets tell it."""
    here: list[tuple[str, PresenceState]] = []
    takes: list[tuple[str, str]] = []
    changes: list[Change] = []
    for number in range(chance.randrange(60)):
        voice = f"v{chance.randrange(5)}"
        match chance.randrange(8):
            case 0 | 1:
                here.append((voice, PRESENT))
                changes.append(Moved(voice, None, PRESENT))
            case 2 if here:
                at = chance.randrange(len(here))
                voice, before = here[at]
                here[at] = (voice, chance.choice(STATES))
                changes.append(Moved(voice, before, here[at][1]))
            case 3 if here:
                voice, before = here.pop(chance.randrange(len(here)))
                changes.append(Moved(voice, before, None))
            case 4:
                takes.append((voice, f"t{number}"))
                changes.append(TakeBegun(voice, f"t{number}", number))
            case 5 if takes:
                changes.append(TakeEnded(*takes.pop()))
            case 6:
                changes += [Consented(voice), Worn(voice, "robot"), CameBy(voice, f"n{number}")]
            case _:
                changes += [MachineMarked(voice), Coloured(voice, f"#{voice}")]
    return changes


@pytest.mark.parametrize("seed", range(60))
def test_visitors_are_told_anew_turned_and_taken_back(seed: int) -> None:
    chance = Random(seed)
    one, other = an_evening(chance), an_evening(chance)
    first, second = Visitors(one), Visitors(other)
    assert looks(presence(first.changes())) == looks(presence(one))
    turned = presence(first.changes(), first.turned_into(second))
    told = presence(second.changes())
    assert (turned.here, turned.speakers, turned.inside) == (told.here, told.speakers, told.inside)
    assert turned.speaking == told.speaking
    assert set(told.networks.items()) <= set(turned.networks.items())
    empty = presence(one, Visitors(one).taken_back())
    assert (empty.here, empty.speakers, empty.inside, empty.speaking) == ({}, {}, {}, {})


def test_who_is_among_both_never_leaves_in_between() -> None:
    first = Visitors([Moved("v", None, PRESENT), TakeBegun("v", "t", 5)])
    second = Visitors([Moved("v", None, SPEAKER), TakeBegun("v", "t", 5)])
    made = presence(first.changes())
    for change in first.turned_into(second):
        take_in(change, made, 1)
        assert "v" in made.here
        assert "v" in made.speaking
    assert not list(first.turned_into(first))


def test_nobody_is_nobody() -> None:
    visitors = Visitors()
    assert not visitors
    visitors.note(Moved("v", PRESENT, None))
    visitors.note(TakeEnded("v", "t"))
    assert not visitors
    assert not list(visitors.taken_back())
    visitors.holds = 1
    assert visitors


def test_what_is_noted_of_those_who_left_is_bounded() -> None:
    visitors = Visitors([Moved("here", None, PRESENT), Consented("here")])
    for number in range(3 * NOTES_KEPT):
        visitors.note(Consented(f"v{number}"))
    kept = list(visitors.changes())
    assert len(kept) <= NOTES_KEPT + 10
    assert Consented("here") in kept
    assert kept[-2] == Consented(f"v{3 * NOTES_KEPT - 1}")
