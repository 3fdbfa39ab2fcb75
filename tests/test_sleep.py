"""A room sleeps under its open sockets, and whoever is connected notices nothing."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import pytest

from server.log.sqlite import SqliteLog
from server.room.events import Draft, RoomOpened, TextSaid
from server.rooms.timer import SHORTEST_SLEEP_MS
from server.socket.sockets import SocketLimits
from tests.support.actors import local, now_ms, until
from tests.support.chat import Chat, running_chat
from tests.support.web_app import running_site
from tests.support.ws_client import Client, Message

IDLE_MS = 60


async def asleep(chat: Chat) -> None:
    await until(lambda: len(chat.registry) == 0)


async def heard(client: Client, text: str) -> Message:
    return await client.until(lambda m: m["type"] == "event" and m["data"].get("text") == text)


def has_no_gap(client: Client) -> bool:
    return all(event["prev"] == before["seq"] for before, event in pairwise(client.events()))


async def test_an_idle_socket_lets_its_room_sleep_and_a_message_wakes_it_without_gap_or_repeat() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as one, chat.visitor() as two:
        await one.said("before")
        for text in ("first", "second"):
            await asleep(chat)
            seq = await one.said(text)
            event = await heard(two, text)
            assert event["seq"] == seq
        assert has_no_gap(one)
        assert has_no_gap(two)
        assert [event["seq"] for event in two.events()] == list(range(1, 5))
        assert len([m for m in two.messages if m["type"] == "welcome"]) == 1


async def test_pings_of_both_kinds_are_answered_while_the_room_sleeps() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)
        await client.ws.ping(b"there?")
        await client.ws.send_str('{"type":"ping","t":7}')
        assert (await client.until(lambda m: m["type"] == "pong"))["t"] == 7
        assert len(chat.registry) == 0


async def test_a_silent_socket_in_a_sleeping_room_is_pinged_and_stays() -> None:
    bounds = SocketLimits(sweep_every_s=0.02, ping_after_sweeps=2, away_after_sweeps=20, dead_after_sweeps=20)
    async with running_chat(idle_ms=IDLE_MS, bounds=bounds) as chat, chat.visitor() as client:
        await asleep(chat)
        reading = asyncio.ensure_future(client.closed())  # aiohttp answers pings while somebody reads
        (member,) = chat.sockets.connections
        pinged: list[int] = []
        for _ in range(3):
            await until(lambda: member.silent_sweeps >= bounds.ping_after_sweeps)
            pinged.append(member.silent_sweeps)
            await until(lambda: member.silent_sweeps < bounds.ping_after_sweeps)
        assert len(pinged) == 3
        assert len(chat.registry) == 0
        reading.cancel()


async def test_who_is_here_stays_known_and_nobody_is_told_to_have_come_or_gone() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as one, chat.visitor() as two:
        await one.ask("here", listening="off")
        await asleep(chat)
        await one.said("good morning")
        await heard(two, "good morning")
        told = [m["data"] for m in two.messages if m.get("kind") == "presence"]
        assert sum(len(each["voices"]) for each in told) == 2
        assert not [each for each in told if each["gone"]]
        assert chat.sockets.counts("wonder").voices == 2


async def test_who_comes_into_a_sleeping_room_is_told_its_past_and_the_others_that_they_came() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as one:
        await one.said("before")
        await asleep(chat)
        async with chat.visitor() as two:
            assert [(await two.event())["seq"] for _ in range(2)] == [1, 2]
            came = two.welcome["you"]["id"]
            await one.until(lambda m: m.get("kind") == "presence" and came in str(m["data"]["voices"]))
        await asleep(chat)
        assert has_no_gap(one)


async def test_somebody_with_a_cursor_comes_back_into_a_sleeping_room() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as one:
        seq = await one.said("seen")
        await one.said("missed")
        await asleep(chat)
        async with chat.visitor(after=seq) as two:
            await two.event()
            assert [event["seq"] for event in two.events()] == [seq + 1]


async def test_who_says_how_they_are_here_is_answered_and_wakes_the_room_only_to_play() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)
        head = (await client.ask("here", pace=1.5))["seq"]
        assert len(chat.registry) == 0
        assert (await client.ask("here", speaker=True))["seq"] == head
        await until(lambda: len(chat.registry) == 1)
        assert await client.event("round.opened"), "the room throws a topic at once"


async def test_a_repeat_after_a_sleep_gets_the_first_answer() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        first = await client.ask("say", id="one", text="hello")
        await asleep(chat)
        client.messages.clear()
        assert await client.ask("say", id="one", text="hello") == first
        await asleep(chat)
        client.messages.clear()
        assert (await client.ask("say", id="one", text="other words"))["code"] == "id_used"
        assert not client.events()


async def test_a_take_announced_to_a_sleeping_room_begins() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)
        assert (await client.ask("speak.start", peer="p1"))["type"] == "ack"
        assert chat.takes.begun == [(client.welcome["you"]["id"], "p1")]


async def test_messages_that_find_the_room_asleep_are_decided_in_their_order() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        for _ in range(5):
            await asleep(chat)
            ids = [await client.send("say", text=f"{i}") for i in range(20)]
            seqs = [(await client.answer(id_))["seq"] for id_ in ids]
            assert seqs == sorted(seqs)
        assert [event["data"]["text"] for event in client.events()[1:]] == [str(i) for i in range(20)] * 5


async def test_the_pulse_of_a_silent_room_comes_when_it_is_due_though_the_room_sleeps() -> None:
    ahead_ms = 0

    def clock() -> int:
        return now_ms() + ahead_ms

    async with running_chat(idle_ms=IDLE_MS, clock=clock) as chat, chat.visitor() as client:
        await client.ask("here", speaker=True)
        for number in range(1, 6):  # rests of 24, 48, 96 and 192 s, for nobody speaks
            opened = await client.event("round.opened")
            room = local(await chat.registry.wake("wonder"))
            ahead_ms += 46_000
            room._timer.ring()  # type: ignore[union-attr]
            await client.event("round.closed")
            assert room.state.silent_rounds == number
            due_ms = room.next_due_ms()
            assert due_ms is not None
            assert due_ms - clock() > SHORTEST_SLEEP_MS
            await asleep(chat)
            assert len(chat.registry._alarms) == 1
            ahead_ms += due_ms - clock() - 5_000
            chat.registry._alarms.ring()
            await asyncio.sleep(0.01)
            assert len(chat.registry) == 0, "not before it is due"
            ahead_ms += 5_001
            chat.registry._alarms.ring()
        assert opened["prev"]
        assert has_no_gap(client)


@pytest.mark.parametrize("many", [10, 1_500])
async def test_what_another_process_wrote_while_the_room_slept_is_told_to_its_sockets(many: int) -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)
        await chat.log.append("wonder", [Draft(TextSaid(f"other {i}"), 1) for i in range(many)])
        await client.said("mine")
        await heard(client, "mine")
        assert has_no_gap(client)
        assert len(client.events()) == many + 2


async def test_draining_sends_those_in_sleeping_rooms_away_too() -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)
        draining = asyncio.create_task(chat.sockets.drain())
        assert await client.closed() == 1012
        await draining
        assert list(chat.registry.rooms()) == []


async def test_a_room_that_cannot_be_woken_refuses_and_wakes_when_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running_chat(idle_ms=IDLE_MS) as chat, chat.visitor() as client:
        await asleep(chat)

        async def broken(*_: object) -> None:
            raise OSError("the disk is gone")

        with monkeypatch.context() as patch:
            patch.setattr(chat.log, "newest", broken)
            assert (await client.ask("say", text="lost?"))["code"] == "broken"
        await client.said("found")
        assert has_no_gap(client)


async def test_the_lobby_counts_who_is_in_a_sleeping_room() -> None:
    async with running_site(room_idle_ms=IDLE_MS) as site:
        url = site.url.replace("http", "ws") + "/api/rooms/wonder/ws"
        async with site.session.ws_connect(url) as ws:
            await ws.send_json({"type": "here", "id": "1", "listening": "files"})
            await until(lambda: len(site.registry) == 0)
            (listed,) = (await site.json("GET", "/api/rooms"))["rooms"]
            assert listed["listeners"] == 1
            near = await site.json("GET", "/api/rooms/wonder")
            assert near["listeners"] == 1
            assert near["head"] == listed["head"]


async def test_many_rooms_sleep_under_their_sockets_over_sqlite_and_all_wake(tmp_path: Path) -> None:
    log = await SqliteLog.open(tmp_path / "wonder.db")
    async with running_chat(log=log, idle_ms=IDLE_MS) as chat, AsyncExitStack() as stack:
        names = [f"room{i}" for i in range(40)]
        for name in names:
            await chat.registry.open(RoomOpened("wonder", name), None, id=name)
        clients = [await stack.enter_async_context(chat.visitor(name)) for name in names]
        for _ in range(3):
            await asleep(chat)
            seqs = await asyncio.gather(*(client.said("hello") for client in clients))
            assert len(set(seqs)) == 1
        assert all(map(has_no_gap, clients))
