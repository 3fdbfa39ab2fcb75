from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError

from server.blobs.base import Blob
from server.http.limits import Limits, Rate
from server.log.base import Entry, Outcome
from server.log.memory import MemoryLog
from server.room.commands import Say
from server.rooms.tail import TAIL_EVENTS
from server.socket.sockets import SocketLimits
from tests.support.actors import local, until
from tests.support.chat import Chat, running_chat
from tests.support.ws_client import Client, RawClient, new_key


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with running_chat() as running:
        yield running


async def say(chat: Chat, count: int, first: int = 0) -> None:
    """Have the room hear many texts at once, past the sockets."""
    room = await chat.room()
    await asyncio.gather(*(room.send(Say(f"text {first + i}")) for i in range(count)))


async def caught_up(client: Client, head: int) -> list[int]:
    """Read until the head has come and return the seqs of all events, checked to be a chain."""
    if client.welcome["head"] < head or not client.events() or client.events()[-1]["seq"] < head:
        await client.until(lambda m: m["type"] == "event" and m["seq"] >= head)
    events = client.events()
    for before, event in pairwise(events):
        assert event["prev"] == before["seq"]
    return [event["seq"] for event in events]


async def test_the_first_message_is_the_welcome(chat: Chat) -> None:
    async with chat.visitor() as client:
        welcome = client.welcome
        assert client.frames[0] == [welcome], "alone in its frame"
        assert welcome["protocol"] == 1
        assert welcome["head"] == 1
        assert welcome["room"]["id"] == "wonder"
        assert set(welcome["you"]) == {"id", "name", "colour"}
        assert welcome["server_ms"] > 1_600_000_000_000
        assert (await client.event())["kind"] == "room.opened"


async def test_the_same_key_is_the_same_voice_and_no_key_a_new_one(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as one, chat.visitor(key=key) as two:
        assert one.welcome["you"] == two.welcome["you"]
    names = set()
    for _ in range(2):
        async with chat.session.ws_connect(chat.url()) as ws:
            names.add((await ws.receive_json())["you"]["id"])
    assert len(names) == 2


async def test_who_comes_without_a_key_is_told_one_and_may_come_back_with_it(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async with chat.session.ws_connect(chat.url()) as ws:
        first = await ws.receive_json()
        assert ws.protocol is None
    key = first["key"]
    async with chat.session.ws_connect(chat.url(), protocols=["wonder", f"wonder.key.{key}"]) as ws:
        again = await ws.receive_json()
        assert ws.protocol == "wonder"  # and never the key: the answer's headers are nobody's secret
    assert again["you"] == first["you"]
    assert "key" not in again
    async with chat.visitor(key=key) as client:  # as a bearer
        assert client.welcome["you"] == first["you"]
        assert "key" not in client.welcome
    assert key not in caplog.text


@pytest.mark.parametrize(
    ("protocols", "code"),
    [
        (["chat"], "bad_request"),
        (["wonder.key." + "k" * 43], "bad_request"),
        (["wonder", "wonder.key.k"], "bad_key"),
    ],
)
async def test_a_wrong_subprotocol_is_refused_without_a_word_in_the_log(
    protocols: list[str], code: str, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": ", ".join(protocols),
    }
    async with chat.session.get(chat.url(), headers=upgrade) as answer:
        assert (await answer.json())["code"] == code
    assert not caplog.text


async def test_what_one_says_all_hear_the_sender_too(chat: Chat) -> None:
    async with chat.visitor() as one, chat.visitor() as two:
        answer = await one.ask("say", text="hello", id="x1")
        assert answer == {"type": "ack", "id": "x1", "seq": 2}
        for client in (one, two):
            event = next((e for e in client.events() if e["kind"] == "text.said"), None)
            event = event or await client.event("text.said")
            assert event["data"] == {"text": "hello"}
            assert event["by"] == one.welcome["you"]
            assert (event["seq"], event["prev"]) == (2, 1)


async def test_an_ack_comes_behind_its_event(chat: Chat) -> None:
    async with chat.visitor() as client:
        for number in range(20):
            await client.said(f"text {number}")
        order = [m["type"] for m in client.messages if m["type"] == "ack" or m.get("kind") == "text.said"]
        assert order == ["event", "ack"] * 20


async def test_without_a_cursor_the_newest_hundred_come(chat: Chat) -> None:
    await say(chat, 250)
    async with chat.visitor() as client:
        seqs = await caught_up(client, 251)
        assert seqs == list(range(152, 252))


async def test_resumes_at_every_cursor_while_events_flow(chat: Chat) -> None:
    await say(chat, 40)
    flowing = True

    async def flow() -> None:
        while flowing:
            await say(chat, 3)
            await asyncio.sleep(0.002)

    async def resume(after: int) -> None:
        async with chat.visitor(after=after) as client:
            await caught_up(client, client.welcome["head"] + 12)
            assert client.events()[0]["prev"] == after

    writer = asyncio.create_task(flow())
    try:
        for first in range(0, 42, 6):
            await asyncio.gather(*(resume(after) for after in range(first, min(first + 6, 42))))
    finally:
        flowing = False
        await writer


async def test_resumes_from_the_log_when_the_tail_has_moved_on(chat: Chat) -> None:
    for _ in range(6):
        await say(chat, TAIL_EVENTS)
    head = (await chat.room()).tail.head

    async def flow() -> None:
        for _ in range(30):
            await say(chat, 5)
            await asyncio.sleep(0.001)

    writer = asyncio.create_task(flow())
    for after in (0, 1, 499, 500, 501, head - TAIL_EVENTS - 1, head - TAIL_EVENTS):
        async with chat.visitor(after=after) as client:
            seqs = await caught_up(client, head + 1)
            assert seqs[0] == after + 1
    await writer


async def test_a_cursor_that_says_when_its_event_was_counts_as_none_where_it_was_another(chat: Chat) -> None:
    for _ in range(5):
        await say(chat, TAIL_EVENTS)
    room = await chat.room()
    for seq in (1, 9, room.tail.head - 1, room.tail.head):  # from the log, and from the tail
        (event,) = await chat.log.read("wonder", seq - 1, 1)
        async with chat.visitor(after=seq, at_ms=event.at_ms) as same:
            assert "anew" not in same.welcome
            await same.said("here")
            assert same.events()[0]["seq"] == seq + 1
        async with chat.visitor(after=seq, at_ms=event.at_ms + 1) as other:
            assert other.welcome["anew"] is True
            assert (await other.event())["seq"] == other.welcome["head"] - 99
    async with chat.visitor(after=0, at_ms=5) as fresh:
        assert "anew" not in fresh.welcome
        assert (await fresh.event())["seq"] == 1


async def test_a_cursor_from_another_log_counts_as_none(chat: Chat) -> None:
    async with chat.visitor(after=999_999) as client:
        assert client.welcome["head"] == 1
        assert client.welcome["anew"] is True
        assert (await client.event())["seq"] == 1
        await client.said("still here")


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "", "99999999999999999999", "0x10", "\u0661"])
async def test_a_cursor_that_is_no_number_is_400(chat: Chat, after: str) -> None:
    async with chat.session.get(chat.url(), params={"after": after}) as response:
        assert response.status == 400
        assert (await response.json())["code"] == "bad_query"


async def test_a_room_that_is_not_is_404(chat: Chat) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with chat.session.ws_connect(chat.url("nowhere")):
            pass
    assert refusal.value.status == 404


async def test_plain_http_is_answered_without_harm(chat: Chat) -> None:
    async with chat.session.get(chat.url()) as response:
        assert (response.status, response.headers["Upgrade"]) == (426, "websocket")


FOREIGN = [
    "null", "http://evil.example", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1:1",
    "http://localhost", "https://127.0.0.1:{port}", "http://127.0.0.1:{port}.evil.example",
    "http://127.0.0.1:{port}@evil.example", "http://evil.example:{port}", "http://127.0.0.1:{port}/",
    "http://127.0.0.1:{port} http://evil.example", "file://", "chrome-extension://abc", "ws://127.0.0.1:{port}",
    "http://[::1]:{port}", "http://127.0.0.2:{port}", "http://127.0.0.1:{port}0", "*", "undefined", "data:",
]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_page_of_another_site_is_refused(chat: Chat, origin: str) -> None:
    with pytest.raises(WSServerHandshakeError) as refusal:
        async with chat.session.ws_connect(chat.url(), headers={"Origin": origin.format(port=chat.port)}):
            pass
    assert refusal.value.status == 403


async def test_a_page_that_was_not_let_in_can_ask_why(chat: Chat) -> None:
    """By OPTIONS, with which browsers say where the page is from."""
    own, foreign = f"http://127.0.0.1:{chat.port}", "https://wonder.example"
    for origin, room, expected in (
        (own, "wonder", (204, None)),
        (own, "nowhere", (404, "no_such_room")),
        (foreign, "wonder", (403, "wrong_origin")),
    ):
        async with chat.session.options(chat.url(room), headers={"Origin": origin}) as answer:
            told: dict[str, Any] = await answer.json() if answer.status != 204 else {"code": None}
            assert (answer.status, told["code"]) == expected
    assert "--public-url" in told["detail"]
    assert f"{own}, and not of {foreign}" in told["detail"]


async def test_a_proxy_that_lets_no_sockets_through_is_named_in_the_log(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        headers = {"Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}
        async with chat.session.get(chat.url(), headers=headers) as answer:
            assert answer.status == 426
    assert caplog.text.count("Upgrade") == 1


async def test_our_own_page_and_a_program_without_origin_come_in(chat: Chat) -> None:
    async with chat.visitor(headers={"Origin": f"http://127.0.0.1:{chat.port}"}) as client:
        assert client.welcome["head"] == 1


async def test_compression_is_not_taken(chat: Chat) -> None:
    async with chat.session.ws_connect(chat.url(), compress=15) as ws:
        assert not ws.compress


async def test_several_messages_share_a_frame(chat: Chat) -> None:
    async with chat.visitor() as client:
        await say(chat, 50)
        await caught_up(client, 51)
        assert max(len(frame) for frame in client.frames) > 10


async def test_others_leave_and_come_as_presence(chat: Chat) -> None:
    async with chat.visitor() as one:
        assert (await one.signal("presence"))["voices"] == []
        assert [v["id"] for v in (await one.signal("presence"))["voices"]] == [one.welcome["you"]["id"]]
        async with chat.visitor() as two:
            you = two.welcome["you"]
            assert await one.signal("presence") == {
                "voices": [you],
                "gone": [],
                "listeners": 0,
                "speakers": 0,
            }
            assert (await two.signal("presence"))["voices"] == [one.welcome["you"]]
            await two.ask("here", speaker=True, listening="radio")
            assert await one.signal("presence") == {"voices": [], "gone": [], "listeners": 1, "speakers": 1}
            assert list((await chat.room()).speakers) == [you["id"]]
        assert await one.signal("presence") == {
            "voices": [], "gone": [you["id"]], "listeners": 0, "speakers": 0,
        }  # fmt: skip
        assert not (await chat.room()).speakers


async def test_room_signals_reach_all_and_addressed_ones_their_voice_alone(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as one, chat.visitor(key=key) as twin, chat.visitor() as other:
        tail = (await chat.room()).tail
        tail.signal("take", {"state": "open"}, to=one.welcome["you"]["id"])
        tail.signal("cue", {"clip": "c1"})
        for client in (one, twin):
            assert await client.signal("take") == {"state": "open"}
        assert await other.signal("cue") == {"clip": "c1"}
        assert not [m for m in other.messages if m.get("kind") == "take"]


class SlowLog(MemoryLog):
    """Commits only when the test opens the gate."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        await self.gate.wait()
        return await super().extend(room, entries, expect=expect)


async def test_nothing_is_shown_or_acknowledged_before_it_is_durable() -> None:
    log = SlowLog()
    async with running_chat(log=log) as chat, chat.visitor() as one, chat.visitor() as two:
        log.gate.clear()
        id_ = await one.send("say", text="wait for it")
        for client in (one, two):
            await client.send("ping", t=1)
            await client.until(lambda m: m["type"] == "pong")
            assert not [m for m in client.messages if m["type"] == "ack" or m.get("kind") == "text.said"]
        log.gate.set()
        assert (await one.answer(id_))["seq"] == 2
        assert (await two.event("text.said"))["seq"] == 2


async def test_a_socket_that_ends_during_a_send_loses_nothing_it_sent() -> None:
    log = SlowLog()
    async with running_chat(log=log) as chat:
        key = new_key()
        async with chat.visitor(key=key) as client:
            log.gate.clear()
            await client.send("say", text="my last words", id="last")
            await client.send("ping", t=1)
            await client.until(lambda m: m["type"] == "pong")
        log.gate.set()
        async with chat.visitor(key=key, after=0) as again:
            assert (await again.event("text.said"))["data"] == {"text": "my last words"}
            assert (await again.ask("say", text="my last words", id="last"))["seq"] == 2
        assert await chat.log.head("wonder") == 2


async def test_a_full_house_is_503_and_a_crowded_address_is_1013() -> None:
    bounds = SocketLimits(sockets=3, sockets_per_address=2)
    async with running_chat(limits=Limits(), bounds=bounds) as chat, AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(chat.visitor())
        third = await stack.enter_async_context(RawClient("127.0.0.1", chat.port, chat.path()))
        assert third.status == 101
        with pytest.raises(WSServerHandshakeError) as refusal:
            async with chat.session.ws_connect(chat.url()):
                pass
        assert refusal.value.status == 503
        assert refusal.value.headers is not None
        assert int(refusal.value.headers["Retry-After"]) > 0
        assert await third.close_code() == 1013


async def test_a_storm_of_joins_at_one_address_is_429() -> None:
    limits = Limits({"join": Rate(1, 0.01), "say": Rate(1, 1.0)}, address_voices=2)
    async with running_chat(limits=limits) as chat:
        statuses = []
        for _ in range(3):
            async with chat.session.get(chat.url()) as response:
                statuses.append((response.status, response.headers.get("Retry-After") is not None))
        assert statuses[2] == (429, True)
        assert (429, True) not in statuses[:2]


async def test_a_blob_beside_an_event_is_no_matter_of_the_socket(chat: Chat) -> None:
    room = await chat.room()
    async with chat.visitor() as client:
        await room.send(Say("with a blob"), blobs=[Blob("b1", "wonder", b"sound")])
        assert (await client.event("text.said"))["data"] == {"text": "with a blob"}


async def test_text_of_any_language_comes_back_as_it_was(chat: Chat) -> None:
    text = 'Grüße 🎤 \u200dmit ZWJ, «quotes», \\ " and 漢字'
    async with chat.visitor() as client:
        await client.said(text)
        said = json.loads(json.dumps((client.events()[-1])["data"]["text"]))
        assert "Grüße 🎤" in said
        assert "漢字" in said


async def test_a_screen_is_told_everything_and_counts_as_nobody(chat: Chat) -> None:
    async with chat.visitor() as person, chat.visitor(screen=True) as screen:
        assert (await screen.ask("here", listening="files"))["type"] == "ack"
        assert (await person.ask("here", listening="files"))["type"] == "ack"
        seen = await person.until(lambda m: m.get("kind") == "presence" and m["data"]["listeners"] == 1)
        assert seen["type"] == "signal"
        await person.said("hello")
        assert (await screen.event("text.said"))["data"] == {"text": "hello"}
        names = {person.welcome["you"]["id"]}
        told = [m["data"] for m in person.messages if m.get("kind") == "presence"]
        assert {voice["id"] for data in told for voice in data["voices"]} == names
        counts = chat.sockets.counts("wonder")
        assert (counts.voices, counts.listeners, counts.screens) == (1, 1, 1)
        context = local(await chat.room()).context()
        assert set(context.here) == names
    await until(lambda: not chat.sockets.connections)
    assert chat.sockets.counts("wonder").screens == 0
    assert set(context.left) == names, "nobody waits for a screen to come back"


async def test_whoever_has_a_screen_beside_a_page_is_here_by_the_page_alone(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as person:
        async with chat.visitor(key=key, screen=True):
            assert chat.sockets.counts("wonder").voices == 1
        await until(lambda: len(chat.sockets.connections) == 1)
        assert set(local(await chat.room()).context().here) == {person.welcome["you"]["id"]}


async def test_only_0_and_1_tell_a_screen(chat: Chat) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await chat.session.ws_connect(chat.url() + "?screen=yes")
    assert refused.value.status == 400
