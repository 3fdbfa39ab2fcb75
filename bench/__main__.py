"""Measure everything and print one table: `python -m bench [--write] [PART ...]`.

Each part runs in a process of its own. `--write` keeps the figures of the parts that were measured in
`bench/figures.json`, and puts those of all parts into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct

PARTS = (
    "pace",
    "finish",
    "masks",
    "way",
    "listeners",
    "chat",
    "sleep",
    "age",
    "expiry",
    "filters",
    "captions",
    "evening",
)
FIGURES = Path(__file__).with_name("figures.json")
PAGE = Path(__file__).resolve().parents[1] / "docs/performance.md"
MARKS = re.compile(r"(<!-- figures -->\n).*(<!-- end of figures -->)", re.DOTALL)


class Measured(Struct, frozen=True):
    """The figures of a part, when and where they were measured."""

    day: str
    machine: str
    figures: dict[str, float]


class Failed(Exception):
    """A part could not be measured."""


class Budget(Struct, frozen=True):
    """What a figure should be: at most (or, `least`, at least) a value."""

    figure: str
    what: str
    unit: str
    value: float
    least: bool = False

    def ratio(self, measured: float) -> float:
        """Return how much of the budget is used: 1.0 is all of it."""
        return self.value / measured if self.least else measured / self.value


BUDGETS = (
    Budget("pace.word_s", "word association of three, go to go", "s", 2.3),
    Budget("pace.vote_open_after_last_s", "a vote is open after its last voter", "s", 0.5),
    Budget("pace.heard_share", "share of all rounds in which a human is heard", "", 0.45, least=True),
    Budget("finish.cpu_ms_5s", "finish of a 5 s clip, CPU", "ms", 35),
    Budget("masks.cpu_ms_a_second_worst", "the slowest mask on a second of speech, CPU", "ms", 30),
    Budget("way.p50_ms", "end of speech to first radio packet, median", "ms", 50),
    Budget("way.p99_ms", "the same, 99th percentile", "ms", 400),
    Budget(
        "listeners.a_core_20ms",
        "listeners a core, 20 ms packets (twice Janus)",
        "",
        1596,
        least=True,
    ),
    Budget("listeners.a_core_120ms", "listeners a core, 120 ms packets", "", 8500, least=True),
    Budget("listeners.memory_kb", "memory of a WebRTC listener", "KB", 130),
    Budget("chat.lone_cpu_us_per_delivery", "CPU of a delivery, 1000 sockets, lone messages", "us", 9),
    Budget("chat.saturated_cpu_us_per_delivery", "CPU of a delivery, 1000 sockets, saturated", "us", 0.4),
    Budget("chat.lone_times_plain", "lone messages, times plain aiohttp beside it", "", 1),
    Budget("chat.saturated_times_plain", "saturated, times plain aiohttp beside it", "", 0.06),
    Budget("chat.joins_cpu_s", "CPU of 1000 joins at once", "s", 1),
    Budget("chat.idle_socket_kb", "memory of an idle socket", "KB", 20),
    Budget("sleep.kb_a_room", "memory of a sleeping room with an idle socket, 10,000 of them", "KB", 22),
    Budget("sleep.wake_p50_ms", "a message that wakes its room, median", "ms", 30),
    Budget("sleep.awake_under_microphones", "rooms awake under 20 microphones that wait", "", 1),
    Budget("expiry.awake_at_once", "rooms awake at once when 1,500 are due", "", 8),
    Budget("expiry.change_waited_s", "a change that comes while they are swept", "s", 3),
    Budget(
        "age.start_cpu_times_empty",
        "start with 10,000 rooms and a room of 100,000 clips, to an empty one, CPU",
        "",
        1.2,
    ),
    Budget("age.wake_ms_100000", "wake of a room with 100,000 clips", "ms", 30),
    Budget("age.wake_after_removal_ms_100000", "the same after a removal and a kill", "ms", 30),
    Budget("age.removal_us_100000", "removal in it, decided and folded, CPU", "us", 60),
    Budget("filters.cpu_us_a_line", "filters on a line of chat, all three, CPU", "us", 150),
    Budget("filters.worst_ms", "the same on the worst 500 characters, CPU", "ms", 20),
    Budget(
        "captions.base_times_faster_whisper_alone",
        "captions with base, clips read in the time that faster-whisper alone takes for one",
        "",
        4,
        least=True,
    ),
    Budget(
        "captions.base_landing_to_caption_p50_ms", "from landing to caption of 3 s, base, median", "ms", 500
    ),
    Budget("captions.tiny_en_word_errors_percent", "words of recorded sentences wrong, tiny.en", "%", 5),
    Budget("captions.base_word_errors_percent", "the same with base", "%", 5),
    Budget(
        "captions.tiny_en_single_words_kept_percent",
        "single words that pass the gates, tiny.en",
        "%",
        94,
        least=True,
    ),
    Budget("captions.base_single_words_kept_percent", "the same with base", "%", 94, least=True),
    Budget("captions.tiny_en_invented_percent", "sounds without speech given words, tiny.en", "%", 1),
    Budget("captions.base_invented_percent", "the same with base", "%", 1),
    Budget("evening.ogg_first_byte_ms_long", "first byte of an evening of 2,000 clips, Ogg", "ms", 300),
    Budget("evening.m4a_first_byte_ms_long", "the same, M4A", "ms", 300),
    Budget("evening.m4a_memory_mb", "memory that all of it as M4A takes", "MB", 64),
)


def measure(part: str) -> dict[str, float]:
    """Run one part in a fresh process and return its figures, named `part.figure`. Raises `Failed`."""
    code = f"import json; from bench import {part}; print('\\n' + json.dumps({part}.measure()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"bench.{part} failed:\n{done.stderr[-4000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {f"{part}.{name.removeprefix(part + '_')}": value for name, value in figures.items()}


def table(figures: dict[str, float]) -> Iterator[str]:
    """Yield the lines of the table: figures with a budget first, then the others."""
    yield "| what | measured | budget | of budget |"
    yield "|---|---:|---:|---:|"
    rest = dict(figures)
    for budget in BUDGETS:
        if budget.figure in rest:
            value = rest.pop(budget.figure)
            limit = f"{'>=' if budget.least else '<='} {shown(budget.value)} {budget.unit}".strip()
            measured = f"{shown(value)} {budget.unit}".strip()
            yield f"| {budget.what} | {measured} | {limit} | {budget.ratio(value):.2f} |"
    for name, value in rest.items():
        yield f"| `{name}` | {shown(value)} | | |"


def shown(value: float) -> str:
    """Return a figure with three significant digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def machine() -> str:
    """Say in one line where this was measured."""
    model = (
        re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
        if Path("/proc/cpuinfo").exists()
        else None
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model[1] if model else platform.machine()}, {cores} cores, Python {platform.python_version()}"


def page(measured: dict[str, Measured]) -> str:
    """Return the table, and under it which part was measured when and where."""
    runs: dict[str, list[str]] = {}
    for part in filter(measured.__contains__, PARTS):
        runs.setdefault(f"{measured[part].day}, {measured[part].machine}", []).append(part)
    when = (f"Measured on {run}: {', '.join(parts)}." for run, parts in runs.items())
    figures = {name: value for part in measured.values() for name, value in part.figures.items()}
    return "\n".join(["\n".join(when), "", *table(figures)])


def main() -> None:
    """Measure the parts asked for, or all."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all when none is named")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    chosen = parser.parse_args()
    today, here = f"{datetime.now(UTC):%Y-%m-%d}", machine()
    measured: dict[str, Measured] = {}
    failed: list[Failed] = []
    for part in chosen.parts or PARTS:
        print(f"measuring {part} ...", file=sys.stderr, flush=True)
        try:
            measured[part] = Measured(today, here, measure(part))
        except Failed as failure:
            failed.append(failure)
    print(page(measured))
    if chosen.write:
        kept = msgspec.json.decode(FIGURES.read_bytes(), type=dict[str, Measured]) | measured
        FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
        PAGE.write_text(MARKS.sub(lambda m: f"{m[1]}{page(kept)}\n{m[2]}", PAGE.read_text()))
    if failed:
        raise SystemExit("\n".join(map(str, failed)))


if __name__ == "__main__":
    main()
