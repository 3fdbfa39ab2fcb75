"""Networks of a test's own: namespaces joined by an internet, some of them behind a NAT.

Needs root, iproute2 and nftables. Every name is of this test alone, and nothing is made outside of the
namespaces: a pair of devices is born inside, and dies with them.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from tests.support.server import READY, ROOT

PUBLIC = "203.0.113.{}"  # RFC 5737
PRIVATE = "192.168.7.{}"  # the same in every home, as in life
PATIENCE_S = 60.0


def why_not() -> str:
    """Return why networks cannot be made here; nothing when they can."""
    missing = [name for name in ("ip", "nft") if not shutil.which(name)]
    if missing:
        return f"not installed: {', '.join(missing)} (packages iproute2 and nftables)"
    if os.geteuid():
        return "only root may make network namespaces"
    probe = f"wonder-{secrets.token_hex(4)}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False).returncode:
        return "network namespaces are not permitted here"
    rules = f"ip netns exec {probe} nft add table ip nat".split()
    nat = subprocess.run(rules, capture_output=True, check=False).returncode == 0
    subprocess.run(["ip", "netns", "delete", probe], check=True)
    return "" if nat else "nftables does not work here"


class Place:
    """One namespace: a machine, or a router."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, *command: str, input: str | None = None) -> None:
        """Run a command inside. Raises `CalledProcessError`."""
        subprocess.run(["ip", "netns", "exec", self.name, *command], input=input, text=True, check=True)

    def start(self, *module: str) -> subprocess.Popen[str]:
        """Start one of our modules inside; it speaks through its standard output."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith("WONDER_")}
        command = ["ip", "netns", "exec", self.name, sys.executable, "-u", "-m", *module]
        return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)


class Internet:
    """Places with public addresses, and homes behind routers that translate."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._prefix = f"wonder-{secrets.token_hex(4)}"
        self._numbers = iter(range(1, 250))
        self._middle = self._place("middle")
        self._middle.run("ip", "link", "add", "cloud", "type", "bridge")
        self._middle.run("ip", "address", "add", PUBLIC.format(254) + "/24", "dev", "cloud")
        self._middle.run("ip", "link", "set", "cloud", "up")

    def _place(self, name: str) -> Place:
        full = f"{self._prefix}-{name}"
        subprocess.run(["ip", "netns", "add", full], check=True)
        self._stack.callback(subprocess.run, ["ip", "netns", "delete", full], check=True)
        place = Place(full)
        place.run("ip", "link", "set", "lo", "up")
        return place

    def public(self, name: str) -> tuple[Place, str]:
        """Return a place on the internet and its address."""
        place, number = self._place(name), next(self._numbers)
        port = f"port{number}"
        _cable(self._middle, port, place, "outside")
        self._middle.run("ip", "link", "set", port, "master", "cloud", "up")
        place.run("ip", "address", "add", PUBLIC.format(number) + "/24", "dev", "outside")
        place.run("ip", "link", "set", "outside", "up")
        place.run("ip", "route", "add", "default", "via", PUBLIC.format(254))
        return place, PUBLIC.format(number)

    def home(self, name: str, *, forwards: tuple[str, ...] = ()) -> tuple[Place, str]:
        """Return a place behind a router, and the router's public address.

        The router masquerades with ports by chance, lets nothing in that was not asked for from
        inside, and `forwards` ports ("udp 8081") to the place.
        """
        router, address = self.public(f"{name}-router")
        inside = self._place(name)
        _cable(router, "inside", inside, "outside")
        router.run("ip", "address", "add", PRIVATE.format(1) + "/24", "dev", "inside")
        router.run("ip", "link", "set", "inside", "up")
        inside.run("ip", "address", "add", PRIVATE.format(2) + "/24", "dev", "outside")
        inside.run("ip", "link", "set", "outside", "up")
        inside.run("ip", "route", "add", "default", "via", PRIVATE.format(1))
        router.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        router.run("nft", "-f", "-", input=_rules(forwards))
        return inside, address

    def close_to(self, process: subprocess.Popen[str]) -> subprocess.Popen[str]:
        """End a process before its place goes."""

        def end() -> None:
            process.kill()
            process.communicate()

        self._stack.callback(end)
        return process


def _cable(one: Place, device: str, other: Place, its_device: str) -> None:
    ends = ["ip", "link", "add", device, "netns", one.name, "type", "veth"]
    subprocess.run([*ends, "peer", "name", its_device, "netns", other.name], check=True)


def _rules(forwards: tuple[str, ...]) -> str:
    into = [
        f"iifname outside {p.split()[0]} dport {p.split()[1]} dnat to {PRIVATE.format(2)}" for p in forwards
    ]
    return "\n".join(
        [
            "table ip nat {",
            "chain out { type nat hook postrouting priority 100; oifname outside masquerade random; }",
            "chain in { type nat hook prerouting priority -100;",
            *into,
            "}",
            "}",
            "table ip walls { chain pass { type filter hook forward priority 0; policy drop;",
            "ct state established,related accept; ct status dnat accept; iifname inside accept; }",
            "}",
            "",
        ]
    )


@contextmanager
def internet() -> Iterator[Internet]:
    """Make an internet, and take it all down again, however the test went."""
    with ExitStack() as stack:
        yield Internet(stack)


def serve(net: Internet, place: Place, folder: str, *options: str) -> tuple[str, str]:
    """Run a server in a place; return its HTTP port, and the address of its voices."""
    command = ["server", "serve", "--host", "0.0.0.0", "--data", folder, "--speech", "off"]
    command += ["--host-engine", "off", *options]
    process = net.close_to(place.start(*command))
    assert process.stdout is not None
    ready = READY.match(process.stdout.readline())
    assert ready, "the server did not start"
    return ready[1].rsplit(":", 1)[1], ready[2]


def told(process: subprocess.Popen[str], limit_s: float = PATIENCE_S) -> dict[str, Any]:
    """Return the last line that a client says before it ends, as JSON."""
    out, _ = process.communicate(timeout=limit_s)
    assert process.returncode == 0, out
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def said(process: subprocess.Popen[str], line: str, limit_s: float = PATIENCE_S) -> None:
    """Wait until a client says this line."""
    assert process.stdout is not None
    deadline = time.monotonic() + limit_s
    while (heard := process.stdout.readline().strip()) != line:
        assert heard or process.poll() is None, "the client ended"
        assert time.monotonic() < deadline
