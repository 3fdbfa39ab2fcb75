"""Joins takes and the radio, which know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable

from server.readers.radio import Radio
from server.takes.observer import TakesObserver


class RadioOfTakes(TakesObserver):
    """Tells the radio what of takes and listeners changes what it plays."""

    def __init__(self, radio: Radio, audience_changed: Callable[[str], None]) -> None:
        self._radio = radio
        self._audience_changed = audience_changed

    def audience_changed(self, room_id: str) -> None:
        """Let the radio play on: somebody began to listen, or left."""
        self._audience_changed(room_id)

    def live_relay_changed(self, room_id: str, *, on: bool) -> None:
        """Let the radio give way to somebody who is heard while speaking."""
        self._radio.live_relay(room_id, on=on)

    def live_relayed(self, room_id: str, clip: str) -> None:
        """Let the radio not play at once what was heard already."""
        self._radio.live_relayed(room_id, clip)
