"""Whatever comes in whatever order (talk, failures, outages, stops, a second runner) has its effect once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.log.base import Change, Effect
from server.log.memory import MemoryLog
from server.readers import runner as runner_module
from server.readers.base import Reader, Unavailable
from server.readers.runner import Patience, Runner
from tests.support.reader_trials import ROOMS, TRIALS, Account, fast_ms, final_account, opened, registry_of

# Nothing is set aside here: it is failures that must neither cost nor double an effect.
PATIENT = Patience(tries=10_000, first_ms=0, longest_ms=0)
# Of the loop, which pass after each step for each of its number: a change of a page takes some.
TURNS = 5
STEPS = st.lists(
    st.tuples(st.sampled_from(["talk", "run", "stop", "fail", "away", "second"]), st.integers(1, 6)),
    max_size=25,
)


class Flaky(Reader):
    """A reader that fails before or after it did what it should, as a test says."""

    def __init__(self, reader: Reader, errors: list[tuple[bool, Exception]]) -> None:
        self.name, self.page = reader.name, reader.page
        self._reader, self._errors = reader, errors

    async def read(self, change: Change) -> Sequence[Effect] | None:
        is_late, error = self._errors.pop() if self._errors else (False, None)
        if error is not None and not is_late:
            raise error
        effects = await self._reader.read(change)
        if error is not None:
            raise error
        return effects


class Rig:
    """A log, a registry, and at most two runners of one reader."""

    def __init__(self, mode: str) -> None:
        self.trial, self.log, self.said = TRIALS[mode](), MemoryLog(), 0
        self.registry = registry_of(self.log, 1)
        self.errors: list[tuple[bool, Exception]] = []
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        reader = Flaky(self.trial.reader(self.registry, self.log), self.errors)
        runner = Runner(self.log, reader, clock=fast_ms, patience=PATIENT, later_s=0.0)
        self.tasks.append(asyncio.ensure_future(runner.run()))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks = []

    async def do(self, what: str, number: int) -> None:
        match what:
            case "talk":
                for _ in range(number):
                    self.said += 1
                    room = await self.registry.wake(ROOMS[self.said % len(ROOMS)])
                    await self.trial.step(room, f"text {self.said}")
            case "run" if not self.tasks:
                self.start()
            case "second" if len(self.tasks) == 1:
                self.start()
            case "stop":
                await self.stop()
            case "fail":
                self.errors += [(bool(i % 2), ValueError()) for i in range(number)]
            case "away":
                self.errors += [(bool(i % 2), Unavailable("it")) for i in range(number)]
            case _:
                pass
        for _ in range(number * TURNS):
            await asyncio.sleep(0)


async def played(mode: str, steps: list[tuple[str, int]]) -> tuple[int, Account]:
    rig = Rig(mode)
    for name in ROOMS:
        await opened(rig.registry, rig.log, name)
    for what, number in steps:
        await rig.do(what, number)
    await rig.stop()
    await rig.registry.close()
    account = await final_account(rig.trial, rig.log)
    await rig.log.close()
    return rig.said, account


@settings(max_examples=60, deadline=None)
@given(mode=st.sampled_from(["tally", "mirror", "echo"]), steps=STEPS)
def test_in_any_schedule_each_change_has_its_effect_once(mode: str, steps: list[tuple[str, int]]) -> None:
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(runner_module, "READ_EVERY_S", 0)
        said, account = asyncio.run(played(mode, steps))
    assert (account.effects, account.missed, account.repeated) == (said, 0, 0)
