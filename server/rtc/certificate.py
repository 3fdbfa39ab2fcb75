"""One certificate and one TLS context for the whole process.

A key pair, a certificate and a context for every peer, as aiortc makes them, would be most of the
cost of joining: 40 KB and 1 ms.
"""

from __future__ import annotations

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
)
from OpenSSL import SSL

# In our order of preference, which wins: 128 bits are enough and the cheapest to protect with.
SRTP_PROFILES = [SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80]


# aiortc's, for our own certificate; and those of a passive peer whose certificate is RSA, as FFmpeg's may be.
CIPHERS = (
    *("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    *("ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA"),
    *("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
    *("ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES256-SHA"),
)


class Identity:
    """Who this server is to its peers."""

    def __init__(self) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        self.context = self.certificate._create_ssl_context(SRTP_PROFILES)  # noqa: SLF001 - held by a self-check
        self.context.set_cipher_list(":".join(CIPHERS).encode())
        # A session may not be resumed: each peer must show the certificate of its own offer.
        self.context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        # The buffers of a handshake are not needed for the hours after it: 15 KB a peer.
        self.context.set_mode(SSL.MODE_RELEASE_BUFFERS)
        first = self.certificate.getFingerprints()[0]
        self.fingerprint = f"{first.algorithm} {first.value}"
