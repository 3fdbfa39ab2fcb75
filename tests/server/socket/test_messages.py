from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.http.limits import RATES
from server.room.commands import (
    Again,
    Answer,
    Command,
    Forget,
    React,
    Refused,
    Report,
    RoundJoin,
    RoundLeave,
    RoundStart,
    RoundStop,
    Say,
    Suggest,
    Throw,
    TurnHelp,
    TurnPass,
    Vote,
    WantTopic,
)
from server.socket.messages import (
    TYPES,
    BadMessage,
    CommandMessage,
    Drop,
    Here,
    Keep,
    NotTheProtocol,
    Ping,
    SpeakStart,
    SpeakStop,
    parse,
)
from server.socket.replies import ack, pong, refused


def message(type_: str, **fields: Any) -> str:
    return json.dumps({"type": type_, "id": "m1", **fields})


WISHES: list[tuple[str, dict[str, Any], Command]] = [
    ("say", {"text": "hi"}, Say("hi")),
    ("react", {"target": "clip", "emoji": "😂"}, React("clip", "😂")),
    ("react", {"target": "clip", "emoji": "😂", "at_ms": 700}, React("clip", "😂", 700)),
    ("react", {"target": 12, "emoji": "😂"}, React("12", "😂")),
    ("throw", {}, Throw()),
    ("topic.want", {}, WantTopic()),
    ("round.start", {"game": "word_association"}, RoundStart("word_association")),
    ("round.start", {"game": "g", "tempo": "slow"}, RoundStart("g", "slow")),
    ("round.join", {}, RoundJoin()),
    ("round.join", {"role": "hero"}, RoundJoin("hero")),
    ("round.join", {"role": None}, RoundJoin()),
    ("again", {}, Again()),
    ("vote", {"round": "r", "clip": "c", "value": 1}, Vote("r", "c", 1)),
    ("report", {"clip": "c", "reason": "rude"}, Report("c", "rude")),
    ("answer", {"round": "r", "text": "moon"}, Answer("r", "moon")),
    ("round.stop", {}, RoundStop()),
    ("round.leave", {}, RoundLeave()),
    ("turn.pass", {}, TurnPass()),
    ("turn.help", {}, TurnHelp()),
    ("suggest", {"text": "Soup"}, Suggest("Soup")),
    ("forget", {"clip": "c"}, Forget("c")),
    ("forget", {"all": True}, Forget(None, everything=True)),
]


@pytest.mark.parametrize(("type_", "fields", "command"), WISHES)
def test_every_wish_becomes_its_command(type_: str, fields: dict[str, Any], command: Command) -> None:
    parsed = parse(message(type_, **fields))
    assert isinstance(parsed, CommandMessage)
    assert (parsed.id, parsed.command()) == ("m1", command)
    assert parsed.action in RATES


def test_what_is_no_command_keeps_its_own_form() -> None:
    assert parse('{"type":"ping","t":1.5}') == Ping(1.5)
    assert parse(message("here", speaker=True, listening="files")) == Here("m1", True, "files")
    paced = Here("m1", True, pace=1.5, consented=True)
    assert parse(message("here", speaker=True, pace=1.5, consented=True)) == paced
    assert parse(message("keep", preview="p")) == Keep("m1", "p")
    assert parse(message("drop", preview="p")) == Drop("m1", "p")
    assert parse(message("speak.start", peer="p")) == SpeakStart("m1", "p")
    assert parse(message("speak.stop", onset_ms=-20)) == SpeakStop("m1", -20)
    assert parse(message("speak.stop", peer="p")) == SpeakStop("m1", None, "p")


def test_an_id_is_a_text_or_a_whole_number_and_given_back_as_it_came() -> None:
    for id_ in ("m1", 0, -7):
        parsed = parse(json.dumps({"type": "say", "id": id_, "text": "hi"}))
        assert json.loads(ack(parsed.id, 1))["id"] == id_
        assert json.loads(pong(1, 2, id_)) == {"type": "pong", "t": 1, "server_ms": 2, "id": id_}


def test_every_type_of_the_contract_is_known() -> None:
    assert set(TYPES) == {
        "say", "react", "throw", "round.start", "round.join", "again", "speak.start", "speak.stop", "vote",
        "report", "forget", "ping", "here", "answer", "round.stop", "suggest", "topic.want", "keep", "drop",
        "mute", "agree", "remove", "restore", "room.set", "keeper.give", "pass",
        "round.leave", "turn.pass", "turn.help",
    }  # fmt: skip


def test_fields_of_a_newer_client_are_passed_over() -> None:
    assert parse(message("throw", mood="wild", more=[1, {"a": None}])).id == "m1"


@pytest.mark.parametrize(
    "body",
    [
        message("dance"),
        message("say"),
        message("say", text=1),
        message("speak.start"),
        message("say", text=None),
        message("vote", round="r", clip="c", value=10**30),
        message("vote", round="r", clip="c", value=1.5),
        message("here", listening="loudly"),
        message("forget"),
        message("forget", clip="c", all=True),
        message("round.start", game="g", tempo="brisk"),
    ],
)
def test_a_wrong_form_with_an_id_is_refused_by_that_id(body: str) -> None:
    with pytest.raises(BadMessage) as bad:
        parse(body)
    assert bad.value.id == "m1"
    assert str(bad.value).endswith(".")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "null",
        "[]",
        '[{"type":"throw","id":"a"}]',
        "1",
        "{}",
        '{"type":"say","text":"no id"}',
        '{"type":"say","id":"","text":"x"}',
        '{"id":"m1"}',
        '{"type":7,"id":"m1"}',
        json.dumps({"type": "say", "id": "x" * 129, "text": "x"}),
        '{"type":"say","id":"m1","text":"x"} {}',
        '{"type":"say","id":1e16,"text":"x"}'.replace("1e16", "1" * 30),
        '{"type":"say","id":true,"text":"x"}',
        '{"type":"ping","t":1e999}',
        "[" * 16_000,
        '{"a":' * 3_000,
        '{"type":"throw","id":"m1","deep":' + "[" * 8_000 + "]" * 8_000 + "}",
    ],
)
def test_what_has_no_type_and_id_is_not_the_protocol(body: str) -> None:
    with pytest.raises(NotTheProtocol):
        parse(body)


@pytest.mark.parametrize(
    ("id_", "same"), [("1.0", 1), ("-0.0", 0), ("1e3", 1000), ("9007199254740992.0", 2**53)]
)
def test_a_whole_number_is_one_however_it_is_written(id_: str, same: int) -> None:
    parsed = parse(f'{{"type":"vote","id":{id_},"round":"r","clip":"c","value":-1.0}}')
    assert isinstance(parsed, CommandMessage)
    assert (parsed.id, type(parsed.id), parsed.command()) == (same, int, Vote("r", "c", -1))
    assert parse(f'{{"type":"ping","id":{id_}}}') == Ping(id=same)


@pytest.mark.parametrize("id_", [1.5, -0.25, 1e300])
def test_another_number_as_id_is_refused_by_that_id(id_: float) -> None:
    for body in (f'{{"type":"say","id":{id_},"text":"x"}}', f'{{"type":"ping","id":{id_}}}'):
        with pytest.raises(BadMessage) as bad:
            parse(body)
        assert json.loads(refused(bad.value.id, Refused("bad_message", str(bad.value))))["id"] == id_


HALVES = st.sampled_from(["\\ud83d", "\\uDE00", "\\uD800", "\\udfff"])
# What may stand beside them in a JSON text: whole pairs, other escapes, an escaped backslash before a "u".
BESIDE = st.sampled_from(["a", "\\ud83d\\ude00", "\\n", "\\\\", "\\\\ud800", "\\u0041", "é", '\\"', ""])


@given(
    st.lists(BESIDE, max_size=5), HALVES, st.lists(BESIDE.filter(lambda text: text[:3] != "\\ud"), max_size=5)
)
def test_half_a_character_is_refused_and_no_end_of_the_protocol(
    before: list[str], half: str, after: list[str]
) -> None:
    text = "".join((*before, half, *after))
    for body in (f'{{"type":"say","id":"m1","text":"{text}"}}', f'{{"id":"m1","{text}":[],"type":"throw"}}'):
        with pytest.raises(BadMessage) as bad:
            parse(body)
        assert bad.value.id == "m1"
        assert "surrogate" in str(bad.value)


@given(st.lists(BESIDE, max_size=8))
def test_whole_characters_are_heard_however_they_are_written(parts: list[str]) -> None:
    text = "".join(parts)
    parsed = parse(f'{{"type":"say","id":"m1","text":"{text}"}}')
    assert isinstance(parsed, CommandMessage)
    assert parsed.command() == Say(json.loads(f'"{text}"'))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.text(max_size=200) | JSON.map(json.dumps))
@example("\ud800")
@example("\x00")
def test_garbage_never_does_more_than_be_refused(body: str) -> None:
    with suppress(BadMessage, NotTheProtocol):
        parse(body)


@given(
    st.sampled_from(sorted(TYPES)),
    st.dictionaries(
        st.sampled_from(["text", "target", "emoji", "game", "clip", "all", "value", "t", "peer", "id"]), JSON
    ),
)
def test_known_types_with_any_fields_are_parsed_or_refused(type_: str, fields: dict[str, Any]) -> None:
    try:
        parsed = parse(json.dumps({"type": type_, "id": "m1", **fields}))
    except (BadMessage, NotTheProtocol):
        return
    assert isinstance(parsed, TYPES[type_])
