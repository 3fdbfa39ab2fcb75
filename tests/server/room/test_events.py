from __future__ import annotations

import msgspec
import pytest

from games.round import RoundJoined, TurnGiven
from server.room.events import (
    KINDS,
    Draft,
    Erased,
    Event,
    Fact,
    TextSaid,
    Voice,
    decode,
    encode,
    erased,
    numbered,
)
from tests.support import facts

ANNA = Voice("v1", "Zany Kettle", "#ffaa00")


def test_every_kind_is_stored_and_sent_byte_for_byte_as_ever() -> None:
    assert list(map(encode, facts.events())) == facts.FILE.read_bytes().splitlines()


def test_every_kind_that_was_ever_stored_is_read_as_it_was() -> None:
    assert list(map(decode, facts.FILE.read_bytes().splitlines())) == facts.events()


@pytest.mark.parametrize(
    ("kind", "data", "fact"),
    [
        ("round.joined", '{"round":"r","voice":"v","role":""}', RoundJoined("r", "v")),
        (
            "turn.given",
            '{"round":"r","turn":1,"prompt":"?","go_at_ms":1,"closes_at_ms":2,"voice":"v","max_words":1}',
            TurnGiven("r", 1, "?", 1, 2, "v", max_words=1),
        ),
    ],
)
def test_what_older_logs_do_not_say_is_as_it_was(kind: str, data: str, fact: Fact) -> None:
    body = f'{{"type":"event","seq":1,"prev":0,"at_ms":1,"by":null,"kind":"{kind}","data":{data}}}'
    assert decode(body.encode()).data == fact


def test_there_is_an_example_of_every_kind() -> None:
    assert {fact.kind for fact in facts.FACTS} == set(KINDS)


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


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"room.changed"}))
def test_nothing_is_read_out_of_an_event_that_was_blanked(kind: str) -> None:
    body = f'{{"type":"event","seq":1,"prev":0,"at_ms":1,"by":null,"kind":"{kind}","data":{{}}}}'
    assert decode(body.encode()) == Event(1, 0, 1, None, kind, Erased())


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
