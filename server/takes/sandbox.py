"""Walls around a process that reads hostile bytes: no network, no privileges, little memory, little time.

Every wall is tried and none is relied on alone: containers and other systems forbid some of them.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable

from msgspec import Struct

CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
NOBODY = 65_534
MEGABYTE = 1 << 20


class Walls(Struct, frozen=True):
    """How much a process may take; 0 means no limit of its own."""

    memory_mb: int = 512
    cpu_s: int = 5
    open_files: int = 16
    processes: bool = False  # may it start others, or threads


def seclude() -> tuple[str, ...]:
    """Give up the network and all privileges, for this process and its children for good.

    To be called by a single-threaded process that has loaded all it needs. Returns the walls that stand.
    """
    walls: dict[str, Callable[[], None]] = {
        "no core dump": lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),
        "no network": _leave_network,
        "no root": _leave_root,
        "no new privileges": lambda: _prctl(PR_SET_NO_NEW_PRIVS, 1),
    }
    return tuple(name for name, build in walls.items() if _stands(build))


def _stands(build: Callable[[], None]) -> bool:
    try:
        build()
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> None:
    if _libc().prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def _leave_network() -> None:
    """Move into a network of nobody else; without root that takes a user namespace too."""
    spaces = CLONE_NEWNET | CLONE_NEWIPC
    if _libc().unshare(spaces if os.geteuid() == 0 else spaces | CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")


def _leave_root() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def confine(walls: Walls) -> None:
    """Limit this process, right after its fork; it also dies with its parent."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    limits = {
        resource.RLIMIT_AS: walls.memory_mb * MEGABYTE,
        resource.RLIMIT_CPU: walls.cpu_s,
        resource.RLIMIT_NOFILE: walls.open_files,
    }
    for kind, most in limits.items():
        if most:
            _limit(kind, most)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    if not walls.processes:
        _limit(resource.RLIMIT_NPROC, 0)


def _limit(kind: int, most: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (most, most))


def alarm(seconds: float) -> None:
    """Let the kernel end this process after `seconds` of wall time; 0 takes that back."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
