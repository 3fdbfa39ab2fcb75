"""All that is known of a clip; of one that its room has filed, read from its events."""

from __future__ import annotations

from aiohttp import web

from server.room.clips import Clip, ClipRef
from server.room.state import whole
from server.web.app_keys import LOG


async def whole_clip(request: web.Request, room_id: str, clip: Clip) -> ClipRef | None:
    """Return all that is known of a clip; None when it was removed while it was read."""
    if isinstance(clip, ClipRef):
        return clip
    log = request.app[LOG]
    seqs = sorted(seq for seq in {clip.seq, clip.reveal_seq, clip.caption_seq} if seq is not None)
    events = [event for seq in seqs for event in await log.read(room_id, seq - 1, 1)]
    return whole(clip.clip, events)
