"""The interface of those who follow takes, and the peers that speak and listen."""

from __future__ import annotations

from server.rtc.media import Role


class TakesObserver:
    """Is told of everything and ignores it; override what you need."""

    def peer_connected(self, role: Role, took_s: float) -> None:
        """Note that a peer connected, so long after its offer."""

    def audience_changed(self, room_id: str) -> None:
        """Note that a listener of a room connected, or is gone."""

    def live_relay_changed(self, room_id: str, *, on: bool) -> None:
        """Note that a room hears a speaker who speaks now, or does no more."""

    def live_relayed(self, room_id: str, clip: str) -> None:
        """Note that a clip which is about to land was heard by live relay already."""

    def take_ended(self, outcome: str, took_s: float) -> None:
        """Note what came of a take: `landed`, or why it did not; told once a take.

        `took_s` is the time that its finish and landing took, without the time of its speaker.
        """
