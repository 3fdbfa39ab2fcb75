"""compose.yaml, Caddyfile and systemd unit: what they set exists, and the tools that read them agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from server import cli, config, options
from server.log_storage import DATABASE
from tests.support.programs import need_program
from tests.support.shape import ROOT

DEPLOY = ROOT / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
UNIT = (DEPLOY / "wonder.service").read_text()
HOSTING = (ROOT / "docs/hosting.md").read_text()
# Variables of the compose files that are no settings of the server.
NO_SETTINGS = {"WONDER_SITE", "WONDER_UPSTREAM", "WONDER_MEMORY"}


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "compose.captions.yaml", "wonder.service"])
def test_variables_are_settings(name: str) -> None:
    named = set(re.findall(r"\bWONDER_[A-Z_]*[A-Z]\b", (DEPLOY / name).read_text()))
    known = {options.variable(setting) for setting in config.NAMES}
    assert named - NO_SETTINGS <= known


def test_options_of_the_unit_are_settings() -> None:
    given = set(re.findall(r"--[a-z-]+", re.search(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)[1]))  # type: ignore[index]
    assert given <= {config.flag(name) for name in config.NAMES}


def test_the_udp_port_is_the_same_outside_and_inside() -> None:
    port = re.search(r'WONDER_UDP_PORT: "(.+)"', COMPOSE)[1]  # type: ignore[index]
    assert f'- "{port}:{port}/udp"' in COMPOSE


def test_the_proxy_is_trusted_by_its_network() -> None:
    (subnet,) = re.findall(r"subnet: (\S+)", COMPOSE)
    assert f'WONDER_TRUSTED_PROXIES: "{subnet}"' in COMPOSE
    assert config.networks(subnet)


def test_the_server_has_time_to_drain() -> None:
    grace_s = int(re.search(r"stop_grace_period: (\d+)s", COMPOSE)[1])  # type: ignore[index]
    stop_s = int(re.search(r"TimeoutStopSec=(\d+)", UNIT)[1])  # type: ignore[index]
    assert min(grace_s, stop_s) > config.DEFAULTS["drain_timeout_ms"] / 1000 + 4


@pytest.mark.parametrize(
    "line",
    ["DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=wonder",
     "RestrictNamespaces=user net ipc", "SystemCallFilter=@system-service"],
)  # fmt: skip
def test_the_unit_is_walled_and_lets_takes_be_finished_behind_walls_of_their_own(line: str) -> None:
    assert f"\n{line}\n" in UNIT


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "wonder.service"
    unit.write_text(UNIT.replace("/opt/wonder/bin/wonder", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0
    assert "wonder.service" not in done.stderr


def test_caddy_understands_its_file(tmp_path: Path) -> None:
    folders = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    file = str(DEPLOY / "Caddyfile")
    command = [need_program("caddy"), "validate", "--adapter", "caddyfile", "--config", file]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env={"PATH": "/usr/bin:/bin", **folders},
    )
    assert done.returncode == 0, done.stderr


def flags_of(command: click.Command) -> Iterator[str]:
    """Yield the options of a command and of all commands below it."""
    yield from (option for each in command.params for option in each.opts)
    for below in getattr(command, "commands", {}).values():
        yield from flags_of(below)


def test_hosting_names_what_there_is() -> None:
    others = {"--build", "--now", "--require-hashes", "--only-binary", "--no-deps", "--no-build-isolation"}
    others |= {"--rm", "--target"}
    given = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", HOSTING))
    others |= set(flags_of(cli.wonder))
    assert given - others <= {config.flag(name) for name in config.NAMES}
    for name in ("Dockerfile", "compose.yaml", "Caddyfile", "wonder.service", "grafana.json"):
        assert f"deploy/{name}" in HOSTING
    assert DATABASE in HOSTING
