"""Ports for programs that are told theirs: outside those that the system gives to connections meanwhile."""

from __future__ import annotations

import secrets
import socket
from contextlib import ExitStack

# Linux gives 32768 to 60999 to whoever connects or lets it choose: such a port may be taken again before
# the program has bound it, or while it is killed and started again. Browsers refuse 10080.
FIRST, LAST = 11_000, 32_767
TRIES = 1_000


def free_port() -> int:
    """Return a TCP port of loopback on which nobody listens."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return TCP ports of loopback on which nobody listens, all held at once so that they differ."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(TRIES):
            if len(found) == count:
                return found
            taken = held.enter_context(socket.socket())
            port = FIRST + secrets.randbelow(LAST + 1 - FIRST)
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise RuntimeError(f"no {count} ports are free")
