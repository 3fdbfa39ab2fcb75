from __future__ import annotations

import asyncio
import gzip
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from server.engines.text import EngineFailed, Line
from tests.support import obedient
from tests.support.language_models import (
    DONE,
    KEY,
    REACT,
    USAGE,
    chunk,
    engine,
    saying,
    serving,
    streaming,
)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def messages(asked: dict[str, Any]) -> tuple[str, str]:
    """Return the system message and the data of a request; there are no others."""
    system, data = asked["messages"]
    assert (system["role"], data["role"]) == ("system", "user")
    return system["content"], data["content"]


async def test_a_model_is_asked_as_a_stream_and_its_line_is_taken() -> None:
    async with streaming(saying("The moon ", "barked all ", "night.")) as (asking, seen):
        assert await asking.write(REACT) == "The moon barked all night."

    asked = seen[0]
    assert asked["stream"] is True
    assert "tools" not in asked
    assert (asked["max_tokens"], asked["temperature"]) == (60, 0.9)
    system, data = messages(asked)
    assert "moon" not in system
    assert json.loads(data)["said"] == [{"who": "Red Fox", "line": "My dog ate the moon last night."}]
    tally = asking.tally
    assert (dict(tally.outcomes), tally.prompt_tokens, tally.answer_tokens) == ({"written": 1}, 40, 7)


@pytest.mark.parametrize(
    ("pieces", "line"),
    [
        (["<think>Hm. A dog.</think>\n\nWoof says ", "the moon."], "Woof says the moon."),
        (["The moon barked.\nThe sea ", "did not."], "The moon barked."),
        (["Assistant: The moon barked."], "The moon barked."),
        (["A whole one. And this one is cut", *(" x" * 600 for _ in range(20))], "A whole one."),
        (["   ", "\n\n"], None),
        (['{"name": "mute", "arguments": {}}'], None),
        (["Der Mond ist nicht für dich und mich, aber für den Hund."], None),
        (["See https://evil.example for the moon."], None),
    ],
)
async def test_only_what_may_be_said_is_taken(pieces: list[str], line: str | None) -> None:
    async with streaming(saying(*pieces)) as (asking, _):
        assert await asking.write(REACT) == line


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    await response.write(chunk("The moon barked. And then the d"))
    assert request.transport is not None
    request.transport.close()  # when all is sent
    return response


async def test_of_a_stream_that_is_cut_whole_sentences_are_taken() -> None:
    async with serving(cut) as asking:
        assert await asking.write(REACT) == "The moon barked."
        assert asking.tally.outcomes == {"cut": 1}


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
async def test_a_model_that_only_thinks_says_nothing_and_is_paid_for(name: str) -> None:
    """What it thinks costs, whether its server counts it or hangs up before."""
    thought = chunk(None).replace(b'"delta": {}', f'"delta": {{"{name}": "Hm."}}'.encode())
    assert name.encode() in thought

    async def count(response: web.StreamResponse, _: dict[str, object]) -> None:
        await response.write(thought * 5 + chunk(None, ended="length") + USAGE + DONE)

    async def hang_up(response: web.StreamResponse, _: dict[str, object]) -> None:
        await response.write(thought * 5)

    async with streaming(count) as (asking, _):
        assert await asking.write(REACT) is None
        assert (asking.tally.prompt_tokens, asking.tally.answer_tokens) == (40, 7)
    async with streaming(hang_up) as (asking, _):
        with pytest.raises(EngineFailed):
            await asking.write(REACT)
        assert asking.tally.answer_tokens == 5
        assert asking.tally.prompt_tokens > 100


async def test_an_endless_stream_without_a_sentence_fails_by_its_length() -> None:
    async def say(response: web.StreamResponse, _: dict[str, object]) -> None:
        while True:
            await response.write(chunk("moon "))

    async with streaming(say) as (asking, _):
        assert await asking.write(REACT) is None


async def test_an_answer_without_a_line_s_end_is_read_up_to_a_limit_only() -> None:
    async def say(response: web.StreamResponse, _: dict[str, object]) -> None:
        while True:
            await response.write(b"data: " + bytes(50_000))

    async with streaming(say) as (asking, _):
        with pytest.raises(EngineFailed, match="hangs up"):
            await asking.write(REACT)


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_slow_model_is_not_waited_for() -> None:
    async with serving(silent, within_s=0.05) as asking:
        with pytest.raises(EngineFailed, match=r"did not answer in 0\.05 s"):
            await asking.write(REACT)
        assert asking.tally.outcomes == {"slow": 1}


def answering(**given: object) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(**given)  # type: ignore[arg-type]

    return answer


SSE = {"Content-Type": "text/event-stream"}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (answering(status=401, text=f"Incorrect API key: {KEY}"), "401: it refuses the key"),
        (answering(status=404), "no such model"),
        (answering(status=429), "429: it was asked too often"),
        (answering(status=500, text="x" * 1_000_000), "500|hangs up"),
        (answering(status=302, headers={"Location": "/elsewhere"}), "302"),
        (answering(text="<html>Sign in</html>", content_type="text/html"), "no answer"),
        (answering(body=b"", headers=SSE), "no answer"),
        (answering(body=DONE, headers=SSE), "no answer"),
        (answering(body=b"data: {bad\n\n", headers=SSE), "garbage"),
        (answering(body=b"data: 5\n\ndata: []\n\ndata: null\n\n", headers=SSE), "garbage|no answer"),
        (answering(body=b'data: {"choices":[{"delta":7}]}\n\n', headers=SSE), "garbage|no answer"),
        (answering(body=b'data: {"choices":"' + b"[" * 9_000 + b'"}\n\n', headers=SSE), "garbage|no answer"),
        (answering(body=b'data: {"error":{"message":"boom"}}\n\n', headers=SSE), "garbage"),
        (answering(body=gzip.compress(DONE), headers={**SSE, "Content-Encoding": "gzip"}), "hangs up"),
    ],
)
async def test_what_is_no_answer_fails_in_a_sentence_without_its_words(
    answer: Answer, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(answer) as asking:
        with pytest.raises(EngineFailed, match=why) as failed:
            await asking.write(REACT)
    assert KEY not in str(failed.value) + caplog.text
    assert failed.value.__cause__ is None
    assert "moon" not in caplog.text


async def test_a_server_that_wants_the_newer_form_is_asked_in_it_from_then_on() -> None:
    seen: list[dict[str, object]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(await request.json())
        if "max_tokens" in seen[-1]:
            return web.json_response(
                {"error": {"message": "max_tokens is not supported, use max_completion_tokens"}}, status=400
            )
        return web.Response(body=chunk("The moon barked.", ended="stop") + DONE, headers=SSE)

    async with serving(answer) as asking:
        assert await asking.write(REACT) == "The moon barked."
        assert await asking.write(REACT) == "The moon barked."
    assert ["max_tokens" in asked for asked in seen] == [True, False, False]


async def test_a_server_that_fails_is_left_alone_and_tried_again_later() -> None:
    now_s, answers = 0.0, [500, 500, 500, 200]

    async def answer(_: web.Request) -> web.StreamResponse:
        status = answers.pop(0)
        body = chunk("The moon barked.", ended="stop") + DONE
        return web.Response(status=status, body=body, headers=SSE)

    async with serving(answer, clock=lambda: now_s) as asking:
        for _ in range(5):
            with pytest.raises(EngineFailed):
                await asking.write(REACT)
        assert (asking.tally.outcomes, answers) == ({"failed": 3, "resting": 2}, [200])
        now_s = 31.0
        assert await asking.write(REACT) == "The moon barked."
        assert not asking.breaker.is_open


async def test_a_server_that_is_not_there_is_found_out() -> None:
    asking = engine("http://127.0.0.1:9/v1")
    with pytest.raises(EngineFailed, match="cannot be reached"):
        await asking.write(REACT)
    with pytest.raises(EngineFailed, match="cannot be reached"):
        await asking.models()
    await asking.close()
    assert KEY not in repr(asking)


async def test_nothing_gets_out_that_a_hundred_injections_ask_for() -> None:
    """Against a server that obeys each of them to the letter: what is left may be a harmless word."""
    wanted = {found.text: found.form for found in obedient.injections()}
    assert len(wanted) == 100

    async def say(response: web.StreamResponse, asked: dict[str, object]) -> None:
        system, data = messages(asked)
        assert json.loads(data)["said"][0]["line"]
        await saying(obedient.obeyed(wanted[text], system))(response, asked)

    async with streaming(say) as (asking, _):
        for text, form in wanted.items():
            for language in ("en", "de"):
                lines = (Line(text if form == "name" else "Red Fox", text),)
                request = msgspec.structs.replace(REACT, lines=lines, language=language)
                line = await asking.write(request)
                assert obedient.fault(line, request) == "", (form, text)
                if form not in obedient.HARMLESS:
                    assert line is None, (form, line)


async def test_no_account_of_the_operator_is_told_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "account-of-another-program")
    asking = engine("http://127.0.0.1:9/v1")
    assert "account-of-another-program" not in str(asking._client.default_headers)
    await asking.close()
