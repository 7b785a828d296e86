"""Fetch one address politely, within bounds of time and size, from public hosts only.

The one HTTP layer of all sources that read feeds and JSON. robots.txt is not asked here: a feed
or an API address that an operator configured is meant to be polled; pages are crawled by ``web``,
which asks. Messages never hold credentials: addresses go through ``shown_url``.
"""

from __future__ import annotations

import base64
import logging
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType

import httpcore
import httpx
from pydantic import Field, SecretStr, field_validator

from crawlers._guard import GuardedBackend, Overdue, PrivateAddress, own_hosts
from crawlers._unpack import CHUNK, KNOWN, Damaged, read_body
from crawlers._urls import is_web, origin_of, shown_url
from renom.contracts import Duration, Secrets, SourceOptions
from renom.errors import SourceChanged, SourceDenied, SourceUnavailable

MOST_REDIRECTS = 8
LONGEST_RETRY_AFTER = timedelta(hours=24)
_TRY_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_RETRIED_AT_ONCE = frozenset({500, 502, 503, 504})


class HttpOptions(SourceOptions):
    """Options of every source that fetches over HTTP.

    ``contact`` is a page or an e-mail address that site owners can turn to; it is part of the
    User-Agent. ``allow_private`` lets requests go to loopback and private addresses: only for
    hosts of your own (an address written with 127.0.0.1 or localhost needs no permission).
    ``max_size`` bounds a body in megabytes, packed and unpacked; ``deadline`` bounds one request
    with its redirects and retries; ``pace`` is the least time between two requests to one host.
    """

    contact: str = ""
    allow_private: bool = False
    max_size: float = Field(default=5.0, gt=0, le=1024)
    deadline: Duration = timedelta(seconds=60)
    pace: Duration = timedelta(seconds=1)

    @field_validator("contact")
    @classmethod
    def _header_safe(cls, value: str) -> str:
        if not value.isprintable() or not value.isascii() or len(value) > 200:
            raise ValueError("must be a page or an e-mail address in plain ASCII")
        return value


class HttpSecrets(Secrets):
    """Credentials for addresses that ask for them (HTTP Basic or a bearer token), all optional."""

    user: SecretStr | None = Field(default=None, description="user name, from the site's owner")
    password: SecretStr | None = Field(default=None, description="password of that user")
    token: SecretStr | None = Field(default=None, description="bearer token, from the site's owner")


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer worth reading.

    ``not_modified``: the far side said 304, ``body`` is empty. ``url`` is where the answer came
    from; ``moved_to`` is set when every redirect on the way there was permanent. ``truncated``:
    the body was cut at the size limit. ``headers`` have lower-case names.
    """

    url: str
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    not_modified: bool = False
    moved_to: str | None = None
    truncated: bool = False


class Pace:
    """The least time between two requests to one host, shared by all sources of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait_for(self, host: str, pace: float, clock: Callable[[], float]) -> float:
        """Book the next free moment of ``host``; return the seconds until then."""
        with self._lock:
            moment = clock()
            start = max(moment, self._next.get(host, 0.0))
            if len(self._next) > 10_000:
                self._next = {h: at for h, at in self._next.items() if at > moment}
            self._next[host] = start + pace
            return start - moment


_PACE = Pace()


@lru_cache(maxsize=64)
def user_agent(contact: str = "") -> str:
    """Return the honest name that Renom goes by: ``Renom/0.1.0 (+contact)``."""
    try:
        name = f"Renom/{version('renom')}"
    except PackageNotFoundError:
        name = "Renom"
    return f"{name} (+{contact})" if contact else name


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class Fetcher:
    """A client for one run of one source. Use it as a context manager, from one thread.

    ``configured`` are the addresses that the operator wrote down (see ``own_hosts``).
    """

    def __init__(
        self,
        options: HttpOptions,
        secrets: HttpSecrets | None = None,
        *,
        source: str = "",
        configured: Iterable[str] = (),
    ) -> None:
        self._options = options
        self._secrets = secrets
        self._source = source
        self._backend = GuardedBackend(
            allow_private=options.allow_private, own=own_hosts(configured)
        )
        self._transport: _Transport | None = None

    def __enter__(self) -> Fetcher:
        # Below INFO, httpcore logs whole addresses and headers, tokens included.
        logging.getLogger("httpcore").setLevel(logging.INFO)
        self._transport = _Transport(self._backend)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    def get(
        self,
        url: str,
        *,
        now: datetime,
        accept: str = "*/*",
        etag: str | None = None,
        modified: str | None = None,
    ) -> Fetched:
        """Fetch ``url``, conditionally when ``etag`` or ``modified`` (sent verbatim) are given.

        Raises SourceUnavailable, SourceDenied or SourceChanged with a reader's sentence.
        """
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if modified:
            headers["If-Modified-Since"] = modified
        self._backend.start(self._options.deadline.total_seconds())
        try:
            self._wait_for_turn(url)
            return self._with_retries(url, headers, now)
        except Overdue as error:
            seconds = self._options.deadline.total_seconds()
            raise SourceUnavailable(
                f"{shown_url(url)} did not finish within {seconds:g} s",
                "the server is slow or stalls; raise `deadline` if it is worth it",
                source=self._source,
            ) from error
        except PrivateAddress as error:
            raise SourceDenied(
                f"{shown_url(url)} leads to {error.host}, which is not a public address",
                "set allow_private: true for this source if the host is your own",
                source=self._source,
            ) from None

    def _wait_for_turn(self, url: str) -> None:
        pace = self._options.pace.total_seconds()
        if pace > 0:
            _, host, port = origin_of(url)
            wait = _PACE.wait_for(f"{host}:{port}", pace, time.monotonic)
            if wait > 0:
                time.sleep(wait)
                # Waiting for others is not the server's doing: the time starts now.
                self._backend.start(self._options.deadline.total_seconds())

    def _with_retries(self, url: str, headers: dict[str, str], now: datetime) -> Fetched:
        """Try up to three times where a moment may help, with full jitter (0..1 s, 0..2 s)."""
        for attempt in range(3):
            last = attempt == 2
            try:
                answer = self._follow(url, headers, now, give_up=last)
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as e:
                if last:
                    raise SourceUnavailable(
                        f"{shown_url(url)} cannot be reached: {_reason(e)}", source=self._source
                    ) from e
                answer = None
            if answer is not None:
                return answer
            time.sleep(self._backend.left(random.uniform(0, 2**attempt)))
        raise AssertionError("the last try returns or raises")

    def _follow(
        self, url: str, headers: dict[str, str], now: datetime, *, give_up: bool
    ) -> Fetched | None:
        """Follow redirects by hand, each hop as guarded as the first; None asks for a retry."""
        home = origin_of(url)
        seen = {url}
        here, permanent = url, True
        for _ in range(MOST_REDIRECTS + 1):
            trusted = origin_of(here) == home
            with self._open(here, headers, trusted=trusted) as response:
                status = response.status_code
                if status not in (301, 302, 303, 307, 308):
                    if status in _RETRIED_AT_ONCE and not give_up and not _asks_to_wait(response):
                        return None
                    return self._read(here, url, response, now, permanent and here != url)
                permanent = permanent and status in (301, 308)
                here = self._next_hop(here, response)
            if here in seen:
                raise SourceDenied(
                    f"{shown_url(url)} redirects in a circle",
                    "open the address in a browser and configure the one it ends at",
                    source=self._source,
                )
            seen.add(here)
        raise SourceDenied(
            f"{shown_url(url)} redirects more than {MOST_REDIRECTS} times", source=self._source
        )

    @contextmanager
    def _open(
        self, url: str, headers: dict[str, str], *, trusted: bool
    ) -> Iterator[httpx.Response]:
        """Send one request, without httpx's client: it reads redirects itself, keeps cookies."""
        assert self._transport is not None, "use the fetcher as a context manager"
        try:
            if not is_web(url):
                raise ValueError("neither http nor https, or no host")
            request = httpx.Request("GET", url, headers=self._headers(headers, trusted=trusted))
        except (httpx.InvalidURL, ValueError) as error:
            raise SourceDenied(
                f"not an address that can be fetched: {shown_url(url)}", source=self._source
            ) from error
        request.extensions["timeout"] = {"connect": 5.0, "read": 30.0, "write": 10.0, "pool": 5.0}
        response = self._transport.handle_request(request)
        try:
            yield response
        finally:
            response.close()

    def _headers(self, headers: dict[str, str], *, trusted: bool) -> dict[str, str]:
        """Add who asks, and the credentials where they belong."""
        said = {
            "User-Agent": user_agent(self._options.contact),
            "Accept-Encoding": "gzip, deflate",
            **headers,
        }
        secrets = self._secrets
        if secrets is None or not trusted:
            return said
        if secrets.token is not None:
            said["Authorization"] = f"Bearer {secrets.token.get_secret_value()}"
        elif secrets.user is not None:
            password = secrets.password.get_secret_value() if secrets.password is not None else ""
            pair = f"{secrets.user.get_secret_value()}:{password}".encode()
            said["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        return said

    def _next_hop(self, here: str, response: httpx.Response) -> str:
        location = response.headers.get("location", "")
        try:
            return str(httpx.URL(here).join(location).copy_with(fragment=None)) if location else ""
        except (httpx.InvalidURL, ValueError):
            raise SourceDenied(
                f"{shown_url(here)} redirects to an address that cannot be read",
                source=self._source,
            ) from None

    def _read(
        self, here: str, asked: str, response: httpx.Response, now: datetime, moved: bool
    ) -> Fetched:
        status = response.status_code
        headers = {name.lower(): value for name, value in response.headers.items()}
        target = here if moved else None
        if status == 304:
            return Fetched(here, status, headers=headers, not_modified=True, moved_to=target)
        if status == 200:
            limit = int(self._options.max_size * 1_000_000)
            body, cut = self._body(response, limit)
            return Fetched(here, status, body, headers, moved_to=target, truncated=cut)
        raise self._refusal(status, asked, headers, now)

    def _body(self, response: httpx.Response, limit: int) -> tuple[bytes, bool]:
        """Read and unpack at most ``limit`` bytes, never holding more than one chunk beyond."""
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in KNOWN:
            raise SourceChanged(
                f"the server packs its answer as {encoding[:40]!r}, which was not asked for",
                source=self._source,
            )
        try:
            return read_body(response.iter_raw(CHUNK), encoding, limit)
        except Damaged as error:
            raise SourceUnavailable(
                "the server's packed answer is damaged", source=self._source
            ) from error

    def _refusal(
        self, status: int, asked: str, headers: Mapping[str, str], now: datetime
    ) -> SourceUnavailable | SourceDenied:
        shown = shown_url(asked)
        if status in _TRY_AGAIN or status >= 500:
            wait = retry_after(headers.get("retry-after"), now=now)
            what = "asks to slow down" if status == 429 else "has a problem"
            return SourceUnavailable(
                f"{shown} {what} (HTTP {status})", source=self._source, retry_after=wait
            )
        if status == 404:
            return SourceUnavailable(
                f"{shown} was not found (HTTP 404)",
                "check the address; it may have moved",
                source=self._source,
            )
        reasons = {
            401: ("asks for credentials", "set them in the environment, see .env.example"),
            403: ("refuses access", "ask the site's owner, or remove the source"),
            407: ("is behind a proxy that asks for credentials", ""),
            410: ("is gone for good", "remove the source"),
            451: ("is withheld for legal reasons", "remove the source"),
        }
        what, hint = reasons.get(status, ("refuses the request", "check the address"))
        return SourceDenied(f"{shown} {what} (HTTP {status})", hint, source=self._source)


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """Read a Retry-After header (RFC 9110 §10.2.3: seconds or an HTTP date), capped at 24 hours.

    None when it is absent, unreadable or past.
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    if seconds <= 0:
        return None
    return min(timedelta(seconds=min(seconds, 1e9)), LONGEST_RETRY_AFTER)


def _asks_to_wait(response: httpx.Response) -> bool:
    return bool(response.headers.get("retry-after"))


def _reason(error: Exception) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return "no answer in time"
    if isinstance(error, httpcore.ProtocolError):
        return "the connection broke off or does not speak HTTP"
    text = str(error)
    if "certificate" in text.lower():
        return "its certificate is not trusted"
    return text.splitlines()[0][:120] if text else "connection failed"


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class _Transport(httpx.BaseTransport):
    """httpx on a httpcore pool whose sockets the guard opens. Raises httpcore's errors."""

    def __init__(self, backend: GuardedBackend) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=_tls(), max_connections=4, keepalive_expiry=10, network_backend=backend
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; see httpx.BaseTransport."""
        answer = self._pool.handle_request(
            httpcore.Request(
                method=request.method,
                url=httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Stream(answer),
            extensions=answer.extensions,
        )  # fmt: skip

    def close(self) -> None:
        """Close every connection."""
        self._pool.close()
