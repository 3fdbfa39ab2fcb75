"""The voice of hosts: a line becomes a clip like everyone's, finished, masked, and captioned by its own text.

A part of the host: it says whether it could, and who could not writes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol

from audio.take import Unfit
from server.engines.utterances import Utterances, as_file
from server.room.commands import Caption, Refused
from server.room.events import ClipCaptioned, ClipLanded, Event, Voice
from server.room.lines import speaks
from server.room.round_lifecycle import kind_of
from server.rooms.base import Room

log = logging.getLogger(__name__)

# A line that takes longer than this to be spoken is written instead.
WITHIN_S = 4.0
CAPTIONED_BY = "host"


class Upload(Protocol):
    """Finishes a recorded file and lets it land, as for everybody."""

    async def __call__(
        self, room_id: str, voice: Voice, body: bytes, media_type: str, *, mask: str | None = None
    ) -> object:
        """Return its `clip.landed`."""


Arriving = Callable[[Room, Voice], AbstractContextManager[None]]


class HostVoice:
    """Says lines where the radio speaks, and somebody who hears it wants words."""

    def __init__(
        self, utterances: Utterances, upload: Upload, wants: Callable[[str], bool], arriving: Arriving
    ) -> None:
        self._utterances = utterances
        self._upload = upload
        self._wants = wants
        self._arriving = arriving

    async def say(
        self, room: Room, voice: Voice, text: str, mask: str | None, is_open: Callable[[], bool]
    ) -> bool:
        """Say a line in a room as a clip, and tell whether it landed there; `is_open` while it may.

        Where takes are heard by their speaker first it writes: it has nothing to hear them with. What began
        to land is never cut short: else it would be written, too. The room waits for it as for all who speak.
        """
        is_previewed = kind_of(room.state).preview
        if not self._utterances.is_on or not speaks(room.state) or is_previewed or not self._wants(room.id):
            return False
        try:
            with self._arriving(room, voice):
                async with asyncio.timeout(WITHIN_S):
                    said = await self._utterances.said(text, room.state.language)
                if said is None or not is_open():
                    return False
                landed = await self._upload(room.id, voice, as_file(said), "audio/ogg", mask=mask)
        except (TimeoutError, Refused, Unfit) as why:
            log.info("the host of room %.6s writes, for it cannot speak: %s", room.id, type(why).__name__)
            return False
        if not isinstance(landed, Event) or not isinstance(landed.data, ClipLanded):
            return False
        caption = ClipCaptioned(landed.data.clip, text, room.state.language, by=CAPTIONED_BY)
        await room.send(Caption(caption), quiet=True)
        return True


Say = Callable[[Room, Voice, str, str | None, Callable[[], bool]], Awaitable[bool]]
