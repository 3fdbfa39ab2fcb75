"""A repeat is answered as the first was, and an id used for something else is refused."""

from __future__ import annotations

import asyncio

import pytest

from server.room.commands import React, Refused, Say, Suggest
from server.rooms import requests
from server.rooms.local import LocalRoom
from server.rooms.requests import KEY_BYTES, digest, said, salt, scoped
from tests.support.actors import ANNA, BELA, GatedLog, local, shown, texts, toy_registry, until

pytestmark = pytest.mark.virtual_time


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


async def test_a_key_repeated_returns_the_first_events(room: LocalRoom, log: GatedLog) -> None:
    first = await room.send(Say("a"), by=ANNA, key="k")
    assert await room.send(Say("a"), by=ANNA, key="k") == first
    assert shown(room) == ["a"]


async def test_a_key_used_for_something_else_is_refused_here_and_after_a_restart(
    room: LocalRoom, log: GatedLog
) -> None:
    first = await room.send(Say("a"), by=ANNA, key="k")
    again = local(await toy_registry(log).wake("room"))
    for place in (room, again):
        for other in ("b", "no", "nothing"):
            with pytest.raises(Refused, match="fresh id") as refused:
                await place.send(Say(other), by=ANNA, key="k")
            assert refused.value.code == "id_used"
        assert await place.send(Say("a"), by=ANNA, key="k") == first
    assert texts(await log.read("room")) == ["a"]
    await again.close()


async def test_a_salted_use_is_the_same_only_for_the_same_command_and_salt(room: LocalRoom) -> None:
    first = await room.send(Say("a"), by=ANNA, key="k", salt=b"one")
    assert await room.send(Say("a"), by=ANNA, key="k", salt=b"one") == first
    for command, hiding in ((Say("b"), b"one"), (Say("a"), b"another"), (Say("a"), b"")):
        with pytest.raises(Refused, match="fresh id"):
            await room.send(command, by=ANNA, key="k", salt=hiding)


async def test_a_used_key_in_the_middle_of_a_batch_spoils_nothing(room: LocalRoom, log: GatedLog) -> None:
    await room.send(Say("a"), by=ANNA, key="k")
    again = local(await toy_registry(log).wake("room"))
    b, used, c, no = await asyncio.gather(
        again.send(Say("b"), by=ANNA),
        again.send(Say("other"), by=ANNA, key="k"),
        again.send(Say("c"), by=ANNA, key="c"),
        again.send(Say("no"), by=ANNA, key="k"),
        return_exceptions=True,
    )
    assert [getattr(refused, "code", None) for refused in (b, used, c, no)] == [
        None,
        "id_used",
        None,
        "id_used",
    ]
    assert shown(again) == texts(await log.read("room")) == ["a", "b", "c"]
    await again.close()


async def test_a_key_repeated_after_a_restart_is_not_decided_again(room: LocalRoom, log: GatedLog) -> None:
    first = await room.send(Say("once"), by=ANNA, key="k")
    again = local(await toy_registry(log).wake("room"))
    assert await again.send(Say("once"), by=ANNA, key="k") == first
    assert await again.send(Say("once"), by=ANNA, key="k") == first
    with pytest.raises(Refused):
        await again.send(Say("once"), by=ANNA, key="new")
    assert texts(await log.read("room")) == ["once"]
    await again.close()


async def test_a_repeat_in_the_middle_of_a_batch_spoils_nothing(room: LocalRoom, log: GatedLog) -> None:
    first = await room.send(Say("a"), by=ANNA, key="k")
    again = local(await toy_registry(log).wake("room"))
    b, repeated, c, once = await asyncio.gather(
        again.send(Say("b"), by=ANNA),
        again.send(Say("a"), by=ANNA, key="k"),
        again.send(Say("c"), by=ANNA),
        again.send(Say("once"), by=ANNA),
    )
    assert repeated == first
    assert texts(b + c + once) == ["b", "c", "once"]
    assert shown(again) == texts(await log.read("room")) == ["a", "b", "c", "once"]
    await again.close()


async def test_the_same_key_at_once_is_said_once(room: LocalRoom) -> None:
    sends = [room.send(Say("a"), by=ANNA, key="k") for _ in range(10)]
    others = [room.send(Say("b"), by=ANNA, key="k") for _ in range(10)]
    results = await asyncio.gather(*sends, *others, return_exceptions=True)
    assert all(result == results[0] for result in results[:10])
    assert all(isinstance(result, Refused) and result.code == "id_used" for result in results[10:])
    assert shown(room) == ["a"]


async def test_a_key_whose_first_sender_left_still_counts(room: LocalRoom, log: GatedLog) -> None:
    log.gate.clear()
    first = asyncio.ensure_future(room.send(Say("a"), by=ANNA, key="k"))
    await until(lambda: log.chains)
    second = asyncio.ensure_future(room.send(Say("a"), by=ANNA, key="k"))
    other = asyncio.ensure_future(room.send(Say("b"), by=ANNA, key="k"))
    await asyncio.sleep(0)
    first.cancel()
    log.gate.set()
    assert texts(await second) == ["a"]
    with pytest.raises(Refused):
        await other
    assert shown(room) == ["a"]


async def test_a_refused_key_may_be_tried_again(room: LocalRoom) -> None:
    for _ in range(2):
        with pytest.raises(Refused):
            await room.send(Say("no"), by=ANNA, key="k")
    assert texts(await room.send(Say("yes"), by=ANNA, key="k")) == ["yes"]


async def test_two_voices_may_choose_the_same_key(room: LocalRoom) -> None:
    await room.send(Say("a"), by=ANNA, key="1")
    assert texts(await room.send(Say("b"), by=BELA, key="1")) == ["b"]


async def test_old_keys_are_forgotten_here_and_known_by_the_log(
    room: LocalRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "RECENT_KEYS", 3)
    first = await room.send(Say("first"), by=ANNA, key="first")
    for i in range(10):
        await room.send(Say(f"{i}"), by=ANNA, key=f"{i}")
    assert room._writer is not None
    assert len(room._writer.requests._recent) == 3
    assert not room._writer.requests._underway
    assert await room.send(Say("first"), by=ANNA, key="first") == first
