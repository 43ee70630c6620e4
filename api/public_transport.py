"""HTTP to addresses that a file names: only out into the public network, and never onwards."""

import ipaddress
import socket
from urllib.parse import urlsplit

import httpx

from .transports import HttpTransport, Unreachable


class PublicTransport(HttpTransport):
    """Refuses loopback, private and other special addresses, whatever name they hide behind.

    The name is resolved once, and the address that was looked at is the one that is connected to.
    """

    def __init__(self, timeout_seconds: float = 5.0, *, allows_private: bool = False) -> None:
        """`allows_private` is for tests, whose authorities run on this machine."""
        super().__init__(timeout_seconds, trusts_environment=False)
        self._allows_private = allows_private

    def _request(
        self, method: str, url: str, body: bytes | None, headers: dict[str, str]
    ) -> httpx.Request:
        asked = super()._request(method, url, body, headers)
        host = asked.url.host
        if asked.url.scheme not in ("http", "https") or not host or urlsplit(url).username:
            raise Unreachable(f"{url[:200]} is not an address of the web")
        address = self._resolve(host, url)
        asked.url = asked.url.copy_with(host=address)  # the Host header still names the host
        asked.extensions["sni_hostname"] = host
        return asked

    def _resolve(self, host: str, url: str) -> str:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = [ipaddress.ip_address(each[4][0]) for each in found]
        except (OSError, ValueError):
            raise Unreachable(f"{url[:200]} cannot be reached (no such host)") from None
        if not self._allows_private and not all(_is_public(each) for each in addresses):
            raise Unreachable(f"{url[:200]} lies in a private network, and was not asked")
        return str(addresses[0])


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or address
    return inner.is_global and not inner.is_multicast
