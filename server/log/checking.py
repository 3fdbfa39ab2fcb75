"""The check of a file's catalogue while the server runs: a start does not wait for it.

Damage to the tables that find rooms and blobs would hide them instead of failing, and only a look at all of
them tells. Who finds it leaves a note beside the file, so that the next start looks before it serves. Damage
to what readers keep is not fatal: it is dropped, and made anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import apsw

from server.log import schema
from server.log.base import Unusable
from server.log.schema import Settings

logger = logging.getLogger(__name__)

# A start has better things to do.
CHECK_AFTER_S = 5.0
PROGRESS_STEPS = 1_000  # of SQLite, between two looks whether to leave it


class CatalogueCheck:
    """Looks once through the catalogue, over a connection and in a thread of its own."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        on_damage: Callable[[Unusable], None],
        on_lost_progress: Callable[[], Awaitable[None]],
    ) -> None:
        self._path, self._settings = path, settings
        self._on_damage, self._on_lost_progress = on_damage, on_lost_progress
        self._looking = self._closing = False
        self.done: asyncio.Task[None] = asyncio.get_running_loop().create_task(
            self._run(), name="check of the catalogue"
        )

    async def close(self) -> None:
        """Stop the check; may be called again."""
        self._closing = True
        if not self._looking:
            self.done.cancel()
        await asyncio.wait([self.done])

    async def _run(self) -> None:
        """Wait until the start is over, and look; the root of its task."""
        await asyncio.sleep(CHECK_AFTER_S)
        self._looking = True
        try:
            if not await asyncio.to_thread(self._look):
                logger.error("log.progress_damaged")
                await self._on_lost_progress()
        except Unusable as damage:
            self._on_damage(damage)
            schema.note_damage(self._path)
        except apsw.InterruptError:
            pass
        except Exception:  # the server goes on: what it reads is checked by its sum
            logger.exception("log.check_failed")

    def _look(self) -> bool:
        """Check the catalogue, and return whether what readers keep is whole. Raises `Unusable`."""
        connection = schema.open_reader(self._path, self._settings)
        connection.set_progress_handler(lambda: self._closing, PROGRESS_STEPS)
        try:
            schema.check_catalogue(connection, self._path)
            return schema.is_progress_sound(connection)
        finally:
            connection.close()
