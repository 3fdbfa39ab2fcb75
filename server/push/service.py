"""Ask a push service to wake a browser (RFC 8030), and understand what it answers."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp
from msgspec import Struct

from server.push.encryption import encrypt
from server.push.endpoints import PublicResolver, origin, wrong_with
from server.push.subscriptions import Subscription
from server.push.vapid import Vapid

SENT_AT_ONCE = 8
TIMEOUT_S = 10.0
# Who was asleep for longer than this finds an empty room: the service need not keep the message.
LIFE_S = 600
LONGEST_PAUSE_S = 600

_GONE, _TOO_MANY = (404, 410), 429


class Outcome(Struct, frozen=True):
    """What became of a message: taken, the browser is gone, later (after a pause), or never."""

    kind: Literal["taken", "gone", "later", "never"]
    status: int = 0
    pause_s: float = 0.0


class PushService:
    """Sends to the push services that browsers name; with `private` also to those in private networks."""

    def __init__(self, vapid: Vapid, clock: Callable[[], int], *, private: bool = False) -> None:
        self._vapid, self._clock, self.private = vapid, clock, private
        self._session: aiohttp.ClientSession | None = None

    @property
    def key(self) -> str:
        """Return the public key that browsers subscribe with."""
        return self._vapid.public

    async def send(self, to: Subscription, message: bytes, room: str) -> Outcome:
        """Send a message; of those about one room the push service keeps the newest."""
        if wrong_with(to.endpoint, private=self.private):
            return Outcome("gone")
        body = encrypt(message, to.p256dh, to.auth)
        headers = {
            "Authorization": self._vapid.header(origin(to.endpoint), self._clock()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(LIFE_S),
            "Topic": self._vapid.topic(room, to.endpoint),
            "Urgency": "high",
        }
        try:
            async with self._opened().post(
                to.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return outcome(answer.status, answer.headers.get("Retry-After", ""), self._clock())
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return Outcome("later")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self.private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=SENT_AT_ONCE, resolver=resolver),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
                headers={"User-Agent": "wonder"},
            )
        return self._session

    async def close(self) -> None:
        """Let go of all connections; may be called again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def outcome(status: int, retry_after: str = "", now_ms: int = 0) -> Outcome:
    """Return what an answer of a push service means."""
    if 200 <= status < 300:
        return Outcome("taken", status)
    if status in _GONE:
        return Outcome("gone", status)
    if status == _TOO_MANY or status >= 500:
        return Outcome("later", status, _pause_s(retry_after, now_ms))
    return Outcome("never", status)


def _pause_s(retry_after: str, now_ms: int) -> float:
    """Return the pause that `Retry-After` asks for, in seconds or as a date; 0 for none."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(min(int(retry_after[:6]), LONGEST_PAUSE_S))
    try:
        asked_s = parsedate_to_datetime(retry_after).timestamp() - now_ms / 1000
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return min(max(0.0, asked_s), LONGEST_PAUSE_S)
