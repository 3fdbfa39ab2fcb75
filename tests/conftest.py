"""What all tests share: a running server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.server import Server, running_server

# No test is a matter of time: a busy machine needs more than 200 ms for an example now and then.
settings.register_profile("wonder", deadline=None)
settings.load_profile("wonder")


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
