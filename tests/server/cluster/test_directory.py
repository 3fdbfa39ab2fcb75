"""Who owns a room when nodes share a log: one node, always, also where the rule is what keeps it so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from server.cluster.directory import CHOSEN_FIRST_S, ClusterDirectory
from server.cluster.members import Beat, Members, node_id
from server.cluster.remote import RemoteRoom
from server.cluster.transport import Unreachable
from server.log.base import Deposed, Entry
from server.log.claims import Ownership
from server.room.commands import Say
from server.room.events import Draft, RoomOpened, TextSaid
from server.rooms.base import NoSuchRoom
from server.rooms.directory import Directory
from server.rooms.local import LocalRoom
from tests.support.actors import ANNA, texts, toy_room, until
from tests.support.directory_contract import DirectoryContract
from tests.support.wires import Message, NodeLog, Nodes, Storage, Wires, WireTransport

pytestmark = pytest.mark.virtual_time

DEAD = node_id("dead", 1, 1)
OPENED = Entry([Draft(RoomOpened("wonder", "Room"), 1, ANNA)])


class TestClusterDirectory(DirectoryContract):
    most = 3

    @pytest.fixture(autouse=True)
    async def cluster(self) -> AsyncIterator[Nodes]:
        self.nodes = Nodes("abc")
        for room in ("room", "room0", "room1", "room2"):
            self.nodes.storage.log._append(room, OPENED, 0)
            self.nodes.storage.add(room, Message(1, "", 1), 0)
        await self.nodes.start()
        await asyncio.sleep(0.01)
        yield self.nodes
        await self.nodes.close()

    def directories(self, count: int) -> list[Directory]:
        return [node.node.directory for node in self.nodes.all[:count]]


def claimants(storage: Storage, count: int, chance: Random, *, slow_s: float) -> list[ClusterDirectory]:
    """Nodes that know each other and wait for a random time before and after each step."""
    ids = [node_id(f"n{number}", chance.randrange(10**6), number) for number in range(count)]
    now_ms = round(asyncio.get_running_loop().time() * 1000)
    made = []
    for id_ in ids:
        members = Members(id_, now_ms - 5_000)
        for other in ids:
            members.hear(Beat(other, 0), now_ms, 0)
        log = NodeLog(storage, id_)
        log.pause = lambda: asyncio.sleep(chance.random() * slow_s)
        made.append(ClusterDirectory(id_, log, WireTransport(Wires()), members))
    return made


@pytest.mark.parametrize("count", [2, 3])
async def test_of_a_thousand_races_each_has_one_winner(count: int) -> None:
    chance, storage = Random(count), Storage()
    for number in range(1_000):
        room = f"room{number}"
        storage.log._append(room, OPENED, 0)
        storage.add(room, Message(1, DEAD, 1), 0)
        slow_s = chance.choice([0.0, 0.01, CHOSEN_FIRST_S])
        directories = claimants(storage, count, chance, slow_s=slow_s)
        found = await asyncio.gather(*(each.find(room) for each in directories))
        owners = {each.owner for each in found if each is not None}
        assert len(owners) == 1
        assert owners <= {each.node for each in directories}
        assert storage.epochs(room) == [1, 2], "one claim got through, and nothing else"
        for each in directories:
            await each.close()


@pytest.mark.parametrize("seed", range(20))
async def test_wrong_beliefs_move_a_room_but_never_give_it_two_owners(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes call each other gone by chance, and append whenever they believe that the room is theirs."""
    chance, storage, stored = Random(seed), Storage(), list[str]()
    await storage.log.append("room", OPENED.drafts)
    storage.add("room", Message(1, DEAD, 1), 0)
    directories = claimants(storage, 3, chance, slow_s=0.05)
    monkeypatch.setattr(Members, "is_gone", lambda *_: chance.random() < 0.7)
    monkeypatch.setattr(Members, "choice", lambda members, *_: members.node)

    async def live(directory: ClusterDirectory) -> None:
        for number in range(15):
            seen = await directory.find("room")
            assert seen is not None
            if seen.owner != directory.node:
                await asyncio.sleep(chance.random() * 0.1)
                continue
            for _ in range(3):
                said = f"{directory.node} {number}"
                head = await storage.log.head("room")
                try:
                    entry = Entry([Draft(TextSaid(said), 1)])
                    (outcome,) = await directory.log.extend("room", [entry], expect=head)
                except Deposed:
                    break
                stored.extend(texts(outcome) if isinstance(outcome, list) else [])

    await asyncio.gather(*(live(each) for each in directories))
    epochs = storage.epochs("room")
    assert epochs == sorted(epochs)
    assert all(len(owners) == 1 for owners in storage.owners("room").values())
    assert max(epochs) > 3, "rooms did move"
    assert texts(await storage.log.read("room", 0, 10_000)) == stored
    for each in directories:
        await each.close()


async def after_a_takeover(*, by_belief: bool, catches_up: bool) -> tuple[Storage, list[str]]:
    """An owner is paused, another takes the room, the first resumes: returns what it gets through then."""
    storage, chance = Storage(), Random(1)
    await storage.log.append("room", OPENED.drafts)
    storage.add("room", Message(1, "", 1), 0)
    first, second = claimants(storage, 2, chance, slow_s=0.0)
    logs = [each.log for each in (first, second)]
    assert isinstance(logs[0], NodeLog)
    assert isinstance(logs[1], NodeLog)
    logs[1].claims_by_belief, logs[0].catches_up = by_belief, catches_up
    seen = await logs[0].look("room")
    assert seen is not None
    await logs[0].claim("room", seen)
    seen = await logs[1].look("room")
    assert seen is not None
    mine = await logs[1].claim("room", seen)
    assert (mine.epoch, mine.owner) == (3, second.node)
    if not by_belief:
        await logs[1].extend("room", [Entry([Draft(TextSaid("new owner"), 1)])], expect=1)
    through = []
    for number in range(10):
        head = await storage.log.head("room")
        entry = Entry([Draft(TextSaid(f"old owner {number}"), 1)])
        try:
            await logs[0].extend("room", [entry], expect=head)
        except Deposed:
            break
        through.append(f"old owner {number}")
    return storage, through


async def test_nothing_of_a_deposed_owner_gets_through() -> None:
    storage, through = await after_a_takeover(by_belief=False, catches_up=False)
    assert through == []
    assert storage.epochs("room") == [1, 2, 3, 3]


async def test_control_without_a_claim_record_the_deposed_owner_goes_on_writing() -> None:
    storage, through = await after_a_takeover(by_belief=True, catches_up=False)
    assert len(through) == 10
    assert len(set(storage.owners("room")[2])) == 1, "and the log does not even show that another believes"


async def test_control_who_catches_up_writes_into_the_room_of_another() -> None:
    storage, through = await after_a_takeover(by_belief=False, catches_up=True)
    assert len(through) == 10
    assert storage.epochs("room") != sorted(storage.epochs("room")), "the epoch went back"


async def test_a_sleeping_room_stays_with_its_last_owner_and_costs_no_write() -> None:
    nodes = Nodes(idle_ms=40)
    await nodes.start()
    here, there = nodes.all
    await toy_room(there.registry)
    await until(lambda: len(there.registry) == 0)
    written = list(nodes.storage.messages["room"])
    assert isinstance(await here.wake(), RemoteRoom)
    assert isinstance(await there.wake(), LocalRoom)
    assert nodes.storage.messages["room"] == written
    await nodes.close()


async def test_who_asks_for_no_room_hears_so_on_any_node() -> None:
    nodes = Nodes()
    await nodes.start()
    for node in nodes.all:
        with pytest.raises(NoSuchRoom):
            await node.wake("nowhere")
        assert await node.node.directory.owner("nowhere") is None
    await nodes.close()


async def test_a_room_that_is_left_alone_is_forgotten_on_both_sides() -> None:
    nodes = Nodes(idle_ms=40)
    await nodes.start()
    here, there = nodes.all
    await toy_room(there.registry)
    room = await here.wake()
    await room.send(Say("a"), by=ANNA)
    await until(lambda: not list(here.node.directory.remotes()))
    await until(lambda: not there.node.serving._audiences)
    assert not there.node.serving._own
    assert list(there.registry.rooms()) == []
    assert texts(await room.send(Say("b"), by=ANNA)) == ["b"], "who still has it reaches the owner"
    await nodes.close()


async def test_a_room_is_not_left_while_somebody_is_there_and_soon_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes = Nodes(idle_ms=40)
    await nodes.start()
    here, there = nodes.all
    await toy_room(there.registry)
    room = await here.wake()
    room.begin_speaking(ANNA.id, "take", until_ms=10**15)
    await asyncio.sleep(1)
    room.hold()
    room.end_speaking(ANNA.id, "take")
    await asyncio.sleep(1)
    assert list(here.node.directory.remotes()) == [room]
    room.release()
    await until(lambda: not list(here.node.directory.remotes()))
    await until(lambda: not there.node.serving._audiences)
    await nodes.close()


async def test_a_room_that_cannot_be_followed_is_tried_anew_the_next_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes = Nodes()
    await nodes.start()
    here, there = nodes.all
    await toy_room(there.registry)

    async def subscribe(*_: object) -> None:
        raise Unreachable("not connected")

    with monkeypatch.context() as broken:
        broken.setattr(here.transport, "subscribe", subscribe)
        with pytest.raises(Unreachable):
            await here.wake()
    assert isinstance(await here.wake(), RemoteRoom)
    await nodes.close()


async def test_who_looks_for_an_owner_while_the_node_closes_is_told() -> None:
    storage = Storage()
    (directory,) = claimants(storage, 1, Random(1), slow_s=0.0)
    never = asyncio.Event()
    assert isinstance(directory.log, NodeLog)
    directory.log.pause = never.wait
    looking = asyncio.ensure_future(directory.find("room"))
    await asyncio.sleep(0.1)
    await directory.close()
    with pytest.raises(Unreachable):
        await looking


async def test_when_the_log_does_not_answer_nobody_claims() -> None:
    storage = Storage()
    (directory,) = claimants(storage, 1, Random(1), slow_s=0.0)

    async def look(room: str) -> Ownership | None:
        raise OSError("nobody answers")

    directory.log.look = look  # type: ignore[method-assign]
    with pytest.raises(OSError, match="nobody"):
        await directory.owner("room")
    await directory.close()
