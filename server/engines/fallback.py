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

    async def write(self, request: Request) -> str | None:
        """Return a line, or None for nothing to say. Raises `EngineFailed` when the second fails too."""
        try:
            line = await self._first.write(request)
        except EngineFailed as failed:
            log.info("text.fell_back %s: %s", self._first.name, failed)
            line = None
        return line if line is not None else await self._second.write(request)

    async def close(self) -> None:
        """Close both; may be called again."""
        await settled([self._first.close(), self._second.close()])
