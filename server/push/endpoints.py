"""Which addresses may be asked for a push: a browser names them, so nothing but public https is.

What is checked here by name is checked once more by the address that the name leads to, whenever it is asked.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

ENDPOINT_CHARACTERS = 1_024
HTTPS_PORT, HTTP_PORT = 443, 80
# IPv4 behind a translator (RFC 6052 2.1): its last 32 bits are what is reached.
_TRANSLATED = IPv6Network("64:ff9b::/96")


def origin(endpoint: str) -> str:
    """Return scheme and host of an endpoint, with a port that does not go without saying."""
    url = urlsplit(endpoint)
    usual = HTTPS_PORT if url.scheme == "https" else HTTP_PORT
    return f"{url.scheme}://{url.netloc.removesuffix(f':{usual}')}"


def wrong_with(endpoint: str, *, private: bool = False) -> str:
    """Return what is wrong with an endpoint, "" for nothing; with `private` also http and any host."""
    if len(endpoint) > ENDPOINT_CHARACTERS:
        return f"An endpoint has at most {ENDPOINT_CHARACTERS} characters."
    if not endpoint.isascii() or not endpoint.isprintable() or set(endpoint) & set(' "<>\\^`{|}#'):
        return "The endpoint is no address."
    try:
        url = urlsplit(endpoint)
        host, port = url.hostname or "", url.port
    except ValueError:
        return "The endpoint is no address."
    if not host or "@" in url.netloc:
        return "The endpoint is no address of a push service."
    if private:
        return "" if url.scheme in ("http", "https") else "The endpoint must be http or https."
    if url.scheme != "https" or port not in (None, HTTPS_PORT):
        return "The endpoint must be https, at its usual port."
    return "" if _is_public_name(host) else "The endpoint must be of a public push service."


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet, also inside an IPv6 one that leads to it."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(each.is_global and not each.is_multicast for each in (found, *_inner(found)))


def _inner(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _TRANSLATED:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in found if each is not None]


def _is_public_name(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return "." in host.strip(".")
    return is_public(host)


class PublicResolver(AbstractResolver):
    """Finds public addresses of names, and no others."""

    def __init__(self, resolver: AbstractResolver | None = None) -> None:
        self._resolver = resolver or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the public addresses of a name. Raises `OSError` where there are none."""
        found = await self._resolver.resolve(host, port, family)
        public = [each for each in found if is_public(each["host"])]
        if not public:
            raise OSError("the name leads to no public address")
        return public

    async def close(self) -> None:
        """Let go of the resolver behind."""
        await self._resolver.close()
