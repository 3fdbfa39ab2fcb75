"""WebSocket frames that a client sends (RFC 6455 5): bytes in, messages and control frames out. Pure.

Small on purpose, for every idle socket has one: no queue, no task, no compression.
"""

from __future__ import annotations

from server.socket.frames import BINARY, CLOSE, CONTINUATION, CONTROL_LIMIT_BYTES, FIN, PING, PONG, TEXT

# Close codes of RFC 6455 7.4.1.
NORMAL, NOT_THE_PROTOCOL, NOT_UTF8, TOO_BIG = 1000, 1002, 1007, 1009
# Codes that an endpoint may send (7.4.2 and the IANA registry); 3000 to 4999 are for libraries and programs.
_CODES = frozenset({1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)})
_RESERVED, _MASKED, _LENGTH = 0x70, 0x80, 0x7F
_OPCODES = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_NO_CODE = b""


class Violation(ValueError):
    """What came breaks the protocol; `code` is for the close frame."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


class FrameReader:
    """Takes bytes in any pieces. After a `Violation` nothing that follows can be understood."""

    __slots__ = ("_at", "_buffer", "_limit_bytes", "_opcode", "_partial")

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes  # of a message
        self._buffer = b""
        self._at = 0  # what is before it has been read
        self._opcode = CONTINUATION  # of the message whose fragments come; this one for none
        self._partial = b""

    @property
    def waiting_bytes(self) -> int:
        """Return how much was fed and not read."""
        return len(self._buffer) - self._at

    def feed(self, data: bytes) -> None:
        """Take bytes as they came."""
        self._buffer = self._buffer[self._at :] + data if self.waiting_bytes else bytes(data)
        self._at = 0

    def next(self) -> tuple[int, bytes] | None:
        """Return opcode and payload of the next message or control frame, None when it is not whole yet.

        A fragment that does not end its message is `CONTINUATION` of nothing. Raises `Violation`.
        """
        frame = self._frame()
        if frame is None:
            return None
        final, opcode, payload = frame
        if opcode >= CLOSE:
            return opcode, payload
        if (opcode == CONTINUATION) == (self._opcode == CONTINUATION):
            raise Violation(NOT_THE_PROTOCOL, "fragments out of order")
        if final and opcode != CONTINUATION:
            return opcode, payload
        return self._gathered(opcode or self._opcode, payload, final=final)

    def _gathered(self, opcode: int, payload: bytes, *, final: bool) -> tuple[int, bytes]:
        """Keep a fragment; return the message when it is the last."""
        self._partial += payload
        self._opcode = opcode
        if not final:
            return CONTINUATION, b""
        whole, self._partial, self._opcode = self._partial, b"", CONTINUATION
        return opcode, whole

    def _frame(self) -> tuple[bool, int, bytes] | None:
        """Return whether the next frame is final, its opcode and its payload; None when it is not whole."""
        buffer, at = self._buffer, self._at
        if len(buffer) - at < 2:
            return None
        first, second = buffer[at], buffer[at + 1]
        opcode, length = first & 0x0F, second & _LENGTH
        _check_head(first, second, opcode)
        start = at + 2 + {126: 2, 127: 8}.get(length, 0)
        if len(buffer) < start:
            return None
        if length >= 126:
            length = int.from_bytes(buffer[at + 2 : start])
        if opcode < CLOSE and len(self._partial) + length > self._limit_bytes:
            raise Violation(TOO_BIG, "too big")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        payload = _unmasked(buffer[start : start + 4], buffer[start + 4 : end])
        self._buffer, self._at = (buffer, end) if end < len(buffer) else (b"", 0)
        return bool(first & FIN), opcode, payload


def _check_head(first: int, second: int, opcode: int) -> None:
    if first & _RESERVED or opcode not in _OPCODES:
        raise Violation(NOT_THE_PROTOCOL, "an unknown kind of frame")
    if not second & _MASKED:
        raise Violation(NOT_THE_PROTOCOL, "a frame without a mask")
    if opcode >= CLOSE and (not first & FIN or second & _LENGTH > CONTROL_LIMIT_BYTES):
        raise Violation(NOT_THE_PROTOCOL, "a control frame that is too long, or in pieces")


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """Return what a mask of 4 bytes hides (5.3); as one number, for loops are slow here."""
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload) ^ int.from_bytes(key)).to_bytes(length)


def text(payload: bytes) -> str:
    """Return a payload as text. Raises `Violation`."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Violation(NOT_UTF8, "not UTF-8") from None


def close_code(payload: bytes) -> int:
    """Return the code that a close frame is answered with (5.5.1). Raises `Violation`."""
    if payload == _NO_CODE:
        return NORMAL
    code = int.from_bytes(payload[:2])
    if len(payload) < 2 or code not in _CODES:
        raise Violation(NOT_THE_PROTOCOL, "a close code that is none")
    text(payload[2:])
    return code
