"""Web pages: articles found through sitemaps, start pages and links, and schema.org reviews."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from crawlers._crawl import CrawlCrashed, crawl
from crawlers._guard import own_hosts
from crawlers._http import user_agent
from crawlers._plan import Plan
from crawlers._urls import host_of, origin_of, shown_url
from renom.contracts import Batch, Cursor, Duration, Rejection, Source, SourceOptions
from renom.errors import SourceChanged, SourceDenied, SourceError, SourceUnavailable
from renom.mention import Author, Kind, Mention, Rating

MAX_SEEN = 10_000
MAX_VISITS = 500
MAX_REVIEWS_SEEN = 5_000
BATCH = 50
_FASTEST_PACE = timedelta(milliseconds=200)


class WebOptions(SourceOptions):
    """Options of a web source.

    Where to look: ``url`` or ``start_urls`` (read each run), ``sitemaps`` and ``news_sitemaps``
    (files, indexes, gzip, or a robots.txt that names them). Links of start pages are followed up
    to ``depth`` clicks when they stay on the site and match ``follow`` (default: what ``allow``
    names; with neither, no link is followed). ``allow`` and ``deny`` hold for every page. A
    pattern is a part of the URL in which ``*`` stands for anything.

    What to take: ``articles``, ``reviews``; articles count as ``kind`` on ``platform``;
    ``language`` says their language for certain, otherwise the page's own statement is a hint.

    Bounds: ``max_pages`` a run, ``pace`` between two requests to one host, ``timeout`` of one
    download, ``max_size`` of one page in megabytes, unpacked, ``time_limit`` of the whole run.
    ``contact`` becomes part of the User-Agent. ``allow_private`` lets requests go to loopback and
    private addresses: only for hosts of your own (an address written with 127.0.0.1 or localhost
    needs no permission).
    """

    url: str = ""
    start_urls: tuple[str, ...] = ()
    sitemaps: tuple[str, ...] = ()
    news_sitemaps: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    depth: int = Field(default=1, ge=0, le=5)
    articles: bool = True
    reviews: bool = True
    kind: Kind = "article"
    platform: str = "press"
    language: str | None = None
    max_pages: int = Field(default=200, ge=1, le=5_000)
    pace: Duration = timedelta(seconds=1)
    timeout: Duration = timedelta(seconds=30)
    time_limit: Duration = timedelta(minutes=15)
    max_size: float = Field(default=8.0, gt=0, le=64)
    contact: str = ""
    allow_private: bool = False

    @field_validator("platform")
    @classmethod
    def _platform_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", value):
            raise ValueError("must be a lower-case name such as press, blog or shops")
        return value

    @field_validator("language")
    @classmethod
    def _language_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z]{2,3}", value):
            raise ValueError("must be an ISO 639 code such as fr or en")
        return value

    @field_validator("contact")
    @classmethod
    def _header_safe(cls, value: str) -> str:
        if not value.isprintable() or not value.isascii() or len(value) > 200:
            raise ValueError("must be a page or an e-mail address in plain ASCII")
        return value

    @field_validator("follow", "allow", "deny")
    @classmethod
    def _patterns(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            if not value.strip() or len(value) > 300:
                raise ValueError("a pattern is a part of a URL, such as /avis/ or /2026/*/eco-")
        return values

    @model_validator(mode="after")
    def _consistent(self) -> WebOptions:
        if not self.pages and not self.maps:
            raise ValueError("give url, start_urls, sitemaps or news_sitemaps")
        for url in (*self.pages, *self.maps):
            if not url.startswith(("http://", "https://")) or not host_of(url):
                raise ValueError(f"not a web address: {shown_url(url)}")
            if "@" in url.split("/")[2]:
                raise ValueError(f"{shown_url(url)} holds a user name or a password; remove it")
        if not self.articles and not self.reviews:
            raise ValueError("articles and reviews are both off: nothing would be collected")
        elsewhere = len({origin_of(url) for url in (*self.pages, *self.maps)}) > len(self.own)
        if self.pace < _FASTEST_PACE and elsewhere and not self.allow_private:
            raise ValueError("pace must be at least 0.2s on hosts that are not your own")
        if self.timeout <= timedelta(0) or self.time_limit <= timedelta(0):
            raise ValueError("timeout and time_limit must be more than nothing")
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """``host:port`` of the addresses that plainly mean this machine, such as 127.0.0.1."""
        hosts = own_hosts((*self.pages, *self.maps))
        return tuple(sorted(f"{host}:{port}" for host, port in hosts))

    @property
    def pages(self) -> tuple[str, ...]:
        """Start pages, each once."""
        return _once(self.url, *self.start_urls)

    @property
    def maps(self) -> tuple[str, ...]:
        """Sitemaps, those of news first, each once."""
        return _once(*self.news_sitemaps, *self.sitemaps)


class WebSource(Source):
    """Collects articles and reviews from web pages.

    robots.txt is obeyed (also its ``Crawl-delay``; when it cannot be read, nothing is fetched),
    as are ``noindex`` and ``nofollow``. An article's identity is its canonical URL. A settled
    article is fetched again only when the sitemap's date moves; start pages, lists and pages with
    reviews are asked conditionally each run and give what is new. What does not fit into a run's
    limits, or fails for now, is left to the next. A page or review without a date is a rejection
    on the first run; later, one that appears counts from then.
    """

    Options = WebOptions
    platform: ClassVar[str] = "press"

    def fetch(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Yield batches of at most 50 mentions; the cursor never runs ahead of them."""
        run = _Run(self.name, self.options, cursor, now)
        limit = self.options.time_limit.total_seconds()
        try:
            for record in crawl(run.plan, time_limit=limit):
                run.take(record)
                if len(run.mentions) >= BATCH:
                    yield run.batch()
        except CrawlCrashed as crash:
            if run.has_something:
                yield run.batch()
            raise SourceUnavailable(*_crash_words(crash, self.options), source=self.name) from crash
        error = run.error()
        if error is not None and not run.delivered:
            yield run.batch()  # the rejections and what was learnt about the pages
            raise error
        yield run.last_batch()

    def check(self) -> str:
        """Fetch the entry points without following anything; raise SourceError as a run would."""
        now = datetime.now(UTC)
        run = _Run(self.name, self.options, None, now, probe=True)
        try:
            for record in crawl(run.plan, time_limit=60.0):
                run.take(record)
        except CrawlCrashed as crash:
            raise SourceUnavailable(*_crash_words(crash, self.options), source=self.name) from crash
        error = run.error()
        if error is not None:
            raise error
        count = len(self.options.pages) + len(self.options.maps)
        return f"{run.entries_ok} of {count} addresses answer and may be read"


class _Run:
    """One run: the plan made from the cursor, and what the child has reported so far."""

    def __init__(
        self,
        source: str,
        options: WebOptions,
        cursor: Cursor | None,
        now: datetime,
        *,
        probe: bool = False,
    ) -> None:
        known = cursor or {}
        self._source, self._options, self._now = source, options, now
        self._seen: dict[str, int] = dict(known.get("seen", {}))
        self._visits: dict[str, dict[str, Any]] = dict(known.get("visits", {}))
        self._tries: dict[str, int] = dict(known.get("tries", {}))
        self._reviews: dict[str, None] = dict.fromkeys(known.get("reviews", ()))
        self._newest: str | None = known.get("newest")
        self._complete = bool(known.get("complete"))
        self._floor = _moment(known.get("floor")) or now - options.backfill
        self._fresh_visits: dict[str, dict[str, Any]] = {}
        self._end: dict[str, Any] = {}
        self._entries: list[dict[str, Any]] = []
        self._old: dict[str, int] = {}
        self._rejected: list[Rejection] = []
        self._gone: list[str] = []
        self._unchanged = 0
        self.mentions: list[Mention] = []
        self.delivered = False
        self.entries_ok = 0
        self.plan = self._planned(probe)

    def _planned(self, probe: bool) -> Plan:
        options, newest = self._options, _moment(self._newest)
        cutoff = max(self._floor, newest - options.lag) if newest else self._floor
        return Plan(
            now=self._now,
            floor=self._floor,
            cutoff=self._now if probe else cutoff,
            start_urls=options.pages,
            sitemaps=options.maps,
            allow=options.allow,
            deny=options.deny,
            follow=() if probe else options.follow or options.allow,
            depth=options.depth,
            max_pages=len(options.pages) if probe else options.max_pages,
            articles=options.articles,
            reviews=options.reviews,
            kind=options.kind,
            language=options.language,
            complete=self._complete,
            seen=self._seen,
            visits=self._visits,
            tries=self._tries,
            reviews_seen=frozenset(self._reviews),
            pace=options.pace.total_seconds(),
            timeout=options.timeout.total_seconds(),
            max_bytes=int(options.max_size * 2**20),
            allow_private=options.allow_private,
            own=options.own,
            user_agent=user_agent(options.contact),
        )

    # -- records -----------------------------------------------------------------------------

    def take(self, record: dict[str, Any]) -> None:
        """Add one record of the child."""
        kind = record["t"]
        if kind == "mentions":
            for row in record["mentions"]:
                self._take_mention(row)
        elif kind == "rejected":
            self._rejected.append(Rejection(record["item"], record["reason"]))
        elif kind == "marks":
            self._reviews.update(dict.fromkeys(record["marks"]))
        elif kind == "unchanged":
            self._unchanged += record["n"]
        elif kind == "old":
            self._old[record["item"]] = self._old.get(record["item"], 0) + record["n"]
        elif kind == "done":
            self._seen.pop(record["key"], None)  # to the end: the oldest go first
            self._seen[record["key"]] = record["minutes"]
            self._tries.pop(record["key"], None)
        elif kind == "tried":
            self._tries[record["key"]] = self._tries.get(record["key"], 0) + 1
        elif kind == "visit":
            self._fresh_visits[record["url"]] = record["visit"]
        elif kind == "gone" and record["url"]:
            self._gone.append(f"{self._options.platform}:{record['url']}")
        elif kind == "entry":
            self.entries_ok += record["kind"] == "ok"
            self._entries.append(record)
        elif kind == "end":
            self._end = record

    def _take_mention(self, row: dict[str, Any]) -> None:
        rating, author = row.get("rating"), row.get("author")
        try:
            mention = Mention(
                platform=self._options.platform,
                external_id=row["external_id"],
                source=self._source,
                url=row["url"],
                kind=row["kind"],
                text=row["text"],
                published_at=datetime.fromisoformat(row["published_at"]),
                collected_at=self._now,
                title=row["title"],
                author=Author(author, name=author) if author else None,
                language=row["language"],
                rating=Rating(*rating) if rating else None,
            )
        except ValueError as error:
            self._rejected.append(Rejection(row["url"], str(error)[:200]))
            return
        self.mentions.append(mention)
        if "mark" in row:
            self._reviews[row["mark"]] = None

    # -- batches -----------------------------------------------------------------------------

    @property
    def has_something(self) -> bool:
        """Whether anything waits to be handed over."""
        return bool(self.mentions or self._rejected or self._unchanged or self._gone)

    def batch(self, *, next_check: timedelta | None = None) -> Batch:
        """Hand over what has been reported since the last batch."""
        batch = Batch(
            mentions=tuple(self.mentions),
            cursor=self._cursor(),
            deleted=tuple(self._gone),
            rejected=tuple(self._rejected),
            unchanged=self._unchanged,
            next_check=next_check,
        )
        self.delivered = self.delivered or bool(self.mentions)
        self.mentions, self._rejected, self._gone, self._unchanged = [], [], [], 0
        return batch

    def last_batch(self) -> Batch:
        """Hand over the rest, with the cursor of a finished run."""
        end, left = self._end, self._end.get("left", 0)
        for item, count in list(self._old.items())[:1]:
            total = sum(self._old.values())
            also = f", and {total - count} elsewhere" if total > count else ""
            reason = f"{count} older than the first look back ({self._floor:%Y-%m-%d}){also}"
            self._rejected.append(Rejection(item, reason))
        if left:
            why = f"the run's limit of {self._options.max_pages} pages"
            if end.get("reason") == "memusage_exceeded":
                why = "the run's limit of memory"
            elif end.get("reason") != "finished":
                why = f"the run's time limit of {self._options.time_limit}"
            elif not end.get("over_limit"):
                why = "failures that may pass"
            reason = f"{left} pages left to the next run by {why}"
            self._rejected.append(Rejection(self._source, reason))
        newest, left_from = _moment(end.get("newest")), _moment(end.get("left_from"))
        known = _moment(self._newest)
        # what is left is older than what was read: the next run must look back that far
        reached = max(filter(None, (newest, known)), default=None)
        if left_from is not None and reached is not None:
            reached = min(reached, left_from)
        self._newest = reached.isoformat() if reached else None
        self._complete = self._complete or not left
        if not left:
            self._visits = {**self._visits, **self._fresh_visits}
        else:  # a list whose pages are not all read must be read again, so without validators
            for url, visit in self._fresh_visits.items():
                if "depth" in visit:
                    self._visits[url] = {"depth": visit["depth"]}
                else:
                    self._visits.pop(url, None)
        asked = end.get("asked_to_wait") or 0
        return self.batch(next_check=timedelta(seconds=asked) if asked else None)

    def _cursor(self) -> Cursor:
        cursor: Cursor = {
            "floor": self._floor.isoformat(),
            "newest": self._newest,
            "complete": self._complete,
            "seen": _newest_of(self._seen, MAX_SEEN),
            "visits": _newest_of(self._visits, MAX_VISITS),
            "tries": _newest_of(self._tries, MAX_VISITS),
            "reviews": list(self._reviews)[-MAX_REVIEWS_SEEN:],
        }
        return {name: value for name, value in cursor.items() if value not in (None, {}, [])}

    def error(self) -> SourceError | None:
        """Return the error of a run in which no entry point could be read, None if one could."""
        failed = [entry for entry in self._entries if entry["kind"] != "ok"]
        if not self._end:
            return SourceUnavailable("the crawl process could not start", source=self._source)
        if self.entries_ok or not failed:
            return None
        first = failed[0]
        message = f"{first['url']}: {first['reason']}"
        if len(failed) > 1:
            message += f" (and {len(failed) - 1} more)"
        kinds = {entry["kind"] for entry in failed}
        if "unavailable" in kinds:
            wait = self._end.get("asked_to_wait")
            return SourceUnavailable(
                message,
                source=self._source,
                retry_after=timedelta(seconds=wait) if wait else None,
            )
        if kinds == {"changed"}:
            return SourceChanged(message, "look at the page in a browser", source=self._source)
        return SourceDenied(message, _hint(first["reason"]), source=self._source)


def _hint(reason: str) -> str:
    if "public address" in reason:
        return "allow_private: true lets a source read hosts of your own network"
    if "robots.txt" in reason:
        return "the site does not want this page crawled: ask its owner, or remove the source"
    return "look at the page in a browser and correct the address"


def _crash_words(crash: CrawlCrashed, options: WebOptions) -> tuple[str, str]:
    if crash.overdue:
        text = f"the crawl did not stop after its time limit of {options.time_limit}"
        return text, "give it a longer time_limit or fewer max_pages"
    return f"the crawl process ended unexpectedly ({crash})", "run again with --debug for its log"


def _newest_of(values: dict[str, Any], most: int) -> dict[str, Any]:
    return values if len(values) <= most else dict(list(values.items())[-most:])


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def _once(*urls: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(url.strip() for url in urls if url.strip()))
