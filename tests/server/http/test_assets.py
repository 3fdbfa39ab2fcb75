"""Files of the page: whole, packed, known, and nothing outside the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.assets import STATIC, Assets, asset
from server.http.problems import Problem
from tests.support.web_app import Site


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
    assert found.packed is not None
    assert len(found.packed) < len(found.body) / 5


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
    assert (changed.body, changed.packed) == (b"new", None)
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
    assert asset(b"\0" * 10_000, "audio/wav").packed is None
