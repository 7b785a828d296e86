"""Open sockets only to public addresses, pinned after the check, all within one deadline.

The guard sits where the socket is opened, so that what was checked is what is connected to:
a name that answers differently the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_SIXTOFOUR = ipaddress.ip_network("2002::/16")


class PrivateAddress(Exception):
    """The host has no public address. ``host`` is its name as asked for."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not a public address")
        self.host = host


class Overdue(Exception):
    """The deadline of the whole request has passed."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is globally reachable and no detour to one that is not.

    IPv4 addresses inside IPv6 (mapped, NAT64 of RFC 6052, 6to4 of RFC 3056) are judged as IPv4.
    """
    try:
        ip = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is None and ip in _SIXTOFOUR:
            inner = ipaddress.IPv4Address((int(ip) >> 80) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


def resolve(host: str, port: int, *, timeout: float) -> list[str]:
    """Return the addresses of ``host`` in the resolver's order, within ``timeout`` seconds.

    Raises OSError when there is none, Overdue when the resolver is too slow. It runs in a thread
    because the system's resolver knows no time limit of ours.
    """
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if not answer:
        raise Overdue(f"the name {host} could not be resolved in time")
    if isinstance(answer[0], Exception):
        raise OSError(str(answer[0])) from answer[0]
    return list(dict.fromkeys(str(entry[4][0]) for entry in answer[0]))


def own_hosts(urls: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return host and port of the configured addresses that plainly mean this machine.

    Whoever writes ``http://127.0.0.1:8000/`` or ``http://localhost/`` into the configuration
    means it, so no further permission is asked; being sent to another port, or there by somebody
    else's name, stays refused. Other private addresses need ``allow_private``.
    """
    found = set()
    for url in urls:
        parts = urlsplit(url)
        if parts.hostname and _is_loopback(parts.hostname):
            found.add((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)))
    return frozenset(found)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class GuardedBackend(httpcore.NetworkBackend):
    """httpcore's socket opener with an address check and a deadline.

    ``start(seconds)`` begins the time of one request, redirects and retries included; every
    connect, read and write after it gets at most what is left. Not for use by two threads.
    """

    def __init__(
        self, *, allow_private: bool, own: frozenset[tuple[str, int]] = frozenset()
    ) -> None:
        self._inner = httpcore.SyncBackend()
        self._allow_private = allow_private
        self._own = own
        self._ends = 0.0

    def start(self, seconds: float) -> None:
        """Begin the time of one request."""
        self._ends = time.monotonic() + seconds

    def left(self, timeout: float | None = None) -> float:
        """Return the seconds left, at most ``timeout``; raise Overdue when there are none."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise Overdue("the whole request took too long")
        return left if timeout is None else min(left, timeout)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first public address of ``host`` that answers."""
        try:
            addresses = resolve(host, port, timeout=self.left(timeout))
        except OSError as error:
            raise httpcore.ConnectError(f"unknown host {host}") from error
        if (host, port) in self._own:
            addresses = [address for address in addresses if _is_loopback(address)]
        elif not self._allow_private:
            addresses = [address for address in addresses if is_public(address)]
            if not addresses:
                raise PrivateAddress(host)
        failure: Exception | None = None
        for address in addresses[:4]:
            try:
                stream = self._inner.connect_tcp(
                    address, port, self.left(timeout), local_address, socket_options
                )
                return _BoundedStream(stream, self)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the deadline."""
        self._inner.sleep(self.left(seconds))


class _BoundedStream(httpcore.NetworkStream):
    """A socket whose every read and write is cut to the time its request has left."""

    def __init__(self, inner: httpcore.NetworkStream, backend: GuardedBackend) -> None:
        self._inner = inner
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._backend.left(timeout)
        return _BoundedStream(
            self._inner.start_tls(ssl_context, server_hostname, left), self._backend
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
