"""Scrapy middlewares that keep a crawl polite and inside the public web.

Scrapy's defaults are neither: robots.txt that answers 5xx counts as permission, ``Retry-After``
and ``Crawl-delay`` are ignored, any address is connected to. Verified against Scrapy 2.19; the
private hooks used here are covered by ``tests/crawlers/test_web_politeness.py``.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver

from crawlers._guard import is_public
from crawlers._page_links import site_of

MAX_CRAWL_DELAY = 30.0
MAX_WAIT = 60.0
"""Seconds waited inside a run for ``Retry-After``; a host that asks for more is left alone."""
MAX_ERRORS_IN_A_ROW = 10


_REFUSED: set[str] = set()
"""Host names found to lead to a private address; Twisted hides the reason of a failed look-up."""


class GuardedResolver(CachingThreadedResolver):
    """Resolve names, and refuse those that lead to this machine or a private network.

    The address that was checked is the one connected to, so a second answer cannot differ.
    """

    def getHostByName(self, name: str, timeout: Any = ()) -> Any:
        return super().getHostByName(name, timeout).addCallback(_checked, name)


_OWN: set[str] = set()
"""``host:port`` of configured addresses that plainly mean this machine (see ``own_hosts``)."""


def _checked(address: str, name: str) -> str:
    meant = name.lower() in {own.rsplit(":", 1)[0] for own in _OWN}  # AddressGuard saw the port
    if not is_public(address) and not meant:
        _REFUSED.add(name.lower())
        raise OSError(f"{name} is not a public address")
    return address


class AddressGuard:
    """Refuse IP addresses in URLs that are not public, and redirects that leave the site."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> AddressGuard:
        guard = cls()
        guard.allow_private = crawler.settings.getbool("RENOM_ALLOW_PRIVATE")
        _OWN.update(crawler.settings.getlist("RENOM_OWN"))
        return guard

    allow_private = False

    async def process_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        port = parts.port or (443 if parts.scheme == "https" else 80)
        private = host == "localhost" or (_is_address(host) and not is_public(host))
        if private and not self.allow_private and f"{host}:{port}" not in _OWN:
            raise IgnoreRequest(f"{host} is not a public address")
        came_from = request.meta.get("redirect_urls")
        free = request.meta.get("may_leave") or robots_request(request)
        if came_from and not free and site_of(request.url) != site_of(came_from[0]):
            raise IgnoreRequest("redirects to another site")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def robots_request(request: Request) -> bool:
    """Say whether the robots middleware itself asks."""
    return bool(request.meta.get("dont_obey_robotstxt"))


class StrictRobots(RobotsTxtMiddleware):
    """Obey robots.txt as RFC 9309 says: 4xx allows all; 5xx, 429 and no answer forbid all.

    Applies ``Crawl-delay`` too, up to :data:`MAX_CRAWL_DELAY`.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._unreachable: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        crawler.signals.connect(self._slow_down, signal=signals.robots_parsed)

    async def robot_parser(self, request: Request) -> Any:
        """Return the host's rules, one caller at a time.

        Scrapy 2.19 hands only the first two of several callers at once the rules and the others
        None, which it takes as permission: they share one Deferred, whose value is used up.
        """
        lock = self._locks.setdefault(urlsplit(request.url).netloc, asyncio.Lock())
        async with lock:
            return await super().robot_parser(request)

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == 429:
            raise OSError(f"it answered {response.status}")
        if response.status >= 400:
            response = response.replace(body=b"")  # an error page is no rule
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        self._unreachable[netloc] = describe(exc, netloc)
        super()._robots_error(exc, netloc)

    def process_request_2(self, rp: Any, request: Request) -> None:
        if rp is None:
            why = self._unreachable.get(urlsplit(request.url).netloc, "no answer")
            if "public address" in why:
                raise IgnoreRequest(why)
            raise IgnoreRequest(f"robots.txt cannot be read: {why}")
        super().process_request_2(rp, request)

    async def _slow_down(self, robotparser: Any, request: Request) -> None:
        delay = robotparser.crawl_delay(self._robotstxt_useragent or self._default_useragent)
        if not delay:
            return
        downloader: Any = self.crawler.engine.downloader  # type: ignore[union-attr]
        key = downloader.get_slot_key(request)
        spider: Any = self.crawler.spider
        delay = min(float(delay), MAX_CRAWL_DELAY)
        spider.crawl_delays[key] = delay
        slot = downloader.slots.get(key)
        if slot is not None:
            slot.delay = max(slot.delay, delay)


class PatientRetry(RetryMiddleware):
    """Retry what may pass, after ``Retry-After`` or a growing pause with jitter.

    A host that asks for more than :data:`MAX_WAIT` seconds, or fails
    :data:`MAX_ERRORS_IN_A_ROW` times in a row, is left alone for the rest of the run.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PatientRetry:
        middleware = super().from_crawler(crawler)
        middleware._until = {}
        middleware._closed = {}
        middleware._errors = {}
        middleware._pace = crawler.settings.getfloat("DOWNLOAD_DELAY")
        return middleware

    _until: dict[str, float]
    _closed: dict[str, str]
    _errors: dict[str, int]
    _pace: float

    async def process_request(self, request: Request) -> None:
        host = urlsplit(request.url).netloc
        self._refuse_if_closed(host)
        while (wait := self._until.get(host, 0.0) - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        self._refuse_if_closed(host)

    def _refuse_if_closed(self, host: str) -> None:
        if host in self._closed:
            raise IgnoreRequest(self._closed[host])

    async def process_response(  # type: ignore[override]
        self, request: Request, response: Response
    ) -> Request | Response:
        host = urlsplit(request.url).netloc
        if response.status not in self.retry_http_codes:
            self._errors[host] = 0
            return response
        self._count_error(host)
        asked = retry_after(response)
        if asked is not None and asked > MAX_WAIT:
            self._closed[host] = f"the host asks to wait {asked:.0f} s"
            spider: Any = self.crawler.spider
            spider.asked_to_wait = max(spider.asked_to_wait, asked)
            return response
        if request.meta.get("retry_times", 0) < self.max_retry_times:
            self._until[host] = time.monotonic() + (
                asked if asked is not None else self._pause(request)
            )
        return super().process_response(request, response)  # type: ignore[return-value]

    async def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Any:
        if isinstance(exception, IgnoreRequest):
            return None
        self._count_error(urlsplit(request.url).netloc)
        refused = (urlsplit(request.url).hostname or "") in _REFUSED
        if refused or isinstance(exception, DownloadTimeoutError):
            return None  # a stalling host would be waited for three times
        if request.meta.get("retry_times", 0) < self.max_retry_times:
            await asyncio.sleep(self._pause(request))
        return super().process_exception(request, exception)

    def _count_error(self, host: str) -> None:
        self._errors[host] = self._errors.get(host, 0) + 1
        if self._errors[host] >= MAX_ERRORS_IN_A_ROW:
            self._closed.setdefault(host, f"{MAX_ERRORS_IN_A_ROW} errors in a row on this host")

    def _pause(self, request: Request) -> float:
        top: float = max(self._pace, 0.2) * 2 ** request.meta.get("retry_times", 0)
        return random.uniform(0.1, min(30.0, top))


def retry_after(response: Response) -> float | None:
    """Return the seconds that ``Retry-After`` asks for (seconds or HTTP date), None without."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if not value:
        return None
    if value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def describe(error: BaseException, netloc: str = "") -> str:
    """Say in a reader's words why a download failed; never the library's own sentence.

    ``netloc`` is the host it was for.
    """
    host = (urlsplit(f"//{netloc}").hostname or "").lower()
    if host in _REFUSED:
        return f"{host} is not a public address"
    if isinstance(error, IgnoreRequest):
        text = str(error)
        for sign, words in _REFUSALS:
            if sign in text:
                return words
        return text
    chain = [error, error.__cause__, *(getattr(error.__cause__, "reasons", None) or ())]
    text = " ".join(f"{type(one).__name__} {one}" for one in chain if one is not None)
    for sign, words in _FAILURES:
        if sign in text:
            return words
    return str(error) if type(error) is OSError else f"download failed ({type(error).__name__})"


_REFUSALS = (
    ("max redirections", "redirects without end"),
    ("during decompression", "unpacks to more than the size limit"),
    ("Forbidden by robots.txt", "robots.txt forbids it"),
)
_FAILURES = (
    ("CannotResolveHost", "its host name is not known"),
    ("DNSLookup", "its host name is not known"),
    ("DownloadTimeout", "no complete answer in time"),
    ("TimeoutError", "no complete answer in time"),
    ("DownloadCancelled", "larger than the size limit"),
    ("ConnectionRefused", "connection refused"),
    ("certificate", "its certificate is not valid"),
    ("SSL", "its certificate is not valid"),
    ("ResponseDataLoss", "the answer broke off"),
    ("ConnectionLost", "the connection broke off"),
    ("ConnectionDone", "the connection broke off"),
    ("DownloadFailed", "the connection broke off"),
)
