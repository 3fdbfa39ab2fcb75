"""The arrows between parts point down only: this table, held against every import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.support.shape import CODE, ROOT, python_files

# Living rooms, as those see them who send them commands.
LIVING = ("server.room", "server.rooms")
# What every edge may know.
EDGE = (
    "audio",
    "games",
    "server.config",
    "server.log.base",
    "server.blobs.base",
    *LIVING,
    "server.rtc",
    "server.takes",
    "server.takes.finisher",
)
# A part is the longest prefix below that a module's dotted name has; it may import from itself and from
# the parts listed with it.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "audio": (),
    "games": (),
    "server": (),
    "server.places": (),
    "server.config": ("audio", "server.places"),
    "server.options": ("server.config",),
    "server.settings_page": ("server.config",),
    "server.clock": (),
    "server.room": ("games",),
    # Living rooms: the writer, who is here, sleep and waking.
    "server.rooms": ("games", "server.room", "server.log.base", "server.blobs.base", "server.together"),
    # Nodes that share rooms: who lives, who owns a room, and a room of another node as edges here see it.
    "server.cluster.members": (),
    "server.cluster.nats_transport": ("server.cluster", "server.nats"),
    "server.cluster": (
        "server.cluster.members",
        "server.room",
        "server.rooms",
        "server.log.base",
        "server.log.claims",
        "server.blobs.base",
    ),
    # The way to NATS, which the log, the blobs and the nodes share.
    "server.nats": ("server.blobs.base",),
    "server.log.bell": (),
    "server.log.claims": (),
    "server.log.base": ("server.log.bell", "server.blobs.base", "server.room"),
    "server.log.moving": ("server.log.base", "server.room"),
    "server.log": (
        "server.log.moving",
        "server.log.base",
        "server.log.bell",
        "server.log.claims",
        "server.blobs.base",
        "server.nats",
        "server.room",
        "server.together",
    ),
    "server.blobs.base": (),
    # From one log to another, whatever they are.
    "server.moving": (
        "server.log.base",
        "server.log.moving",
        "server.blobs.base",
        "server.room",
        "server.together",
    ),
    "server.blobs.unreduced": (),
    # The forms of the blobs: the local ones are in the storage of the log, others beside it.
    "server.blobs": (
        "server.blobs.base",
        "server.log",
        "server.log.base",
        "server.log.bell",
        "server.room",
        "server.nats",
        "server.together",
    ),
    # Processes of our own, and several things at once.
    "server.jobs": (),
    "server.subprocesses": ("server.jobs",),
    "server.together": (),
    "server.pauses": (),
    "server.rota": (),
    "server.rtc": ("audio", "server.subprocesses", "server.clock", "server.rtc", "server.together"),
    "server.takes.sandbox": (),
    # From the sandboxed process outwards: what decodes foreign sound, who asks it, and a take's life.
    "server.takes.finishing": ("audio", "server.jobs", "server.takes.sandbox", "server.engines"),
    "server.takes.finisher": ("audio", "server.jobs", "server.subprocesses", "server.takes.finishing"),
    "server.takes": (
        "audio",
        "server.room",
        "server.rooms",
        "server.log.base",
        "server.blobs.base",
        "server.blobs.unreduced",
        "server.rtc",
        "server.takes.finisher",
        "server.together",
    ),
    # What programs of others do for us, in processes of their own.
    "server.engines": ("audio", "server.jobs", "server.subprocesses", "server.clock", "server.together"),
    # What a character says, by rules and data; and the engines that write lines, which know characters and
    # what a room lets be said.
    "server.mind": ("games", "server.room"),
    "server.engines.text": ("games", "server.room", "server.mind", "server.engines"),
    "server.engines.prompting": ("games", "server.room", "server.engines.text"),
    "server.engines.fallback": ("server.engines.text", "server.together"),
    "server.engines.openai_text": ("server.engines.text", "server.engines", "server.engines.prompting"),
    "server.engines.open_text": (
        "server.engines.text",
        "server.engines",
        "server.engines.fallback",
        "server.engines.openai_text",
    ),
    "server.engines.embedded": ("games", "server.room", "server.mind", "server.engines.text"),
    # What wakes browsers through the push services that they name.
    "server.push": ("server.log.base", "server.room", "server.config"),
    # A part of the radio: what it says between clips.
    "server.readers.announcer": ("games", "server.engines", "server.room", "server.rooms"),
    # A part of the host: its voice.
    "server.readers.host_voice": ("audio", "server.engines", "server.room", "server.rooms"),
    "server.readers": (
        "server.readers.announcer",
        "server.readers.host_voice",
        "server.engines",
        "server.engines.text",
        "server.push",
        "audio",
        "games",
        "server.room",
        "server.rooms",
        "server.log.base",
        "server.blobs.base",
        "server.blobs.unreduced",
        "server.rtc",
        "server.together",
        "server.pauses",
        "server.rota",
    ),
    "server.metrics.registry": (),
    "server.metrics": ("server.metrics.registry", *LIVING, "server.rtc", "server.takes"),
    # Plumbing of HTTP, the resources, one connection's side of a room, and what describes them all.
    "server.http": (
        "audio",
        "server.config",
        "server.log.base",
        "server.blobs.base",
        "server.metrics.registry",
        *LIVING,
        "server.rtc",
    ),
    "server.web": (*EDGE, "server.engines", "server.http", "server.metrics.registry", "server.push"),
    "server.socket": (*EDGE, "server.http", "server.web"),
    "server.api": (*EDGE, "server.http", "server.web", "server.socket"),
    # An edge like those: what people send from Telegram.
    "server.telegram": (*EDGE, "server.http", "server.readers", "server.pauses", "server.rota"),
    "server.site": (
        *EDGE,
        "server.engines",
        "server.http",
        "server.web",
        "server.socket",
        "server.api",
        "server.metrics",
        "server.metrics.registry",
    ),
}
# The composition root and the commands may name everything.
ROOTS = (
    "server.app",
    "server.cli",
    "server.clip_storage",
    "server.log_storage",
    "server.doctor",
    "server.exporting",
    "server.move",
    "server.hearing",
    "server.radio_of_takes",
    "server.speaking",
    "server.tls",
    "server.__main__",
)
# The pure parts know neither the event loop nor the network nor the disk.
PURE = ("games", "server.room", "server.mind", "audio", "server.cluster.members")
IMPURE_MODULES = ("asyncio", "aiohttp", "aioice", "aiortc", "apsw", "socket", "sqlite3", "uvloop")


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str, parts: tuple[str, ...] = tuple(MAY_IMPORT)) -> str:
    """Return the longest of the parts that a module belongs to."""
    fitting = [part for part in parts if module == part or module.startswith(part + ".")]
    return max(fitting, key=len, default="")


def imports(path: Path) -> Iterator[str]:
    """Yield what a file imports, late imports too; `from a.b import c` gives a.b.c."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


MODULES = {dotted(path): path for path in python_files(*CODE)}


@pytest.mark.parametrize("module", sorted(set(MODULES) - set(ROOTS)))
def test_arrows_point_down(module: str) -> None:
    part = part_of(module)
    own = [name for name in imports(MODULES[module]) if name.split(".")[0] in CODE]
    wrong = [name for name in own if part_of(name) not in {part, *MAY_IMPORT[part]}]
    wrong += [name for name in own if name.startswith(ROOTS)]
    assert not wrong


def test_no_files_import_one_another_in_a_circle() -> None:
    graph = {
        module: {part_of(name, tuple(MODULES)) for name in imports(path)} - {module, ""}
        for module, path in MODULES.items()
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", sorted(m for m in MODULES if part_of(m) in PURE))
def test_pure_parts_know_no_loop_and_no_network(module: str) -> None:
    assert not [name for name in imports(MODULES[module]) if name.split(".")[0] in IMPURE_MODULES]


def test_readers_do_not_know_each_other() -> None:
    """The radio has a part of its own, which no other reader knows."""
    readers = {name: path for name, path in MODULES.items() if name.startswith("server.readers.")}
    for name, path in readers.items():
        others = [
            other for other in imports(path) if other.startswith("server.readers") and name not in other
        ]
        assert not [
            other
            for other in others
            if not other.startswith(("server.readers.base.", "server.readers.feed."))
            and not (name == "server.readers.radio" and other.startswith("server.readers.announcer."))
        ]


def test_web_resources_do_not_reach_below_the_interfaces() -> None:
    """Pages and sockets speak to `Log` and `Media`, never to what implements them."""
    concrete = ("server.log.sqlite", "server.log.memory", "server.rtc.udp", "server.rtc.peer")
    web = [
        path
        for name, path in MODULES.items()
        if name.startswith(("server.web", "server.socket", "server.http"))
    ]
    assert not [name for path in web for name in imports(path) if name.startswith(concrete)]


def test_the_documents_have_a_row_for_every_part_and_none_for_what_is_gone() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("## Arrows") : text.index("The page has a table")]
    rows = "".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))
    named = {name.removeprefix(".") for name in re.findall(r"`([\w.]+)`", rows)}
    there = {*MODULES, *MAY_IMPORT}
    found = {
        part for name in named for part in (name, f"server.{name}", f"server.takes.{name}") if part in there
    }

    assert len(found) == len(named)
    assert {part for part in MAY_IMPORT if part.count(".") < 2} - {"server"} <= found
