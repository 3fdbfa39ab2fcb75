"""What the documents say is true of the tree."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from server import config, settings_page
from tests.support.shape import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "games").rglob("*.md")])
NAMES = [path.relative_to(ROOT).as_posix() for path in DOCUMENTS]
# They tell of files as they were, and of one that its reader is to write.
NOT_OF_NOW = {"CHANGELOG.md", "games/GUIDE.md"}
# Words of one workplace, never of the project: paths of a machine, addresses of registries, unfinished work.
# They are written in pieces, so that this file does not hold them itself.
FOREIGN = [
    "/work" + "/",
    "/root" + "/",
    "/home" + "/",
    "py" + "pi.org",
    "npm" + "js.org",
    "TO" + "DO",
    "FIX" + "ME",
]
TEXTS = {".py", ".js", ".md", ".toml", ".txt", ".json", ".yaml", ".html", ".css", ".svg", ".xml", ""}


def tracked() -> list[Path]:
    """Return the text files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in files if path.suffix in TEXTS and path.is_file()]


def links(path: Path) -> list[str]:
    """Return where a document leads inside the tree."""
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text)
    return [link for pair in found for link in pair if link and not re.match(r"[a-z]+:|#", link)]


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    folder = (ROOT / name).parent
    assert not [link for link in links(ROOT / name) if not (folder / link.split("#")[0]).exists()]


@pytest.mark.parametrize("name", sorted(set(NAMES) - NOT_OF_NOW))
def test_files_that_are_named_by_their_path_are_there(name: str) -> None:
    text = (ROOT / name).read_text()
    named = re.findall(r"`((?:server|static|tests|bench|audio|deploy|docs)/[\w./-]+\.\w+)`", text)
    assert not [path for path in named if not (ROOT / path).exists()]


def test_commands_of_the_documents_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in DOCUMENTS:
        assert set(re.findall(r"`make ([a-z-]+)|^make ([a-z-]+)", path.read_text(), re.MULTILINE)) <= {
            pair for target in targets for pair in ((target, ""), ("", target))
        }, path


def test_readme_begins_with_the_two_commands_that_ci_uses() -> None:
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci/run").read_text()
    assert re.search(r"```sh\nmake run .*\nmake test ", readme)
    assert "\nmake test\n" in ci
    assert "\nmake check\n" in ci


def test_options_of_the_readme_are_settings() -> None:
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / "README.md").read_text()))
    assert options <= {config.flag(name) for name in config.NAMES} | {"--config"}


def test_every_setting_is_documented() -> None:
    assert (ROOT / "docs/settings.md").read_text() == settings_page.table()


def test_changelog_says_what_is_unreleased() -> None:
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert heads[0] == "Unreleased"
    assert heads[1:2] in ([], [version])


def test_decisions_are_numbered_and_complete() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    for number, path in enumerate(records, start=1):
        assert path.name.startswith(f"{number:04}-")
        text = path.read_text()
        assert text.startswith(f"# {number}. ")
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
            "Rejected",
        ]
        assert re.search(r"^Status: (accepted|superseded by \d+), \d{4}-\d{2}\.$", text, re.MULTILINE)


def test_each_word_of_the_glossary_stands_once_and_says_what_it_is_not() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \| (.+) \|$", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE)
    words = [word.strip() for row in rows for word in row[0].split(",")]
    assert len(words) == len(set(words)) > 40
    assert not set(words) & {other.strip() for row in rows for other in row[2].split(",")}


def test_the_tree_speaks_of_the_project_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in FOREIGN
        if word in path.read_text(errors="replace")
    ]
    assert not found


def test_constraints_pin_by_hash_and_name_no_address() -> None:
    for name in ("constraints.txt", "constraints-extras.txt", "constraints-dev.txt"):
        text = (ROOT / name).read_text()
        pins = re.findall(r"^[\w.-]+==\S+", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", text)) >= len(pins)
        assert "://" not in text
