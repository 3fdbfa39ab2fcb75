"""Safari's engine: WebKitGTK on a screen that nobody sees, steered by WebDriver (W3C)."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ClientSession

from tests.support.ports import free_port
from tests.support.programs import IN_CI, need_program

# The Python that Debian's bindings belong to.
PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("webkit_program.py")
PROBE = "import gi; gi.require_version('WebKit2', '4.1'); from gi.repository import WebKit2"
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element (WebDriver 12.3)
LIMIT_S = 30.0
LOOK_S = 0.1
# Answers with what an expression, or its promise, gives.
ANSWERS = "const done = arguments[0]; (async () => (%s))().then(done, (why) => done({failed: String(why)}))"


def needed() -> None:
    """Skip the test where WebKitGTK's Python binding is not installed; in CI that is an error."""
    found = Path(PYTHON).exists() and not subprocess.run(
        [PYTHON, "-c", PROBE], capture_output=True, check=False
    ).returncode  # fmt: skip
    if not found:
        reason = "WebKitGTK with its Python binding is not installed: `make test` says how"
        pytest.fail(reason) if IN_CI else pytest.skip(reason)


class SafariPage:
    """The page of one window."""

    def __init__(self, client: ClientSession, session: str) -> None:
        self._client = client
        self._session = session

    async def goto(self, url: str) -> None:
        """Open a page and wait until it has loaded."""
        await self._ask("POST", "url", {"url": url})

    async def evaluate(self, expression: str) -> Any:
        """Return what an expression gives; a promise is waited for."""
        found = await self._ask("POST", "execute/async", {"script": ANSWERS % expression, "args": []})
        assert not (isinstance(found, dict) and "failed" in found), found
        return found

    async def until(self, expression: str, limit_s: float = LIMIT_S) -> None:
        """Wait until an expression holds."""
        deadline = time.monotonic() + limit_s
        while not await self.evaluate(expression):
            assert time.monotonic() < deadline, f"did not come to be: {expression} {await self.errors()}"
            await asyncio.sleep(LOOK_S)

    async def press(self, selector: str) -> None:
        """Click an element, as a visitor does."""
        await self._ask("POST", f"element/{await self._element(selector)}/click", {})

    async def write(self, selector: str, text: str) -> None:
        """Type into an element."""
        await self._ask("POST", f"element/{await self._element(selector)}/value", {"text": text})

    async def _element(self, selector: str) -> str:
        found = await self._ask("POST", "element", {"using": "css selector", "value": selector})
        return str(found[ELEMENT])

    async def resize(self, width: int, height: int) -> None:
        """Make the window so large."""
        await self._ask("POST", "window/rect", {"width": width, "height": height})

    async def picture(self) -> bytes:
        """Return what is seen as a PNG."""
        return base64.b64decode(await self._ask("GET", "screenshot"))

    async def errors(self) -> list[str]:
        """Return what went wrong in the page since it was opened."""
        return list(await self.evaluate("window.__errors"))

    async def _ask(self, method: str, what: str, body: dict[str, Any] | None = None) -> Any:
        async with self._client.request(method, f"/session/{self._session}/{what}", json=body) as answer:
            told = (await answer.json())["value"]
            assert answer.status == 200, told
            return told


@asynccontextmanager
async def safari() -> AsyncIterator[SafariPage]:
    """Run WebKitGTK with an empty window; it shares nothing with runs before."""
    needed()
    with TemporaryDirectory(prefix="wonder-webkit-") as folder, _screen() as display:
        ours = {"DISPLAY": display, "XDG_RUNTIME_DIR": folder, "HOME": folder, "GDK_BACKEND": "x11"}
        # Its sandbox needs what neither root nor a container has.
        ours["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        with _driver({**os.environ, **ours}) as address:
            async with ClientSession(address) as client:
                yield SafariPage(client, await _session(client))


@contextmanager
def _screen() -> Iterator[str]:
    """Run a screen without hardware; yields its name."""
    reading, writing = os.pipe()
    command = [need_program("Xvfb"), "-displayfd", str(writing), "-screen", "0", "1400x1000x24"]
    quiet = subprocess.DEVNULL
    xvfb = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writing], stdout=quiet, stderr=quiet
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as told:  # it writes its number when it is there, and nothing when it fails
            number = told.readline().strip()
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        xvfb.terminate()
        xvfb.wait(10)


@contextmanager
def _driver(environment: dict[str, str]) -> Iterator[str]:
    """Run WebKit's driver; yields its address. The browser ends with it."""
    port = free_port()  # the driver does not tell which one it took
    driver = subprocess.Popen([need_program("WebKitWebDriver"), f"--port={port}"], env=environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        driver.terminate()
        driver.wait(10)


async def _session(client: ClientSession) -> str:
    """Open the browser as soon as the driver answers; return the session's id."""
    browser = {"binary": PYTHON, "args": [str(PROGRAM)]}
    wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": browser}}}
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            async with client.post("/session", json=wanted) as answer:
                told = (await answer.json())["value"]
                assert answer.status == 200, told
                return str(told["sessionId"])
        except ClientConnectionError:
            assert time.monotonic() < deadline, "WebKitWebDriver did not start"
            await asyncio.sleep(LOOK_S)
