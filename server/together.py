"""Several things at once, of which each is seen to its end whatever becomes of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import TypeVar

T = TypeVar("T")

log = logging.getLogger(__name__)


async def settled(work: Iterable[Awaitable[T]]) -> list[T]:
    """Return all results in order; raises the first failure when everything has ended, and logs the others.

    `asyncio.gather` alone raises at once, while the others go on and nobody looks at them any more; a
    `TaskGroup` would cancel them.
    """
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    for failure in failures[1:]:
        log.error("together.failed_too", exc_info=failure)
    if failures:
        raise failures[0]
    return [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
