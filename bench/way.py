"""Measure the time from the end of speech to the first radio packet of the finished clip.

One speaker with a commanded session, one listener, the real server as its own process with its
log on disk, all on loopback. The clock starts with the last packet of speech and `speak.stop`
right behind it, and ends when the listener has the first packet of the clip.

In a live room the way of every packet is measured as well, from the microphone to the listener.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence

from aiohttp import ClientSession

from tests.support.rtc_bare import Ask, BarePeer
from tests.support.server import running_server
from tests.support.speech import opus_packets, say
from tests.support.ws_client import Client

KEY = "bench-way-" + "k" * 32
SPEECH_PACKETS = 60
TAKES = 40
# The clip before must be over (1.2 s and the radio's gap), or the next one waits for it.
PAUSE_S = 1.8


def speech() -> list[bytes]:
    """Return 1.2 s of speech as a microphone's packets."""
    return opus_packets(say("Seven purple elephants whisper"))[:SPEECH_PACKETS]


def _asks(http: ClientSession, url: str, locations: list[str]) -> Ask:
    async def ask(offer: str) -> str:
        async with http.post(url, data=offer, headers={"Content-Type": "application/sdp"}) as response:
            response.raise_for_status()
            locations.append(response.headers["Location"])
            return await response.text()

    return ask


async def _connected(http: ClientSession, url: str, kind: str) -> tuple[BarePeer, str]:
    peer, locations = BarePeer(kind), list[str]()
    await peer.connect(_asks(http, url, locations))
    return peer, locations[0].rpartition("/")[2]


async def _way_ms(client: Client, speaker: BarePeer, peer: str, listener: BarePeer) -> float:
    speaker.skip(round(PAUSE_S * 50))
    await client.ask("speak.start", peer=peer)
    await speaker.speak(speech())
    ended_s = time.monotonic()
    stopped = await client.send("speak.stop")
    room_noise = asyncio.ensure_future(speaker.speak(speech()[-1:] * 5))  # the microphone stays open
    heard = await listener.hear(lambda packets: bool(packets) and packets[-1].at_s > ended_s)
    first_s = next(packet.at_s for packet in heard if packet.at_s > ended_s)
    await client.answer(stopped)
    await room_noise
    await asyncio.sleep(PAUSE_S)
    return (first_s - ended_s) * 1000


async def _takes(url: str, takes: int) -> list[float]:
    room = f"{url}/api/rooms/wonder"
    headers = {"Authorization": f"Bearer {KEY}"}
    async with ClientSession(headers=headers) as http, http.ws_connect(f"{room}/ws") as ws:
        client = Client(ws)
        listener, _ = await _connected(http, f"{room}/whep", "listener")
        speaker, peer = await _connected(http, f"{room}/whip?takes=commanded", "speaker")
        await asyncio.sleep(PAUSE_S)
        ways = [await _way_ms(client, speaker, peer, listener) for _ in range(takes)]
        await speaker.close()
        await listener.close()
        return ways


async def _live(url: str, takes: int) -> list[float]:
    """Return, for every packet of some takes in a live room, how long it was on its way to a listener."""
    ways: list[float] = []
    headers = {"Authorization": f"Bearer {KEY}"}
    async with ClientSession(headers=headers) as http:
        async with http.post(
            f"{url}/api/rooms", json={"kind": "wonder", "name": "Live", "live": True}
        ) as made:
            room = f"{url}/api/rooms/{(await made.json())['id']}"
        async with http.ws_connect(f"{room}/ws") as ws:
            client = Client(ws)
            listener, _ = await _connected(http, f"{room}/whep", "listener")
            speaker, peer = await _connected(http, f"{room}/whip?takes=commanded", "speaker")
            await asyncio.sleep(PAUSE_S)
            for _ in range(takes):
                speaker.skip(round(PAUSE_S * 50))
                await client.ask("speak.start", peer=peer)
                ways += await _heard_live(speaker, listener)
                await client.answer(await client.send("speak.stop"))
                await asyncio.sleep(PAUSE_S)
            await speaker.close()
            await listener.close()
    return ways


async def _heard_live(speaker: BarePeer, listener: BarePeer) -> list[float]:
    sent_s: dict[bytes, float] = {}
    before, start_s = len(listener.heard), time.monotonic()
    for at, payload in enumerate(speech()):
        await asyncio.sleep(max(0.0, start_s + at * 0.02 - time.monotonic()))
        sent_s.setdefault(payload, time.monotonic())
        speaker.send(payload)
    await asyncio.sleep(0.5)
    heard = {each.payload: each.at_s for each in reversed(listener.heard[before:])}
    return [1000 * (heard[payload] - at_s) for payload, at_s in sent_s.items() if payload in heard]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of all are at or under."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(takes: int = TAKES) -> dict[str, float]:
    """Return the median and the 99th percentile in ms, the first take (cold) left out."""
    with running_server(limits="off") as server:
        first, *ways = asyncio.run(_takes(server.url, takes + 1))
        live = asyncio.run(_live(server.url, max(2, takes // 10)))
    return {
        "p50_ms": statistics.median(ways),
        "p99_ms": percentile(ways, 0.99),
        "first_ms": first,
        "live_p50_ms": statistics.median(live),
        "live_p99_ms": percentile(live, 0.99),
        "live_packets": len(live),
    }


def main() -> None:
    """Print the figures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--takes", type=int, default=TAKES)
    for name, value in measure(arguments.parse_args().takes).items():
        print(f"{name} {value:.1f}")


if __name__ == "__main__":
    main()
