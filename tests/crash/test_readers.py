"""Readers are killed at random moments, and two of a name share a log: nothing is missed or repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from server.log.base import Change, Effect, Entry, Log, Outcome
from server.log.memory import MemoryLog
from server.log.schema import Settings
from server.log.sqlite import SqliteLog
from tests.support.fork_server import ForkServer
from tests.support.reader_trials import (
    CONTROLS,
    KILLED,
    ROOMS,
    TRIALS,
    Account,
    Trial,
    final_account,
    opened,
    registry_of,
)

KILLS = 10
KILLS_IN_SOAK = 200
KILLS_OF_A_FILE = 10  # a fresh one after this many, so that its account stays cheap
CONTROL_KILLS = 60  # at most: a control is done when it is caught


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    server = ForkServer("tests.support.reader_victim")
    yield server
    server.close()


async def killed(server: ForkServer, folder: Path, mode: str, kills: range) -> Account:
    """Kill a reader the given number of times on one file, and return its account."""
    path = folder / f"{mode}{kills.start}" / "wonder.db"
    path.parent.mkdir()
    for seed in kills:
        await asyncio.to_thread(server.kill_one, mode, seed, path)
    log = await SqliteLog.open(path, Settings(synchronous="OFF"))
    account = await final_account({**KILLED, **CONTROLS}[mode](), log)
    await log.close()
    return account


@pytest.mark.parametrize("mode", sorted(KILLED))
async def test_no_kill_makes_a_reader_miss_or_repeat(server: ForkServer, tmp_path: Path, mode: str) -> None:
    account = await killed(server, tmp_path, mode, range(KILLS))
    assert account.effects > KILLS
    assert (account.missed, account.repeated) == (0, 0)


@pytest.mark.parametrize(
    ("mode", "wrong"),
    [
        ("early_tally", "missed"),
        ("early_echo", "missed"),
        ("early_expiry", "missed"),
        ("early_search", "missed"),
        ("late_tally", "repeated"),
        ("unkeyed_echo", "repeated"),
    ],
)
@pytest.mark.timeout(180)
async def test_a_control_is_caught(server: ForkServer, tmp_path: Path, mode: str, wrong: str) -> None:
    for first in range(0, CONTROL_KILLS, KILLS_OF_A_FILE):
        account = await killed(server, tmp_path, mode, range(first, first + KILLS_OF_A_FILE))
        if getattr(account, wrong):
            return
    pytest.fail(f"{mode} was killed {CONTROL_KILLS} times, and nothing was {wrong}")


@pytest.mark.soak
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("mode", sorted(KILLED))
async def test_no_kill_of_two_hundred_makes_a_reader_miss_or_repeat(
    server: ForkServer, tmp_path: Path, mode: str
) -> None:
    for first in range(0, KILLS_IN_SOAK, KILLS_OF_A_FILE):
        account = await killed(server, tmp_path, mode, range(first, first + KILLS_OF_A_FILE))
        assert account.effects > 0
        assert (account.missed, account.repeated) == (0, 0)


# --- stopped at any turn of the loop: every place where a reader waits for something

TURNS = 160


class SlowLog(MemoryLog):
    """A memory log with a turn of the loop before and after each thing that it does for a reader."""

    async def changes(self, after: int = 0, limit: int = 500) -> list[Change]:
        await asyncio.sleep(0)
        return await super().changes(after, limit)

    async def advance(
        self, reader: str, position: int, *, expect: int, effects: Sequence[Effect] = ()
    ) -> None:
        await asyncio.sleep(0)
        await super().advance(reader, position, expect=expect, effects=effects)
        await asyncio.sleep(0)

    async def extend(self, room: str, entries: Sequence[Entry], *, expect: int) -> list[Outcome]:
        await asyncio.sleep(0)
        outcomes = await super().extend(room, entries, expect=expect)
        await asyncio.sleep(0)
        return outcomes


async def stopped(trial: Trial, every: int) -> Account:
    """Stop a trial's reader again and again after the given number of turns, until it has seen everything."""
    log = SlowLog()
    registry = registry_of(log, 1)
    for name in ROOMS:
        room = await opened(registry, log, name)
        for number in range(3):
            await trial.step(room, f"{name}-{number}")
    await registry.close()
    for _ in range(TURNS // every + 1):
        registry = registry_of(log, 1)
        task = asyncio.ensure_future(trial.runner(registry, log).run())
        for _ in range(every):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await registry.close()
    account = await final_account(trial, log)
    await log.close()
    return account


@pytest.mark.parametrize("mode", sorted(set(TRIALS) - {"expiry"}))
async def test_a_reader_that_is_stopped_at_any_turn_misses_and_repeats_nothing(mode: str) -> None:
    for every in range(1, 40):
        account = await stopped(TRIALS[mode](), every)
        assert (account.effects, account.missed, account.repeated) == (9, 0, 0), every


@pytest.mark.parametrize(
    ("mode", "wrong"), [("early_tally", "missed"), ("late_tally", "repeated"), ("unkeyed_echo", "repeated")]
)
async def test_stopping_at_any_turn_catches_the_controls(mode: str, wrong: str) -> None:
    accounts = [await stopped(CONTROLS[mode](), every) for every in range(1, 40)]
    assert any(getattr(account, wrong) for account in accounts)


# --- two registries on one log


@pytest.fixture(params=["memory", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    made: Log = (
        MemoryLog()
        if request.param == "memory"
        else await SqliteLog.open(tmp_path / "log.db", Settings(synchronous="OFF"))
    )
    yield made
    await made.close()


@pytest.mark.parametrize("mode", sorted(TRIALS))
async def test_two_registries_on_one_log_with_readers_of_one_name_miss_and_repeat_nothing(
    log: Log, mode: str
) -> None:
    trial: Trial = TRIALS[mode]()
    registries = [registry_of(log, seed) for seed in (1, 2)]
    reading = [asyncio.ensure_future(trial.runner(registry, log).run()) for registry in registries]
    await opened(registries[0], log, ROOMS[0])
    for name in ROOMS[1:]:
        await opened(registries[1], log, name)
    for number in range(40):
        registry = registries[number % 2]
        rooms = [await registry.wake(name) for name in ROOMS]
        await asyncio.gather(*[trial.step(room, f"{room.id}-{number}") for room in rooms])
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    for registry in registries:
        await registry.close()

    account = await final_account(trial, log)

    assert account.effects >= 120 or mode == "tally"
    assert (account.missed, account.repeated) == (0, 0)
