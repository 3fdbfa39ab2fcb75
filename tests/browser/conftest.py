"""The browsers of the system, started once; every visitor gets a context of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright

from tests.support.browsers import Kind, launch, with_ears
from tests.support.microphones import DeviceMicrophone, FileMicrophone, Microphone, sound_server
from tests.support.visitor import DESK, Invite, Visitor

HERE = Path(__file__).parent
once = pytest_asyncio.fixture(scope="session", loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder, and let it share one event loop with the browsers."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


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


@once
async def firefox(playwright: Playwright) -> AsyncIterator[Browser]:
    """Run Firefox with a sound server that carries its microphone."""
    with sound_server():
        browser = await launch(playwright, "firefox")
        yield browser
        await browser.close()


@pytest.fixture
def microphone_of(file_microphone: FileMicrophone, tmp_path: Path) -> Callable[[Kind], Microphone]:
    """Return the microphone that goes with a browser."""
    return lambda kind: file_microphone if kind == "chromium" else DeviceMicrophone(tmp_path)


@pytest_asyncio.fixture(loop_scope="session")
async def invite() -> AsyncIterator[Invite]:
    """Open pages in contexts of their own, with ears; in the end none of them may have been surprised."""
    guests: list[Visitor] = []
    async with AsyncExitStack() as closing:

        async def come(browser: Browser, **options: Any) -> Visitor:
            context = await with_ears(browser, locale="en-GB", **(DESK | options))
            closing.push_async_callback(context.close)
            guests.append(Visitor(await context.new_page()))
            return guests[-1]

        yield come
    assert not [surprise for guest in guests for surprise in guest.surprises]
