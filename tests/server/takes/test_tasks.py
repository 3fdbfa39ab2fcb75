"""Tasks that somebody owns: seen to their end, or cancelled."""

from __future__ import annotations

import asyncio

from server.takes.tasks import OwnedTasks


async def test_closing_cancels_what_runs_and_waits_for_its_end_and_may_be_repeated() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    tasks = OwnedTasks()
    tasks.start(work("one"))
    tasks.start(work("two"))
    await asyncio.sleep(0)
    await tasks.close()
    await tasks.close()
    assert sorted(ended) == ["one", "two"]


async def test_a_task_that_has_ended_is_not_kept() -> None:
    tasks = OwnedTasks()
    done = tasks.start(asyncio.sleep(0))
    await done
    await asyncio.sleep(0)
    assert not tasks._tasks
