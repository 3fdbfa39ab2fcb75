"""TLS: the operator's certificate, or one made here so that phones nearby may use their microphone."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.config import BadSetting, Config
from server.rtc.udp import route_address

# Browsers refuse certificates that are valid for longer than 398 days.
VALID_DAYS = 365
RENEW_DAYS = 30
CERTIFICATE, KEY = "tls-certificate.pem", "tls-key.pem"


# Said to whoever speaks plain HTTP here: without it a browser shows a connection that was lost.
PLAIN = b"This address is only served over https: write https:// in front of it.\n"
_PLAIN_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(PLAIN), PLAIN)
)


class _Door(ssl.SSLObject):
    """One connection; to plain HTTP it answers with a sentence, once, and with its end at the next word."""

    outgoing: ssl.MemoryBIO
    _told = False

    def do_handshake(self) -> None:
        if self._told:
            raise ssl.SSLError("plain HTTP")
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if error.reason not in ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST"):
                raise
            self._told = True
            self.outgoing.write(_PLAIN_ANSWER)
            raise ssl.SSLWantReadError from None  # so that what was written is sent


class _Context(ssl.SSLContext):
    """Gives each connection the way out for what TLS has no words for."""

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *more: Any, **named: Any) -> Any:
        made = cast(_Door, super().wrap_bio(incoming, outgoing, *more, **named))
        made.outgoing = outgoing
        return made


def context(config: Config) -> ssl.SSLContext | None:
    """Return what TLS needs, None when it is off. Raises `BadSetting`."""
    if config.tls == "off":
        return None
    made = config.tls == "self-signed"
    certificate, key = self_signed(config.data, names()) if made else map(Path, config.tls.split(",", 1))
    found = _Context(ssl.PROTOCOL_TLS_SERVER)
    found.sslobject_class = _Door
    found.minimum_version = ssl.TLSVersion.TLSv1_2
    found.set_alpn_protocols(["http/1.1"])
    try:
        found.load_cert_chain(certificate, key, password=lambda: "")
    except (OSError, ssl.SSLError, ValueError):
        raise BadSetting(f"--tls {config.tls}: these files are no certificate and its key (PEM).") from None
    return found


def names() -> list[str]:
    """Return the names and addresses of this machine."""
    host = socket.gethostname()
    named = ["localhost", host, f"{host}.local"] if _is_name(host) else ["localhost"]
    return [*dict.fromkeys(named), "127.0.0.1", "::1", *lan_addresses()]


def lan_addresses() -> list[str]:
    """Return the IPv4 addresses under which others in the network reach this machine, best first."""
    own = route_address(socket.AF_INET)
    found = [own] if own else []
    try:
        entries = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET, socket.SOCK_STREAM)
        found += [str(entry[4][0]) for entry in entries]
    except OSError:
        pass  # the host's own name is not known: nothing to add
    return [each for each in dict.fromkeys(found) if not ip_address(each).is_loopback and each != "0.0.0.0"]  # noqa: S104


def self_signed(folder: Path, wanted: Iterable[str]) -> tuple[Path, Path]:
    """Return the files of a certificate for the names, made anew when the kept one does not do."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    wanted = list(wanted)
    if not _fits(certificate, key, wanted):
        folder.mkdir(parents=True, exist_ok=True)
        certificate_pem, key_pem = make(wanted, datetime.now(UTC))
        _write(key, key_pem)
        _write(certificate, certificate_pem)
    return certificate, key


def make(wanted: Iterable[str], now: datetime) -> tuple[bytes, bytes]:
    """Return a new certificate and its key, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Space of Wonder")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName([_san(each) for each in wanted]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    certificate = builder.sign(key, hashes.SHA256())
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key_pem


def expiry(certificate: Path) -> datetime:
    """Return until when a certificate is valid. Raises `OSError` or `ValueError`."""
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def _fits(certificate: Path, key: Path, wanted: list[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    lasts = found.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
    return lasts and key.exists() and all(_san(each) in list(held) for each in wanted)


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _is_name(host: str) -> bool:
    return host.isascii() and 0 < len(host) < 64 and all(c.isalnum() or c in "-." for c in host)


def _write(path: Path, body: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
    fresh.replace(path)
