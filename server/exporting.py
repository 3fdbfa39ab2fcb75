"""`wonder export`: an evening of a room as a file, asked of a server that runs."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from yarl import URL

from server.config import BadSetting
from server.log.base import Unusable

ENDINGS = (".ogg", ".m4a", ".vtt")
UNFINISHED = ".unfinished"
# The first byte of an evening comes within a second; a server that is busy is asked again by hand.
PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=120)
SAMPLES_PER_MS = 48
# How much of a part is sound so far: a page of Ogg says it after its mark, a fragment of MP4 too.
_MARKS = {".ogg": (b"OggS", 6, "<q"), ".m4a": (b"tfdt", 8, ">Q")}

# Told how many ms of sound have come, and how many there are.
Progress = Callable[[int, int], None]


class Offer(Struct):
    """What a server says that a file would be."""

    from_ms: int
    to_ms: int
    round: str | None
    clips: int
    duration_ms: int

    @property
    def query(self) -> dict[str, str]:
        """Return what names the same clips, whatever is said meanwhile."""
        if self.round is not None:
            return {"round": self.round}
        return {"from_ms": str(self.from_ms), "to_ms": str(self.to_ms)}


async def export(url: str, room: str, file: Path, query: Mapping[str, str], progress: Progress) -> Offer:
    """Write an evening into a file, which has its name when it is whole. Raises `BadSetting`, `Unusable`."""
    if file.suffix not in ENDINGS:
        raise BadSetting(f"{file}: the name of the file must end in {', '.join(ENDINGS)}.")
    here = URL(url.rstrip("/")) / "api" / "rooms" / room / "recording"
    unfinished = file.with_name(file.name + UNFINISHED)
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            offer = await _offer(session, here, query)
            with unfinished.open("wb") as out:
                async with session.get(f"{here}{file.suffix}", params=offer.query) as answer:
                    await _check(answer)
                    async for part in answer.content.iter_any():
                        out.write(part)
                        progress(min(heard_ms(file.suffix, part), offer.duration_ms), offer.duration_ms)
        unfinished.replace(file)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        reason = str(error) or type(error).__name__
        raise Unusable(f"{url}: the evening did not come as a whole ({reason}).") from None
    except OSError as error:
        raise Unusable(f"{file}: cannot be written ({error.strerror or error}).") from None
    finally:
        unfinished.unlink(missing_ok=True)
    progress(offer.duration_ms, offer.duration_ms)
    return offer


async def _offer(session: aiohttp.ClientSession, here: URL, query: Mapping[str, str]) -> Offer:
    async with session.get(here, params=query) as answer:
        await _check(answer)
        return msgspec.json.decode(await answer.read(), type=Offer)


async def _check(answer: aiohttp.ClientResponse) -> None:
    """Raise `Unusable` with what a server says, when it refuses."""
    if answer.status == 200:
        return
    try:
        problem = msgspec.json.decode(await answer.read(), type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    raise Unusable(str(problem.get("detail") or f"{answer.url.origin()}: it answered {answer.status}."))


def heard_ms(ending: str, part: bytes) -> int:
    """Return how much sound has come with a part, as its last page or fragment says; 0 where none does."""
    mark, offset, form = _MARKS.get(ending, (b"", 0, ""))
    at = part.rfind(mark, 0, max(0, len(part) - offset - 8 + len(mark))) if mark else -1
    if at < 0:
        return 0
    (samples,) = struct.unpack_from(form, part, at + offset)
    return max(0, int(samples)) // SAMPLES_PER_MS
