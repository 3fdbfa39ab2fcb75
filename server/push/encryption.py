"""Encrypt for a browser what its push service passes on and cannot read (RFC 8291, RFC 8188). Pure."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
POINT_BYTES, SECRET_BYTES, SALT_BYTES = 65, 16, 16
RECORD_BYTES = 4_096  # of which there is one, as RFC 8291 4 has it
# All that we send is of one length, so that its length does not tell which room it is about.
PLAIN_BYTES = 640
_LAST = b"\x02"  # the mark of the last record, before its padding


class BadKeys(ValueError):
    """What a browser gave for its keys is no such keys."""


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as push services and browsers write it."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text_: str) -> bytes:
    """Return the bytes of base64url, with its padding or without. Raises `BadKeys`."""
    try:
        return urlsafe_b64decode(text_.rstrip("=") + "=" * (-len(text_.rstrip("=")) % 4))
    except (Error, ValueError):
        raise BadKeys("The keys are not base64url.") from None


def receiver(p256dh: str, auth: str) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    """Return a browser's public key and its secret. Raises `BadKeys`."""
    given, secret = raw(p256dh), raw(auth)
    if len(given) != POINT_BYTES or len(secret) != SECRET_BYTES:
        raise BadKeys(f"`p256dh` has {POINT_BYTES} bytes, and `auth` {SECRET_BYTES}.")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, given), secret
    except ValueError:
        raise BadKeys("`p256dh` is no point of P-256.") from None


def encrypt(
    plain: bytes,
    p256dh: str,
    auth: str,
    *,
    salt: bytes | None = None,
    sender: ec.EllipticCurvePrivateKey | None = None,
    length_bytes: int = PLAIN_BYTES,
) -> bytes:
    """Return a message for a browser, in the coding `aes128gcm`. Raises `BadKeys`, `ValueError`.

    Salt and the sender's key are drawn anew for each message; only tests give them.
    """
    if len(plain) > length_bytes:
        raise ValueError(f"a message has at most {length_bytes} bytes")
    theirs, secret = receiver(p256dh, auth)
    sender = sender or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(SALT_BYTES)
    ours = point(sender.public_key())
    shared = _derived(
        sender.exchange(ec.ECDH(), theirs), secret, b"WebPush: info\0" + point(theirs) + ours, 32
    )
    key = _derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    padded = plain + _LAST + bytes(length_bytes - len(plain))
    return head + AESGCM(key).encrypt(nonce, padded, None)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
