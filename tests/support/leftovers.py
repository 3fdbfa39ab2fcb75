"""What a test that failed leaves behind goes before the next one begins.

Its traceback holds sockets, tasks and files that nobody closed. Collected by chance in a later test, their
warnings would fail that one.
"""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Generator
from contextlib import suppress

import pytest

FAILED = pytest.StashKey[bool]()
OF_THE_LAST_FAILURE = ("last_exc", "last_type", "last_value", "last_traceback")  # of `sys`


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """Collect what a failed test left; it is told once, by the test itself."""
    done = yield
    if item.stash.get(FAILED, False):
        for name in OF_THE_LAST_FAILURE:
            with suppress(AttributeError):
                delattr(sys, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()
    return done
