"""The budgets of size: small files, small functions, nothing swallowed."""

from __future__ import annotations

import ast
import statistics
from functools import cache

from tests.support.shape import (
    CODE,
    Source,
    javascript_files,
    measure_javascript,
    python_files,
    read_javascript,
    read_python,
)

PYTHON_FILE_LINES, PYTHON_FILE_MEDIAN = 500, 150
SCRIPT_FILE_LINES, SCRIPT_FILE_MEDIAN = 300, 60
FUNCTION_LINES, FUNCTION_MEDIAN = 60, 8
# What docs, wire and page call things is in docs/glossary.md; these words say nothing.
EMPTY_WORDS = ("manager", "handler", "helper", "util", "utils", "data", "info")


# Read when the first test asks, for every worker collects every file.
@cache
def code_files() -> list[Source]:
    return [read_python(path) for path in python_files(*CODE)]


@cache
def python_tests() -> list[Source]:
    return [read_python(path) for path in python_files("tests", "bench")]


@cache
def scripts() -> list[Source]:
    return [read_javascript(path) for path in javascript_files()]


def over(files: list[Source], lines: int) -> list[str]:
    return [f"{file.path}: {file.lines} lines" for file in files if file.lines > lines]


def long_functions(files: list[Source]) -> list[str]:
    functions = [f for file in files for f in file.functions]
    return [f"{f.where}: {f.lines} lines" for f in functions if f.lines > FUNCTION_LINES]


def test_no_file_is_longer_than_its_budget() -> None:
    assert not over(code_files() + python_tests(), PYTHON_FILE_LINES) + over(scripts(), SCRIPT_FILE_LINES)


def test_files_are_small_in_the_median() -> None:
    assert statistics.median(f.lines for f in code_files()) <= PYTHON_FILE_MEDIAN
    assert statistics.median([f.lines for f in scripts()] or [0]) <= SCRIPT_FILE_MEDIAN


def test_no_function_is_longer_than_its_budget() -> None:
    assert not long_functions(code_files() + python_tests() + scripts())


def test_functions_are_small_in_the_median() -> None:
    assert statistics.median(f.lines for file in code_files() for f in file.functions) <= FUNCTION_MEDIAN


def test_every_function_is_typed() -> None:
    assert not [f.where for file in code_files() for f in file.functions if not f.typed]


def test_nothing_is_swallowed_and_nothing_is_global() -> None:
    assert not [where for file in code_files() for where in file.swallows + file.globals]


def test_names_of_files_say_what_they_hold() -> None:
    stems = {f.path: f.path.rsplit("/", 1)[1].split(".")[0] for f in code_files() + scripts()}
    assert not [path for path, stem in stems.items() if set(stem.split("_")) & set(EMPTY_WORDS)]


def test_the_scanner_finds_functions_of_every_form() -> None:
    text = "const a = (x) => {\n  if (x) {\n  }\n};\nclass B {\n  #go(f = g()) {\n    return `}`;\n  }\n}\n"
    assert [f.lines for f in measure_javascript("a.js", text).functions] == [4, 3]


def test_no_key_of_the_application_is_set_and_never_read() -> None:
    defined, read, stored = set[str](), list[str](), list[str]()
    for path in python_files("server"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.AnnAssign(
                    target=ast.Name(id=name), annotation=ast.Subscript(value=ast.Attribute(attr="AppKey"))
                ):
                    defined.add(name)
                case ast.Subscript(slice=ast.Name(id=name) | ast.Attribute(attr=name), ctx=ast.Store()):
                    stored.append(name)
                case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                    read.append(name)  # also where it is stored
    assert len(defined) > 10
    assert [name for name in sorted(defined) if read.count(name) <= stored.count(name)] == []


def test_pages_are_polled_by_functions() -> None:
    # Under the page's policy Chromium evaluates an expression once: looked at again, it is refused.
    asked = [
        f"{path}: {ast.unparse(call.args[0])}"
        for path in python_files("tests", "bench")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "wait_for_function"
        and "=>" not in ast.unparse(call.args[0]).split("{")[0]
        and not isinstance(call.args[0], ast.Name)
    ]
    assert not asked
