"""Processes of our own know none of our secrets and never outlive us."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from server import subprocesses

READER = "code"  # of the standard library: it reads its standard input to the end


async def test_a_process_knows_none_of_the_servers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WONDER_ADMIN_TOKEN", "not-for-children")

    process, line = await subprocesses.start(READER, OMP_NUM_THREADS="1")

    known = Path(f"/proc/{process.pid}/environ").read_bytes()
    assert b"not-for-children" not in known
    assert b"OMP_NUM_THREADS=1" in known
    line.close()
    await subprocesses.end(process, 20)
    assert process.returncode is not None


async def test_one_that_does_not_end_is_killed() -> None:
    process, line = await subprocesses.start(READER)
    os.kill(process.pid, signal.SIGSTOP)
    line.close()

    await subprocesses.end(process, 0.1)

    assert process.returncode == -signal.SIGKILL


async def test_one_that_cannot_be_started_leaves_no_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    """C9."""

    async def refused(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    made = socket.socketpair()
    monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
    monkeypatch.setattr(socket, "socketpair", lambda: made)

    with pytest.raises(OSError, match="no more"):
        await subprocesses.start(READER)

    assert [each.fileno() for each in made] == [-1, -1]
