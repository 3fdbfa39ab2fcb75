"""Processes of our own: each has one end of a socket pair as its standard input, and none of our secrets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from pathlib import Path

KEPT = ("PATH", "LANG", "LD_LIBRARY_PATH")


async def start(module: str, **environment: str) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start a module; return its process and our end of the pair. Raises OSError.

    It finds its code and nothing else of the server's environment, which holds settings and secrets.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", module,
                stdin=theirs.fileno(), stdout=asyncio.subprocess.DEVNULL,
                env={**kept, **environment, "PYTHONPATH": str(Path(__file__).parents[1])},
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            ours.close()
            raise
    return process, ours


async def end(process: asyncio.subprocess.Process, within_s: float) -> None:
    """Wait for a process that ends when its socket is closed; kill it when it does not."""
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
