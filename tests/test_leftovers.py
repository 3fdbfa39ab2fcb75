"""A test that fails does not fail another one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.shape import ROOT

TESTS = """
import gc
import socket


def test_that_fails():
    left = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    circle = [left]
    circle.append(circle)
    assert False


def test_that_collects():
    gc.collect()
"""


def outcome(folder: Path, *options: str) -> str:
    (folder / "test_two.py").write_text(TESTS)
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder)]
    command = [sys.executable, "-m", "pytest", "-q", *settings, *options, str(folder)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    return ran.stdout.splitlines()[-1]


def test_what_a_failed_test_left_open_is_not_collected_in_the_next(tmp_path: Path) -> None:
    assert outcome(tmp_path).startswith("2 failed")  # the control
    assert outcome(tmp_path, "-p", "tests.support.leftovers").startswith("1 failed, 1 passed")
