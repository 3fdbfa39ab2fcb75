"""All who observe takes are told the same; who overrides nothing is told to no effect."""

from __future__ import annotations

from server.blobs.memory import MemoryBlobs
from server.takes.observer import TakesObserver
from server.takes.takes import Takes
from tests.support.media import ANNA, Clock, FakeFinisher, FakeMedia, registry
from tests.support.theatre import Observed


async def test_every_observer_is_told_the_same() -> None:
    clock, media, one, other = Clock(), FakeMedia(), Observed(), Observed()
    registry_, log = await registry(clock)
    observers = [one, TakesObserver(), other]
    blobs = MemoryBlobs(log)
    takes = Takes(registry_, media, FakeFinisher(), blobs=blobs, clock=clock, observers=observers)  # type: ignore[arg-type]
    room = await registry_.wake("wonder")

    listener, _ = await takes.whep("wonder", "offer", address="a")
    speaker, _ = await takes.whip("wonder", ANNA, "offer", address="a", commanded=True)
    for peer in (listener, speaker):
        media.observers.connected(peer)
    await takes.begin(room, ANNA, speaker)
    await takes.stop(room, ANNA, None)
    await takes.close_peer(listener)

    assert (one.joins, one.audiences) == (["listener", "speaker"], ["wonder", "wonder"])
    assert one.outcomes == ["landed"]
    assert vars(one) == vars(other)
    await takes.close()
    await media.close()
    await registry_.close()
    await log.close()
