"""The browsers of the system, started once; every visitor gets a context of its own."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.support.browsers import Kind, launch, with_ears
from tests.support.lanes import QUIET
from tests.support.microphones import DeviceMicrophone, FileMicrophone, Microphone, sound_server
from tests.support.visitor import DESK, LIMIT_MS, REMEMBERS, TRIED, Invite, Visitor

HERE = Path(__file__).parent
expect.set_options(timeout=LIMIT_MS)
once = pytest_asyncio.fixture(scope="session", loop_scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, let it share one event loop with the browsers, and run it last.

    What fails fast should be seen first. Among several workers it is first, for nothing takes longer, and
    what is heard comes before what is not (`Lanes`).
    """
    ours = [item for item in items if HERE in item.path.parents]
    ours.sort(key=lambda item: item.nodeid.partition("::")[0] in QUIET)
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.timeout(180))  # browsers start slowly on a busy machine
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.function):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    others = [item for item in items if HERE not in item.path.parents]
    items[:] = ours + others if hasattr(config, "workerinput") else others + ours


@once
async def playwright() -> AsyncIterator[Playwright]:
    """Drive browsers."""
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def file_microphone(tmp_path_factory: pytest.TempPathFactory) -> FileMicrophone:
    """Return what Chromium speaks with."""
    return FileMicrophone(tmp_path_factory.mktemp("file-microphone"))


@once
async def chromium(playwright: Playwright, file_microphone: FileMicrophone) -> AsyncIterator[Browser]:
    """Run Chromium with a microphone that is granted and speaks."""
    browser = await launch(playwright, "chromium", file_microphone.path)
    yield browser
    await browser.close()


@once
async def listening_chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """Run Chromium as a listener has it: without a microphone, and nothing granted."""
    browser = await launch(playwright, "chromium")
    yield browser
    await browser.close()


@pytest.fixture(scope="session")
def sound() -> Iterator[None]:
    """Run a sound server: Firefox has neither loudspeaker nor microphone without one."""
    with sound_server():
        yield


@once
async def firefox(playwright: Playwright, sound: None) -> AsyncIterator[Browser]:
    """Run Firefox with a microphone that is granted and speaks."""
    browser = await launch(playwright, "firefox")
    yield browser
    await browser.close()


@once
async def device_chromium(playwright: Playwright, sound: None) -> AsyncIterator[Browser]:
    """Run Chromium with a capture device of the sound server: its time is not perfect."""
    browser = await launch(playwright, "chromium", device=True)
    yield browser
    await browser.close()


@pytest.fixture
def microphone_of(file_microphone: FileMicrophone, tmp_path: Path) -> Callable[[Kind], Microphone]:
    """Return the microphone that goes with a browser."""
    return lambda kind: file_microphone if kind == "chromium" else DeviceMicrophone(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def invite() -> AsyncIterator[Invite]:
    """Open pages in contexts of their own, with ears or as they are; none may have been surprised."""
    guests: list[Visitor] = []
    async with AsyncExitStack() as closing:

        async def come(browser: Browser, *, ears: bool = True, tried: bool = True, **options: Any) -> Visitor:
            # Without a graphics card the breathing sky takes a third of a core for itself.
            # A service worker would stand between the page and what a test sets in its way.
            usual = {"locale": "en-GB", "reduced_motion": "reduce", "service_workers": "block"}
            options = {**usual, **DESK, **options}
            context = await (with_ears(browser, **options) if ears else browser.new_context(**options))
            closing.push_async_callback(context.close)
            await context.add_init_script(REMEMBERS)
            if tried:
                await context.add_init_script(TRIED)
            guests.append(Visitor(await context.new_page()))
            return guests[-1]

        yield come
    assert not [surprise for guest in guests for surprise in guest.surprises]
