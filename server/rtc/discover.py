"""Find the address under which others reach this machine: by a configured STUN server, or from the routes.

Nobody is asked but the server that the operator named (RFC 8489, a plain binding request); without
one the addresses of the default routes are taken, and learning those sends no datagram.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from collections.abc import Iterable, Sequence

from aioice import stun

from server.rtc.settings import LARGEST_DATAGRAM_BYTES
from server.rtc.udp import route_address
from server.together import settled

log = logging.getLogger(__name__)

AUTO = "auto"
# Bound to these, a port takes IPv4 and IPv6.
BOTH = ("", "::")
# RFC 8489 6.2.1: 500 ms, doubled each time. Lost three times means nobody is there.
WAITS_S = (0.5, 1.0, 2.0)


async def public_ip(
    host: str, wanted: str, stun_server: str = "", waits_s: Sequence[float] = WAITS_S
) -> str | None:
    """Return the addresses for ICE candidates, separated by commas; None means the bound address.

    `wanted` is the setting `public_ip`: addresses, nothing, or `auto`. A STUN server that does not
    answer is logged, and the routes decide: rooms without radio are better than none.
    """
    if wanted != AUTO and (wanted or host not in BOTH):
        return wanted or None
    if wanted and stun_server:
        found = [each for each in await ask(*split(stun_server), waits_s) if _served(host, each)]
        if found:
            return ",".join(found)
        log.warning("the STUN server says no address; candidates name this machine's own")
    return ",".join(each for each in route_addresses() if _served(host, each)) or None


def _served(host: str, address: str) -> bool:
    """Tell whether a port bound to `host` takes datagrams for an address of this family."""
    return host in BOTH or (":" in host) == (":" in address)


def split(stun_server: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT` or `[HOST]:PORT`. Raises ValueError."""
    host, colon, port = stun_server.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or (":" in host and not bracketed) or set(host) & set(" /@"):
        raise ValueError("not HOST:PORT")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("not a port")
    return host[1:-1] if bracketed else host, int(port)


async def ask(host: str, port: int, waits_s: Sequence[float] = WAITS_S) -> tuple[str, ...]:
    """Ask a STUN server for our address, once for IPv4 and once for IPv6; return what it said."""
    try:
        entries = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return ()
    firsts = {entry[0]: entry[4] for entry in reversed(entries)}
    answers = await settled(_ask(family, to, waits_s) for family, to in sorted(firsts.items()))
    return tuple(dict.fromkeys(answer for answer in answers if answer))


async def _ask(family: int, to: Iterable[object], waits_s: Sequence[float]) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            sock.connect(tuple(to))  # the kernel drops what others send
            return await _exchange(sock, waits_s)
        except OSError:
            return None


async def _exchange(sock: socket.socket, waits_s: Sequence[float]) -> str | None:
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    loop = asyncio.get_running_loop()
    for wait_s in waits_s:
        await loop.sock_sendall(sock, bytes(request))
        try:
            async with asyncio.timeout(wait_s):
                while (found := read(await loop.sock_recv(sock, LARGEST_DATAGRAM_BYTES), request)) is None:
                    pass
                return found
        except TimeoutError:
            continue
    return None


def read(datagram: bytes, request: stun.Message) -> str | None:
    """Return the address in the answer to `request`; None when it is anything else."""
    try:
        answer = stun.parse_message(datagram)
    except (ValueError, struct.error, IndexError):
        return None
    if answer.transaction_id != request.transaction_id or answer.message_class != stun.Class.RESPONSE:
        return None
    mapped = answer.attributes.get("XOR-MAPPED-ADDRESS") or answer.attributes.get("MAPPED-ADDRESS")
    return str(mapped[0]) if mapped else None


def route_addresses() -> tuple[str, ...]:
    """Return the addresses this machine sends from by default, IPv4 first; none where there is no route."""
    families = (socket.AF_INET, socket.AF_INET6)
    return tuple(address for family in families if (address := route_address(family)))
