"""The page's fold of a room, in a Node.js that is kept running."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.support.shape import ROOT

PROGRAM = ROOT / "tests/static/support/shared.js"


class PageFold:
    """Folds logs as the page does."""

    def __init__(self, node: subprocess.Popen[bytes]) -> None:
        self._node = node

    def __call__(self, log: list[bytes]) -> Any:
        """Return what both folds know of a room, as the page folds its events."""
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(b"[" + b",".join(log) + b"]\n")
        self._node.stdin.flush()
        return msgspec.json.decode(self._node.stdout.readline())


@contextmanager
def page_fold() -> Iterator[PageFold]:
    """Run the page's fold beside the test."""
    with subprocess.Popen(["node", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        yield PageFold(node)
        assert node.stdin is not None
        node.stdin.close()
