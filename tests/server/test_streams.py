"""Started without standard streams, their numbers stay theirs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shape import ROOT

PROGRAM = """
import os, socket, sys
from server import streams
streams.hold()
streams.hold()
with open(sys.argv[1], "w") as told, socket.socket() as one:
    print(one.fileno() > 2, told.fileno() > 2, all(map(os.get_inheritable, range(3))), file=told)
    print("for nobody")
    print("for nobody", file=sys.stderr, flush=True)
    print(sys.stdin.read() == "", file=told)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_replaced_by_nothing(tmp_path: Path, closed: str) -> None:
    told = tmp_path / "told"
    command = [sys.executable, "-c", PROGRAM, str(told)]
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        cwd=ROOT, capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert ended.returncode == 0
    assert told.read_text() == "True True True\nTrue\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_line_that_nobody_takes_ends_nothing() -> None:
    command = [sys.executable, "-c", "from server import streams; streams.say('ready'); streams.say('again')"]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
