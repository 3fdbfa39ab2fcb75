"""Files of the page: whole, packed, known, and nothing outside the folder."""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.assets import ROOT, STATIC, Assets, asset, codings, without_comments
from server.http.problems import Problem
from tests.support.web_app import Site

ESBUILD = str(ROOT / "node_modules/.bin/esbuild")
ROOM_BUDGET_BYTES = 100_000
HEADERS_BYTES = 330  # of one answer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "static"
    (root / "js").mkdir(parents=True)
    (root / "js" / "a.js").write_text("export const a = 1;\n" * 50)
    (root / ".hidden.js").write_text("secret")
    (root / "notes.bak").write_text("secret")
    (tmp_path / "outside.js").write_text("secret")
    (root / "link.js").symlink_to(tmp_path / "outside.js")
    return root


def test_a_file_is_found_with_its_type_and_packed(folder: Path) -> None:
    found = Assets(folder).find("js/a.js")
    assert found.content_type == "text/javascript"
    assert list(found.packed) == ["br", "gzip"]
    assert len(found.packed["br"]) < len(found.packed["gzip"]) < len(found.body) / 5
    assert brotli.decompress(found.packed["br"]) == gzip.decompress(found.packed["gzip"]) == found.body


@pytest.mark.parametrize(
    "name",
    ["", ".", "js", "js/", "..", "../outside.js", "js/../../outside.js", "/etc/passwd", "link.js",
     ".hidden.js", "notes.bak", "js/a.js\0", "js\\a.js", "js/a.js/", "x" * 5_000 + ".js"],
)  # fmt: skip
def test_nothing_else_is_found(folder: Path, name: str) -> None:
    with pytest.raises(Problem) as caught:
        Assets(folder).find(name)
    assert caught.value.status == 404


@given(st.text(max_size=60))
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        found = Assets(STATIC / "icons").find(name)
    except Problem:
        return
    assert found.body


def test_a_file_that_changed_is_read_anew(folder: Path) -> None:
    assets = Assets(folder)
    before = assets.find("js/a.js")
    assert assets.find("js/a.js") is before
    (folder / "js" / "a.js").write_text("new")
    changed = assets.find("js/a.js")
    assert (changed.body, changed.packed) == (b"new", {})
    assert changed.etag != before.etag


async def test_a_file_is_sent_packed_to_who_takes_that(site: Site) -> None:
    path = next(p for p in STATIC.rglob("*.js") if p.stat().st_size > 400).relative_to(STATIC).as_posix()
    async with site.ask("GET", f"/static/{path}", headers={"Accept-Encoding": "gzip"}) as answer:
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
        assert answer.headers["Cache-Control"] == "no-cache"
        etag = answer.headers["ETag"]
    assert await site.status("GET", f"/static/{path}", headers={"If-None-Match": etag}) == 304
    async with site.ask("GET", f"/static/{path}?v={etag.strip(chr(34))}") as answer:
        assert "immutable" in answer.headers["Cache-Control"]
    for crooked in (
        "../server/cli.py",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/%2e%2e/pyproject.toml",
        "js/%00",
        "",
    ):
        assert await site.status("GET", f"/static/{crooked}") == 404


def test_sound_is_not_packed() -> None:
    assert not asset(b"\0" * 10_000, "audio/wav").packed


@pytest.mark.parametrize(
    ("accepted", "named"),
    [
        ("", {""}),
        ("gzip, deflate, br;q=0.9", {"gzip", "deflate", "br"}),
        ("br;q=0, GZIP ; q=1", {"gzip"}),
        ("gzip;q=0.000", set()),
    ],
)
def test_a_coding_with_weight_nought_is_refused(accepted: str, named: set[str]) -> None:
    assert codings(accepted) == named


def test_comments_that_fill_lines_are_not_sent_and_nothing_else_is_missing(tmp_path: Path) -> None:
    """esbuild, which drops all comments, makes the same of a script with them and without."""
    before, after = tmp_path / "before", tmp_path / "after"
    for path in sorted((STATIC / "js").rglob("*.js")):
        source = path.read_bytes()
        sent = without_comments(source)
        assert sent.count(b"\n") == source.count(b"\n")
        for folder, body in ((before, source), (after, sent)):
            copy = folder / path.relative_to(STATIC)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(body)

    assert compiled(before) == compiled(after)
    assert without_comments(b"const a = /** @type {X} */ (b); // c\n /** d\n e */\nf;") == (
        b"const a = /** @type {X} */ (b); // c\n\n\nf;"
    )
    assert without_comments(b"/** @type {X} */ (b).c = 1; /** d */\n") == (
        b"/** @type {X} */ (b).c = 1; /** d */\n"
    )


def compiled(folder: Path) -> Mapping[str, str]:
    """Return every script of a folder as esbuild writes it without comments and white space."""
    out = folder.with_suffix(".out")
    command = [ESBUILD, *map(str, sorted(folder.rglob("*.js"))), "--minify-whitespace", f"--outdir={out}"]
    subprocess.run([*command, f"--outbase={folder}", "--log-level=error"], check=True)
    return {str(path.relative_to(out)): path.read_text() for path in out.rglob("*.js")}


def test_a_room_is_at_most_100_kb_everything_counted_and_packed() -> None:
    """Packed by Brotli: a microphone needs HTTPS, and over HTTPS every browser takes that."""
    assets = Assets()
    html = (STATIC / "room.html").read_text()
    modules = re.findall(r'<link rel="modulepreload"[^>]* href="/static/([^"]+)">', html)
    styles = re.findall(r'<link rel="stylesheet" href="/static/([^"]+)">', html)
    rest = ("room.html", "js/lib/text.de.js", "js/room.js", "icons/icon.svg", "worklets/meter-processor.js",
            "manifest.webmanifest", "sounds/silence.wav")  # fmt: skip
    paths = (*rest, *modules, *styles)
    assert len(modules) > 40
    assert len(styles) >= 4
    sent = [assets.find(path) for path in paths]
    bytes_ = sum(len(each.packed.get("br", each.body)) + HEADERS_BYTES for each in sent)

    assert bytes_ <= ROOM_BUDGET_BYTES, f"{len(paths)} files, {bytes_} bytes"
