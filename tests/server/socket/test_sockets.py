from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from aiohttp import WSServerHandshakeError

from server.rooms.local import LocalRoom
from server.socket import sockets
from server.socket.sockets import SocketLimits
from server.web.counts import Counts
from tests.support.actors import until
from tests.support.chat import Chat, running_chat
from tests.support.ws_client import PATIENCE_S, Client, RawClient, masked, new_key

QUICK = SocketLimits(sweep_every_s=0.05, away_after_sweeps=6)
# Nobody here is dead within a test's time, however slow the machine.
MISSING = SocketLimits(
    sweep_every_s=0.02, ping_after_sweeps=1, away_after_sweeps=3, dead_after_sweeps=100_000
)


async def gone(chat: Chat, left: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(chat.sockets) > left:
            await asyncio.sleep(0.01)


async def other_voice(alive: Client) -> str:
    """Wait for somebody else to be present and return their voice id."""
    you = alive.welcome["you"]["id"]
    while True:
        came = await alive.signal("presence")
        for voice in came["voices"]:
            if voice["id"] != you:
                return str(voice["id"])


async def test_who_is_silent_and_does_not_answer_pings_leaves_the_roster() -> None:
    async with running_chat(bounds=QUICK) as chat, chat.visitor() as alive:
        async with RawClient("127.0.0.1", chat.port, chat.path()):
            other = await other_voice(alive)
            assert (await alive.signal("presence"))["gone"] == [other]
        await alive.said("alive, for pings are answered")
        assert len(chat.sockets) == 1


async def test_who_owes_a_sign_of_life_is_nobody_and_here_again_with_it() -> None:
    async with running_chat(bounds=MISSING) as chat, RawClient("127.0.0.1", chat.port, chat.path()) as raw:
        room = await chat.room()
        await raw.send(masked(b'{"type":"here","id":"1","speaker":true}', 1))
        await until(lambda: len(room.context().speakers) == 1)
        await until(lambda: not room.context().speakers)
        assert not room.context().here
        assert len(chat.sockets) == 1
        came_back = False

        def sees_them_again() -> bool:
            nonlocal came_back
            came_back = came_back or bool(room.context().speakers)
            return came_back

        sign = asyncio.create_task(raw.send(masked(b"", 10)))
        await until(sees_them_again)
        await sign


async def test_a_cut_connection_leaves_at_once() -> None:
    async with running_chat() as chat, chat.visitor() as alive:
        async with RawClient("127.0.0.1", chat.port, chat.path()) as raw:
            other = await other_voice(alive)
            raw.writer.transport.abort()
        assert (await alive.signal("presence"))["gone"] == [other]
        assert len(chat.sockets) == 1


async def test_an_answer_to_a_ping_keeps_a_silent_socket() -> None:
    async with running_chat(bounds=QUICK) as chat, RawClient("127.0.0.1", chat.port, chat.path()) as raw:
        pings = 0
        async with asyncio.timeout(PATIENCE_S):
            while pings < 8:
                frame = await raw._frame()
                assert frame is not None
                if frame[0] == 9:
                    pings += 1
                    await raw.send(masked(frame[1], 10))
        assert len(chat.sockets) == 1


def hold_up(seconds: float) -> None:
    """Stop this process, its clients included, as an overloaded machine would."""
    time.sleep(seconds)


async def test_a_server_that_was_held_up_thinks_nobody_dead_for_it() -> None:
    async with running_chat(bounds=QUICK) as chat, chat.visitor() as one, chat.visitor() as two:
        for _ in range(3):
            hold_up(QUICK.sweep_every_s * (QUICK.dead_after_sweeps + 2))
            await one.said("still here")
            await two.said("and so am I")
        assert len(chat.sockets) == 2


async def test_counts_are_known_by_room() -> None:
    async with running_chat() as chat:
        async with chat.visitor() as client:
            await client.ask("here", speaker=True, listening="files")
            assert chat.sockets.counts("wonder") == Counts(1, 1, 1)
            assert chat.sockets.counts("elsewhere") == Counts()
        await gone(chat, 0)
        assert chat.sockets.counts("wonder") == Counts()


async def test_a_room_nobody_is_in_is_let_go_and_taken_up_again() -> None:
    async with running_chat() as chat:
        for _ in range(3):
            async with chat.visitor() as client:
                await client.said("hello again")
            await gone(chat, 0)
            room = await chat.room()
            assert room.tail.readers == 0
            assert not room.speakers


async def test_draining_finishes_what_is_under_way_and_sends_all_away_with_1012() -> None:
    async with running_chat() as chat, chat.visitor() as one, chat.visitor() as two:
        await one.ask("speak.start", peer="p1")
        stop = await one.send("speak.stop")
        await one.said("before the end")
        drain = asyncio.create_task(chat.sockets.drain())
        refused = await two.until_refused("say", text="too late")
        assert refused["code"] == "restarting"
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with chat.session.ws_connect(chat.url()):
                pass
        assert refusal.value.status == 503
        async with chat.session.get(chat.url()) as answer:
            assert (await answer.json())["code"] == "restarting"
        chat.takes.finish.set()
        assert (await one.answer(stop))["code"] == "silent"
        assert await one.closed() == await two.closed() == 1012
        await drain
        assert len(chat.sockets) == 0


async def test_a_peer_that_does_not_say_goodbye_is_cut_at_the_end() -> None:
    async with running_chat() as chat, RawClient("127.0.0.1", chat.port, chat.path()):
        await chat.sockets.drain()
        await chat.sockets.close()
        assert len(chat.sockets) == 0


async def test_closing_twice_is_harmless() -> None:
    async with running_chat() as chat, chat.visitor(key=new_key()) as client:
        await chat.sockets.close()
        await chat.sockets.close()
        assert await client.closed() is not None


async def test_answers_are_remembered_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ANSWERS_KEPT", 2)
    done: list[str] = []

    def work(key: str) -> Callable[[], Coroutine[None, None, int]]:
        async def once() -> int:
            done.append(key)
            return len(done)

        return once

    async with running_chat() as chat:
        for key in ("a", "b", "c", "c", "b", "a"):
            await chat.sockets._once(key, b"asked", work(key))
    assert done == ["a", "b", "c", "a"]


async def test_who_says_that_it_is_a_machine_is_one_by_all_its_sockets_and_stays_one() -> None:
    async with running_chat() as chat:
        key = new_key()
        async with chat.visitor() as other, chat.visitor(key=key) as twin, chat.visitor(key=key) as bot:
            assert "machine" not in bot.welcome["you"]
            here: dict[str, Any] = {"speaker": True, "listening": "files"}
            await twin.ask("here", **here)
            assert (await bot.ask("here", machine=True, **here))["type"] == "ack"
            me = bot.welcome["you"]["id"]
            marked = await other.until(
                lambda m: (
                    m["type"] == "signal"
                    and any(one["id"] == me and one.get("machine") for one in m["data"].get("voices", ()))
                )
            )
            assert (marked["data"]["speakers"], marked["data"]["listeners"]) == (0, 0)
            await twin.said("by the other socket")
            assert (await other.event("text.said"))["by"] == {**bot.welcome["you"], "machine": True}
            counts = chat.sockets.counts("wonder")
            assert (counts.voices, counts.speakers, counts.listeners) == (1, 0, 0)
            await twin.ask("here", **here)
            assert chat.sockets.counts("wonder") == counts
        async with chat.visitor(key=key) as later:
            assert later.welcome["you"]["machine"] is True, "though it did not say so again"


async def test_a_room_stays_asleep_for_a_machine_that_may_speak() -> None:
    async with running_chat() as chat, chat.visitor() as bot:
        await bot.ask("here", machine=True)
        room = cast(LocalRoom, chat.registry.known("wonder"))
        await room.close()
        assert not room.is_awake
        await bot.ask("here", machine=True, speaker=True)
        assert not room.is_awake
        assert not chat.registry.is_waking("wonder")
