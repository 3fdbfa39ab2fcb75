"""What asks push services, as the settings have it."""

from __future__ import annotations

from collections.abc import Callable

from server.config import Config
from server.push.service import PushService
from server.push.vapid import Vapid


def open_service(config: Config, secret: bytes, clock: Callable[[], int]) -> PushService | None:
    """Return what asks push services to wake visitors, None where nobody is woken."""
    if config.push == "off":
        return None
    site = config.public_url if config.public_url.startswith("https:") else ""
    return PushService(Vapid(secret, config.push_contact or site), clock, private=config.push == "private")
