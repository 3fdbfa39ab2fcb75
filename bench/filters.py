"""What the filters cost a text: a usual line, and the worst that 500 characters can be, CPU."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from statistics import median
from time import process_time

from server.room import filters
from server.room.kinds import KINDS

ROUNDS = 50
LINES = (
    "The first thing I see is a purple elephant on a bicycle.",
    "Meine jüdische Großmutter macht die beste Suppe.",
    "There were 99 red balloons and 101 dalmatians.",
)
# What each pattern likes least.
HOSTILE = (
    "1-",
    "a.",
    "a-",
    "a@",
    "1 ",
    "n i ",
    "n*",
    "null ",
    "ab strasse ",
    "kill all the ",
    "x.xx/",
    "Anna Xx ",
)
TEXT_CHARACTERS = 500


def measure() -> dict[str, float]:
    """Return the figures by their names."""
    kept = KINDS["arena"].filters
    filters.refuse(LINES[0], "en", kept)  # the lists are read once
    line = median(_cpu_us(partial(filters.refuse, line, "de", kept)) for line in LINES)
    texts = [(piece * TEXT_CHARACTERS)[:TEXT_CHARACTERS] for piece in HOSTILE]
    worst = max(_cpu_us(partial(filters.refuse, text, "de", kept)) for text in texts)
    return {"cpu_us_a_line": line, "worst_ms": worst / 1000}


def _cpu_us(work: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        start = process_time()
        work()
        took.append((process_time() - start) * 1e6)
    return median(took)


def main() -> None:
    """Print the figures."""
    for name, value in measure().items():
        print(f"{name:>20} {value:8.2f}")


if __name__ == "__main__":
    main()
