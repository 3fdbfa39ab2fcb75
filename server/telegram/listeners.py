"""Who listens by Telegram, sealed: rows name chats only to who has the bot's token. Pure."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from msgspec import Struct

from server.room.events import Language
from server.telegram.quiet import STEP_MINUTES, Quiet, quiet_of

CHAT_BYTES, PADDING = 8, bytes(4)
_LANGUAGES: tuple[Language, ...] = ("en", "de")
# A clock's offset is one byte, counted from here: 0 is for chats without quiet hours.
_UTC = 128


class Sealed(Struct, frozen=True):
    """The chat of a row, the language that it is told in, and when not."""

    chat_id: int
    language: Language
    quiet: Quiet | None = None


class Seal:
    """Turns a chat and how it is told into a name for a row, always the same one, and back.

    One block of AES under a key made from the token, which is in no file of the server's storage.
    """

    def __init__(self, token: str) -> None:
        key = hmac.digest(token.encode(), b"listeners", hashlib.sha256)
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - one block each, never two

    def close(self, sealed: Sealed) -> str:
        """Return the name of a chat's row."""
        chat = sealed.chat_id.to_bytes(CHAT_BYTES, "big", signed=True)
        plain = chat + bytes([_LANGUAGES.index(sealed.language), *_hours(sealed.quiet)]) + PADDING
        encryptor = self._cipher.encryptor()
        return urlsafe_b64encode(encryptor.update(plain) + encryptor.finalize()).decode().rstrip("=")

    def open(self, name: str) -> Sealed | None:
        """Return what a row is about, None for what another token has sealed."""
        try:
            closed = urlsafe_b64decode(name + "==")
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(closed) + decryptor.finalize()
        except (Error, ValueError):
            return None
        language, *hours = plain[CHAT_BYTES : -len(PADDING)] or bytes(1)
        if not plain.endswith(PADDING) or len(hours) != len(_hours(None)) or language >= len(_LANGUAGES):
            return None
        quiet = _quiet(*hours)
        if quiet is None and any(hours):
            return None
        return Sealed(int.from_bytes(plain[:CHAT_BYTES], "big", signed=True), _LANGUAGES[language], quiet)


def _hours(quiet: Quiet | None) -> tuple[int, int, int]:
    if quiet is None:
        return 0, 0, 0
    return quiet.from_hour, quiet.to_hour, _UTC + quiet.offset_minutes // STEP_MINUTES


def _quiet(from_hour: int, to_hour: int, offset: int) -> Quiet | None:
    return quiet_of(from_hour, to_hour, (offset - _UTC) * STEP_MINUTES)
