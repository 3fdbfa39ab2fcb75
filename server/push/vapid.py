"""Who we are to push services (RFC 8292): a key of this installation, and what is signed with it. Pure."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from server.push.encryption import CURVE, point, text

# The order of P-256 (SEC 2, 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# A push service takes no token that is good for more than a day (RFC 8292 2).
TOKEN_LIFE_S = 12 * 3_600
_HEADER = text(msgspec.json.encode({"typ": "JWT", "alg": "ES256"}))


class Vapid:
    """The key by which push services know this server, made of the installation's secret.

    It is the same at every start, for browsers tie their subscription to it, and it is stored nowhere.
    `contact` is an address (`mailto:` or `https:`) at which a push service finds who runs this.
    """

    def __init__(self, secret: bytes, contact: str = "") -> None:
        drawn = int.from_bytes(hmac.digest(secret, b"web push", hashlib.sha512), "big")
        self._key = ec.derive_private_key(drawn % (_ORDER - 1) + 1, CURVE)
        self._topics = hmac.digest(secret, b"web push topics", hashlib.sha256)
        self._contact = contact
        self.public = text(point(self._key.public_key()))

    def topic(self, room: str, endpoint: str) -> str:
        """Return the topic of a room's messages to a browser: the next takes the place of one that waits.

        It tells the push service neither the room nor who else is woken for it. It has 32 characters
        (RFC 8030 5.4).
        """
        return text(hmac.digest(self._topics, f"{room} {endpoint}".encode(), hashlib.sha256)[:24])

    def header(self, origin: str, now_ms: int) -> str:
        """Return the header `Authorization` of a request to a push service."""
        claims: dict[str, str | int] = {"aud": origin, "exp": now_ms // 1000 + TOKEN_LIFE_S}
        if self._contact:
            claims["sub"] = self._contact
        signed = f"{_HEADER}.{text(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"vapid t={signed}.{text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={self.public}"
