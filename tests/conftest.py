"""What all tests share: a running server, and how workers share the tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer  # type: ignore[import-untyped]

from tests.support.lanes import FIRST_WORKER, GIVES_WAY, Lanes
from tests.support.server import Server, running_server
from tests.support.virtual_time import VirtualLoop

pytest_plugins = ["tests.support.leftovers"]

# No test is a matter of time: a busy machine needs more than 200 ms for an example now and then.
# CI looks at the same examples each time for the same code; who develops looks at new ones.
settings.register_profile(
    "wonder",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("wonder")


def pytest_configure(config: pytest.Config) -> None:
    """Let workers without browsers give way: what browsers play and record is heard in real time."""
    if hasattr(config, "workerinput") and config.workerinput["workerid"] != FIRST_WORKER:
        os.nice(GIVES_WAY)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Lanes:
    """Share the tests among the workers of `pytest -n`."""
    return Lanes(config, log)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run tests marked `virtual_time` on a loop whose time passes at once."""
    marker = item.get_closest_marker("virtual_time")
    if marker is not None and marker.args != (False,):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}


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
