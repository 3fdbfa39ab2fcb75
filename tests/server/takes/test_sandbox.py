from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="these walls are Linux's")


def inside(code: str, *, expect: int = 0) -> dict[str, object]:
    """Run code in a process of its own, behind the walls it builds; it prints JSON last."""
    done = subprocess.run(
        [sys.executable, "-c", "import json\nfrom server.takes import sandbox\n" + code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == expect, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1])) if done.stdout else {}


@LINUX
def test_a_secluded_process_has_no_privileges_and_no_core_dump() -> None:
    told = inside(
        "walls = sandbox.seclude()\n"
        "import os, resource\n"
        "status = open('/proc/self/status').read()\n"
        "print(json.dumps({'walls': walls, 'uid': os.geteuid(), 'status': status,"
        " 'core': resource.getrlimit(resource.RLIMIT_CORE)}))"
    )

    assert told["uid"] != 0
    assert "NoNewPrivs:\t1" in str(told["status"])
    assert told["core"] == [0, 0]
    assert {"no core dump", "no root", "no new privileges"} <= set(told["walls"])  # type: ignore[call-overload]


@LINUX
def test_a_secluded_process_reaches_no_network_where_that_is_permitted() -> None:
    told = inside(
        "import socket\n"
        "walls = sandbox.seclude()\n"
        "names = [name for _, name in socket.if_nameindex()]\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "try:\n    s.connect(('127.0.0.1', 9)); reached = True\n"
        "except OSError: reached = False\n"
        "print(json.dumps({'walls': walls, 'names': names, 'reached': reached}))"
    )

    if "no network" in told["walls"]:  # type: ignore[operator]
        assert not told["reached"]
        assert set(told["names"]) <= {"lo"}  # type: ignore[call-overload]


def test_walls_that_are_forbidden_are_done_without() -> None:
    told = inside(
        "def forbidden(*_): raise PermissionError\n"
        "sandbox._leave_network = sandbox._prctl = forbidden\n"
        "print(json.dumps({'walls': sandbox.seclude()}))"
    )

    assert "no network" not in told["walls"]  # type: ignore[operator]
    assert "no core dump" in told["walls"]  # type: ignore[operator]


def test_a_confined_process_gets_no_more_memory_files_or_processes() -> None:
    told = inside(
        "import os\n"
        "sandbox.seclude()\n"
        "sandbox.confine(sandbox.Walls(memory_mb=256, open_files=8))\n"
        "failed = []\n"
        "def attempt(name, do):\n"
        "    try: do()\n"
        "    except (MemoryError, OSError): failed.append(name)\n"
        "attempt('memory', lambda: bytearray(300 << 20))\n"
        "attempt('files', lambda: [os.dup(0) for _ in range(10)])\n"
        "attempt('processes', lambda: os.fork() or os._exit(0))\n"
        "print(json.dumps({'failed': failed}))"
    )

    assert told["failed"] == ["memory", "files", "processes"]


def test_a_confined_process_writes_no_file(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    inside(
        f"sandbox.confine(sandbox.Walls())\nopen({str(tmp_path / 'file')!r}, 'w').write('x' * 100_000)",
        expect=1,  # Python ignores SIGXFSZ: the write fails
    )
    assert not (tmp_path / "file").exists() or not (tmp_path / "file").stat().st_size


def test_a_process_that_computes_too_long_is_ended() -> None:
    inside(
        "sandbox.confine(sandbox.Walls(cpu_s=1))\nwhile True: pass",
        expect=-signal.SIGKILL,
    )


def test_a_process_that_waits_too_long_is_ended() -> None:
    inside("import time\nsandbox.alarm(0.1)\ntime.sleep(20)", expect=-signal.SIGALRM)


def test_an_alarm_can_be_taken_back() -> None:
    told = inside(
        "import signal\n"
        "sandbox.alarm(100)\n"
        "before_s, _ = signal.getitimer(signal.ITIMER_REAL)\n"
        "sandbox.alarm(0)\n"
        "left_s, _ = signal.getitimer(signal.ITIMER_REAL)\n"
        "print(json.dumps({'was_set': before_s > 0, 'left_s': left_s}))"
    )

    assert told == {"was_set": True, "left_s": 0}


@LINUX
def test_a_confined_process_dies_with_its_parent() -> None:
    told = inside(
        "import os, signal, sys, time\n"
        "reader, writer = os.pipe()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    grandchild = os.fork()\n"
        "    if not grandchild:\n"
        "        sandbox.confine(sandbox.Walls())\n"
        "        os.write(writer, b'.')\n"
        "        time.sleep(20)\n"
        "        os._exit(0)\n"
        "    os.read(reader, 1)\n"
        "    os.write(writer, str(grandchild).encode())\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "os.waitpid(child, 0)\n"
        "print(json.dumps({'grandchild': int(os.read(reader, 20))}))"
    )

    assert not _runs(int(str(told["grandchild"])))


def _runs(pid: int) -> bool:
    """Tell whether a process exists and is not a zombie."""
    try:
        os.kill(pid, 0)
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
