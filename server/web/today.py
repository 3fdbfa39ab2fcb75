"""How many people came today: a count that names nobody, and is forgotten at midnight UTC."""

from __future__ import annotations

import secrets
from hashlib import blake2b

from msgspec import Struct

from server.room.kinds import DAY_MS

# So many are told apart, in about 9 MB; of a day with more than that no count is told, for it would be wrong.
PEOPLE_COUNTED = 100_000
_DIGEST_BYTES = 8


class CameToday(Struct, frozen=True):
    """How many came since `since_ms`: midnight UTC, or the start of the server after it; None: too many."""

    people: int | None
    since_ms: int


class Today:
    """Counts each visitor once a day by a digest under a secret of that day, which is kept nowhere else."""

    def __init__(self, now_ms: int) -> None:
        self._since_ms = now_ms
        self._people: set[bytes] = set()
        self._secret = secrets.token_bytes()

    def came(self, who: bytes, now_ms: int) -> None:
        """Count whoever came in, once."""
        self._turn(now_ms)
        if len(self._people) <= PEOPLE_COUNTED:
            self._people.add(blake2b(who, key=self._secret, digest_size=_DIGEST_BYTES).digest())

    def count(self, now_ms: int) -> CameToday:
        """Return how many came today."""
        self._turn(now_ms)
        people = len(self._people)
        return CameToday(people if people <= PEOPLE_COUNTED else None, self._since_ms)

    def _turn(self, now_ms: int) -> None:
        """Forget the day that is over."""
        midnight_ms = now_ms - now_ms % DAY_MS
        if midnight_ms > self._since_ms:
            self._since_ms, self._people, self._secret = midnight_ms, set(), secrets.token_bytes()
