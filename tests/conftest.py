"""What all tests share: a running server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.server import Server, running_server


@pytest.fixture
def server() -> Iterator[Server]:
    """A fresh server of this test's own."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    """One server for the tests of a file; each makes a room of its own."""
    with running_server() as running:
        yield running
