"""What a decision may depend on that is not in the log: the time, chance, and who is here and how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping
from random import Random

from msgspec import Struct


class Context(Struct, frozen=True):
    """All that a decision may depend on beside state and command, the same for every sender.

    `here` are the voices with a connection to the room, `speakers` those of them who say that they
    may speak, `inside` those who speak or listen and so are no more at the door, `speaking` those whose take
    is open or on its way; `paces` are how much longer than others a voice that is here may take, 1.0 to 2.0,
    which nobody else sees; `consented` are those who
    came in by the door, and `left` is when voices left that are not here any more. `captions` says that the
    words of a take are expected soon after it landed: a turn that they decide waits for them.
    `networks` is by which network voices came, each a short tag that means nothing outside of this room,
    `masks` what the takes of some are to wear, `machines` those voices that are no people, and `spoken_ms`
    how long a text takes to be said, None where the radio does not speak or nobody wants to hear it. The
    room lends its own collections, so that a context costs the same however many are here: it holds
    for one decision and is not kept. `came` is when those `inside` came in.
    """

    now_ms: int
    random: Random
    here: Collection[str] = ()
    speakers: Collection[str] = ()
    speaking: Collection[str] = ()
    paces: Mapping[str, float] = {}
    consented: Container[str] = ()
    left: Mapping[str, int] = {}
    captions: bool = False
    networks: Mapping[str, str] = {}
    masks: Mapping[str, str] = {}
    spoken_ms: Callable[[str, str], int] | None = None
    machines: Collection[str] = ()
    inside: Collection[str] = ()
    came: Mapping[str, int] = {}
