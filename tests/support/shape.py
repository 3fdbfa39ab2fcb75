"""Measures of a source tree: how long its files and functions are, and what they must not hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("audio", "games", "server")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Function:
    """One function: its lines without decorators, and whether every argument and the return are typed."""

    where: str
    lines: int
    typed: bool = True


@dataclass
class Source:
    """One source file and what was found in it."""

    path: str
    lines: int
    functions: list[Function] = field(default_factory=list)
    swallows: list[str] = field(default_factory=list)
    globals: list[str] = field(default_factory=list)


def python_files(*folders: str) -> Iterator[Path]:
    """Yield the Python files of top-level folders, empty `__init__.py` left out."""
    for folder in folders:
        yield from (p for p in sorted((ROOT / folder).rglob("*.py")) if p.stat().st_size)


def read_python(path: Path) -> Source:
    """Measure one Python file."""
    text, name = path.read_text(), path.relative_to(ROOT).as_posix()
    source = Source(name, len(text.splitlines()))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FunctionNode):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            source.functions.append(Function(f"{name}:{node.name}", lines, _is_typed(node)))
        elif isinstance(node, ast.ExceptHandler) and _swallows(node):
            source.swallows.append(f"{name}:{node.lineno}")
        elif isinstance(node, ast.Global):
            source.globals.append(f"{name}:{node.lineno}")
    return source


def _is_typed(node: FunctionNode) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    rest = [a for a in (node.args.vararg, node.args.kwarg) if a is not None]
    untyped = [a for a in arguments + rest if a.annotation is None and a.arg not in {"self", "cls"}]
    return not untyped and node.returns is not None


def _swallows(handler: ast.ExceptHandler) -> bool:
    """Tell whether a handler catches everything and does nothing about it."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {k.id for k in kinds if isinstance(k, ast.Name)}
    catches_all = handler.type is None or bool(names & {"Exception", "BaseException"})
    return catches_all and all(_is_silent(statement) for statement in handler.body)


def _is_silent(statement: ast.stmt) -> bool:
    nothing = isinstance(statement, ast.Return) and statement.value is None
    return nothing or isinstance(statement, ast.Pass | ast.Continue | ast.Break)


# --- JavaScript: a scanner, good enough for files that a formatter has seen ------------------

QUIET = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`
      | (?<=[(,=:\[!&|?{};])\s*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*""",
    re.DOTALL | re.VERBOSE,
)
BODY = re.compile(r"(?:=>|(?P<head>[\w$#]+)\s*\((?:[^(){}]|\([^(){}]*\))*\))\s*(?P<brace>\{)")
NO_FUNCTIONS = frozenset({"catch", "for", "if", "switch", "while", "with"})


def javascript_files() -> Iterator[Path]:
    """Yield our own JavaScript, third-party files left out."""
    yield from (p for p in sorted((ROOT / "static").rglob("*.js")) if "third-party" not in p.parts)


def read_javascript(path: Path) -> Source:
    """Measure one JavaScript file."""
    return measure_javascript(path.relative_to(ROOT).as_posix(), path.read_text())


def measure_javascript(name: str, text: str) -> Source:
    """Measure the text of one JavaScript file; a function needs braces to count."""
    source = Source(name, len(text.splitlines()))
    bare = QUIET.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
    for match in BODY.finditer(bare):
        if match["head"] not in NO_FUNCTIONS:
            lines = bare.count("\n", match.start(), _closing(bare, match.start("brace"))) + 1
            line = bare.count("\n", 0, match.start()) + 1
            source.functions.append(Function(f"{name}:{line}", lines))
    return source


def _closing(text: str, brace: int) -> int:
    """Return where the brace that opens at an index is closed."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, brace):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.start()
    return len(text)
