"""Share the tests among workers: a file stays together, and one worker gets all browser tests."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

BROWSERS = "tests/browser"
# The worker that gets the browser tests, which come first (tests/browser/conftest.py).
FIRST_WORKER = "gw0"
# Nice levels: against browsers that want both processors, the rest of the tests gets a fourth.
GIVES_WAY = 5


class Lanes(LoadFileScheduling):  # type: ignore[misc]
    """Give the browsers to one worker and the other files, one by one, to whoever is free.

    Browsers are too heavy to be had twice, and wait for real sound most of the time: what else there is to do
    fits beside them.
    """

    assigned_work: dict[Any, Any]  # worker -> its lanes

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of tests that stays together with a test."""
        return BROWSERS if nodeid.startswith(f"{BROWSERS}/") else nodeid.partition("::")[0]

    def schedule(self) -> None:
        """Begin with the first worker, whichever was ready first."""
        self.assigned_work = dict(sorted(self.assigned_work.items(), key=lambda work: work[0].gateway.id))
        super().schedule()
