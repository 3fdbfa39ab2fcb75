"""An engine that does, on purpose, what engines do by mistake: the language of a clip says what.

python -m tests.support.bad_engine    (started by a Worker)
"""

from __future__ import annotations

import os
import signal
import socket

import msgspec

from server.engines import transcribing
from server.engines.transcribing import Load, Read, Ready, Reply
from server.jobs import Broken, answer, receive

FAULTS = ("crash", "stop", "loop", "memory", "walled memory", "garbage", "broken")


def fault(name: str, line: socket.socket) -> Reply:
    """Do one thing that is asked for."""
    if name == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    elif name == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif name == "loop":
        while True:
            pass
    elif name.endswith("memory"):
        if name.startswith("walled"):
            transcribing.confine(-transcribing.ADDRESSES_MB + 500)
        taken = [b"x" * (16 << 20) for _ in range(192)]  # 3 GB
        return Read(f"took {len(taken)}", ())
    elif name == "garbage":
        line.sendall(b"\x00\x00\x00\x05hello, I print what I like")
    return Broken("a trace")


def main() -> None:
    """Answer standard input until it ends."""
    decoder: msgspec.msgpack.Decoder[transcribing.Job] = msgspec.msgpack.Decoder(transcribing.Job)
    with socket.socket(fileno=0) as line:
        while (body := receive(line)) is not None:
            job = decoder.decode(body)
            reply: Reply
            if isinstance(job, Load):
                reply = Broken("no such model") if job.folder.endswith("unloadable") else Ready("cpu")
            elif job.language in FAULTS:
                reply = fault(job.language, line)
            else:
                reply = Read(f"{len(job.clip)} bytes by {os.getpid()}", (("bytes", 0, 10),))
            answer(line, reply)


if __name__ == "__main__":
    main()
