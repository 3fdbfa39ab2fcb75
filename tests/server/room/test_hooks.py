"""Hooks: made by who keeps a room, known to the log by their hash alone, and gone for good."""

from __future__ import annotations

import pytest

from server.room import hooks, ids
from server.room.commands import Command, MakeHook, Open, Oversee, Refused, RemoveHook
from server.room.events import AdminActed, RoomOpened, Voice
from server.room.hook_facts import HookMade, HookRemoved
from server.room.state import EMPTY
from tests.support.rooms import ANNA, BELA, PureRoom


def private() -> PureRoom:
    """Return a room that Anna keeps."""
    room = PureRoom()
    room.state, room.events = EMPTY, []
    room.do(Open(RoomOpened("topic", "Ours")), ANNA)
    return room


def refusal(room: PureRoom, command: Command, by: Voice | None) -> str:
    with pytest.raises(Refused) as refused:
        room.do(command, by)
    return refused.value.code


def test_the_id_of_a_hook_is_a_hash_from_which_nobody_gets_its_secret() -> None:
    secret = ids.unguessable()
    id_ = hooks.id_of(secret)
    assert secret not in id_
    assert len(id_) == 24
    assert hooks.id_of(secret) == id_
    assert hooks.id_of(id_) != id_, "who knows an id cannot post with it"


def test_who_keeps_a_room_makes_hooks_and_takes_them_away() -> None:
    room = private()
    assert room.do(MakeHook("one"), ANNA) == [HookMade("one")]
    assert room.do(MakeHook("one"), ANNA) == []
    room.restart()
    assert list(room.state.governed.hooks) == ["one"]
    assert room.do(RemoveHook("one"), ANNA) == [HookRemoved("one")]
    assert refusal(room, RemoveHook("one"), ANNA) == "no_such_hook"
    assert not room.state.governed.hooks


def test_nobody_else_may_but_the_admin() -> None:
    room = private()
    assert refusal(room, MakeHook("one"), BELA) == "not_allowed"
    assert room.do(Oversee(MakeHook("one"))) == [HookMade("one"), AdminActed("hook", "one")]
    assert refusal(room, RemoveHook("one"), BELA) == "not_allowed"
    assert room.do(Oversee(RemoveHook("one"))) == [HookRemoved("one"), AdminActed("unhook", "one")]


def test_a_room_has_only_so_many() -> None:
    room = private()
    for number in range(hooks.HOOKS_MOST):
        room.do(MakeHook(f"hook {number}"), ANNA)
    assert refusal(room, MakeHook("one too many"), ANNA) == "enough_hooks"
