"""A small real push service: it checks what RFC 8030 and RFC 8292 ask of us, and browsers read RFC 8291.

Nothing of it is shared with the server: signatures, keys and the coding are worked out anew.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LIMIT_S = 20.0
BODY_BYTES = 4_096
DAY_S = 86_400

Json = dict[str, Any]


def text(raw: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(raw).decode().rstrip("=")


def raw(text_: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return urlsafe_b64decode(text_ + "=" * (-len(text_) % 4))


def extracted(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Return what HKDF (RFC 5869) makes of a secret, of 32 bytes at most."""
    key = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(key, info + b"\x01", hashlib.sha256)[:length]


class Device:
    """A browser that is subscribed: it alone can read what is sent to it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._key, self._auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def json(self, language: str = "en") -> Json:
        """Return its subscription, as `PushSubscription.toJSON()` does, and a language."""
        keys = {"p256dh": text(self._public), "auth": text(self._auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys, "language": language}

    def read(self, body: bytes) -> bytes:
        """Return what a message says. Raises what `cryptography` does for another's."""
        salt, record, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21 : 21 + length], body[21 + length :]
        assert len(sealed) <= record
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
        shared = self._key.exchange(ec.ECDH(), theirs)
        secret = extracted(shared, self._auth, b"WebPush: info\0" + self._public + sender, 32)
        key = extracted(secret, salt, b"Content-Encoding: aes128gcm\0", 16)
        nonce = extracted(secret, salt, b"Content-Encoding: nonce\0", 12)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
        assert plain.endswith(b"\x02")
        return plain[:-1]


class PushServer:
    """The service: `sent` is what came for its devices, in order; `faults` answer first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.url, self._clock = "", clock
        self.devices: dict[str, Device] = {}
        self.sent: list[tuple[Device, Json]] = []
        self.asked: list[web.BaseRequest] = []
        self.faults: list[tuple[int, dict[str, str]]] = []
        self.keys: set[str] = set()
        self._news = asyncio.Condition()

    def device(self) -> Device:
        """Subscribe another browser."""
        name = text(os.urandom(12))
        self.devices[name] = Device(f"{self.url}/push/{name}")
        return self.devices[name]

    async def received(self, count: int) -> list[Json]:
        """Wait until so many messages were read by their browsers; return them."""
        async with asyncio.timeout(LIMIT_S), self._news:
            await self._news.wait_for(lambda: len(self.sent) >= count)
        return [told for _, told in self.sent]

    async def was_asked(self, count: int) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(LIMIT_S), self._news:
            await self._news.wait_for(lambda: len(self.asked) >= count)

    async def answer(self, request: web.Request) -> web.Response:
        """Take a message."""
        self.asked.append(request)
        try:
            return await self._answer(request)
        finally:
            async with self._news:
                self._news.notify_all()

    async def _answer(self, request: web.Request) -> web.Response:
        if self.faults:
            status, headers = self.faults.pop(0)
            return web.Response(status=status, headers=headers)
        device = self.devices.get(request.match_info["name"])
        if device is None:
            return web.Response(status=410)
        if wrong := self._wrong_with(request):
            return web.Response(status=400, text=wrong)
        body = await request.read()
        if len(body) > BODY_BYTES:
            return web.Response(status=413)
        self.sent.append((device, json.loads(device.read(body))))
        return web.Response(status=201, headers={"Location": f"{self.url}/message/{len(self.sent)}"})

    def _wrong_with(self, request: web.Request) -> str:
        headers = request.headers
        if not headers.get("TTL", "").isdigit():
            return "a TTL is needed (RFC 8030 5.2)"
        if headers.get("Content-Encoding") != "aes128gcm":
            return "the coding must be aes128gcm (RFC 8291 4)"
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", headers.get("Topic", "x")):
            return "a topic has 32 characters of base64url at most (RFC 8030 5.4)"
        if headers.get("Urgency", "normal") not in {"very-low", "low", "normal", "high"}:
            return "no such urgency (RFC 8030 5.3)"
        return self._wrong_with_vapid(headers.get("Authorization", ""))

    def _wrong_with_vapid(self, header: str) -> str:
        found = re.fullmatch(r"vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), k=([\w-]+)", header)
        if found is None:
            return "no vapid (RFC 8292 3)"
        head, claims = json.loads(raw(found[1])), json.loads(raw(found[2]))
        signature, public = raw(found[3]), raw(found[4])
        self.keys.add(found[4])
        if head != {"typ": "JWT", "alg": "ES256"} or len(signature) != 64:
            return "not ES256 (RFC 7518 3.4)"
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        try:
            signed = f"{found[1]}.{found[2]}".encode()
            key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return "a wrong signature"
        if claims["aud"] != self.url:
            return "the token is for another (RFC 8292 2)"
        left_s = claims["exp"] - self._clock()
        return "" if 0 < left_s <= DAY_S else "the token is good for too long, or not any more"


@asynccontextmanager
async def push_server(clock: Callable[[], float] = time.time) -> AsyncIterator[PushServer]:
    """Run a push service on a free port, by the time of day or another clock (in seconds)."""
    made = PushServer(clock)
    app = web.Application()
    app.router.add_post("/push/{name}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made
