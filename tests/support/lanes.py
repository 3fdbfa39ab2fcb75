"""Share the tests among workers: a file stays together, and one worker gets all that sounds in browsers."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

BROWSERS = "tests/browser"
# Files of it in which hardly anything is spoken or heard: no matter how slow the browser is.
QUIET = frozenset(
    f"{BROWSERS}/test_{name}.py"
    for name in [
        "address",
        "away",
        "ears",
        "evening",
        "keeper",
        "moderate",
        "page",
        "push",
        "restored",
        "stage",
    ]
)
# The worker that gets the other browser tests, which come first (tests/browser/conftest.py).
FIRST_WORKER = "gw0"
# Nice levels: against browsers that want both processors, the rest of the tests gets a fourth.
GIVES_WAY = 5


class Lanes(LoadFileScheduling):  # type: ignore[misc]
    """Give what is heard in browsers to one worker and the other files, one by one, to whoever is free.

    Sound takes the time that it takes, and what else there is to do fits beside it. Twice at once it would be
    torn on two processors; pages without sound are only slower, and come next because their files are long.
    """

    assigned_work: dict[Any, Any]  # worker -> its lanes

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        """Return the group of tests that stays together with a test."""
        file = nodeid.partition("::")[0]
        return BROWSERS if file.startswith(f"{BROWSERS}/") and file not in QUIET else file

    def schedule(self) -> None:
        """Begin with the first worker, whichever was ready first."""
        self.assigned_work = dict(sorted(self.assigned_work.items(), key=lambda work: work[0].gateway.id))
        super().schedule()
