"""One word for one thing: names that were given up for the field's own do not come back."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shape import CODE, ROOT, javascript_files, python_files

# What each name became is in docs/glossary.md, or in the code that has the new one.
GIVEN_UP = frozenset(
    {"Allowance", "Bound", "Circle", "Ear", "Hearer", "Held", "Home", "House", "Known", "Line", "Member"}
    | {"Moment", "Nursery", "Ours", "Parts", "Repair", "Row", "Scene", "Seat", "Shelved", "Sitting", "Stage"}
    | {
        "Told",
        "TurnedAway",
        "Volley",
        "Wish",
        "eldest",
        "on_sleep",
        "on_wake",
        "pay",
        "shelved",
        "sit",
        "house",
        "_house",
    }
    | {"strangers", "_bury", "_hush", "_nowhere", "_unheard"}
)
# Words of the field that a part may still use in a sense of its own.
ALLOWED = {
    "server/engines/text.py": {"Line"},
    "server/log/reading.py": {"Row"},
    "server/room/snapshot.py": {"Parts"},
}
GONE = ("server/child.py", "server/room/flow.py", "server/room/wishes.py", "server/safety", "static/js/stage")


def names(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        yield from (each.string for each in tokenize.tokenize(file.readline) if each.type == tokenize.NAME)


def defined(path: Path) -> Iterator[str]:
    """Yield names of a file's own: what follows `def`, `class` or `self.`, and aliases."""
    before = ""
    for name in names(path):
        if before in {"def", "class", "self"}:
            yield name
        before = name
    yield from re.findall(r"^(\w+)(?=[:=\s]*=)", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "path", list(python_files(*CODE)), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_no_name_that_was_given_up_is_defined_again(path: Path) -> None:
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), set())
    assert not GIVEN_UP & set(defined(path)) - allowed


@pytest.mark.parametrize("folder", ["tests", "bench"])
def test_no_class_of_tests_or_benchmarks_has_such_a_name(folder: str) -> None:
    found = [
        (path.name, name)
        for path in python_files(folder)
        for name in re.findall(r"^\s*class (\w+)", path.read_text(), re.MULTILINE)
    ]
    assert not [each for each in found if each[1] in GIVEN_UP]


def test_the_page_has_no_such_class_or_type_either() -> None:
    found = [
        (path.name, name)
        for path in javascript_files()
        for name in GIVEN_UP
        if re.search(
            rf"class {name} |@typedef .*\b{name}( \*/)?$|\}} {name}$", path.read_text(), re.MULTILINE
        )
    ]
    assert not found


def test_no_folder_or_file_that_was_given_up_is_there() -> None:
    assert not [name for name in GONE if (ROOT / name).exists()]
