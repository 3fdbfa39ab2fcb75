"""A key is its voice's own, and what it is used for is kept without telling it."""

from __future__ import annotations

from server.room.commands import React, Say, Suggest
from server.room.keys import KEY_BYTES, digest, said, salt, scoped
from tests.support.actors import ANNA, BELA


def test_a_key_becomes_short_whatever_a_client_chose() -> None:
    keys = {scoped(ANNA, "x" * 9_000), scoped(ANNA, "\x00"), scoped(BELA, "\x00"), scoped(None, "\x00")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {22}


def test_commands_that_say_something_else_differ() -> None:
    commands = (Say("a"), Say("b"), Suggest("a"), React("a", "b"), React("b", "a"))
    assert len({digest(said(command)) for command in commands}) == len(commands)
    assert digest(said(Say("a"))) == digest(said(Say("a")))
    assert len(digest(said(Say("x" * 10_000)))) == KEY_BYTES


def test_the_same_words_of_two_visitors_leave_different_traces() -> None:
    assert digest(salt("key") + b"yes") == digest(salt("key") + b"yes")
    assert digest(salt("key") + b"yes") != digest(salt("other") + b"yes")
    assert b"key" not in salt("key")
