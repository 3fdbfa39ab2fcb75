"""What a real Chromium conceals behind a bad network: `python -m bench.loss`.

A relay between the browser and the UDP port loses and delays SRTP and SRTCP in both directions.
The same clip is heard with answers to NACKs and without; its first five seconds, in which the buffer learns,
are left out. It is encoded beforehand: what holds up the loop holds up the sound of all listeners.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import shutil
import socket
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bench.listeners import speech
from server.rtc.local import LocalMedia

ROOM = "bench"
LEARNING_S, CLIP_S = 5.0, 25.0
JOIN = """async ([query, buffer_ms]) => {
  const pc = (window.pc = new RTCPeerConnection());
  pc.addTransceiver("audio", { direction: "recvonly" });
  pc.ontrack = ({ track, receiver }) => {
    if (buffer_ms) receiver.jitterBufferTarget = buffer_ms;
    window.audio = new Audio();
    window.audio.srcObject = new MediaStream([track]);
    window.audio.play();
  };
  await pc.setLocalDescription();
  const answer = await fetch("/whep" + query, { method: "POST", body: pc.localDescription.sdp });
  await pc.setRemoteDescription({ type: "answer", sdp: await answer.text() });
}"""
STATS = """async () => {
  for (const each of (await pc.getStats()).values()) if (each.type === "inbound-rtp") return each;
}"""


class Relay:
    """A bad network between one browser and the port."""

    def __init__(self, server: tuple[str, int], loss: float, jitter_ms: float) -> None:
        self.is_bad = False
        self._loss, self._jitter_s = loss, jitter_ms / 1000
        self._chance = random.Random(3)
        self._loop = asyncio.get_running_loop()
        self._browser: Any = None
        self._front, self._back = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (self._front, self._back):
            sock.bind((server[0], 0))
            sock.setblocking(False)
        self._back.connect(server)
        self._loop.add_reader(self._front, self._from_browser)
        self._loop.add_reader(self._back, self._from_server)
        self.port: int = self._front.getsockname()[1]

    def _from_browser(self) -> None:
        datagram, self._browser = self._front.recvfrom(2_048)
        self._pass(self._back.send, datagram)

    def _from_server(self) -> None:
        self._pass(lambda datagram: self._front.sendto(datagram, self._browser), self._back.recv(2_048))

    def _pass(self, send: Callable[[bytes], object], datagram: bytes) -> None:
        if not self.is_bad or datagram[0] < 128:
            send(datagram)
        elif self._chance.random() >= self._loss:
            self._loop.call_later(self._chance.random() * self._jitter_s, self._pass_on, send, datagram)

    def _pass_on(self, send: Callable[[bytes], object], datagram: bytes) -> None:
        if self._front.fileno() >= 0:
            send(datagram)

    def close(self) -> None:
        """Close both sockets."""
        for sock in (self._front, self._back):
            self._loop.remove_reader(sock)
            sock.close()


async def _serve(media: LocalMedia, relay: Relay) -> tuple[web.AppRunner, str]:
    """Serve an empty page and WHEP whose answers lead to the relay."""

    async def whep(request: web.Request) -> web.Response:
        _, answer = await media.answer(ROOM, "listener", await request.text(), address="127.0.0.1")
        answer = answer.replace(f" {media.endpoint()[1]} ", f" {relay.port} ")
        if "plain" in request.query:
            answer = re.sub(r"a=rtcp-fb:\d+ nack\r\n", "", answer)
        return web.Response(text=answer, status=201)

    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html>", content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", page), web.post("/whep", whep)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def _listen(page: Any, media: LocalMedia, relay: Relay, query: str, buffer_ms: int) -> dict[str, float]:
    relay.is_bad, clip = False, speech(CLIP_S)
    await page.evaluate(JOIN, [query, buffer_ms])
    while not media.listeners(ROOM):  # noqa: ASYNC110 - bounded by the peer's own time to connect
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.5)
    relay.is_bad = True
    media.play(ROOM, clip)
    await asyncio.sleep(LEARNING_S)
    first: dict[str, float] = await page.evaluate(STATS)
    await asyncio.sleep(CLIP_S - LEARNING_S - 1)
    last: dict[str, float] = await page.evaluate(STATS)
    grown = {name: last[name] - first[name] for name in first if isinstance(first[name], int | float)}
    audible = grown["concealedSamples"] - grown["silentConcealedSamples"]
    return {
        "concealed_share": audible / grown["totalSamplesReceived"],
        "buffer_ms": 1000 * grown["jitterBufferDelay"] / max(grown["jitterBufferEmittedCount"], 1),
        "packets_lost": grown["packetsLost"],
        "packets_received": grown["packetsReceived"],
    }


async def _measure(loss: float, jitter_ms: float, buffer_ms: int) -> dict[str, float]:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - the other benches do without

    media = await LocalMedia.open("127.0.0.1", 0)
    relay = Relay(media.endpoint(), loss, jitter_ms)
    runner, url = await _serve(media, relay)
    figures: dict[str, float] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--autoplay-policy=no-user-gesture-required", "--no-sandbox"],
        )
        for name, query in (("nack", ""), ("plain", "?plain")):
            page = await browser.new_page()
            await page.goto(url)
            heard = await _listen(page, media, relay, query, buffer_ms)
            figures |= {f"{name}_{figure}": value for figure, value in heard.items()}
            await page.close()
            await asyncio.sleep(0.5)
        await browser.close()
    await runner.cleanup()
    relay.close()
    await media.close()
    return figures


def measure(loss: float = 0.05, jitter_ms: float = 100, buffer_ms: int = 0) -> dict[str, float]:
    """Return shares of concealed sound with NACK and without."""
    return asyncio.run(_measure(loss, jitter_ms, buffer_ms))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.loss", description=__doc__)
    parser.add_argument("--loss", type=float, default=0.05, help="share of datagrams lost, each way")
    parser.add_argument("--jitter-ms", type=float, default=100)
    parser.add_argument(
        "--buffer-ms", type=int, default=0, help="jitterBufferTarget; 0 leaves it to Chromium"
    )
    chosen = parser.parse_args()
    for name, figure in measure(chosen.loss, chosen.jitter_ms, chosen.buffer_ms).items():
        print(f"{name:28} {figure:10.4f}")


if __name__ == "__main__":
    main()
