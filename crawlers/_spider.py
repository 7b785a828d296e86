"""The Scrapy spider behind ``web``: sitemaps, start pages, followed links, articles, reviews.

It knows nothing of mentions' storage: it is given what earlier runs know (a plan) and reports
facts as dictionaries through ``emit``; :mod:`crawlers.web` keeps the memory.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import scrapy
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from crawlers._extraction import Extracted, Hints
from crawlers._page_links import site_of
from crawlers._page_mentions import article_row, review_rows
from crawlers._plan import Plan, page_key
from crawlers._politeness import describe
from crawlers._sitemap import (
    MAX_BYTES,
    Entry,
    Sitemap,
    SitemapError,
    read_sitemap,
    sitemaps_in_robots,
)
from crawlers._urls import canonical_url, shown_url
from crawlers._workers import TaskFailed, WorkerPool

Record = dict[str, Any]

MAX_SITEMAPS = 200
_TRY_AGAIN = frozenset({408, 425, 429})
_REBUILT = 10
"""Known pages that got the very same new ``lastmod``: a rebuilt site, not changed pages."""


class PageSpider(scrapy.Spider):
    """Crawl what a plan names. ``crawl_delays`` and ``asked_to_wait`` are set by middlewares."""

    name = "web"

    def __init__(
        self, plan: Plan, pool: WorkerPool, emit: Callable[[Record], None], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.emit = emit
        self.crawl_delays: dict[str, float] = {}
        self.asked_to_wait = 0.0
        self.open: dict[str, datetime | None] = {}
        self.retry_later: list[datetime | None] = []
        self.over_limit = 0
        self.newest: datetime | None = None
        self._sites = {site_of(url) for url in (*plan.start_urls, *plan.sitemaps)}
        self._met: set[str] = set()
        self._pages = 0
        self._maps = 0
        self._maps_open = 0
        self._entries: list[Entry] = []
        self._pool = pool
        self._threads = ThreadPoolExecutor(pool.size, "read")

    async def start(self) -> AsyncIterator[Request]:
        """Yield the entry points, then the pages that earlier runs found worth coming back to."""
        for url in self.plan.sitemaps:
            if request := self._sitemap(url, entry=True):
                yield request
        for url in self.plan.start_urls:
            if request := self._page(url, depth=0, entry=True, priority=10):
                yield request
        for url, visit in self.plan.visits.items():
            depth = visit.get("depth")
            if depth is None or not self._wanted(url):
                continue
            if request := self._page(url, depth=depth, priority=-1):
                yield request

    def closed(self, reason: str) -> None:
        """Free the worker processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.close()

    # -- requests ----------------------------------------------------------------------------

    def _page(
        self,
        url: str,
        *,
        depth: int | None,
        priority: int = 0,
        entry: bool = False,
        known: Entry | None = None,
    ) -> Request | None:
        """Return the request of a page met for the first time in this run, within the limit.

        ``depth`` counts the clicks from a start page; None: its links are not followed.
        """
        key = page_key(url)
        if key in self._met:
            return None
        if self._pages >= self.plan.max_pages:
            self.over_limit += 1
            self.retry_later.append(known.moment if known else None)
            return None
        self._met.add(key)
        self._pages += 1
        self.open[key] = known.moment if known else None
        meta = {"key": key, "depth_left": depth, "entry": entry, "may_leave": entry, "hint": known}
        return self._request(url, self.parse_page, meta, priority)

    def _sitemap(self, url: str, *, entry: bool = False) -> Request | None:
        key = page_key(url)
        if key in self._met:
            return None
        if self._maps >= MAX_SITEMAPS:
            self.emit(
                {"t": "rejected", "item": url, "reason": f"more than {MAX_SITEMAPS} sitemaps"}
            )
            return None
        self._met.add(key)
        self._maps += 1
        self._maps_open += 1
        self.open[key] = None
        meta = {"key": key, "entry": entry, "may_leave": entry, "download_maxsize": MAX_BYTES}
        return self._request(url, self.parse_sitemap, meta, 1000)

    def _request(self, url: str, callback: Any, meta: Record, priority: int) -> Request:
        visit = self.plan.visits.get(url, {})
        headers = {"Accept-Language": "fr, en;q=0.8, *;q=0.5"}
        if visit.get("etag"):
            headers["If-None-Match"] = visit["etag"]
        if visit.get("modified"):
            headers["If-Modified-Since"] = visit["modified"]
        meta |= {"handle_httpstatus_list": [304], "asked": url}
        return Request(
            url,
            callback=callback,
            errback=self.on_error,
            meta=meta,
            headers=headers,
            priority=priority,
            dont_filter=True,
        )

    def _wanted(self, url: str) -> bool:
        return site_of(url) in self._sites and self.plan.allows(url)

    # -- sitemaps ----------------------------------------------------------------------------

    async def parse_sitemap(self, response: Response) -> AsyncIterator[Request]:
        """Read one sitemap; after the last one, ask for the newest of all pages listed."""
        asked = response.meta["asked"]
        children: list[str] = []
        good = True
        if response.status == 304:
            self.emit({"t": "unchanged", "n": 1})
            self._visited(response)
        elif urlsplit(response.url).path.endswith("/robots.txt"):
            children = sitemaps_in_robots(response.body)
        else:
            try:
                found: Sitemap = await self._in_thread(read_sitemap, response.body)
            except SitemapError as error:
                self._failed(response.meta, asked, f"not a sitemap: {error}", "changed")
                found, good = Sitemap(), False
            else:
                if not found.children:  # a list that is unchanged says nothing of what it lists
                    self._visited(response)
            if found.problem:
                self.emit({"t": "rejected", "item": asked, "reason": found.problem})
            self._entries += found.entries
            cutoff = self.plan.cutoff - timedelta(days=1)
            children = [url for url, moment in found.children if moment is None or moment >= cutoff]
        if response.meta["entry"]:
            self._sites.add(site_of(response.url))
            if good:
                self.emit({"t": "entry", "url": "", "kind": "ok", "reason": ""})
        for url in children:
            if site_of(url) in self._sites and (request := self._sitemap(url)):
                yield request
        for request in self._sitemap_done(response.meta["key"]):
            yield request

    def _sitemap_done(self, key: str) -> Iterator[Request]:
        self.open.pop(key, None)
        self._maps_open -= 1
        if self._maps_open == 0:
            entries, self._entries = self._entries, []
            yield from self._listed(entries)

    def _listed(self, entries: list[Entry]) -> Iterator[Request]:
        """Yield requests for entries that are new or changed, the newest first."""
        epoch = datetime.min.replace(tzinfo=self.plan.now.tzinfo)
        due: list[Entry] = []
        moved: Counter[datetime | None] = Counter()
        unchanged = 0
        for entry in entries:
            moment = entry.moment
            if moment is not None and moment <= self.plan.now + timedelta(days=1):
                self.newest = max(self.newest or moment, moment)
            is_old = moment is not None and moment < self.plan.cutoff
            if is_old or not self._wanted(entry.url):
                continue
            known = self.plan.seen.get(page_key(entry.url))
            if known is not None:
                if moment is None or int(moment.timestamp()) // 60 <= known:
                    unchanged += 1
                    continue
                moved[moment] += 1
            due.append(entry)
        rebuilt = {moment for moment, count in moved.items() if count >= _REBUILT}
        due.sort(key=lambda e: e.moment or epoch, reverse=True)
        for entry in due:
            if entry.moment in rebuilt and page_key(entry.url) in self.plan.seen:
                unchanged += 1
                continue
            age = (self.plan.now - entry.moment).total_seconds() / 3600 if entry.moment else 1e6
            priority = -int(min(max(age, 0), 1e6))
            if request := self._page(entry.url, depth=None, priority=priority, known=entry):
                yield request
        if unchanged:
            self.emit({"t": "unchanged", "n": unchanged})

    # -- pages -------------------------------------------------------------------------------

    async def parse_page(self, response: Response) -> AsyncIterator[Request]:
        """Read one page, report what it holds and follow its links."""
        meta, asked = response.meta, response.meta["asked"]
        if meta["entry"]:
            self._sites.add(site_of(response.url))
        digest = hashlib.sha256(response.body).hexdigest()[:16]
        known = self.plan.visits.get(asked, {})
        if response.status == 304 or (known.get("digest") == digest and response.body):
            self.emit({"t": "unchanged", "n": 1})
            self._visited(response, depth=known.get("depth"), digest=known.get("digest"))
            self._page_done(meta, keep=known.get("depth") is None)
            return
        content_type = _header(response, "Content-Type")
        if not _is_html(content_type, response.body):
            kind = content_type.split(";")[0][:60] or "no content type"
            self._failed(meta, asked, f"not HTML ({kind})", "changed")
            return
        depth = meta["depth_left"]
        follows = depth is not None and depth < self.plan.depth and bool(self.plan.follow)
        entry: Entry | None = meta["hint"]
        hints = Hints(
            published_at=entry.published_at if entry else None,
            title=entry.title if entry else None,
            language=self.plan.language or (entry.language if entry else None),
            content_type=content_type,
            robots=_header(response, "X-Robots-Tag"),
            now=self.plan.now,
        )
        arguments = {
            "html": response.body,
            "url": response.url,
            "hints": hints,
            "articles": self.plan.articles,
            "reviews": self.plan.reviews,
            "links": follows,
        }
        try:
            page: Extracted = await self._in_thread(self._pool.run, arguments)
        except TaskFailed as error:
            self._failed(meta, asked, str(error), "changed")
            return
        followed = 0
        for url in page.links if follows else ():
            if self._wanted(url) and self.plan.follows(url):
                followed += 1
                if self._is_new(url) and (request := self._page(url, depth=depth + 1)):
                    yield request
        self._report(response, page, followed=followed, digest=digest)

    def _is_new(self, url: str) -> bool:
        """Say whether a link is worth a request: not yet met, not a page known and settled."""
        return page_key(url) not in self.plan.seen or url in self.plan.visits

    def _report(self, response: Response, page: Extracted, *, followed: int, digest: str) -> None:
        meta, asked = response.meta, response.meta["asked"]
        known = asked in self.plan.visits
        mentions: list[Record] = []
        if page.indexable and self.plan.reviews:
            mentions += review_rows(page, self.plan, self.emit, first_visit=not known)
        found_reviews = bool(page.reviews.found)
        why_not = page.why_not if page.indexable else "asks not to be indexed (noindex)"
        if self.plan.articles and not why_not:
            article = article_row(page, self.plan, self.emit)
            if isinstance(article, str):
                why_not = article
            else:
                mentions.append(article)
        is_list = bool(followed or found_reviews)
        if why_not and not is_list and why_not != "older":
            reason = "no reviews" if not self.plan.articles and page.indexable else why_not
            self.emit({"t": "rejected", "item": asked, "reason": f"not a mention: {reason}"})
        if mentions:
            self.emit({"t": "mentions", "mentions": mentions})
        comes_back = is_list or meta["entry"]
        if comes_back:
            self._visited(response, depth=meta["depth_left"] or 0, digest=digest)
        self._page_done(meta, keep=not comes_back)

    async def _in_thread(self, work: Callable[[Any], Any], argument: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, argument)

    # -- what became of a request ------------------------------------------------------------

    def on_error(self, failure: Failure) -> Iterable[Request]:
        """Name what went wrong, and say whether the next run should try again."""
        request: Any = failure.request  # type: ignore[attr-defined]
        error = failure.value
        if isinstance(error, HttpError):
            status = error.response.status
            kind = "unavailable" if status >= 500 or status in _TRY_AGAIN else "denied"
            reason = f"the server answered {status}"
            if status == 410 and request.meta["key"] in self.plan.seen:
                self.emit({"t": "gone", "url": canonical_url(request.meta["asked"])})
        else:
            assert isinstance(error, BaseException)
            reason = describe(error, urlsplit(request.url).netloc)
            lasting = isinstance(error, IgnoreRequest) and "cannot be read" not in reason
            lasting = lasting and "in a row" not in reason and "asks to wait" not in reason
            is_big = "larger than" in reason
            kind = "denied" if lasting else "changed" if is_big else "unavailable"
            if "public address" in reason:
                kind = "denied"
        self._failed(request.meta, request.meta["asked"], reason, kind)
        if request.callback == self.parse_sitemap:
            yield from self._sitemap_done(request.meta["key"])

    def _failed(self, meta: Record, url: str, reason: str, kind: str) -> None:
        self.emit({"t": "rejected", "item": shown_url(url), "reason": reason})
        if meta["entry"]:
            self.emit({"t": "entry", "url": shown_url(url), "kind": kind, "reason": reason})
        if kind == "unavailable":
            moment = self.open.pop(meta["key"], None)
            if self.plan.tries.get(meta["key"], 0) + 1 < self.plan.max_tries:
                self.retry_later.append(moment)
                self.emit({"t": "tried", "key": meta["key"]})
                return
        self._page_done(meta, keep="hint" in meta and not meta["entry"], worked=False)

    def _page_done(self, meta: Record, *, keep: bool, worked: bool = True) -> None:
        moment = self.open.pop(meta["key"], None)
        if keep:
            entry: Entry | None = meta.get("hint")
            moment = entry.moment if entry else moment
            minutes = int(moment.timestamp()) // 60 if moment else 0
            self.emit({"t": "done", "key": meta["key"], "minutes": minutes})
        if worked and meta["entry"]:
            self.emit({"t": "entry", "url": "", "kind": "ok", "reason": ""})

    def _visited(
        self, response: Response, *, depth: int | None = None, digest: str | None = None
    ) -> None:
        """Report what lets the next run ask for this page or sitemap conditionally."""
        known = self.plan.visits.get(response.meta["asked"], {})
        visit = {
            "etag": _header(response, "ETag")[:200] or known.get("etag"),
            "modified": _header(response, "Last-Modified")[:100] or known.get("modified"),
            "digest": digest,
            "depth": depth,
        }
        kept = {name: value for name, value in visit.items() if value is not None}
        self.emit({"t": "visit", "url": response.meta["asked"], "visit": kept})


def _header(response: Response, name: str) -> str:
    values = response.headers.getlist(name)
    return ", ".join(value.decode("latin-1") for value in values).strip()


def _is_html(content_type: str, body: bytes) -> bool:
    kind = content_type.split(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        return True
    head = body[:1024].lstrip().lower()
    unsure = kind in ("", "text/plain", "application/octet-stream", "text/xml", "application/xml")
    return unsure and (head.startswith(b"<!doctype html") or b"<html" in head)
