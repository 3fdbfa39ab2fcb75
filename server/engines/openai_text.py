"""A language model behind OpenAI's interface: hosted, or Ollama, llama.cpp, vLLM on a machine of yours.

The library `openai` is of the extra `host`: this module is imported where that engine is chosen, and nowhere
else. Its logs, and those of its HTTP client, would hold what was said: they are silent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import openai
from msgspec import Struct

from server.engines import answers, prompting
from server.engines.breaker import Breaker
from server.engines.tally import TOKEN_LETTERS, Outcome, Tally
from server.engines.text import LINE_LIMIT_CHARACTERS, WRITTEN_AT_ONCE, EngineFailed, Request, tidied

log = logging.getLogger(__name__)

# From asking to the last letter: then whole sentences that came are taken, or another engine answers.
WITHIN_S = 4.0
CONNECT_S = 2.0
# A line of 24 words is about 35 tokens of English, and 60 of German.
ANSWER_TOKENS = 60
# What is longer is no short line, though a model was asked for one.
SHORT_WORDS = 24
# Improvisation wants surprise; above 1 small models lose their grammar.
TEMPERATURE, TOP_P = 0.9, 0.95
# Letters after which nothing more is read, with thoughts that are not said; and bytes that an answer may have
# on the wire, where a token takes about 300.
ANSWER_CHARACTERS, ANSWER_BYTES = 4_000, 400_000
# How a server is told the limits; those of newer hosted models know the second form alone.
FORM: dict[str, Any] = {"max_tokens": ANSWER_TOKENS, "temperature": TEMPERATURE, "top_p": TOP_P}
NEWER_FORM: dict[str, Any] = {"max_completion_tokens": ANSWER_TOKENS}
# Where servers put what a model thinks before it answers: never said, and paid for all the same.
_THOUGHTS = ("reasoning_content", "reasoning")
_STATUSES = {
    401: ": it refuses the key",
    403: ": it refuses the key",
    404: ": it has no such model, or no such interface",
    429: ": it was asked too often, or its credit is spent",
}
# What an answer that is no answer raises inside the library.
_GARBAGE = (ValueError, TypeError, AttributeError, KeyError, IndexError, RecursionError)


class _Heard(Struct):
    """What came so far; thoughts are pieces. `ended` says why the model stopped; None while it has not."""

    text: str = ""
    pieces: int = 0
    ended: str | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


class OpenAiText:
    """Asks a model for lines, as a stream, within `WITHIN_S`; a server that fails often is left alone."""

    name = "openai"

    def __init__(
        self,
        url: str,
        model: str,
        key: str = "",
        *,
        tally: Tally | None = None,
        clock: Callable[[], float] = time.monotonic,
        within_s: float = WITHIN_S,
    ) -> None:
        for name in ("openai", "httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self.tally = tally or Tally()
        self.breaker = Breaker(clock)
        self._model, self._within_s = model, within_s
        self._form = FORM
        self._http = httpx2.AsyncClient(
            timeout=httpx2.Timeout(within_s, connect=min(CONNECT_S, within_s)),
            # A line comes every 10 s or less often: kept connections are those that the server just closed.
            limits=httpx2.Limits(max_connections=WRITTEN_AT_ONCE, max_keepalive_connections=0),
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [_bound]},
        )
        self._client = openai.AsyncOpenAI(
            base_url=url, api_key=key or "none", max_retries=0, http_client=self._http
        )
        self._client.organization = self._client.project = None  # else taken from the environment

    async def write(self, request: Request) -> str | None:
        """Return a line, or None where the model said nothing that may be said. Raises `EngineFailed`."""
        if not self.breaker.passes():
            raise self._failed("resting", "the model failed several times and is left alone for a while.")
        try:
            return await self._written(request)
        except EngineFailed:
            self.breaker.failed()
            raise
        except BaseException:
            self.breaker.gave_up()
            raise

    async def models(self) -> list[str]:
        """Return the names of the models that the server has. Raises `EngineFailed`."""
        try:
            async with asyncio.timeout(self._within_s):
                page = await self._client.models.list()
                return [str(model.id) for model in page.data]
        except (openai.OpenAIError, httpx2.HTTPError, TimeoutError, *_GARBAGE) as error:
            raise EngineFailed(_sentence(error)) from None

    async def close(self) -> None:
        """Let go of the connections; may be called again."""
        await self._http.aclose()

    async def _written(self, request: Request) -> str | None:
        system, data, heard = prompting.system(request), prompting.data(request), _Heard()
        outcome, sentence = await self._listened(system, data, request, heard)
        if heard.pieces or heard.answer_tokens:
            prompt = heard.prompt_tokens or (len(system) + len(data)) // TOKEN_LETTERS
            self.tally.spent(prompt, heard.answer_tokens or heard.pieces)
        said = answers.without_thought(heard.text)
        said = said if heard.ended == "stop" else answers.whole(said)
        if sentence and not said:
            raise self._failed(outcome, sentence)
        self.breaker.succeeded()
        line = _line(said, system, request)
        self.tally.ended("unfit" if line is None else "cut" if sentence else "written")
        return line

    async def _listened(self, system: str, data: str, request: Request, heard: _Heard) -> tuple[Outcome, str]:
        """Take in the answer; return what it came to, and a sentence where it went wrong."""
        try:
            async with asyncio.timeout(self._within_s):
                await self._listen(system, data, request.words, heard)
        except (TimeoutError, openai.APITimeoutError, httpx2.TimeoutException):
            return "slow", f"the model did not answer in {self._within_s:g} s."
        except (openai.OpenAIError, httpx2.HTTPError, *_GARBAGE) as error:
            return "failed", _sentence(error)
        return ("written", "") if heard.ended else ("failed", "the model's server gave no answer.")

    async def _listen(self, system: str, data: str, words: int, heard: _Heard) -> None:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": data}]
        async with await self._ask(messages) as stream:
            async for chunk in stream:
                _take(chunk, heard)
                if heard.ended is None and (end := _enough(heard.text, words)):
                    heard.ended = end
                    return

    async def _ask(self, messages: list[dict[str, str]]) -> Any:
        """Ask for a stream; whoever wants the limits in the newer form is asked in that from then on."""
        create: Any = self._client.chat.completions.create
        form = self._form
        wanted = {"model": self._model, "messages": messages, "stream": True}
        wanted["stream_options"] = {"include_usage": True}
        try:
            return await create(**wanted, **form)
        except openai.BadRequestError as refused:
            if form == NEWER_FORM or not any(name in str(refused) for name in (*FORM, *NEWER_FORM)):
                raise
        self._form = NEWER_FORM
        return await create(**wanted, **NEWER_FORM)

    def _failed(self, outcome: Outcome, sentence: str) -> EngineFailed:
        self.tally.ended(outcome)
        return EngineFailed(sentence)


def _take(chunk: Any, heard: _Heard) -> None:
    """Add a piece of the stream; what is not of its form is not taken."""
    usage = chunk.usage
    if usage is not None:
        heard.prompt_tokens, heard.answer_tokens = int(usage.prompt_tokens), int(usage.completion_tokens)
    for choice in (chunk.choices or [])[:1]:
        piece = choice.delta.content
        if isinstance(piece, str) and piece:
            heard.text = (heard.text + piece)[: ANSWER_CHARACTERS + 1]
            heard.pieces += 1
        elif any(getattr(choice.delta, name, None) for name in _THOUGHTS):
            heard.pieces += 1
        if choice.finish_reason is not None:
            heard.ended = str(choice.finish_reason)


def _enough(text: str, words: int) -> str | None:
    """Return why nothing more need be read: the line is over, or far too long; None where it goes on."""
    if len(text) > ANSWER_CHARACTERS:
        return "length"
    said = answers.without_speaker(answers.without_thought(text)).lstrip()
    if len(said) > 2 * LINE_LIMIT_CHARACTERS:
        return "length"
    too_many = words and len(said.split()) > words + 1  # the last one may go on
    return "stop" if "\n" in said or too_many else None


def _line(said: str, system: str, request: Request) -> str | None:
    """Return what was said as a line for the room, or None when it is not one."""
    language = request.language
    bare = answers.without_speaker(said)
    bare = bare if request.words else answers.short(bare, SHORT_WORDS)
    if not bare or answers.is_machinery(bare) or answers.repeats(bare, system):
        return None
    line = tidied(bare, request, system=system)
    return line if line is not None and answers.is_in(line, language) else None


def _sentence(error: BaseException) -> str:
    """Return what went wrong, without a word of what the server said: that may hold the key or a line."""
    if isinstance(error, openai.APIStatusError):
        why = _STATUSES.get(error.status_code, "")
        return f"the model's server answers {error.status_code}{why}."
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError)):
        return "the model's server does not answer in time."
    if isinstance(error, (openai.APIConnectionError, httpx2.HTTPError)):
        return f"the model's server cannot be reached, or hangs up ({type(error).__name__})."
    return f"the model's server gave garbage ({type(error).__name__})."


class _Bounded(httpx2.AsyncByteStream):
    """An answer's bytes, up to `ANSWER_BYTES`."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        seen = 0
        async for part in self._stream:
            seen += len(part)
            if seen > ANSWER_BYTES:
                raise httpx2.ReadError("It talks for ever.")
            yield part

    async def aclose(self) -> None:
        """Close what is read from."""
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    """Take no answer that is packed, for it may be far larger than it looks, and none without end."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx2.DecodingError("It is packed, which was not asked for.")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)
