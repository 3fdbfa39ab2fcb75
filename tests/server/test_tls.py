"""TLS: certificates that are made here, kept, renewed, and those of the operator."""

from __future__ import annotations

import asyncio
import ssl
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509

from server import tls
from server.config import BadSetting, Config
from tests.support.server import hang_up


def test_a_certificate_is_made_once_and_only_its_owner_reads_the_key(tmp_path: Path) -> None:
    first = tls.self_signed(tmp_path / "data", ["localhost", "192.168.1.7"])
    bodies = [path.read_bytes() for path in first]
    for path in first:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = tls.self_signed(tmp_path / "data", ["localhost"])
    assert [path.read_bytes() for path in again] == bodies


def test_a_certificate_names_all_that_it_is_for(tmp_path: Path) -> None:
    certificate, _ = tls.self_signed(tmp_path, ["localhost", "box.local", "192.168.1.7", "::1"])
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "box.local"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.168.1.7"), ip_address("::1")]
    assert tls.expiry(certificate) - datetime.now(UTC) < timedelta(days=398)


def test_a_certificate_that_does_not_do_is_made_anew(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, ["localhost"])
    before = certificate.read_bytes()
    tls.self_signed(tmp_path, ["localhost", "192.168.1.7"])
    moved = certificate.read_bytes()
    assert moved != before
    old, old_key = tls.make(["localhost"], datetime.now(UTC) - timedelta(days=tls.VALID_DAYS - 10))
    certificate.write_bytes(old)
    key.write_bytes(old_key)
    tls.self_signed(tmp_path, ["localhost"])
    assert certificate.read_bytes() != old
    certificate.write_bytes(b"garbage")
    tls.self_signed(tmp_path, ["localhost"])
    key.unlink()
    tls.self_signed(tmp_path, ["localhost"])
    assert key.exists()


def test_this_machine_has_a_name_and_addresses() -> None:
    names = tls.names()
    assert names[0] == "localhost"
    assert {"127.0.0.1", "::1"} <= set(names)
    assert not [each for each in tls.lan_addresses() if ip_address(each).is_loopback]


def test_off_is_no_tls_and_files_that_are_no_certificate_are_named(tmp_path: Path) -> None:
    assert tls.context(Config()) is None
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("garbage")
    with pytest.raises(BadSetting, match="--tls"):
        tls.context(Config(tls=f"{garbage},{garbage}"))


async def test_a_browser_that_trusts_the_certificate_is_served(tmp_path: Path) -> None:
    certificate, key = tls.self_signed(tmp_path, ["localhost"])
    context = tls.context(Config(tls=f"{certificate},{key}"))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"moo")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        trust = ssl.create_default_context(cafile=certificate)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=trust, server_hostname="localhost"
        )
        assert await reader.read() == b"moo"
        await hang_up(writer)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_plain_http_on_the_tls_port_is_told_where_to_go(
    tmp_path: Path, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    context = tls.context(Config(tls="self-signed", data=tmp_path))
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        said = runner.run(plainly_asked(context))
    assert said.startswith(b"HTTP/1.1 400 ")
    assert said.endswith(tls.PLAIN)


async def plainly_asked(context: ssl.SSLContext | None) -> bytes:
    """Return what a TLS server says to plain HTTP."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        said = await reader.readexactly(len(tls._PLAIN_ANSWER))
    # The next word ends it.
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    async with asyncio.timeout(10):
        assert await reader.read() == b""
    await hang_up(writer)
    server.close()
    await server.wait_closed()
    return said
