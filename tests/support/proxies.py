"""Caddy, nginx and Traefik on a free port, each with the file that we ship for it."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from server import tls
from tests.support.ports import free_port
from tests.support.programs import need_program
from tests.support.shape import ROOT

START_LIMIT_S = 30.0
DEPLOY = ROOT / "deploy"
# Caddy for tests: a certificate of its own that nobody is asked to trust, and no port but the site's.
CADDY = "{\n\tskip_install_trust\n\tauto_https disable_redirects\n\tadmin off\n}\n"
# What our file for nginx is included in, with nothing outside its folder.
NGINX = """daemon off;
USER
pid nginx.pid;
events {}
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	include wonder.conf;
}
"""


@contextmanager
def running_proxy(program: str, home: Path, upstream: str) -> Iterator[str]:
    """Run a proxy in front of a server and give the name and port of the site."""
    path, port = need_program(program), free_port()
    arguments, environ = PROXIES[program](home, port, upstream)
    environ |= {name: str(home) for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    with (home / "log").open("wb") as log:
        child = subprocess.Popen(
            [path, *arguments], cwd=home, env={"PATH": os.environ["PATH"], **environ}, stdout=log, stderr=log
        )
    try:
        _await_site(f"https://localhost:{port}/readyz", child, home / "log")
        yield f"localhost:{port}"
    finally:
        child.terminate()
        try:
            child.wait(10)
        finally:
            child.kill()


def trusting() -> ssl.SSLContext:
    """Return what a visitor needs who takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _await_site(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while child.poll() is None and time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(url, timeout=5, context=trusting()):
            return
        time.sleep(0.05)
    raise RuntimeError(f"the proxy did not start: {log.read_text()[-4000:]}")


def _caddy(home: Path, port: int, upstream: str) -> tuple[list[str], dict[str, str]]:
    (home / "Caddyfile").write_text(CADDY + (DEPLOY / "Caddyfile").read_text())
    environ = {"WONDER_SITE": f"localhost:{port}", "WONDER_UPSTREAM": upstream}
    return ["run", "--adapter", "caddyfile", "--config", "Caddyfile"], environ


def _nginx(home: Path, port: int, upstream: str) -> tuple[list[str], dict[str, str]]:
    certificate, key = _certificate(home)
    ours = _with(
        (DEPLOY / "nginx.conf").read_text(),
        ("/etc/letsencrypt/live/wonder.example/fullchain.pem", str(certificate)),
        ("/etc/letsencrypt/live/wonder.example/privkey.pem", str(key)),
        ("\tlisten [::]:80;\n", ""),
        ("\tlisten [::]:443 ssl;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{free_port()};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("wonder.example", "localhost"),
        ("127.0.0.1:8080", upstream),
    )
    (home / "wonder.conf").write_text(ours)
    # Started by root, its workers would be nobody, who may not look into the folder.
    (home / "nginx.conf").write_text(NGINX.replace("USER", "user root;" if os.geteuid() == 0 else ""))
    return ["-p", str(home), "-c", "nginx.conf", "-e", "errors"], {}


def _traefik(home: Path, port: int, upstream: str) -> tuple[list[str], dict[str, str]]:
    certificate, key = _certificate(home)
    itself = _with(
        (DEPLOY / "traefik/traefik.yaml").read_text(),
        ('":80"', f'"127.0.0.1:{free_port()}"'),
        ('":443"', f'"127.0.0.1:{port}"'),
        ("/etc/traefik/wonder.yaml", str(home / "wonder.yaml")),
        ("/etc/traefik/acme.json", str(home / "acme.json")),
    )
    # Nobody gives a test a certificate: it brings its own.
    ours = _with(
        (DEPLOY / "traefik/wonder.yaml").read_text(),
        ("wonder.example", "localhost"),
        ("      tls:\n        certResolver: letsencrypt\n", "      tls: {}\n"),
        ("http://127.0.0.1:8080", f"http://{upstream}"),
    )
    ours += f"tls:\n  certificates:\n    - certFile: {certificate}\n      keyFile: {key}\n"
    (home / "wonder.yaml").write_text(ours)
    (home / "traefik.yaml").write_text(itself)
    return ["--configFile=traefik.yaml"], {}


def _with(text: str, *replaced: tuple[str, str]) -> str:
    """Return a file of ours with what is a matter of the machine put in."""
    for before, after in replaced:
        assert before in text, before
        text = text.replace(before, after)
    return text


def _certificate(home: Path) -> tuple[Path, Path]:
    certificate, key = home / "certificate.pem", home / "key.pem"
    certificate_pem, key_pem = tls.make(["localhost"], datetime.now(UTC))
    certificate.write_bytes(certificate_pem)
    key.write_bytes(key_pem)
    return certificate, key


PROXIES: dict[str, Callable[[Path, int, str], tuple[list[str], dict[str, str]]]] = {
    "caddy": _caddy,
    "nginx": _nginx,
    "traefik": _traefik,
}
