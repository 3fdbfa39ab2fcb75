"""Signals of a room of another node go by way of its owner."""

from __future__ import annotations

import asyncio

import msgspec

from server.cluster.remote_tail import RemoteTail
from server.room.events import Draft, TextSaid, numbered
from server.rooms.tail import Batch


async def test_signals_are_sent_to_the_owner_and_shown_when_they_come_back() -> None:
    sent, read = list[tuple[str | None, bytes]](), list[Batch]()
    tail = RemoteTail(lambda event, _: event, lambda to, body: sent.append((to, body)))
    tail.signal("cue", {"clip": "c"}, to="v")
    tail.subscribe(read.append)
    tail.relay(None, b"{}")
    await asyncio.sleep(0)
    assert [to for to, _ in sent] == ["v", None]
    assert msgspec.json.decode(sent[0][1])["kind"] == "cue"
    assert read == []
    tail.bring([], sent)
    tail.bring([numbered(Draft(TextSaid("a"), 1), 1, 0)], [(None, b"{}")])
    assert [(len(batch.events), len(batch.signals)) for batch in read] == [(0, 2), (1, 1)]
    assert tail.head == 1
