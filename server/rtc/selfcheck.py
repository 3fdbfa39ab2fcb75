"""Check at the start that the private parts of aiortc and pylibsrtp that we use are as expected.

Both are pinned to exact versions for this; the check catches an environment that ignored the pin.
"""

from __future__ import annotations

import os
from importlib.metadata import version

import aiortc.rtcdtlstransport as stock
import pylibsrtp
from aiortc.rtp import RtpPacket
from pylibsrtp._binding import ffi, lib  # type: ignore[import-not-found]

PINNED = {"aiortc": "1.16.0", "aioice": "0.13.0"}
USED_OF_DTLS = ("_set_role", "_set_state")


def run() -> None:
    """Raise RuntimeError with one sentence when the media plane cannot work as it is installed."""
    for name, wanted in PINNED.items():
        if version(name) != wanted:
            raise RuntimeError(f"{name} {wanted} is needed for voices, and {version(name)} is installed.")
    missing = [name for name in USED_OF_DTLS if not callable(getattr(stock.RTCDtlsTransport, name, None))]
    if missing or not hasattr(stock.RTCCertificate, "_create_ssl_context"):
        raise RuntimeError("aiortc is not as expected: its DTLS transport has other parts inside.")
    if not _protects():
        raise RuntimeError("pylibsrtp is not as expected: protecting a packet in place failed.")


def _protects() -> bool:
    """Protect a packet in place as a broadcast does, and read it back through the public API."""
    profile = pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM
    key = os.urandom(28)
    sender, receiver = (
        pylibsrtp.Session(pylibsrtp.Policy(key=key, ssrc_type=kind, srtp_profile=profile))
        for kind in (pylibsrtp.Policy.SSRC_ANY_OUTBOUND, pylibsrtp.Policy.SSRC_ANY_INBOUND)
    )
    packet = RtpPacket(payload_type=96, payload=b"wonder").serialize()
    slot, length = ffi.new("char[]", 200), ffi.new("int *", len(packet))
    ffi.memmove(slot, packet, len(packet))
    code = lib.srtp_protect(sender._srtp[0], slot, length)  # noqa: SLF001 - what is checked
    try:
        return code == 0 and receiver.unprotect(bytes(ffi.buffer(slot, length[0]))) == packet
    except pylibsrtp.Error:
        return False
