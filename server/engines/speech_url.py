"""A server that speaks by HTTP: the `/v1/audio/speech` that OpenAI began and many programs have."""

from __future__ import annotations

import asyncio

import aiohttp

from audio import riff
from audio.pcm import Pcm
from server.engines import speech
from server.engines.worker import EngineFailed

# 20 s at 48,000 samples of 16 bits a second, and the head of a WAV file.
ANSWER_BYTES = 2_000_000
MODEL, VOICE = "tts-1", "alloy"  # the names that servers of this form know


class SpeechUrl:
    """Says texts by asking a server for WAV; no redirect is followed."""

    name = "url"

    def __init__(self, url: str, *, within_s: float = speech.WITHIN_S) -> None:
        self._url = url
        self._timeout = aiohttp.ClientTimeout(total=within_s)
        self._session: aiohttp.ClientSession | None = None

    async def say(self, text: str, language: str) -> Pcm | None:
        """Return a text spoken. Raises `EngineFailed`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        wanted = {"model": MODEL, "voice": VOICE, "input": text, "response_format": "wav"}
        try:
            async with self._session.post(self._url, json=wanted, allow_redirects=False) as response:
                if response.status != 200:
                    raise EngineFailed(f"the speech server answers {response.status}.")
                sound = riff.samples(await _body(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise EngineFailed(f"the speech server does not answer ({type(error).__name__}).") from None
        except ValueError as bad:
            raise EngineFailed(f"the speech server gave garbage: {bad}.") from None
        return await asyncio.to_thread(speech.finished, *sound)

    async def close(self) -> None:
        """Let go of the connections; may be called again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


async def _body(response: aiohttp.ClientResponse) -> bytes:
    whole = bytearray()
    async for part in response.content.iter_chunked(65_536):
        whole += part
        if len(whole) > ANSWER_BYTES:
            raise EngineFailed("the speech server talks for ever.")
    return bytes(whole)
