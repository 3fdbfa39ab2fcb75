from __future__ import annotations

import asyncio
import logging
import random
import struct
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from server.http.floods import RoomFloods
from server.http.limits import RATES, Limits, Rate
from server.log.memory import MemoryLog
from server.room.commands import Say
from server.room.events import Event, RoomOpened, Voice
from server.rooms.base import Room
from server.rooms.local import LocalRoom
from server.rooms.presence import NETWORKS_KEPT
from server.rooms.requests import digest, said, salt
from server.socket.conversation import IN_FLIGHT, Conversation
from server.socket.messages import MESSAGE_LIMIT_BYTES
from server.socket.protocol import FRAMES_PER_TURN
from tests.support.chat import Chat, running_chat
from tests.support.ws_client import PATIENCE_S, Client, RawClient, masked, new_key


@pytest.fixture
async def chat() -> AsyncIterator[Chat]:
    async with running_chat() as running:
        yield running


async def lands(room: Room, voice: Voice) -> Event:
    return (await room.send(Say("stands for a clip"), by=voice))[0]


async def answer(client: Client, **message: Any) -> dict[str, Any]:
    """Send a message and return what is answered to it now, whatever was answered to its id before."""
    await client.ws.send_json(message)
    return await client.until(lambda m: m.get("id") == message["id"])


# --- answers


async def test_a_ping_comes_back_with_the_servers_time(chat: Chat) -> None:
    async with chat.visitor() as client:
        await client.ws.send_str('{"type":"ping","t":12.5}')
        pong = await client.until(lambda m: m["type"] == "pong")
        assert pong["t"] == 12.5
        assert pong["server_ms"] >= client.welcome["server_ms"]


async def test_repeating_an_id_is_harmless(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as client, chat.visitor(key=key) as twin:
        ids = [await client.send("say", id="same", text="once") for _ in range(3)]
        answers = [await twin.ask("say", id="same", text="once"), *[await client.answer(id_) for id_ in ids]]
        assert {answer["seq"] for answer in answers} == {2}
    async with chat.visitor(key=key) as later, chat.visitor() as other:
        assert (await later.ask("say", id="same", text="once"))["seq"] == 2
        assert (await other.ask("say", id="same", text="mine"))["seq"] == 3


async def test_an_id_used_for_something_else_is_refused_whatever_form_it_has(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as before:
        assert (await before.ask("say", id="1", text="stored"))["seq"] == 2
    async with chat.visitor(key=key) as client:
        for id_ in ("1", 1):  # one and the same: a bot that counts from 1 was started again
            for said in (
                {"type": "say", "text": "lost"},
                {"type": "suggest", "text": "stored"},
                {"type": "throw"},
            ):
                assert (await answer(client, id=id_, **said))["code"] == "id_used"
            assert (await answer(client, id=id_, type="say", text="stored"))["seq"] == 2
        assert (await chat.log.head("wonder")) == 2
        assert (await client.ask("say", id="2", text="lost no more"))["seq"] == 3
    async with chat.visitor() as other:
        assert (await other.ask("say", id="1", text="an id is its voice's own"))["seq"] == 4


async def test_what_was_taken_back_cannot_be_guessed_from_what_is_kept_of_its_id(chat: Chat) -> None:
    key, message = new_key(), {"type": "say", "id": 1, "text": "yes"}
    async with chat.visitor(key=key) as client:
        assert (await answer(client, **message))["seq"] == 2
        assert (await client.ask("forget", id="forget", all=True))["type"] == "ack"
        assert (await answer(client, **message))["seq"] == 2, "its repeat stays harmless"
        assert (await answer(client, **{**message, "text": "no"}))["code"] == "id_used"
    kept = {use.digest for use in cast(MemoryLog, chat.log)._room_logs["wonder"].keys.values()}
    guess = said(Say("yes"))
    assert digest(b"1 " + salt(key) + guess) in kept, "by who has the visitor's key"
    assert not kept & {digest(b"1 " + guess), digest(guess), digest(b"1 " + salt("") + guess)}


async def test_the_same_said_in_another_form_is_a_repeat(chat: Chat) -> None:
    async with chat.visitor() as client:
        first = await answer(client, id="1", type="react", target="1", emoji="👏")
        assert await answer(client, id="1", type="react", target=1, emoji="👏") == first
        assert (await answer(client, id="1", type="react", target=2, emoji="👏"))["code"] == "id_used"


async def test_an_id_is_refused_for_another_word_to_the_stage_too(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as first, chat.visitor(key=key) as second:
        assert (await first.ask("speak.start", id="1", peer="p1"))["type"] == "ack"
        assert (await second.ask("speak.start", id="1", peer="p2"))["code"] == "id_used"
        assert (await second.ask("drop", id="2", preview="a"))["type"] == "ack"
        assert (await first.ask("keep", id="2", preview="a"))["code"] == "id_used"
        assert len(chat.takes.begun) == 1


async def test_what_one_says_of_being_here_may_have_the_same_id_each_time(chat: Chat) -> None:
    async with chat.visitor() as client:
        for speaker in (True, False):
            assert (await answer(client, type="here", id="h", speaker=speaker))["type"] == "ack"


async def test_commands_of_one_client_keep_their_order(chat: Chat) -> None:
    async with chat.visitor() as client:
        ids = [await client.send("say", text=f"{number}") for number in range(IN_FLIGHT)]
        for id_ in ids:
            await client.answer(id_)
        said = [e["data"]["text"] for e in client.events() if e["kind"] == "text.said"]
        assert said == [str(number) for number in range(IN_FLIGHT)]


async def test_a_take_that_is_being_finished_holds_up_no_chat(chat: Chat) -> None:
    async with chat.visitor() as client:
        assert (await client.ask("speak.start", peer="p1"))["seq"] == 1
        stop = await client.send("speak.stop", onset_ms=300)
        await client.said("meanwhile")
        assert chat.takes.begun == [(client.welcome["you"]["id"], "p1")]
        chat.takes.landing = lands
        chat.takes.finish.set()
        assert (await client.answer(stop))["seq"] == 3


async def test_a_take_for_a_round_that_never_was_is_refused(chat: Chat) -> None:
    async with chat.visitor() as client:
        assert (await client.ask("speak.start", peer="p1", round="forged"))["code"] == "no_round"
        assert chat.takes.begun == []
        await client.ask("throw")
        first = (await client.event("round.opened"))["data"]["round"]
        await client.ask("round.stop")
        for round_ in (first, None, ""):
            assert (await client.ask("speak.start", peer="p1", round=round_))["type"] == "ack"


async def test_what_the_stage_refuses_is_refused_with_its_words(chat: Chat) -> None:
    async with chat.visitor() as client:
        assert (await client.ask("speak.start", peer="unknown"))["code"] == "no_such_peer"
        chat.takes.finish.set()
        answer = await client.ask("speak.stop")
        assert answer["code"] == "silent"
        assert answer["message"].startswith("We heard nothing")


async def test_a_repeated_stop_has_the_answer_of_the_first_even_elsewhere(chat: Chat) -> None:
    key = new_key()
    chat.takes.landing = lands
    async with chat.visitor(key=key) as first, chat.visitor(key=key) as second:
        await first.ask("speak.start", peer="p1")
        stop = await first.send("speak.stop", id="stop")
        again = await second.send("speak.stop", id="stop")
        chat.takes.finish.set()
        assert (await first.answer(stop))["seq"] == (await second.answer(again))["seq"] == 2
        assert chat.takes.stopped == 1


async def test_a_repeated_start_that_was_refused_is_refused_again_in_the_same_words(chat: Chat) -> None:
    key = new_key()
    async with chat.visitor(key=key) as first, chat.visitor(key=key) as second:
        refusal = await first.ask("speak.start", id="start", peer="unknown")
        assert refusal["code"] == "no_such_peer"
        assert await second.ask("speak.start", id="start", peer="unknown") == refusal


async def test_speaking_reaches_the_stage_in_order(chat: Chat) -> None:
    async with chat.visitor() as client:
        stop = await client.send("speak.stop")
        start = await client.send("speak.start", peer="p2")
        await client.said("heard at once")
        assert chat.takes.begun == []
        chat.takes.finish.set()
        await client.answer(stop)
        assert (await client.answer(start))["type"] == "ack"


async def test_who_begins_to_listen_is_told_to_the_radio() -> None:
    rooms: list[str] = []
    async with running_chat(listening=rooms.append) as chat, chat.visitor() as client:
        for listening in ("off", "radio", "files", "off", "files"):
            await client.ask("here", listening=listening)
    assert rooms == ["wonder", "wonder"]


async def test_a_visitor_that_sends_too_fast_is_told_when_to_go_on() -> None:
    # Few: a slow machine may take as many as make the room slow for the other.
    limits = Limits({**RATES, "say": Rate(2, 2.0)})
    async with running_chat(limits=limits) as chat, chat.visitor() as client, chat.visitor() as other:
        refused = await client.until_refused("say", text="quick")
        assert refused["code"] == "too_fast"
        assert 0 < refused["retry_after_ms"] <= 500
        assert (await other.ask("say", text="calm"))["type"] == "ack"


async def test_more_than_may_be_in_flight_is_refused(chat: Chat) -> None:
    async with chat.visitor() as client:
        for number in range(IN_FLIGHT):
            await client.send("speak.stop", id=f"s{number}")
        assert (await client.ask("say", text="one too many"))["code"] == "too_fast"


async def test_what_breaks_on_our_side_is_said_without_detail(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(room: Room, voice: Voice) -> Event:
        raise ZeroDivisionError("secret detail")

    chat.takes.landing = breaks
    chat.takes.finish.set()
    async with chat.visitor() as client:
        with caplog.at_level(logging.CRITICAL):
            answer = await client.ask("speak.stop")
        assert answer["code"] == "broken"
        assert "secret" not in str(answer)
        await client.said("still here")


# --- hostile input


async def test_a_message_of_a_wrong_form_is_refused_and_the_socket_stays(chat: Chat) -> None:
    async with chat.visitor() as client:
        for type_ in ("dance", "vote", "say"):
            assert (await client.ask(type_))["code"] == "bad_message"
        await client.said("fine")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(masked(b"hello"), 1002, id="no JSON"),
        pytest.param(masked(b"[]"), 1002, id="an array"),
        pytest.param(masked(b""), 1002, id="nothing"),
        pytest.param(masked(b"{}", 2), 1002, id="binary"),
        pytest.param(masked(b"{}", first=0xC1), 1002, id="RSV1 without an extension"),
        pytest.param(masked(b"{}", first=0xA1), 1002, id="RSV2"),
        pytest.param(masked(b"{}", 3), 1002, id="a reserved opcode"),
        pytest.param(masked(b"{}", 0xB), 1002, id="a reserved control opcode"),
        pytest.param(masked(b"x", first=0x09), 1002, id="a fragmented ping"),
        pytest.param(masked(b"x" * 126, 9), 1002, id="a long ping"),
        pytest.param(masked(b"x", 0), 1002, id="a continuation of nothing"),
        pytest.param(masked(b"a", first=0x01) + masked(b"b"), 1002, id="a message within a message"),
        pytest.param(masked(b"\xff\xfe"), 1007, id="no UTF-8"),
        pytest.param(masked(b"\xed\xa0\x80"), 1007, id="a surrogate in UTF-8"),
        pytest.param(masked(b" " * (MESSAGE_LIMIT_BYTES + 1)), 1009, id="too big"),
        pytest.param(b"\x81\xff" + struct.pack("!Q", 1 << 30) + b"mask", 1009, id="1 GiB announced"),
        pytest.param(b"\x81\xff" + b"\xff" * 8 + b"mask", 1009, id="more than there can be"),
        pytest.param(
            masked(b"a" * 9000, first=0x01) + masked(b"b" * 9000, 0), 1009, id="too big in two fragments"
        ),
        pytest.param(
            masked(b"a", first=0x01) + masked(b"a", first=0x00) * MESSAGE_LIMIT_BYTES,
            1009,
            id="many fragments",
        ),
        pytest.param(masked(b"\x03", 8), 1002, id="half a close code"),
        pytest.param(masked(b"\x00\x00", 8), 1002, id="close code 0"),
        pytest.param(masked(b"", 9) * 200, 1008, id="a flood of pings"),
        pytest.param(masked(b'{"type":"dance","id":"a"}') * 200, 1008, id="a flood of refused messages"),
    ],
)
async def test_what_is_not_the_protocol_is_closed_with_its_code(data: bytes, code: int) -> None:
    async with (
        running_chat(limits=Limits()) as chat,
        chat.visitor() as other,
        RawClient("127.0.0.1", chat.port, chat.path()) as stranger,
    ):
        await stranger.send(data)
        assert await stranger.close_code() == code
        await other.said("unharmed")


async def test_the_biggest_message_that_may_be_is_taken(chat: Chat) -> None:
    body = b'{"type":"say","id":"a","text":"hi","more":""}'
    async with RawClient("127.0.0.1", chat.port, chat.path()) as client:
        await client.send(masked(body.replace(b'""', b'"' + b"x" * (MESSAGE_LIMIT_BYTES - len(body)) + b'"')))
        await client.send(masked(b"\x03\xe8", 8))
        assert await client.close_code() == 1000
    assert await chat.log.head("wonder") == 2


async def test_a_flood_of_empty_fragments_takes_no_memory_and_harms_nobody(chat: Chat) -> None:
    async with chat.visitor() as other, RawClient("127.0.0.1", chat.port, chat.path()) as stranger:
        await stranger.send(masked(b"", first=0x01))
        flood = asyncio.create_task(stranger.send(masked(b"", first=0x00) * 100_000))
        for number in range(10):
            await other.said(f"unharmed {number}")
        await flood
        await stranger.send(masked(b"[]", 0))
        assert await stranger.close_code() == 1002


async def test_ten_thousand_garbage_messages_harm_nobody() -> None:
    chance = random.Random(7)
    openings = [
        "",
        "{",
        "[",
        '{"type":',
        '{"type":"say","id":"g",',
        '{"type":"vote","id":"g","value":',
        "null",
        '"',
    ]

    def garbage() -> bytes:
        text = chance.choice(openings) + "".join(chr(chance.randrange(32, 0x2FFF)) for _ in range(30))
        data = text.encode() if chance.random() < 0.8 else chance.randbytes(40)
        return masked(data, chance.choice([1, 1, 1, 1, 2, 9, 10, 0]))

    async def stranger(chat: Chat, messages: int) -> int | None:
        async with RawClient("127.0.0.1", chat.port, chat.path()) as raw:
            for _ in range(messages):
                await raw.send(garbage())
            return await raw.close_code()

    async with running_chat() as chat, chat.visitor() as other:
        for first in range(0, 10_000, 500):
            codes = await asyncio.gather(*(stranger(chat, 25) for _ in range(20)))
            assert set(codes) <= {1002, 1007, 1008, 1009, None}
            await other.said(f"unharmed after {first}")
        assert await chat.log.head("wonder") == 21
        await other.until(lambda m: m["type"] == "event" and m["seq"] == 21)
    assert len(chat.sockets) == 0


# --- play


async def test_a_kept_take_is_acked_with_its_clip_and_a_dropped_one_with_the_head(chat: Chat) -> None:
    async with chat.visitor() as client:
        assert (await client.ask("keep", preview="p"))["code"] == "no_such_preview"
        chat.takes.landing = lands
        assert (await client.ask("keep", preview="p"))["seq"] == 2
        assert (await client.ask("drop", preview="q"))["seq"] == 2
        assert chat.takes.dropped == ["q"]


async def test_a_pace_is_the_rooms_secret(chat: Chat) -> None:
    async with chat.visitor() as client, chat.visitor() as other:
        await client.ask("here", speaker=True, pace=1.5)
        room = await chat.room()
        assert room.paces == {client.welcome["you"]["id"]: 1.5}
        await other.ask("here", speaker=True)
        await client.ask("here", speaker=True)
        assert room.paces == {}
        assert (await client.ask("here", speaker=True, pace=3))["code"] == "bad_message"
        await other.said("done")
        await other.event("text.said")
        assert "pace" not in str(other.messages)


async def test_half_of_the_speakers_get_another_topic(chat: Chat) -> None:
    async with chat.visitor() as client, chat.visitor() as other:
        for each in (client, other):
            await each.ask("here", speaker=True)
        assert (await client.ask("topic.want"))["type"] == "ack"
        assert (await client.ask("topic.want"))["code"] == "wanted_already"
        assert (await client.ask("suggest", text="Soup"))["type"] == "ack"
        assert (await other.ask("topic.want"))["type"] == "ack"
        await client.event("topic.thrown")


async def test_in_an_arena_one_looks_and_writes_but_plays_by_consent_only(chat: Chat) -> None:
    await chat.registry.open(RoomOpened("arena", "Ring"), None, id="ring")
    async with chat.visitor("ring") as client:
        await client.said("hello")
        for type_, fields in (
            ("round.start", {"game": "insult_duel"}),
            ("round.join", {}),
            ("again", {}),
            ("throw", {}),
            ("answer", {"round": "r", "text": "t"}),
            ("vote", {"round": "r", "clip": "c", "value": 1}),
        ):
            assert (await client.ask(type_, **fields))["code"] == "consent_needed"
        assert (await client.ask("round.stop"))["code"] == "no_round"
        await client.ask("here", speaker=True, consented=True)
        assert (await client.ask("round.start", game="insult_duel"))["type"] == "ack"
        assert (await client.ask("round.stop"))["type"] == "ack"
        await client.until(lambda m: m.get("kind") == "round.closed" and m["data"]["reason"] == "stopped")


async def test_who_always_has_more_to_say_lets_others_have_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, hear = asyncio.get_running_loop(), Conversation.hear
    turn, heard = [0], list[int]()

    def noted(self: Conversation, body: str) -> None:
        heard.append(turn[0])
        hear(self, body)

    def next_turn() -> None:
        turn[0] += 1
        if len(heard) < 10 * FRAMES_PER_TURN:
            loop.call_soon(next_turn)

    monkeypatch.setattr(Conversation, "hear", noted)
    async with running_chat() as chat, RawClient("127.0.0.1", chat.port, chat.path()) as raw:
        loop.call_soon(next_turn)
        await raw.send(masked(b'{"type":"ping"}') * 10 * FRAMES_PER_TURN)
        async with asyncio.timeout(PATIENCE_S):
            while len(heard) < 10 * FRAMES_PER_TURN:
                await asyncio.sleep(0)

    assert max(Counter(heard).values()) <= FRAMES_PER_TURN


@pytest.mark.parametrize("slow", [False, True])
async def test_who_writes_or_reacts_in_a_room_that_sleeps_wakes_it_also_where_floods_are_counted(
    slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RoomFloods, "is_slow", lambda *_: slow)
    async with running_chat(limits=Limits()) as chat, chat.visitor() as client:
        for wish in ({"type": "say", "text": "hello"}, {"type": "react", "target": "1", "emoji": "👏"}):
            room = cast(LocalRoom, await chat.registry.wake("wonder"))
            room.fall_asleep()
            assert not room.is_awake
            assert (await answer(client, id=wish["type"], **wish))["type"] == "ack"


async def test_a_visitor_chooses_a_mask_that_stays_until_they_take_it_off(chat: Chat) -> None:
    async with chat.visitor() as client:
        you = client.welcome["you"]["id"]
        for said, worn in ((None, None), ("mouse", "mouse"), (None, "mouse"), ("none", None)):
            told = await client.ask("here", speaker=True, **({"mask": said} if said else {}))
            assert told["type"] == "ack"
            assert (await chat.room()).context().masks.get(you) == worn
        await client.ask("here", mask="giant")
        refused = await client.ask("here", mask="nobody")
        assert refused["code"] == "bad_value"
        assert "There is no such mask" in refused["message"]
        assert (await chat.room()).context().masks[you] == "giant"


@pytest.mark.parametrize("screen", [False, True])
async def test_what_somebody_says_counts_by_their_network_whoever_passed_by_meanwhile(
    chat: Chat, screen: bool
) -> None:
    async with chat.visitor(screen=screen) as client:
        you, room = client.welcome["you"]["id"], await chat.room()
        network = room.context().networks[you]
        for number in range(NETWORKS_KEPT + 1):
            room.set_network(f"passer-by{number}", "elsewhere")
        assert (you in room.context().networks) is not screen

        assert (await client.ask("say", text="hello"))["type"] == "ack"
        assert room.context().networks[you] == network
