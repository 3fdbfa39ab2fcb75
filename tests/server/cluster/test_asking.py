"""Queries to an owner end with an answer, or with a word on whether they may have been done."""

from __future__ import annotations

import asyncio

import pytest

from server.cluster.asking import Asking
from server.cluster.members import node_id
from server.cluster.messages import Done, Taken, encode
from server.cluster.transport import NoAnswer, Unreachable
from tests.support.wires import Wires, WireTransport

pytestmark = pytest.mark.virtual_time

NODE = node_id("a", 1, 1)


async def answering(body: bytes, *, after_s: float = 0.0) -> Asking:
    wires = Wires()

    async def answer(_: bytes) -> bytes:
        await asyncio.sleep(after_s)
        return body

    await WireTransport(wires).serve(NODE, answer)
    return Asking(WireTransport(wires))


async def test_an_answer_is_returned() -> None:
    asking = await answering(encode(Done()))
    assert await asking.ask(NODE, Taken("room")) == Done()
    assert not asking


async def test_nobody_there_is_no_doubt_and_silence_is() -> None:
    asking = await answering(encode(Done()), after_s=60)
    with pytest.raises(Unreachable):
        await asking.ask(node_id("b", 1, 1), Taken("room"))
    with pytest.raises(NoAnswer):
        await asking.ask(NODE, Taken("room"), timeout_s=1)


async def test_an_answer_that_is_junk_is_doubt() -> None:
    with pytest.raises(NoAnswer, match="none"):
        await (await answering(b"junk")).ask(NODE, Taken("room"))


async def test_when_the_room_moves_nobody_waits_any_more() -> None:
    asking = await answering(encode(Done()), after_s=60)
    waiting = asyncio.ensure_future(asking.ask(NODE, Taken("room")))
    await asyncio.sleep(0.1)
    assert asking
    asking.give_up()
    with pytest.raises(NoAnswer, match="another owner"):
        await waiting


async def test_who_gives_up_leaves_nothing_behind() -> None:
    asking = await answering(encode(Done()), after_s=60)
    waiting = asyncio.ensure_future(asking.ask(NODE, Taken("room")))
    await asyncio.sleep(0.1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert not asking
