"""Nodes that share rooms die, freeze, are cut off and lose messages by chance; then a checker reads the log.

In the manner of Jepsen: what was acknowledged is stored once, in the order of one owner at a time, and all
who still live show the same.
"""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from server.cluster.members import node_id
from server.cluster.node import COMPARE_EVERY_S
from server.room.commands import Say
from server.rooms.base import Room
from server.rooms.presence import SPEAKER
from tests.support.actors import ANNA, RULES, texts, toy_room, until
from tests.support.wires import Nodes, TestNode

pytestmark = pytest.mark.virtual_time

ROUNDS, WRITERS = 6, 3
SHOWN_S = 10.0


class Broken(Exception):
    """The log is wrong, or nodes show what it does not say."""


class Visitor:
    """Somebody who writes at a node, with a key, until it is acknowledged; comes back when the room moves."""

    def __init__(self, name: str, node: TestNode) -> None:
        self.name, self.node = name, node
        self.room: Room | None = None
        self.acked: list[str] = []
        self.seen: list[str] = []
        self.moved = asyncio.Event()

    async def visit(self) -> None:
        """Enter the room, and again whenever it moves."""
        while True:
            self.moved.clear()
            try:
                room = await self.node.wake()
            except OSError:
                await asyncio.sleep(0.1)
                continue
            self.room = room
            stop = room.tail.subscribe(lambda _: None, ended=self.moved.set)
            room.set_presence(self.name, None, SPEAKER)
            try:
                await self.moved.wait()
            finally:
                stop()
                room.set_presence(self.name, SPEAKER, None)

    async def write(self, chance: Random, count: int, *, quiet: bool = False) -> None:
        """Say something again and again; in `quiet` the room may sleep in between."""
        for number in range(count):
            said = f"{self.name} {number}"
            while True:
                try:
                    room = await self.node.registry.wake("room", quiet=quiet)
                    await room.send(Say(said), by=ANNA, key=said, quiet=quiet)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            self.acked.append(said)
            await asyncio.sleep(chance.random() * (2.0 if quiet else 0.3))


async def trouble(nodes: Nodes, chance: Random) -> None:
    """Do one thing to one node, or to messages, for a while."""
    node = chance.choice(nodes.all[:3])
    for_s = chance.choice([0.3, 1.5, 4.0, 7.0])
    match chance.randrange(5):
        case 0:
            node.freeze()
            await asyncio.sleep(for_s)
            node.thaw()
        case 1:
            node.transport.is_silent = chance.random() < 0.5
            node.transport.is_cut = True
            await asyncio.sleep(for_s)
            node.transport.is_cut = False
            node.transport.on_reconnected()
        case 2:
            node.log.gate.clear()  # cut off from the log alone
            await asyncio.sleep(for_s)
            node.log.gate.set()
        case 3:
            loss = chance.random()
            nodes.wires.loses = lambda subject, body: chance.random() < loss
            await asyncio.sleep(for_s)
            nodes.wires.loses = lambda subject, body: False
        case _:
            newest = nodes.storage.newest("room")
            assert newest is not None
            owner = next(each for each in nodes.all if each.id == newest.owner)
            owner.freeze()
            await asyncio.sleep(for_s)
            owner.thaw()


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_what_was_acknowledged_is_there_once_and_all_see_the_same(seed: int) -> None:
    await an_evening(seed)


@pytest.mark.parametrize("seed", range(100, 106))
async def test_so_it_is_when_the_room_sleeps_between_words(seed: int) -> None:
    await an_evening(seed, quiet=True)


@pytest.mark.parametrize("control", ["catches_up", "claims_by_belief"])
async def test_controls_the_checker_finds_what_a_broken_rule_does(control: str) -> None:
    """Owners that catch up and go on, and takeovers without a record."""
    for seed in range(60):  # every fifth or so has such trouble that it matters
        try:
            await an_evening(seed, control)
        except Broken:
            return
    pytest.fail("nobody noticed")


async def an_evening(seed: int, control: str = "", *, quiet: bool = False) -> None:
    """Let visitors write through a few troubles, and check the log."""
    chance = Random(seed)
    nodes = Nodes("abc", delay_s=chance.choice([0.0, 0.002, 0.05]), idle_ms=40 if quiet else 60_000)
    for node in nodes.all:
        node.log.catches_up = control == "catches_up"
        node.log.claims_by_belief = control == "claims_by_belief"
    await nodes.start()
    await toy_room(nodes.all[0].registry)
    await nodes.settle()
    visitors = [Visitor(f"v{number}", nodes.all[number]) for number in range(WRITERS)]
    visits = [asyncio.ensure_future(visitor.visit()) for visitor in visitors]
    writing = [asyncio.ensure_future(visitor.write(chance, 40, quiet=quiet)) for visitor in visitors]
    for _ in range(ROUNDS):
        await trouble(nodes, chance)
        await asyncio.sleep(chance.random() * 2)
    try:
        async with asyncio.timeout(60):
            await asyncio.gather(*writing)
        try:
            await check(nodes, visitors)
        except (AssertionError, TimeoutError) as error:
            raise Broken from error
    finally:
        for task in (*visits, *writing):
            task.cancel()
        await asyncio.gather(*visits, *writing, return_exceptions=True)
        await nodes.close()


async def check(nodes: Nodes, visitors: list[Visitor]) -> None:
    events = await nodes.storage.log.read("room", 0, 100_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    epochs = nodes.storage.epochs("room")
    assert epochs == sorted(epochs), "no epoch comes back"
    assert all(len(owners) == 1 for owners in nodes.storage.owners("room").values())
    said = texts(events)
    assert len(said) == len(set(said)), "nothing is stored twice"
    for visitor in visitors:
        own = [text for text in said if text.startswith(f"{visitor.name} ")]
        assert own == visitor.acked == [f"{visitor.name} {number}" for number in range(40)]
    everybody = dict.fromkeys([visitor.name for visitor in visitors], 1)
    await asyncio.sleep(COMPARE_EVERY_S)  # who lost the last word for longer than it is repeated asks for it
    for visitor in visitors:
        async with asyncio.timeout(SHOWN_S):
            while not await shows(visitor, said):
                await asyncio.sleep(0.002)
    await until(lambda: all(here(visitor) == everybody for visitor in visitors))


async def shows(visitor: Visitor, said: list[str]) -> bool:
    """Tell whether a visitor's node shows all that is stored, in its order, and has it in its state."""
    room = visitor.room
    if room is None:
        return False
    state: object = await room.awake()
    shown = texts([encoded.event for encoded in room.tail.since(0) or []])
    return bool(shown) and shown == said[-len(shown) :] and list(getattr(state, "said", ()))[1:] == said


def here(visitor: Visitor) -> dict[str, int]:
    return {} if visitor.room is None else dict(visitor.room.speakers)


async def test_a_node_that_died_is_replaced_by_its_next_run() -> None:
    chance = Random(1)
    nodes = Nodes("abc", delay_s=0.002)
    await nodes.start()
    await toy_room(nodes.all[0].registry)
    await nodes.settle()
    visitor = Visitor("v", nodes.all[1])
    writing = asyncio.ensure_future(visitor.write(chance, 60))
    for run in range(2, 5):
        newest = nodes.storage.newest("room")
        assert newest is not None
        owner = next(each for each in nodes.all if each.id == newest.owner)
        if owner is not visitor.node:
            owner.kill()
            again = TestNode(nodes, node_id(owner.id[0], 1_000 * run, 7), 60_000, RULES)
            nodes.all.append(again)
            await again.node.start()
        await asyncio.sleep(4)
    async with asyncio.timeout(60):
        await writing
    said = texts(await nodes.storage.log.read("room", 0, 1_000))
    assert said == visitor.acked
    assert max(nodes.storage.epochs("room")) > 1
    await nodes.close()
