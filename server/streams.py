"""Standard streams: a process that was started without them must not hand their numbers to others."""

from __future__ import annotations

import os
import sys

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def hold() -> None:
    """Put nothing in the place of each standard stream that is closed.

    Else the next sockets and files get the numbers 0 to 2: what is meant for the log goes into a visitor's
    connection or into the database, and children take for a stream what is none.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            # What is opened gets the lowest number that is free: this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def say(line: str) -> None:
    """Write a line; that its reader is gone, or its disk full, is no reason to end."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError:
        # What is still in the buffer goes there, or the interpreter would end with an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
