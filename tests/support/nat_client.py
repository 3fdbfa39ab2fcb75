"""A speaker, a listener or a STUN server as a program: `python -m tests.support.nat_client ROLE ...`.

A speaker says a second of sound and waits until its clip landed; a listener waits until it hears one.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Awaitable, Callable

import numpy as np
from aiohttp import ClientSession
from aioice import stun

from audio import ogg
from tests.support.rtc_bare import BarePeer
from tests.support.uploads import muxed

PATIENCE_S = 40.0
ENOUGH_PACKETS = 20


def way(session: ClientSession, url: str) -> Callable[[str], Awaitable[str]]:
    """Return what sends an offer to a WHIP or WHEP endpoint."""

    async def ask(offer: str) -> str:
        async with session.post(url, data=offer, headers={"Content-Type": "application/sdp"}) as answer:
            text = await answer.text()
            assert answer.status == 201, text
            return text

    return ask


async def speaker(url: str) -> None:
    """Speak, leave, and see the clip land."""
    pcm = (np.sin(np.arange(72_000) * 0.05) * 0.3).astype(np.float32)
    payloads = ogg.read(muxed(pcm, "ogg", "libopus"))
    headers = {"Authorization": f"Bearer {secrets.token_urlsafe(24)}"}
    async with ClientSession(headers=headers) as session:
        peer = BarePeer("speaker")
        await peer.connect(way(session, f"{url}/api/rooms/wonder/whip"))
        await peer.speak(payloads)
        await peer.close()
        while True:
            async with session.get(f"{url}/api/rooms/wonder/events?limit=100") as answer:
                events = (await answer.json())["events"]
            landed = [event["data"] for event in events if event["kind"] == "clip.landed"]
            if landed:
                break
            await asyncio.sleep(0.1)
    print(json.dumps({"server": peer.server[0], "duration_ms": landed[0]["duration_ms"]}))


async def listener(url: str) -> None:
    """Listen until a clip was heard."""
    async with ClientSession() as session:
        peer = BarePeer("listener")
        await peer.connect(way(session, f"{url}/api/rooms/wonder/whep"))
        print("listening")
        heard = await peer.hear(lambda packets: len(packets) >= ENOUGH_PACKETS, PATIENCE_S)
        await peer.close()
    print(json.dumps({"server": peer.server[0], "packets": len(heard)}))


class Stun(asyncio.DatagramProtocol):
    """Says to everybody under which address they are seen."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self._transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one request."""
        answer = stun.Message(
            stun.Method.BINDING, stun.Class.RESPONSE, stun.parse_message(data).transaction_id
        )
        answer.attributes["XOR-MAPPED-ADDRESS"] = addr
        self._transport.sendto(bytes(answer), addr)


async def stun_server(port: str) -> None:
    """Answer for a while; whoever started it ends it."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Stun, ("0.0.0.0", int(port)))
    print("answering")
    await asyncio.sleep(2 * PATIENCE_S)
    transport.close()


ROLES = {"speaker": speaker, "listener": listener, "stun": stun_server}

if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(ROLES[sys.argv[1]](sys.argv[2]), 3 * PATIENCE_S))
