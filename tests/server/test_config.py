"""Settings: where they come from, which win, and what is said of a bad one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import config
from server.config import BadSetting, Config, load


def test_without_anything_every_setting_has_its_default() -> None:
    found = load({}, {})
    assert found == Config()
    assert (found.host, found.port, found.udp_port, found.log, found.tls) == (
        "127.0.0.1", 8080, 8081, "sqlite", "off",
    )  # fmt: skip


def test_flags_win_over_variables_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text('port = 1\nudp_port = 1\nhost = "::1"\n')
    found = load({"port": "3", "host": None}, {"WONDER_PORT": "2", "WONDER_UDP_PORT": "2"}, file)
    assert (found.port, found.udp_port, found.host) == (3, 2, "::1")


def test_keys_of_the_file_may_be_spelled_as_the_options_are(tmp_path: Path) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text('udp-port = 1\npublic-ip = "203.0.113.5"\n')
    found = load({}, {}, file)
    assert (found.udp_port, found.public_ip) == (1, "203.0.113.5")


def test_a_folder_is_a_path_wherever_it_comes_from(tmp_path: Path) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text('data = "here"\n')
    assert load({}, {}, file).data == Path("here")
    assert load({"data": "there"}, {}, file).data == Path("there")


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_an_empty_variable_is_as_none(tmp_path: Path, empty: str) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text('port = 1\npublic_ip = "203.0.113.5"\n')
    variables = {config.PREFIX + name.upper(): empty for name in config.NAMES}
    assert load({}, variables) == Config()
    assert load({}, variables, file) == Config(port=1, public_ip="203.0.113.5")


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


def test_the_service_links_of_kubernetes_are_no_settings() -> None:
    assert load({}, SERVICE_LINKS) == Config()
    assert load({}, {**SERVICE_LINKS, "WONDER_HOST": "0.0.0.0"}) == Config(host="0.0.0.0")
    assert config.service_links(SERVICE_LINKS) == sorted(SERVICE_LINKS)
    assert config.strangers({**SERVICE_LINKS, "WONDER_PROT": "1"}) == ["WONDER_PROT"]
    assert (
        config.service_links({"WONDER_PORT": "8080", "WONDER_UDP_PORT": "1", "OTHER_PORT": "tcp://x:1"}) == []
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_may_begin_with_the_mark_that_editors_write(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text('port = 1\ndata = "dätä"\n', encoding)
    assert load({}, {}, file) == Config(port=1, data=Path("dätä"))
    file.write_text("port = 1", "utf-16")
    with pytest.raises(BadSetting, match=r"wonder\.toml"):
        load({}, {}, file)


BAD = [
    ({"port": "65536"}, "--port"),
    ({"port": "-1"}, "--port"),
    ({"port": "eighty"}, "--port"),
    ({"udp_port": "1.5"}, "--udp-port"),
    ({"host": ""}, "--host"),
    ({"host": "http://x"}, "--host"),
    ({"public_ip": "example.org"}, "--public-ip"),
    ({"public_ip": "203.0.113.7,"}, "--public-ip"),
    ({"public_ip": "auto", "stun_server": "stun.example"}, "--stun-server"),
    ({"public_ip": "auto", "stun_server": "::1"}, "--stun-server"),
    ({"stun_server": "stun.example:3478"}, "--stun-server"),
    ({"public_url": "wonder.example"}, "--public-url"),
    ({"public_url": "https://wonder.example/path"}, "--public-url"),
    ({"data": ""}, "--data"),
    ({"log": "postgres"}, "--log"),
    ({"log": "nats://127.0.0.1:4222"}, "--log"),
    ({"blobs": "s3://bucket"}, "--blobs"),
    ({"blobs": "memory"}, "--blobs"),
    ({"blobs": "disk"}, "--blobs"),
    ({"tls": "on"}, "--tls"),
    ({"tls": "no-such-cert.pem,no-such-key.pem"}, "--tls"),
    ({"captions": "tiny"}, "--captions"),
    ({"admin_token": "with space"}, "--admin-token"),
    ({"trusted_proxies": "10.0.0.1, nonsense"}, "--trusted-proxies"),
    ({"limits": "maybe"}, "--limits"),
    ({"media_workers": "-1"}, "--media-workers"),
    ({"media_workers": "3", "udp_port": "65534"}, "--media-workers"),
    ({"upload_bytes": "0"}, "--upload-bytes"),
    ({"drain_timeout_ms": "20000"}, "--drain-timeout-ms"),
]


@pytest.mark.parametrize(("flags", "named"), BAD)
def test_a_bad_option_is_named_in_one_sentence(flags: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting) as caught:
        load(flags, {})
    sentence = str(caught.value)
    assert named in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(BadSetting, match="WONDER_PORT"):
        load({}, {"WONDER_PORT": "x"})


@pytest.mark.parametrize(
    ("text", "named"),
    [("prot = 1", "`prot`"), ("port = 'x'", "`port`"), ("port = ", "not TOML"), ("port = '8'", "`port`")],
)
def test_a_bad_key_of_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "wonder.toml"
    file.write_text(text)
    with pytest.raises(BadSetting, match=named):
        load({}, {}, file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"--config .*nowhere\.toml"):
        load({}, {}, tmp_path / "nowhere.toml")


def test_a_token_is_never_repeated() -> None:
    with pytest.raises(BadSetting) as caught:
        load({"admin_token": "my secret token"}, {})
    assert "secret" not in str(caught.value)


def test_variables_that_are_no_setting_are_known() -> None:
    found = config.strangers({"WONDER_PROT": "1", "WONDER_PORT": "1", "WONDER_CONFIG": "x", "HOME": "y"})
    assert found == ["WONDER_PROT"]


def test_every_setting_has_a_sentence_a_default_and_a_row() -> None:
    page = config.table()
    for name in config.NAMES:
        sentence = config.meta(name).description
        assert sentence
        assert sentence.endswith(".")
        assert f"| `{config.flag(name)}` |" in page
        assert name.endswith(("_ms", "_bytes")) == bool((config.meta(name).extra or {}).get("unit"))


@given(st.sampled_from(config.NAMES), st.text(max_size=40))
def test_any_value_is_taken_or_refused_by_name(name: str, value: str) -> None:
    try:
        load({name: value}, {})
    except BadSetting as bad:
        assert config.flag(name) in str(bad)  # noqa: PT017
