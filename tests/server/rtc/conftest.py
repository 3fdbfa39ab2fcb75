"""No test of the media plane leaves a socket open: it would warn of that in a test that has no part in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

OPEN_FILES = Path("/proc/self/fd")


def open_sockets() -> set[str]:
    """Return the sockets of this process (Linux), each by its number in the kernel."""
    if not OPEN_FILES.exists():
        return set()
    targets = set[str]()
    for each in OPEN_FILES.iterdir():
        try:
            targets.add(str(each.readlink()))
        except FileNotFoundError:
            continue  # that of the listing itself
    return {target for target in targets if target.startswith("socket:")}


@pytest.fixture(autouse=True)
def closes_its_sockets() -> Iterator[None]:
    before = open_sockets()
    yield
    assert open_sockets() <= before
