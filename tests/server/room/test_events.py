from __future__ import annotations

import msgspec
import pytest

from games.round import Prompt, RoundClosed, RoundOpened, TurnGiven
from server.room.events import (
    KINDS,
    ClipLanded,
    Draft,
    Erased,
    Event,
    Fact,
    RoomChanged,
    TextSaid,
    Voice,
    decode,
    encode,
    erased,
    numbered,
)

ANNA = Voice("v1", "Zany Kettle", "#ffaa00")
EXAMPLES: list[Fact] = [
    TextSaid("hi"),
    RoomChanged(),
    RoomChanged(name="x"),
    ClipLanded("c", 1200, 80, 0, -16.0, (0, 100)),
    RoundOpened("r", "first_thing", "snap", Prompt("p", "?"), ("a", "b")),
    TurnGiven("r", 1, "?", 1, 2),
    RoundClosed("r", "done", ("c",)),
]


@pytest.mark.parametrize("fact", EXAMPLES, ids=lambda fact: type(fact).__name__)
def test_an_event_survives_its_encoding(fact: Fact) -> None:
    event = numbered(Draft(fact, 5, ANNA), 7, 6)

    assert decode(encode(event)) == event


def test_the_wire_form_has_the_kind_in_the_envelope_alone() -> None:
    wire = msgspec.json.decode(encode(numbered(Draft(TextSaid("hi"), 5), 2, 1)))

    assert wire == {
        "type": "event",
        "seq": 2,
        "prev": 1,
        "at_ms": 5,
        "by": None,
        "kind": "text.said",
        "data": {"text": "hi"},
    }


def test_an_erased_event_keeps_its_place_and_nothing_else() -> None:
    event = erased(numbered(Draft(TextSaid("secret"), 5, ANNA), 2, 1))

    assert decode(encode(event)) == Event(2, 1, 5, None, "text.said", Erased())


def test_facts_of_unknown_kinds_and_old_shapes_become_erased() -> None:
    for kind, data in (("moon.risen", '{"phase":1}'), ("text.said", '{"words":3}')):
        body = f'{{"type":"event","seq":1,"prev":0,"at_ms":1,"by":null,"kind":"{kind}","data":{data}}}'
        assert decode(body.encode()).data == Erased()


def test_every_kind_of_the_contract_exists() -> None:
    promised = (
        "room.opened room.changed room.closed text.said text.removed clip.landed clip.captioned clip.removed "
        "reaction.given topic.thrown round.opened turn.given round.closed vote.cast verdict.given voice.muted"
    )

    assert set(promised.split()) <= set(KINDS)
