"""How late the event loop is while one room of thousands hears a clip: `python -m bench.lag`.

The listeners are keys and addresses without peers behind them; protecting, the system calls and
the kernel's way to a socket are real. Beside the lateness (other programs on the machine are in
it) stands the CPU of the longest single step, which is ours alone.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import time
from contextlib import closing

import pylibsrtp

from server.rtc.batch_sender import BatchSender, Listener, ListenerBatch, kernel_send_many
from server.rtc.broadcast import Broadcast, Source
from server.rtc.settings import Settings

SSRC = 7
EVERY_S = 0.005


class Timed(BatchSender):
    """A batch sender that notes the CPU time of each batch."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock, kernel_send_many())
        self.rows_s: list[float] = []

    def send(self, packet: bytes, batch: ListenerBatch) -> None:
        """Send, and note what it took."""
        before_s = time.thread_time()
        super().send(packet, batch)
        self.rows_s.append(time.thread_time() - before_s)


def _ear(number: int, sink: socket.socket) -> Listener:
    policy = pylibsrtp.Policy(
        key=os.urandom(28),
        ssrc_type=pylibsrtp.Policy.SSRC_SPECIFIC,
        ssrc_value=SSRC,
        srtp_profile=pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    return Listener(pylibsrtp.Session(policy), 111, number & 0x7FFF, sink.getsockname())


async def _measure(listeners: int, seconds: float) -> dict[str, float]:
    with (
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sink,
        closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as ours,
    ):
        sink.bind(("127.0.0.1", 0))  # it is full soon, and drops
        batch_sender = Timed(ours)
        broadcast = Broadcast(batch_sender, Source(SSRC, 0), Settings(lead_in_ms=20), lambda: None)
        for number in range(listeners):
            broadcast.add(_ear(number, sink))
        await asyncio.sleep(0.5)
        batch_sender.rows_s.clear()
        broadcast.play([b"\x78" + os.urandom(80)] * round(seconds * 50))
        lags, loop = list[float](), asyncio.get_running_loop()
        while broadcast.playing:
            due_s = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            lags.append(1000 * (loop.time() - due_s))
        broadcast.close()
        rows_ms = sorted(1000 * each for each in batch_sender.rows_s)
        return {
            "listeners": listeners,
            "p50_ms": sorted(lags)[len(lags) // 2],
            "p99_ms": sorted(lags)[int(len(lags) * 0.99)],
            "step_cpu_p50_ms": rows_ms[len(rows_ms) // 2],
            "step_cpu_longest_ms": rows_ms[-1],
            "dropped": batch_sender.dropped,
        }


def measure(listeners: int = 3_000, seconds: float = 6.0) -> dict[str, float]:
    """Return the lateness of the loop and the CPU of its longest step."""
    import uvloop  # noqa: PLC0415 - as the server runs

    return uvloop.run(_measure(listeners, seconds))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench.lag", description=__doc__)
    parser.add_argument("--listeners", type=int, default=3_000)
    for name, figure in measure(parser.parse_args().listeners).items():
        print(f"{name:24} {figure:10.2f}")


if __name__ == "__main__":
    main()
