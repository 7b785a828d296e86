"""Feeds: RSS, Atom and JSON Feed, read again only when they change."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import field_validator, model_validator

from crawlers._feed import Entry, Feed, NotAFeed, read_feed
from crawlers._http import Fetched, Fetcher, HttpOptions, HttpSecrets
from crawlers._published import believable
from crawlers._urls import canonical_url, host_of, is_web, origin_of, shown_url
from renom.contracts import Batch, Cursor, Rejection, Source
from renom.errors import SourceChanged, SourceError, SourceUnavailable
from renom.mention import Author, Engagement, Kind, Mention

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, "
    "application/json;q=0.8, application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
CHUNK = 500
LEAST_SEEN, MOST_SEEN = 200, 10_000
LONGEST_WAIT = timedelta(hours=24)
LONGEST_MAX_AGE = timedelta(hours=1)
MOVED_AFTER = 3
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)

State = dict[str, Any]
"""What is remembered of one feed: validators, body hash, entries seen, where it moved to."""


class RssOptions(HttpOptions):
    """Options of a feed source.

    ``url`` or ``urls``: the feeds. ``platform`` and ``kind`` are what their entries count as;
    ``language`` says the language for certain, otherwise the feed's own statement is taken.
    """

    url: str = ""
    urls: tuple[str, ...] = ()
    platform: str = "press"
    kind: Kind = "article"
    language: str | None = None

    @field_validator("platform")
    @classmethod
    def _platform_name(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", value):
            raise ValueError("must be a lower-case name such as press, blog or web")
        return value

    @field_validator("language")
    @classmethod
    def _language_code(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z]{2,3}", value):
            raise ValueError("must be an ISO 639 code such as fr or en")
        return value

    @model_validator(mode="after")
    def _some_feed(self) -> RssOptions:
        feeds = self.feeds
        if not feeds:
            raise ValueError("give the feed's address as url, or several as urls")
        for url in feeds:
            if not is_web(url):
                raise ValueError(f"not a web address: {shown_url(url)}")
            if "@" in url.split("/")[2]:
                raise ValueError(
                    f"{shown_url(url)} holds a user name or a password; put them into the "
                    "environment (RENOM_RSS_USER, RENOM_RSS_PASSWORD)"
                )
        return self

    @property
    def feeds(self) -> tuple[str, ...]:
        """All configured addresses, each once."""
        return tuple(dict.fromkeys(u.strip() for u in (self.url, *self.urls) if u.strip()))


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of a feed's entries, before the cursor."""

    mentions: tuple[Mention, ...]
    rejected: tuple[Rejection, ...]
    seen: dict[str, str]
    unchanged: int


class RssSource(Source):
    """Collects feeds.

    A feed is asked conditionally (ETag, Last-Modified) and skipped when its bytes are the same.
    An entry is taken again when its content changes. An entry without a usable date is taken
    as published now if it appeared since the last run; on the first run nobody can tell whether
    it is within ``backfill``, so it is a rejection. A date up to a day ahead counts as now.

    ``{platform}:{id}``: the entry's id, in canonical form when it is an address, after the
    feed's host when it is not unique by itself; else its link; else a hash of title and date.
    """

    Options = RssOptions
    Secrets = HttpSecrets
    platform: ClassVar[str] = "press"

    def fetch(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Yield each feed's new entries, oldest first.

        A failing feed beside others is a rejection and the others are kept; when none can be
        read, the mildest failure is raised: one that may pass before one that will not.
        """
        states: dict[str, State] = dict((cursor or {}).get("feeds", {}))
        failures: list[SourceError] = []
        waits: list[timedelta] = []
        answered, several = 0, len(self.options.feeds) > 1
        with self._fetcher() as fetcher:
            for url in self.options.feeds:
                key = _short(url)
                paused = _wait_left(states.get(key, {}), now)
                if paused is not None:
                    waits.append(paused)
                    continue
                try:
                    for batch, state in self._collect(fetcher, url, states.get(key, {}), now):
                        states = {**states, key: state}
                        yield replace(batch, cursor={"feeds": states}, next_check=None)
                    answered += 1
                    waits.append(batch.next_check or timedelta())
                except SourceError as error:
                    failures.append(error)
                    states = {**states, key: _failed(states.get(key, {}), error, now)}
                    yield Batch(
                        cursor={"feeds": states},
                        rejected=(Rejection(shown_url(url), error.message),) if several else (),
                    )
        if failures and not answered:
            raise max(failures, key=lambda error: isinstance(error, SourceUnavailable))
        soonest = min(waits, default=timedelta())
        if soonest:
            yield Batch(cursor={"feeds": states}, next_check=soonest)

    def _fetcher(self) -> Fetcher:
        return Fetcher(self.options, self.secrets, source=self.name, configured=self.options.feeds)

    def check(self) -> str:
        """Ask each feed once; return how many entries they hold."""
        counts = []
        with self._fetcher() as fetcher:
            for url in self.options.feeds:
                answer = fetcher.get(url, now=datetime.now(UTC), accept=ACCEPT)
                counts.append(len(self._parse(answer, url).entries))
        return f"{len(counts)} feed(s) answer, {sum(counts)} entries"

    # -- one feed ----------------------------------------------------------------------------

    def _collect(
        self, fetcher: Fetcher, url: str, state: State, now: datetime
    ) -> Iterator[tuple[Batch, State]]:
        state = dict(state)
        answer = self._get(fetcher, url, state, now)
        state = _moved(state, url, answer)
        if answer.not_modified:
            yield Batch(next_check=_fresh_for(answer, None)), _checked(state, now)
            return
        digest = hashlib.sha256(answer.body).hexdigest()[:32]
        if digest == state.get("body"):
            state = {**_checked(state, now), **_validators(answer)}
            yield Batch(next_check=_fresh_for(answer, None)), state
            return
        feed = self._parse(answer, url)
        taken = self._take(feed, url, state, now)
        rejected = list(taken.rejected)
        if answer.truncated:
            rejected.append(
                Rejection(
                    shown_url(url),
                    f"larger than {self.options.max_size:g} MB; what came after was not read",
                )
            )
        if feed.damage:
            rejected.append(Rejection(shown_url(url), feed.damage))
        parts = [taken.mentions[at : at + CHUNK] for at in range(0, len(taken.mentions), CHUNK)]
        for part in parts[:-1]:
            names = [_short(mention.external_id) for mention in part]
            state = {**state, "seen": _newest(state, {name: taken.seen[name] for name in names})}
            yield Batch(mentions=part), state
        done = {
            **_checked(state, now),
            **_validators(answer),
            "body": digest,
            "seen": _newest(state, taken.seen),
        }
        yield (
            Batch(
                mentions=parts[-1] if parts else (),
                rejected=tuple(rejected),
                unchanged=taken.unchanged,
                next_check=_fresh_for(answer, feed.every),
            ),
            done,
        )

    def _get(self, fetcher: Fetcher, url: str, state: State, now: datetime) -> Fetched:
        """Fetch the feed, at its new address once a permanent redirect has proved stable."""
        validators = {"etag": state.get("etag"), "modified": state.get("modified")}
        moved = state.get("moved", {})
        if moved.get("polls", 0) >= MOVED_AFTER and self._may_follow(url, moved["url"]):
            try:
                return fetcher.get(moved["url"], now=now, accept=ACCEPT, **validators)
            except SourceError:
                state.pop("moved", None)  # it did not hold; the configured address decides
        return fetcher.get(url, now=now, accept=ACCEPT, **validators)

    def _may_follow(self, url: str, target: str) -> bool:
        """Credentials are for the configured host only: with them, it is asked every time."""
        secrets = self.secrets
        bare = secrets is None or (secrets.user is None and secrets.token is None)
        return bare or origin_of(url) == origin_of(target)

    def _parse(self, answer: Fetched, url: str) -> Feed:
        try:
            return read_feed(
                answer.body,
                url=answer.url,
                content_type=answer.headers.get("content-type", ""),
                cut=answer.truncated,
            )
        except NotAFeed as error:
            size = f" (cut at {self.options.max_size:g} MB)" if answer.truncated else ""
            hint = (
                f"the page names this feed: {shown_url(error.feed_url)}" if error.feed_url else ""
            )
            raise SourceChanged(
                f"{shown_url(url)}: {error}{size}", hint, source=self.name
            ) from error

    def _take(self, feed: Feed, url: str, state: State, now: datetime) -> _Taken:
        seen: Mapping[str, str] = state.get("seen", {})
        checked = state.get("checked")
        first = checked is None
        floor = now - self.options.backfill
        if checked is not None:
            # After an outage the hole is filled, however long it was.
            floor = min(floor, datetime.fromisoformat(checked) - self.options.lag)
        mentions: list[Mention] = []
        rejected: list[Rejection] = []
        now_seen: dict[str, str] = {}
        unchanged = 0
        for number, (entry, external_id) in enumerate(_identified(feed, host_of(url)), start=1):
            name, content = _short(external_id), _content(entry)
            known = seen.get(name) == content or now_seen.get(name) == content
            now_seen[name] = content
            if known:
                unchanged += 1
                continue
            date = entry.published if believable(entry.published, now=now) else None
            reason = _refusal(entry, date, first=first)
            if reason:
                rejected.append(Rejection(_named(entry, number), reason))
            elif date is None or date >= floor:
                mentions.append(self._mention(feed, entry, external_id, min(date or now, now), now))
        mentions.sort(key=lambda mention: mention.published_at)
        return _Taken(tuple(mentions), tuple(rejected), now_seen, unchanged)

    def _mention(
        self, feed: Feed, entry: Entry, external_id: str, published: datetime, now: datetime
    ) -> Mention:
        return Mention(
            platform=self.options.platform,
            external_id=external_id,
            source=self.name,
            url=canonical_url(entry.link) if entry.link else None,
            kind=self.options.kind,
            text=entry.text or entry.title or "",
            title=entry.title,
            author=Author(entry.author) if entry.author else None,
            published_at=published,
            collected_at=now,
            language=self.options.language or entry.language or feed.language,
            engagement=Engagement(replies=entry.replies),
        )


# -- entries ---------------------------------------------------------------------------------


def _refusal(entry: Entry, date: datetime | None, *, first: bool) -> str:
    """Say why an entry cannot be taken, "" when it can."""
    if not entry.text and not entry.title:
        return "has neither text nor title"
    if date is None and first:
        if entry.published is not None:
            return f"its date is not believable: {entry.date}"
        if entry.date:
            return f"its date cannot be read: {entry.date}"
        return "has no date, so its age is unknown; entries that appear from now on are taken"
    return ""


def _named(entry: Entry, number: int) -> str:
    name = shown_url(entry.link) if entry.link else (entry.id or entry.title or "")[:120]
    return f"entry {number}" + (f" ({name})" if name else "")


def _identified(feed: Feed, host: str) -> Iterator[tuple[Entry, str]]:
    """Pair each entry with its external id; an id that entries share does not identify them."""
    ids = [_external_id(entry, host) for entry in feed.entries]
    kinds: dict[str, set[tuple[str | None, str | None]]] = {}
    for entry, name in zip(feed.entries, ids, strict=True):
        kinds.setdefault(name, set()).add((entry.link, entry.title))
    for entry, name in zip(feed.entries, ids, strict=True):
        if len(kinds[name]) > 1:
            yield entry, f"{host}/{_digest(name, entry.link, entry.title, entry.date)}"
        else:
            yield entry, name


def _external_id(entry: Entry, host: str) -> str:
    raw = " ".join((entry.id or entry.link or "").split())
    if not raw:
        return f"{host}/{_digest(entry.title or entry.text[:1000], entry.date)}"
    if raw.startswith(("http://", "https://")):
        canonical = canonical_url(raw)
        fragment = raw.partition("#")[2]
        name = (
            f"{canonical}#{fragment}" if canonical and fragment[:1] not in ("", "!") else canonical
        )
        name = name or f"{host}/{raw}"
    elif raw.startswith(("tag:", "urn:")):
        name = raw
    else:
        name = f"{host}/{raw}"
    return name if len(name) <= 300 else f"{host}/{_digest(name)}"


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _content(entry: Entry) -> str:
    return _digest(entry.title, entry.text, str(entry.replies))[:12]


# -- what is remembered ----------------------------------------------------------------------


def _checked(state: State, now: datetime) -> State:
    kept = {name: value for name, value in state.items() if name != "wait_until"}
    return {**kept, "checked": now.isoformat()}


def _validators(answer: Fetched) -> State:
    return {"etag": answer.headers.get("etag"), "modified": answer.headers.get("last-modified")}


def _moved(state: State, url: str, answer: Fetched) -> State:
    """Count the polls in a row that were sent to the same place for good."""
    old = state.get("moved", {})
    if old.get("polls", 0) >= MOVED_AFTER and answer.moved_to is None:
        return state
    kept = {name: value for name, value in state.items() if name != "moved"}
    target = answer.moved_to
    if target is None or target == url or shown_url(target) != target:
        return kept
    polls = old.get("polls", 0) + 1 if old.get("url") == target else 1
    return {**kept, "moved": {"url": target, "polls": polls}}


def _newest(state: State, seen: Mapping[str, str]) -> dict[str, str]:
    """Add to the entries seen; keep the newest, at least twice as many as the feed has."""
    most = max(min(max(2 * len(seen), LEAST_SEEN), MOST_SEEN), len(seen))
    older = {name: content for name, content in state.get("seen", {}).items() if name not in seen}
    return dict([*older.items(), *seen.items()][-most:])


def _failed(state: State, error: SourceError, now: datetime) -> State:
    wait = getattr(error, "retry_after", None)
    return {**state, "wait_until": (now + wait).isoformat()} if wait else state


def _wait_left(state: State, now: datetime) -> timedelta | None:
    until = state.get("wait_until")
    left = datetime.fromisoformat(until) - now if until else timedelta()
    return left if left > timedelta() else None


def _fresh_for(answer: Fetched, every: timedelta | None) -> timedelta | None:
    """Return how long the feed asks not to be read again: ``ttl`` or ``sy:``, ``max-age``."""
    waits = [min(every, LONGEST_WAIT)] if every else []
    age = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    if age and int(age[1]):
        waits.append(min(timedelta(seconds=int(age[1])), LONGEST_MAX_AGE))
    return max(waits, default=None)
