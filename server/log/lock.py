"""One process at a time has a database: a lock file beside it, let go by the system when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from server.log.base import Unusable

_HELD: set[Path] = set()  # a POSIX lock does not keep the process that holds it from taking it again


class Lock:
    """A lock that is held from its construction to `release`; child processes do not inherit it."""

    def __init__(self, database: Path) -> None:
        self._path = database.resolve().with_name(database.name + "-lock")
        if self._path in _HELD:
            raise _in_use(database)
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise _in_use(database) from None
        _HELD.add(self._path)

    def release(self) -> None:
        """Release the lock; may be called again."""
        if self._path in _HELD:
            _HELD.discard(self._path)
            os.close(self._fd)


def _in_use(database: Path) -> Unusable:
    return Unusable(f"{database} is in use by another server: stop that one, or choose another --data.")
