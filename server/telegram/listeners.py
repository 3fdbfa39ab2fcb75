"""Who listens by Telegram, sealed: rows name chats only to who has the bot's token. Pure."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from server.room.events import Language

CHAT_BYTES, PADDING = 8, bytes(7)
_LANGUAGES: tuple[Language, ...] = ("en", "de")


class Seal:
    """Turns a chat and its language into a name for a row, always the same one, and back.

    One block of AES under a key made from the token, which is in no file of the server's storage.
    """

    def __init__(self, token: str) -> None:
        key = hmac.digest(token.encode(), b"listeners", hashlib.sha256)
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - one block each, never two

    def close(self, chat_id: int, language: Language) -> str:
        """Return the name of a chat's rows."""
        plain = chat_id.to_bytes(CHAT_BYTES, "big", signed=True) + bytes([_LANGUAGES.index(language)])
        encryptor = self._cipher.encryptor()
        return (
            urlsafe_b64encode(encryptor.update(plain + PADDING) + encryptor.finalize()).decode().rstrip("=")
        )

    def open(self, name: str) -> tuple[int, Language] | None:
        """Return the chat of a row and its language, None for what another token has sealed."""
        try:
            sealed = urlsafe_b64decode(name + "==")
            decryptor = self._cipher.decryptor()
            plain = decryptor.update(sealed) + decryptor.finalize()
        except (Error, ValueError):
            return None
        if len(plain) != CHAT_BYTES + 1 + len(PADDING) or plain[CHAT_BYTES + 1 :] != PADDING:
            return None
        if plain[CHAT_BYTES] >= len(_LANGUAGES):
            return None
        return int.from_bytes(plain[:CHAT_BYTES], "big", signed=True), _LANGUAGES[plain[CHAT_BYTES]]
