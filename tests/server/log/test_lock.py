"""A database has one process at a time, and is free again when that is gone, however it went."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from server.log.base import Unusable
from server.log.lock import Lock

HOLDER = """
import sys, time
from pathlib import Path
from server.log.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""
# A process of its own: whoever runs the tests may have threads, and then must not fork.
FORKING = """
import os, signal, sys
from pathlib import Path
from server.log.lock import Lock
path = Path(sys.argv[1])
lock = Lock(path)
child = os.fork()
if child == 0:
    signal.pause()
    os._exit(0)
try:
    lock.release()
    Lock(path).release()
    print("free")
finally:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


def test_another_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "wonder.db"
    with subprocess.Popen([sys.executable, "-c", HOLDER, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(
            Unusable, match="in use by another server: stop that one, or choose another --data"
        ):
            Lock(path)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait(10)
    Lock(path).release()


def test_the_same_process_is_refused_too(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "wonder.db")
    with pytest.raises(Unusable):
        Lock(tmp_path / "." / "wonder.db")
    lock.release()
    lock.release()
    Lock(tmp_path / "wonder.db").release()


def test_a_child_that_outlives_us_does_not_keep_the_lock(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING, tmp_path / "wonder.db"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("free\n", 0), done.stderr
