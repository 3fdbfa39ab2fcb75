"""Programs that tests drive, and a loud end where CI lacks one."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.shape import ROOT

# Where `.ci/programs` puts what must not be installed.
UNPACKED = ROOT / ".build/programs/usr/bin"
IN_CI = os.environ.get("CI") == "true"


def need_program(name: str) -> str:
    """Return where a program is; without it the test is skipped, in CI it fails."""
    path = shutil.which(name) or shutil.which(name, path=str(UNPACKED))
    if path is None and IN_CI:
        pytest.fail(f"{name} is not installed, and under CI=true nothing is skipped")
    if path is None:
        pytest.skip(f"{name} is not installed: `make test` says how")
    return path
