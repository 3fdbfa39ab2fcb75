"""Settings: the places they come from, which wins, and which is named when one is bad."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from server import config, options
from server.config import BadSetting, Config
from server.options import with_settings


@with_settings
@click.command()
def command(config: Config) -> Config:
    return config


def load(*arguments: str) -> Config:
    """Return the settings that a command gets."""
    found: Config = command.main(list(arguments), standalone_mode=False)
    return found


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Begin with no variable of ours."""
    for name in [*config.NAMES, "config"]:
        monkeypatch.delenv(options.variable(name), raising=False)
    return monkeypatch


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "wonder.toml"


def test_without_anything_every_setting_has_its_default() -> None:
    found = load()
    assert found == Config()
    assert (found.host, found.port, found.udp_port, found.log, found.tls, found.data) == (
        "127.0.0.1", 8080, 8081, "sqlite", "off", Path("data"),
    )  # fmt: skip


def test_options_win_over_variables_over_the_file(file: Path, environ: pytest.MonkeyPatch) -> None:
    file.write_text('port = 1\nudp_port = 1\nhost = "::1"\n')
    environ.setenv("WONDER_PORT", "2")
    environ.setenv("WONDER_UDP_PORT", "2")
    found = load("--config", str(file), "--port", "3")
    assert (found.port, found.udp_port, found.host) == (3, 2, "::1")


@pytest.mark.parametrize("last", [True, False])
def test_where_the_file_is_named_does_not_matter(file: Path, environ: pytest.MonkeyPatch, last: bool) -> None:
    file.write_text("port = 1\nudp_port = 1\n")
    named = ["--config", str(file)]
    assert load(*(["--port", "3", *named] if last else [*named, "--port", "3"])).udp_port == 1
    environ.setenv("WONDER_CONFIG", str(file))
    assert load("--port", "3") == Config(port=3, udp_port=1)


def test_an_option_may_say_that_something_is_empty(environ: pytest.MonkeyPatch) -> None:
    environ.setenv("WONDER_PUBLIC_IP", "203.0.113.5")
    assert load().public_ip == "203.0.113.5"
    assert load("--public-ip", "").public_ip == ""


def test_every_setting_is_taken_from_each_place(file: Path, environ: pytest.MonkeyPatch) -> None:
    other = {n: str(v + 1) if isinstance(v, int) else "x" for n, v in config.DEFAULTS.items()}
    other |= {
        "telegram_token": "42:x",
        "telegram_webhook": "https://wonder.example",
        "telegram_api": "http://127.0.0.1:1",
        "log": "memory", "blobs": "s3://clips", "s3_endpoint": "https://x", "blobs_url": "https://y",
        "tls": "self-signed", "limits": "off",
        "public_ip": "auto", "stun_server": "stun.example:1", "public_url": "https://x",
        "trusted_proxies": "::1", "drain_timeout_ms": "14", "house_rooms": "de", "speech": "espeak",
        "push": "off", "strict": "on", "push_contact": "mailto:x@example.org", "s3_region": "x",
        "host_engine": "off", "host_url": "http://localhost:1/v1",
    }  # fmt: skip
    expected = load(*(f"{config.flag(name)}={value}" for name, value in other.items()))
    assert [name for name in config.NAMES if getattr(expected, name) == config.DEFAULTS[name]] == []
    lines = [f"{n} = {v}" if v.isdecimal() else f'{n} = "{v}"' for n, v in other.items()]
    file.write_text("\n".join(lines))
    assert load("--config", str(file)) == expected
    for name, value in other.items():
        environ.setenv(options.variable(name), value)
    assert load() == expected


def test_keys_of_the_file_may_be_spelled_as_the_options_are(file: Path) -> None:
    file.write_text('udp-port = 1\npublic-ip = "203.0.113.5"\n')
    assert load("--config", str(file)) == Config(udp_port=1, public_ip="203.0.113.5")


def test_a_folder_is_a_path_wherever_it_comes_from(file: Path) -> None:
    file.write_text('data = "here"\n')
    assert load("--config", str(file)).data == Path("here")
    assert load("--config", str(file), "--data", "there").data == Path("there")


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_variable_is_as_none(file: Path, environ: pytest.MonkeyPatch, empty: str) -> None:
    file.write_text('port = 1\npublic_ip = "203.0.113.5"\n')
    for name in config.NAMES:
        environ.setenv(options.variable(name), empty)
    environ.setenv("WONDER_ADMIN_TOKEN_FILE", empty)
    assert load() == Config()
    assert load("--config", str(file)) == Config(port=1, public_ip="203.0.113.5")


# What Kubernetes sets for services called wonder, wonder-udp and wonder-host.
SERVICE_LINKS = {
    "WONDER_PORT": "tcp://10.0.0.1:8080",
    "WONDER_SERVICE_HOST": "10.0.0.1",
    "WONDER_SERVICE_PORT": "8080",
    "WONDER_SERVICE_PORT_HTTP": "8080",
    "WONDER_PORT_8080_TCP": "tcp://10.0.0.1:8080",
    "WONDER_PORT_8080_TCP_PROTO": "tcp",
    "WONDER_PORT_8080_TCP_PORT": "8080",
    "WONDER_PORT_8080_TCP_ADDR": "10.0.0.1",
    "WONDER_UDP_PORT": "udp://10.0.0.2:8081",
    "WONDER_UDP_SERVICE_HOST": "10.0.0.2",
    "WONDER_UDP_PORT_8081_UDP_ADDR": "10.0.0.2",
    "WONDER_HOST_PORT": "tcp://[fd00::1]:80",
}


def test_the_service_links_of_kubernetes_are_no_settings(environ: pytest.MonkeyPatch) -> None:
    for name, value in SERVICE_LINKS.items():
        environ.setenv(name, value)
    assert load() == Config()
    environ.setenv("WONDER_HOST", "0.0.0.0")
    assert load() == Config(host="0.0.0.0")
    assert options.service_links(SERVICE_LINKS) == sorted(SERVICE_LINKS)
    assert options.unknown_variables({**SERVICE_LINKS, "WONDER_PROT": "1"}) == ["WONDER_PROT"]
    others = {"WONDER_PORT": "8080", "WONDER_UDP_PORT": "1", "OTHER_PORT": "tcp://x:1"}
    assert options.service_links(others) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_may_begin_with_the_mark_that_editors_write(file: Path, encoding: str) -> None:
    file.write_text('port = 1\ndata = "dätä"\n', encoding)
    assert load("--config", str(file)) == Config(port=1, data=Path("dätä"))
    file.write_text("port = 1", "utf-16")
    with pytest.raises(BadSetting, match=r"wonder\.toml"):
        load("--config", str(file))


def test_a_bad_option_and_a_bad_variable_are_named(environ: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match=r"the option --port: it must be a whole number from 0 to 65535\."):
        load("--port", "eighty")
    environ.setenv("WONDER_PORT", "x")
    with pytest.raises(BadSetting, match="the variable WONDER_PORT: it must be a whole number"):
        load()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "`prot`"), ("port = 'x'", "`port`"), ("port = ", "not TOML"), ("port = '8'", "`port`"),
        ("host = 1", "`host`"), ("port = [1]", "`port`"), ("port.x = 1", "`port`"), ("port = true", "`port`"),
    ],
)  # fmt: skip
def test_a_bad_key_of_the_file_is_named(file: Path, text: str, named: str) -> None:
    file.write_text(text)
    with pytest.raises(BadSetting, match=named):
        load("--config", str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"--config .*nowhere\.toml"):
        load("--config", str(tmp_path / "nowhere.toml"))


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path, environ: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "token"
    secret.write_text("a-secret-of-many-characters\n")
    environ.setenv("WONDER_ADMIN_TOKEN_FILE", str(secret))
    assert load().admin_token == "a-secret-of-many-characters"
    environ.setenv("WONDER_ADMIN_TOKEN", "another-one")
    assert load().admin_token == "another-one"
    assert load("--admin-token", "given").admin_token == "given"


@pytest.mark.parametrize("body", [None, b"\xff\xfe"])
def test_a_secret_that_cannot_be_read_is_named_and_not_shown(
    tmp_path: Path, environ: pytest.MonkeyPatch, body: bytes | None
) -> None:
    if body is not None:
        (tmp_path / "token").write_bytes(body)
    environ.setenv("WONDER_ADMIN_TOKEN_FILE", str(tmp_path / "token"))
    with pytest.raises(BadSetting, match=r"WONDER_ADMIN_TOKEN_FILE .*token: this file"):
        load()


def test_variables_that_are_no_setting_are_known() -> None:
    given = {"WONDER_PROT": "1", "WONDER_PORT": "1", "WONDER_CONFIG": "x", "HOME": "y", "WONDERFUL": "z",
             "WONDER_ADMIN_TOKEN_FILE": "x", "WONDER_PORT_FILE": "x"}  # fmt: skip
    assert options.unknown_variables(given) == ["WONDER_PORT_FILE", "WONDER_PROT"]
