"""A filed clip is read from the events that told of it; one that went meanwhile is none."""

from __future__ import annotations

from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from server.log.memory import MemoryLog
from server.room.events import ClipCaptioned, ClipLanded, Draft, RoomOpened
from server.room.state import EMPTY, apply
from server.web.app_keys import LOG
from server.web.whole import whole_clip
from tests.support.rooms import ANNA


async def test_a_clip_is_whole_wherever_it_is_kept_and_none_when_it_went() -> None:
    app, log = web.Application(), MemoryLog()
    app[LOG] = log
    request = make_mocked_request("GET", "/", app=app)
    landed = ClipLanded("clip", 900, 10, 0, -16.0, (50,) * 64)
    facts = (RoomOpened("wonder", "A"), landed, ClipCaptioned("clip", "hello", "en"))
    events = await log.append("r", [Draft(fact, 5, ANNA) for fact in facts])
    state = EMPTY
    for event in events:
        state = apply(state, event)
    ref = state.clips.whole["clip"]

    assert await whole_clip(request, "r", ref) is ref
    assert await whole_clip(request, "r", ref.filed()) == ref
    await log.erase("r", [ref.seq])
    assert await whole_clip(request, "r", ref.filed()) is None
