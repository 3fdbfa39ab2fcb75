"""How the workers of `make test` share the tests."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import cast

import pytest
from xdist.remote import Producer  # type: ignore[import-untyped]

from tests.support.lanes import FIRST_WORKER, QUIET, Lanes
from tests.support.shape import ROOT

BROWSERS = [f"tests/browser/test_{name}.py::test_{number}" for name in "ab" for number in range(3)]
PAGES = [f"{file}::test_{number}" for file in sorted(QUIET) for number in range(3)]
OTHERS = [f"tests/audio/test_{name}.py::test_it[a::b-{number}]" for name in "cd" for number in range(3)]
ALL = BROWSERS + PAGES + OTHERS


class Worker:
    """One that is ready to run tests, and has been told which."""

    def __init__(self, name: str) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.told: list[str] = []

    def send_runtest_some(self, places: list[int]) -> None:
        self.told += [ALL[place] for place in places]

    def shutdown(self) -> None:
        self.shutting_down = True


def shared(*names: str) -> dict[str, list[str]]:
    """Let workers become ready in this order, run all that they are given, and return what each ran."""
    options = SimpleNamespace(tx=[f"{len(names)}*popen"], loadscopereorder=True, debug=False)
    config = SimpleNamespace(option=options, getvalue=options.__dict__.get)
    lanes = Lanes(cast(pytest.Config, config), Producer("lanes", enabled=False))
    workers = [Worker(name) for name in names]
    for worker in workers:
        lanes.add_node(worker)
        lanes.add_node_collection(worker, ALL)
    lanes.schedule()
    ran = {worker.gateway.id: list[str]() for worker in workers}
    while lanes.has_pending:
        for worker in workers:
            for test in worker.told[len(ran[worker.gateway.id]) :][:1]:
                ran[worker.gateway.id].append(test)
                lanes.mark_test_complete(worker, ALL.index(test))
    return ran


@pytest.mark.parametrize("names", [("gw0", "gw1"), ("gw1", "gw0"), ("gw0",), ("gw2", "gw1", "gw0")])
def test_all_that_is_heard_goes_to_the_first_worker_whichever_is_ready_first(names: tuple[str, ...]) -> None:
    ran = shared(*names)

    assert ran[FIRST_WORKER][: len(BROWSERS)] == BROWSERS
    assert sorted(itertools.chain(*ran.values())) == sorted(ALL)


@pytest.mark.parametrize("names", [("gw0", "gw1"), ("gw2", "gw1", "gw0")])
def test_pages_without_sound_go_to_the_others_at_once(names: tuple[str, ...]) -> None:
    ran = shared(*names)

    assert ran["gw1"][:3] == PAGES[:3]


def test_a_file_stays_together() -> None:
    ran = shared("gw0", "gw1", "gw2")

    for tests in ran.values():
        files = [test.partition("::")[0] for test in tests]
        assert len([*itertools.groupby(files)]) == len(set(files))


def test_files_without_sound_are_there() -> None:
    assert not [file for file in QUIET if not (ROOT / file).is_file()]
