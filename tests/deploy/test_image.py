"""The image, built without a container engine: the steps of the Dockerfile in a temporary folder.

What an engine alone can show (the base image, the user, the health check's schedule) is read instead.
"""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import config
from tests.support.server import READY
from tests.support.shape import ROOT

DOCKERFILE = re.sub(r"\\\n\s*", "", (ROOT / "deploy/Dockerfile").read_text())
STEPS = re.findall(r"^([A-Z]+) (.+)$", DOCKERFILE, re.MULTILINE)
EDGES = [at for at, (name, _) in enumerate(STEPS) if name == "FROM"]
STAGES = {
    STEPS[at][1].split(" AS ")[1]: STEPS[at:end]
    for at, end in zip(EDGES, [*EDGES[1:], len(STEPS)], strict=True)
}
BUILD, RUNTIME = STAGES["build"], STAGES["run"]


def runtime(name: str) -> list[str]:
    return [words for step, words in RUNTIME if step == name]


def ignored(name: str) -> bool:
    """Tell whether the build does not get to see a path (.dockerignore: the last line that fits decides)."""
    found = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parts = [name, *map(str, Path(name).parents)]
        if (
            line
            and line[0] != "#"
            and any(fnmatch.fnmatch(Path(p).name, pattern) or p == pattern for p in parts)
        ):
            found = not line.startswith("!")
    return found


def copy(words: str, folder: Path) -> None:
    """Copy what git knows and .dockerignore lets through."""
    *names, to = words.split()
    for name in names:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", name],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        files = [each for each in listed.stdout.splitlines() if not ignored(each) and (ROOT / each).exists()]
        assert files, f"{name} is not in the tree, or .dockerignore keeps it out"
        for each in files:
            target = folder / to / Path(each).relative_to(name) if to != "./" else folder / each
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / each, target)


@pytest.fixture(scope="module")
def wonder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `wonder` command of an environment built by the steps of the first stage."""
    folder, home = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("opt") / "wonder"
    for name, words in BUILD:
        if name == "COPY":
            copy(words, folder)
        elif name == "RUN":
            command = words.replace("/opt/wonder", str(home)).replace("--no-cache-dir", "--quiet")
            if command.startswith("python "):
                command = shlex.quote(sys.executable) + command.removeprefix("python")
            subprocess.run(shlex.split(command), cwd=folder, check=True, timeout=300)
    return home / "bin/wonder"


@pytest.fixture
def container(wonder: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run the image's command with its environment, in an empty folder of its own."""
    variables = dict(pair.split("=", 1) for line in runtime("ENV") for pair in line.split())
    variables |= {"PATH": f"{wonder.parent}:/usr/bin:/bin", "WONDER_DATA": str(tmp_path / "data")}
    variables |= {"WONDER_PORT": "0", "WONDER_UDP_PORT": "0", "WONDER_HOST": "127.0.0.1"}
    said = tmp_path / "out"
    command = [str(wonder), *json.loads(runtime("CMD")[0])]
    with said.open("wb") as out:
        process = subprocess.Popen(command, cwd=tmp_path, env=variables, stdout=out)
    yield process, said
    process.kill()
    process.wait()


@pytest.mark.timeout(400)
def test_what_the_image_holds_is_well_and_serves(
    wonder: Path, container: tuple[subprocess.Popen[bytes], Path], tmp_path: Path
) -> None:
    process, said = container
    deadline = time.monotonic() + 60
    while not (ready := READY.search(said.read_text())):
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for path in ("/readyz", "/", "/r/wonder"):
        with urllib.request.urlopen(ready[1] + path, timeout=10) as answer:
            assert answer.status == 200
    check = json.loads(runtime("HEALTHCHECK")[0].split("CMD ", 1)[1])
    variables = {"WONDER_PORT": ready[1].rsplit(":", 1)[1]}
    assert (
        subprocess.run([str(wonder.parent / check[0]), *check[1:]], env=variables, check=False).returncode
        == 0
    )
    process.terminate()
    assert process.wait(20) == 0
    assert subprocess.run([str(wonder.parent / check[0]), *check[1:]], env=variables, capture_output=True,
                          check=False).returncode != 0  # fmt: skip
    doctor = [str(wonder), "doctor", "--json", "--data", str(tmp_path), "--port", "0", "--udp-port", "0"]
    done = subprocess.run(doctor, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_image_runs_without_root_and_keeps_its_data_in_the_volume() -> None:
    assert runtime("USER") == ["wonder"]
    assert runtime("VOLUME") == ["/data"]
    assert "WONDER_DATA=/data" in runtime("ENV")[0]
    assert runtime("STOPSIGNAL") == ["SIGTERM"]


def test_one_tcp_and_one_udp_port_are_those_of_the_settings() -> None:
    assert runtime("EXPOSE") == [f"{config.DEFAULTS['port']}/tcp {config.DEFAULTS['udp_port']}/udp"]


def test_all_stages_stand_on_the_same_image() -> None:
    bases = [STEPS[at][1].split()[0] for at in EDGES]
    assert len({base for base in bases if base not in STAGES}) == 1


def test_without_a_target_the_image_has_no_optional_parts() -> None:
    assert list(STAGES)[-1] == "plain"
    assert ("COPY", "--from=build /opt/wonder /opt/wonder") in STAGES["plain"]


def test_the_image_with_optional_parts_has_all_of_them_by_hash_and_runs_as_the_other(tmp_path: Path) -> None:
    (words,) = [words for name, words in STAGES["build-extras"] if name == "COPY"]
    copy(words, tmp_path)
    (install,) = [words for name, words in STAGES["build-extras"] if name == "RUN"]
    assert "--require-hashes" in install
    assert install.endswith("-r constraints.txt -r constraints-extras.txt")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for name, file in (
        ("captions", words.split()[0]),
        ("speech", words.split()[0]),
        ("espeak", "constraints.txt"),
    ):
        for line in extras[name]:
            package = re.match("[a-z-]+", line)
            assert package
            assert re.search(rf"^{package[0]}==.* ", (ROOT / file).read_text(), re.MULTILINE)
    assert ("COPY", "--from=build-extras /opt/wonder /opt/wonder") in STAGES["extras"]
    assert {name for name, _ in STAGES["extras"]} == {"FROM", "COPY"}  # nothing is run there as root


def test_the_variant_with_captions_says_settings_that_there_are() -> None:
    variant = (ROOT / "deploy/compose.captions.yaml").read_text()
    for name in re.findall(r"^ +WONDER_([A-Z_]+):", variant, re.MULTILINE):
        assert name.lower() in config.DEFAULTS
    assert "target: extras" in variant


@pytest.mark.parametrize(
    "name", ["data/wonder.db", ".git/config", "tests/conftest.py", "server/__pycache__/a.pyc"]
)
def test_data_history_and_tests_are_no_part_of_the_image(name: str) -> None:
    assert ignored(name)
