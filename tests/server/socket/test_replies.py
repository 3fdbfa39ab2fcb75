from __future__ import annotations

import json

from server.room.commands import Refused
from server.room.events import Voice
from server.socket.replies import ack, pong, refused, signal, welcome


def test_answers_have_the_form_of_the_contract() -> None:
    assert json.loads(ack("a", 7)) == {"type": "ack", "id": "a", "seq": 7}
    assert json.loads(pong(1.5, 9)) == {"type": "pong", "t": 1.5, "server_ms": 9}
    assert json.loads(refused("a", Refused("muted", "You are muted.", 500))) == {
        "type": "refused", "id": "a", "code": "muted", "message": "You are muted.", "retry_after_ms": 500,
    }  # fmt: skip
    assert "retry_after_ms" not in json.loads(refused("a", Refused("silent", "We heard nothing.")))
    assert json.loads(signal("cue", {"clip": "c"})) == {
        "type": "signal",
        "kind": "cue",
        "data": {"clip": "c"},
    }
    assert json.loads(welcome(b'{"id":"r"}', Voice("v", "Blue Owl", "#00f"), 3, 9)) == {
        "type": "welcome", "protocol": 1, "room": {"id": "r"}, "head": 3, "server_ms": 9,
        "you": {"id": "v", "name": "Blue Owl", "colour": "#00f"},
    }  # fmt: skip
    assert json.loads(welcome(b"{}", Voice("v", "Blue Owl", "#00f"), 3, 9, "k" * 43))["key"] == "k" * 43
