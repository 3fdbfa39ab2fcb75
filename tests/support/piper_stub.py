"""A program that answers as the one around Piper does, without Piper: it hums, hangs, crashes or lies."""

from __future__ import annotations

import os
import socket
import time

from server.engines.piper_program import HEAD

RATE_HZ, SIZE = 22_050, 11_024


def main() -> None:
    """Answer until the socket ends."""
    with socket.socket(fileno=0) as channel, channel.makefile("rwb") as pipe:
        while line := pipe.readline():
            text = line.decode().partition("\t")[2].strip()
            if text == "hang":
                time.sleep(60)
            if text == "crash":
                os._exit(1)
            size = 2 * (4_000 + os.getpid() % 4_000) if text == "pid" else SIZE
            pipe.write(HEAD.pack(RATE_HZ, 0x7FFF_FFFF if text == "garbage" else size))
            pipe.write((b"\0\x20\0\xe0" * size)[:size])
            pipe.flush()


if __name__ == "__main__":
    main()
