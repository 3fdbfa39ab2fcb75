"""FFmpeg's own WHIP muxer as a speaker: `python -m tests.support.ffmpeg_peer SOUND.wav URL KEY`."""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FRAME_S = 0.02


def certificate(folder: Path) -> dict[str, str]:
    """Make an ECDSA certificate: the muxer's own would be RSA, which aiortc does not speak."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ffmpeg")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    (folder / "cert.pem").write_bytes(
        built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(pem)
    return {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")}


def publish(sound: str, url: str, key: str, options: dict[str, str]) -> None:
    """Send a file as it would be spoken, in real time."""
    options = {**options, "authorization": key, "whip_flags": "dtls_active"}
    with av.open(sound) as source, av.open(url, "w", format="whip", options=options) as out:
        stream = out.add_stream("libopus", rate=48_000)
        stream.layout = "stereo"
        stream.codec_context.options = {"application": "voip", "frame_duration": "20"}
        resampler = av.AudioResampler(format="s16", layout="stereo", rate=48_000, frame_size=960)
        out.start_encoding()  # connects, which takes its time
        began = time.monotonic()
        sent = 0
        for frame in source.decode(audio=0):
            for piece in resampler.resample(frame):
                piece.pts = sent * 960
                sent += 1
                out.mux(stream.encode(piece))
                time.sleep(max(0.0, began + sent * FRAME_S - time.monotonic()))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        publish(sys.argv[1], sys.argv[2], sys.argv[3], certificate(Path(temporary)))
