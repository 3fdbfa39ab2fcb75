"""Real browsers with a microphone that speaks and ears that keep what is heard."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser, BrowserContext, Page, Playwright, Route

from tests.support.programs import need_program
from tests.support.speech import Pcm, envelope

Kind = Literal["chromium", "firefox"]
HERE = Path(__file__).resolve().parents[1] / "browser"
SAID_AT_MOST = 3
HEARD_WITHIN_S = 10.0
SLACK = 15  # steps of 10 ms
A_SECOND = 100  # of such steps
LOUD = 0.01  # of full scale: what a decoder makes of silence is a tenth of it
ALIKE = 0.8  # the least envelope correlation of what was heard with what was said


async def launch(
    playwright: Playwright,
    kind: Kind,
    microphone: Path | None = None,
    *,
    device: bool = False,
    refuse: bool = False,
) -> Browser:
    """Start the browser of the system.

    Firefox takes its microphone from `sound_server`; Chromium too when it is to use a `device`, whose time is
    not as perfect as that of its fake one.
    """
    if kind == "chromium":
        arguments = _chromium_arguments(microphone, device=device, refuse=refuse)
        # Whoever is to have no device has none, though a sound server may run for another browser.
        ours: dict[str, str | float | bool] = {
            name: value for name, value in os.environ.items() if device or name != "PULSE_SERVER"
        }
        return await playwright.chromium.launch(
            executable_path=need_program("chromium"), args=arguments, env=ours
        )
    preferences: dict[str, str | float | bool] = {
        "media.navigator.permission.disabled": not refuse,
        "permissions.default.microphone": 2 if refuse else 1,
        "ui.prefersReducedMotion": 1,
    }
    return await playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=need_program("firefox-esr"),
        firefox_user_prefs=preferences,
        env=dict(os.environ),  # as it is now, with the address of the sound server
    )


def _chromium_arguments(microphone: Path | None, *, device: bool = False, refuse: bool = False) -> list[str]:
    arguments = ["--no-sandbox"]  # as root there is none
    arguments += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if refuse:
        arguments += ["--use-fake-device-for-media-stream", "--deny-permission-prompts"]
    if microphone is not None:
        arguments += ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}")
    if device:
        arguments.append("--use-fake-ui-for-media-stream")
    if not _has_network_interface():
        # WebRTC leaves the loopback interface out unless told, and then has no address at all.
        arguments += ["--allow-loopback-in-peer-connection", "--use-fake-ui-for-media-stream"]
    return arguments


def _has_network_interface() -> bool:
    """Tell whether anything but loopback has a route."""
    routes = Path("/proc/net/route")
    return not routes.exists() or len(routes.read_text().splitlines()) > 1


async def with_ears(browser: Browser, **options: Any) -> BrowserContext:
    """Open a context whose pages keep what they play.

    The ears come in a worklet, which the policy of our pages forbids: Chromium is told to look away, and
    Firefox gets it from an address that seems to be ours (Chromium's worklets cannot be routed so).
    """
    return await _given_ears(await browser.new_context(bypass_csp=True, **options))


async def without_cookies(
    playwright: Playwright, folder: Path, microphone: Path, **options: Any
) -> BrowserContext:
    """Start a Chromium of its own whose visitor blocks all cookies, and with them all that pages may keep."""
    preferences = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (folder / "Default").mkdir()
    (folder / "Default/Preferences").write_text(json.dumps(preferences))
    context = await playwright.chromium.launch_persistent_context(
        folder,
        executable_path=need_program("chromium"),
        args=_chromium_arguments(microphone),
        bypass_csp=True,
        **options,
    )
    return await _given_ears(context)


async def _given_ears(context: BrowserContext) -> BrowserContext:
    processor = (HERE / "ear-processor.js").read_text()

    async def serve(route: Route) -> None:
        await route.fulfill(body=processor, content_type="text/javascript")

    await context.route("**/tests/ear-processor.js", serve)
    script = (HERE / "ear.js").read_text().replace("/* processor */ ''", json.dumps(processor))
    await context.add_init_script(script)
    return context


async def heard(page: Page, kept: str = "window.__heard()") -> Pcm:
    """Return all that a page has played so far, or what it kept of that."""
    body = base64.b64decode(await page.evaluate(kept))
    return (np.frombuffer(body, "<i2") / np.float32(32768)).astype(np.float32)


async def hears_somebody(page: Page, since: int, limit_s: float = HEARD_WITHIN_S) -> bool:
    """Wait until a page has heard somebody for a second, whoever it is, after so many samples."""
    deadline = time.monotonic() + limit_s
    while (envelope((await heard(page))[since:]) > LOUD).sum() < A_SECOND:
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.2)
    return True


async def hears(ear: Callable[[], Awaitable[Pcm]], source: Pcm, limit_s: float = HEARD_WITHIN_S) -> float:
    """Wait until an ear has heard a sound; return how alike the best part is (1.0: the same envelope)."""
    best, deadline = 0.0, time.monotonic() + limit_s
    while time.monotonic() < deadline and best < ALIKE:
        await asyncio.sleep(0.3)
        best = max(best, likeness(source, await ear()))
    return best


async def all_hear(pages: Sequence[Page], source: Pcm, say: Callable[[], Awaitable[object]]) -> float:
    """Let something be said until all pages have heard it well, three times at most; return the worst.

    A browser stretches what it plays while its buffer settles (Firefox its first clip), and here several
    browsers share two processors with the server: once in three is what must be right.
    """
    best = [0.0] * len(pages)
    for _ in range(SAID_AT_MOST):
        await say()
        for number, page in enumerate(pages):
            best[number] = max(best[number], await hears(functools.partial(heard, page), source))
        if min(best) >= ALIKE:
            break
    return min(best)


def likeness(source: Pcm, sound: Pcm) -> float:
    """Return the envelope correlation of a sound with the part of another that is most like it.

    A jitter buffer stretches and shortens sound, all the more on a busy machine: each third of the source may
    lie a little earlier or later than the whole.
    """
    x = envelope(source)
    y = np.pad(envelope(sound), len(x) // 2 + SLACK)  # what was trimmed from its ends is silence here
    if len(y) < len(x):
        return 0.0
    at = int(np.argmax(_match(x, y)))
    parts = []
    for third in np.array_split(np.arange(len(x)), 3):
        near = y[max(0, at + third[0] - SLACK) : at + third[-1] + 1 + SLACK]
        best = int(np.argmax(_match(x[third], near)))
        parts.append(near[best : best + len(third)])
    found = np.concatenate(parts)
    return float(np.corrcoef(x, found)[0, 1]) if found.std() > 0 else 0.0


def _match(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the correlation of `x` with each stretch of `y` as long as it."""
    windows = np.lib.stride_tricks.sliding_window_view(y, len(x))
    product = (windows * (x - x.mean())).mean(axis=1)
    return np.asarray(product / (np.maximum(windows.std(axis=1), 1e-4) * max(x.std(), 1e-4)))
