"""Settings: their defaults and bounds, and what is said of a bad one."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server import config, settings_page
from server.config import BadSetting, Config


def made(options: Mapping[str, str]) -> Config:
    """Return the settings that texts make."""
    values = {name: config.convert(name, text, config.flag(name)) for name, text in options.items()}
    found = Config(**values)
    config.check(found)
    return found


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
    ({"log": "nats://"}, "--log"),
    ({"strict": "yes"}, "--strict"),
    ({"blobs": "s3://"}, "--blobs"),
    ({"blobs": "nats"}, "--blobs"),
    ({"s3_endpoint": "http://s3.example"}, "--blobs"),
    ({"blobs": "s3://bucket", "s3_key": "k"}, "--blobs"),
    ({"spool_bytes": "0"}, "--spool-bytes"),
    ({"blobs": "memory"}, "--blobs"),
    ({"blobs": "disk"}, "--blobs"),
    ({"tls": "on"}, "--tls"),
    ({"tls": "no-such-cert.pem,no-such-key.pem"}, "--tls"),
    ({"captions": ""}, "--captions"),
    ({"host_engine": "gpt"}, "--host-engine"),
    ({"host_engine": "openai", "host_url": "http://127.0.0.1:1/v1"}, "--host-engine"),
    ({"host_url": "models.example/v1"}, "--host-url"),
    ({"host_url": "https://models.example:0x/v1"}, "--host-url"),
    ({"host_url": "https://models.example/v1?key=abc"}, "--host-url"),
    ({"host_key": "with space"}, "--host-key"),
    ({"host_prompt_cents": "-1"}, "--host-prompt-cents"),
    ({"admin_token": "with space"}, "--admin-token"),
    ({"telegram_token": "no-token"}, "--telegram-token"),
    ({"telegram_token": "42:with space"}, "--telegram-token"),
    ({"telegram_webhook": "https://wonder.example"}, "--telegram-webhook"),
    ({"telegram_token": "42:A", "telegram_webhook": "http://wonder.example"}, "--telegram-webhook"),
    ({"telegram_api": "wonder.example/bot"}, "--telegram-api"),
    ({"trusted_proxies": "10.0.0.1, nonsense"}, "--trusted-proxies"),
    ({"push": "maybe"}, "--push"),
    ({"push_contact": "me@wonder.example"}, "--push-contact"),
    ({"push_contact": "mailto:"}, "--push-contact"),
    ({"limits": "maybe"}, "--limits"),
    ({"house_rooms": "en,fr"}, "--house-rooms"),
    ({"media_workers": "-1"}, "--media-workers"),
    ({"media_workers": "3", "udp_port": "65534"}, "--media-workers"),
    ({"upload_bytes": "0"}, "--upload-bytes"),
    ({"drain_timeout_ms": "20000"}, "--drain-timeout-ms"),
]


@pytest.mark.parametrize(("flags", "named"), BAD)
def test_a_bad_option_is_named_in_one_sentence(flags: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting) as caught:
        made(flags)
    sentence = str(caught.value)
    assert named in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_token_is_never_repeated() -> None:
    with pytest.raises(BadSetting) as caught:
        made({"admin_token": "my secret token"})
    assert "secret" not in str(caught.value)
    with pytest.raises(BadSetting) as caught:
        made({"telegram_token": "secret"})
    assert "secret" not in str(caught.value)


def test_secrets_are_in_no_sentence_and_no_trace() -> None:
    for options in ({"host_key": "my secret key"}, {"host_url": "https://me:secret@models.example"}):
        with pytest.raises(BadSetting) as caught:
            made(options)
        assert "secret" not in str(caught.value)
    shown = repr(Config(host_key="sk-secret", admin_token="secret-token", host_url="https://models.example"))
    assert "sk-secret" not in shown
    assert "secret-token" not in shown
    assert "https://models.example" in shown


def test_every_setting_has_a_sentence_a_default_and_a_row() -> None:
    page = settings_page.table()
    for name in config.NAMES:
        sentence = config.meta(name).description
        assert sentence
        assert sentence.endswith(".")
        assert f"| `{config.flag(name)}` |" in page
        assert name.endswith(("_ms", "_bytes", "_cents")) == bool(config.unit(name))


@given(st.sampled_from(config.NAMES), st.text(max_size=40))
def test_any_value_is_taken_or_refused_by_name(name: str, value: str) -> None:
    try:
        made({name: value})
    except BadSetting as bad:
        assert config.flag(name) in str(bad)  # noqa: PT017
