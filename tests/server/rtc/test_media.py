"""All who observe a media plane are told all."""

from __future__ import annotations

from audio.take import Take
from server.rtc.media import MediaObservers, TakeEnded


class Seen:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def connected(self, peer: str) -> None:
        self.told.append(("connected", peer))

    def level(self, peer: str, *, on: bool) -> None:
        self.told.append(("level", peer, on))

    def take_ended(self, ended: TakeEnded) -> None:
        self.told.append(ended)

    def gone(self, peer: str) -> None:
        self.told.append(("gone", peer))


def test_each_observer_is_told_everything_in_order_from_when_it_came() -> None:
    observers, early, late = MediaObservers(), Seen(), Seen()
    observers.connected("nobody-looks")
    observers.add(early)
    observers.connected("p")
    observers.add(late)
    ended = TakeEnded("p", Take(()), 1, "limit")
    observers.level("p", on=True)
    observers.take_ended(ended)
    observers.gone("p")

    assert late.told == [("level", "p", True), ended, ("gone", "p")]
    assert early.told == [("connected", "p"), *late.told]
