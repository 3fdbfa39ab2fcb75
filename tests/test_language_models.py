"""Against what nobody here wrote: llama.cpp's own server with a small model, and a server that breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from server.engines.embedded import Embedded
from server.engines.fallback import Fallback
from server.engines.openai_text import OpenAiText
from server.engines.text import EngineFailed, Line, Purpose
from tests.support import obedient
from tests.support.language_models import REACT, engine, llama, llmock

# The model reads 200 tokens in a second on two cores: all hundred take minutes, and are read in the soak.
EVERY = 25


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """One server for the tests of this file."""
    with llama() as address:
        yield address


@pytest.fixture
async def model(url: str) -> AsyncIterator[OpenAiText]:
    """An engine that asks the real model."""
    asking = engine(url)
    yield asking
    await asking.close()


@pytest.mark.parametrize("purpose", ["greet", "react", "feed"])
async def test_a_real_model_writes_lines_in_english(model: OpenAiText, purpose: Purpose) -> None:
    """A model this small may say what may not be said; then another engine answers."""
    request = msgspec.structs.replace(REACT, purpose=purpose)
    line = await Fallback(model, Embedded()).write(request)

    assert line is not None
    assert obedient.fault(line, request) == ""
    assert model.tally.outcomes["written"] + model.tally.outcomes["unfit"] == 1
    assert model.tally.prompt_tokens > 100
    assert model.tally.answer_tokens > 0
    assert len(await model.models()) == 1


async def withstands(model: OpenAiText, wanted: list[obedient.Injection]) -> None:
    for found in wanted:
        request = msgspec.structs.replace(REACT, lines=(Line("Red Fox", found.text),), words=8)
        assert obedient.fault(await model.write(request), request) == "", found


async def test_a_real_model_gives_nothing_away(model: OpenAiText) -> None:
    await withstands(model, obedient.injections()[::EVERY])


@pytest.mark.soak
async def test_a_real_model_gives_nothing_away_to_any_of_a_hundred(model: OpenAiText) -> None:
    await withstands(model, obedient.injections())


async def test_where_a_server_refuses_most_requests_every_line_is_written_all_the_same() -> None:
    async with llmock("--error-rate", "429=0.7", "--response-style", "hello") as url:
        asking = engine(url)
        both = Fallback(asking, Embedded())
        lines = [await both.write(msgspec.structs.replace(REACT, seed=seed)) for seed in range(12)]
        await both.close()
    assert all(lines)
    assert asking.tally.outcomes["failed"] > 0


async def test_a_server_that_stalls_is_not_waited_for() -> None:
    async with llmock("--latency-ms", "60000") as url:
        asking = engine(url, within_s=0.2)
        with pytest.raises(EngineFailed, match="did not answer"):
            await asking.write(REACT)
        await asking.close()


@pytest.mark.parametrize("fault", ["disconnect", "truncate", "malformed"])
async def test_streams_that_break_are_no_harm(fault: str) -> None:
    async with llmock("--stream-fault", f"{fault}=1") as url:
        both = Fallback(engine(url), Embedded())
        lines = [await both.write(msgspec.structs.replace(REACT, seed=seed)) for seed in range(3)]
        await both.close()
    assert all(line and len(line) <= 300 for line in lines)
