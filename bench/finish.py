"""CPU of finishing a 5 s clip, and how many times a plain decode and encode of the same clip that is.

python -m bench.finish
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable
from time import process_time

import numpy as np

from audio import finish, opus
from audio.take import Limits, Packet, Take
from server.takes.finisher import ENVIRONMENT
from tests.support import speech

ROUNDS = 15
SPEECH = 232_320  # samples: 4.84 s, and 80 ms kept on each side
WORDS = "This is what somebody says into a microphone, and then some more"


def measure() -> dict[str, float]:
    """Return the figures."""
    return figures_of("finish")


def figures_of(bench: str) -> dict[str, float]:
    """Return the `figures` of a module here, from a process set up as the finishing process is."""
    code = f"import json; from bench import {bench}; print(json.dumps({bench}.figures()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))


def figures() -> dict[str, float]:
    """Measure in this process."""
    take = spoken_take()
    clip = finish.finish_take(take, Limits())

    def plain() -> None:
        """Decode what was sent, and encode as much as the clip holds: nothing else."""
        pcm = opus.decode(take.packets, longest=len(take.packets) * opus.FRAME)
        opus.encode(pcm[48_000 : 48_000 + clip.duration_ms * 48])

    finished_ms, least_ms = cpu_ms(lambda: finish.finish_take(take, Limits()))
    plain_ms, _ = cpu_ms(plain)
    return {
        "cpu_ms_5s": finished_ms * 5_000 / clip.duration_ms,
        "cpu_ms_5s_least": least_ms * 5_000 / clip.duration_ms,
        "plain_codec_cpu_ms": plain_ms,
        "times_plain_codec": finished_ms / plain_ms,
    }


def spoken_take() -> Take:
    """Return 7 s as a browser sends them, 1 s of it pre-roll, 5 s of it speech."""
    sound = speech.room_noise(7, -60, 1)
    words = np.concatenate([speech.say(WORDS)] * 3)[:SPEECH]
    sound[48_000 : 48_000 + SPEECH] += speech.level(words, -22)
    payloads = speech.opus_packets(sound)
    packets = (Packet(index * opus.FRAME, payload) for index, payload in enumerate(payloads))
    return Take(tuple(packets), preroll_ms=1_000)


def cpu_ms(work: Callable[[], object], *, rounds: int = ROUNDS) -> tuple[float, float]:
    """Return (median, least) CPU of `work` in ms, after one run to warm up."""
    work()
    gc.collect()
    took = []
    for _ in range(rounds):
        start = process_time()
        work()
        took.append((process_time() - start) * 1000)
    took.sort()
    return took[len(took) // 2], took[0]


def main() -> None:
    for name, value in measure().items():
        print(f"{name:>20} {value:8.2f}")


if __name__ == "__main__":
    main()
