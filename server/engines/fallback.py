"""Two text engines as one: where the first has no line, the second is asked."""

from __future__ import annotations

import logging

from server.engines.text import EngineFailed, Request, TextEngine
from server.together import settled

log = logging.getLogger(__name__)


class Fallback:
    """Asks the first engine; when that fails or has nothing to say, the second. It bears the first's name."""

    def __init__(self, first: TextEngine, second: TextEngine) -> None:
        self.name = first.name
        self._first, self._second = first, second
        self._is_down = False

    async def write(self, request: Request) -> str | None:
        """Return a line, or None for nothing to say. Raises `EngineFailed` when the second fails too."""
        line = await self._asked(request)
        return line if line is not None else await self._second.write(request)

    async def _asked(self, request: Request) -> str | None:
        """Return what the first engine says; the log tells when it begins to fail, and when that is over."""
        try:
            line = await self._first.write(request)
        except EngineFailed as failed:
            if not self._is_down:
                log.warning("text.fell_back %s: %s", self._first.name, failed)
            self._is_down = True
            return None
        if self._is_down:
            log.info("text.came_back %s", self._first.name)
        self._is_down = False
        return line

    async def close(self) -> None:
        """Close both; may be called again."""
        await settled([self._first.close(), self._second.close()])
