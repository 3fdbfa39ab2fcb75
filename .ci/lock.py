"""Write the constraints*.txt: exact versions with the hash of every wheel that we may install.

pip resolves; this only asks it once a Python version and platform, and joins the answers.
Versions already locked stay; `python .ci/lock.py --upgrade` takes the newest that fit.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "constraints.txt"
# In addition to it: the optional parts of the server, and what tests and checks need besides.
OPTIONAL, DEVELOPMENT = ROOT / "constraints-extras.txt", ROOT / "constraints-dev.txt"
# Extras that `make run` installs, and without which the server runs as well.
BROUGHT = ("espeak",)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINUX_TAGS = (
    "manylinux_2_39",
    "manylinux_2_34",
    "manylinux_2_28",
    "manylinux_2_24",
    "manylinux_2_17",
    "manylinux2014",
)
PLATFORMS = (
    *(tuple(f"{tag}_{machine}" for tag in LINUX_TAGS) for machine in ("x86_64", "aarch64")),
    ("macosx_14_0_arm64",),
)
HEAD = "# Made by `make lock`: pip takes exactly these wheels, or none.\n"

Wheels = dict[tuple[str, str], set[str]]  # (name, version) -> sha256 of wheels


def main(arguments: list[str]) -> int:
    """Lock what pyproject.toml asks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needs = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]
    development = extras.pop("dev")
    needs += [need for extra in BROUGHT for need in extras.pop(extra)]
    optional = [need for extra in extras.values() for need in extra]
    keep = [] if "--upgrade" in arguments else sorted(locked(RUNTIME, OPTIONAL, DEVELOPMENT))
    everything = wheels([*needs, *optional, *development], keep)
    alone: list[str] = project["dependency-groups"]["alone"]
    everything.update(wheels(alone, pins(everything), "--no-deps"))
    runtime = share(everything, needs)
    serving = {**runtime, **share(everything, [*needs, *optional])}
    write(RUNTIME, runtime)
    write(OPTIONAL, without(serving, runtime), "In addition to constraints.txt: the optional parts.")
    write(DEVELOPMENT, without(everything, serving), "In addition to both others, for tests and checks.")
    return 0


def share(everything: Wheels, needs: list[str]) -> Wheels:
    """Return what of all that was found some needs alone take."""
    here = {named(item) for item in resolve(needs, pins(everything), PYTHONS[0], PLATFORMS[0])}
    return {key: hashes for key, hashes in everything.items() if key in here}


def without(found: Wheels, there: Wheels) -> Wheels:
    """Return what is not there already."""
    return {key: hashes for key, hashes in found.items() if key not in there}


def write(file: Path, found: Wheels, head: str = "") -> None:
    """Write one of the three files."""
    file.write_text(HEAD + (f"# {head}\n" if head else "") + "".join(lines(found)))
    print(f"{file.name}: {len(found)} packages")


def locked(*files: Path) -> Iterator[str]:
    """Yield the pins (`name==version`) of earlier runs."""
    for file in files:
        if file.exists():
            yield from re.findall(r"^([\w.-]+==[^ \\\n]+)", file.read_text(), re.MULTILINE)


def pins(found: Wheels) -> list[str]:
    """Return the versions found, as constraints."""
    return [f"{name}=={version}" for name, version in sorted(found)]


def wheels(needs: list[str], keep: list[str], *options: str) -> Wheels:
    """Resolve for every Python and platform, all with the same versions."""
    found: Wheels = defaultdict(set)
    for platform in PLATFORMS:
        for python in PYTHONS:
            for item in resolve(needs, [*keep, *pins(found)], python, platform, *options):
                found[named(item)].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
            print(f"python {python} {platform[0]}: {len(found)} packages so far", flush=True)
    return found


def named(item: dict[str, Any]) -> tuple[str, str]:
    """Return the normalised name and the version of one entry of pip's report."""
    return re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower(), item["metadata"]["version"]


def resolve(
    needs: list[str], keep: list[str], python: str, platform: Iterable[str], *options: str
) -> list[dict[str, Any]]:
    """Ask pip what it would install there."""
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder, "keep.txt"), Path(folder, "report.json")
        constraints.write_text("\n".join(dict.fromkeys(keep)))
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed"]
        command += ["--only-binary=:all:", "--target", f"{folder}/none", "--report", str(report)]
        command += ["--python-version", python, "--constraint", str(constraints)]
        for tag in platform:
            command += ["--platform", tag]
        subprocess.run([*command, *options, *needs], check=True)
        installs: list[dict[str, Any]] = json.loads(report.read_text())["install"]
        return installs


def lines(found: Wheels) -> Iterator[str]:
    """Yield one requirement with its hashes a package."""
    for (name, version), hashes in sorted(found.items()):
        listed = " \\\n".join(f"    --hash=sha256:{value}" for value in sorted(hashes))
        yield f"{name}=={version} \\\n{listed}\n"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
