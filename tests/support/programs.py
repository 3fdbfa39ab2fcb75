"""Programs that tests drive, and a loud end where CI lacks one."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.support.shape import ROOT

# Where `.ci/programs` puts what must not be installed, and where wheels put the programs that they bring.
PLACES = (ROOT / ".build/programs/usr/sbin", ROOT / ".build/programs/usr/bin", ROOT / ".venv/bin")
IN_CI = os.environ.get("CI") == "true"


def need_program(name: str) -> str:
    """Return where a program is; without it the test is skipped, in CI it fails."""
    path = shutil.which(name, path=os.pathsep.join(map(str, PLACES))) or shutil.which(name)
    if path is None and IN_CI:
        pytest.fail(f"{name} is not installed, and under CI=true nothing is skipped")
    if path is None:
        pytest.skip(f"{name} is not installed: `make test` says how")
    return path
