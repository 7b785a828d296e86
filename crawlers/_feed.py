"""Read the bytes of RSS 0.9x/1.0/2.0, Atom 0.3/1.0 and JSON Feed 1.x into entries.

feedparser reads the XML formats, from text that was decoded here; JSON Feed
(https://www.jsonfeed.org/version/1.1/) it does not know. Everything in an entry is plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urljoin

from crawlers._encodings import decode
from crawlers._json_array import Broken, array_items
from crawlers._plain_text import from_any, from_html, one_line, tidy
from crawlers._published import parse_moment

MOST_TAGS = 400_000
"""More opening brackets than any feed within the size limit has; the parser would take minutes."""

# What feedparser has been seen to let through on hostile input, besides its own bozo flag.
_PARSER_FAILURES = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)
_PROLOG = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_LINK = re.compile(r"<link\b[^>]{0,2000}>", re.IGNORECASE)
_FEED_TYPE = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)", re.IGNORECASE)
_HREF = re.compile(r"""\bhref\s*=\s*["']?([^"'\s>]{1,1000})""", re.IGNORECASE)
_JSON_ITEMS = re.compile(r'"items"\s*:\s*\[')
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


class NotAFeed(ValueError):
    """The bytes are no feed. ``feed_url`` is the feed that a web page names, or empty."""

    def __init__(self, message: str, feed_url: str = "") -> None:
        super().__init__(message)
        self.feed_url = feed_url


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, as the feed has it: plain text, absolute link; None is what it does not tell.

    ``published`` is not judged; ``date`` is the date's own text.
    """

    id: str | None = None
    link: str | None = None
    title: str | None = None
    text: str = ""
    published: datetime | None = None
    date: str = ""
    author: str | None = None
    language: str | None = None
    replies: int | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its entries in its own order. ``damage`` says what could not be read, or ""."""

    entries: tuple[Entry, ...]
    title: str | None = None
    language: str | None = None
    every: timedelta | None = None
    damage: str = ""


def read_feed(body: bytes, *, url: str = "", content_type: str = "", cut: bool = False) -> Feed:
    """Return what can be read of a feed; ``cut`` tells that the body was cut at a size limit.

    ``url`` is the base of relative links. Raises NotAFeed when no feed can be recognised.
    """
    charset = _CHARSET.search(content_type)
    prolog = _PROLOG.search(body[:1024])
    declared = [charset[1] if charset else None, prolog[1].decode() if prolog else None]
    start = body[:4]
    if b"\0" in start[:2] + start[3:] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = ""  # UTF-16 or UTF-32 without a mark: feedparser knows their patterns
    elif start.startswith(b"\x4c\x6f\xa7\x94"):
        text = ""  # EBCDIC, the same
    else:
        text, _ = decode(body, declared)
    if not body.strip():
        raise NotAFeed("the answer is empty")
    text = text.lstrip()  # a prolog after white space is no well-formed XML, and common
    if text[:1] == "{":
        return _json_feed(text, url)
    if _PAGE.match(text[:10_000]):
        raise NotAFeed("the answer is a web page, not a feed", _named_feed(text, url))
    if body.count(b"<") > MOST_TAGS:
        raise NotAFeed(f"the answer has more than {MOST_TAGS:,} tags")
    return _xml_feed(text.encode("utf-8", "replace") if text else body, url, cut=cut)


def _named_feed(page: str, url: str) -> str:
    for link in _LINK.findall(page[:200_000]):
        href = _HREF.search(link)
        if href and _FEED_TYPE.search(link):
            try:
                return urljoin(url, href[1])
            except ValueError:
                return ""
    return ""


# -- RSS and Atom ----------------------------------------------------------------------------


def _xml_feed(body: bytes, url: str, *, cut: bool) -> Feed:
    import feedparser

    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    if b"\0" in body[:4]:
        headers["content-type"] = "application/xml"
    try:
        parsed = feedparser.parse(
            body, response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
        entries = tuple(_xml_entry(entry, url) for entry in parsed.entries)
        feed = parsed.feed
    except _PARSER_FAILURES as error:
        raise NotAFeed(f"the feed cannot be parsed ({type(error).__name__})") from error
    if not entries and not parsed.get("version"):
        raise NotAFeed("the answer is neither RSS, Atom nor JSON Feed")
    damage = ""
    fault = parsed.get("bozo_exception")
    if parsed.get("bozo") and type(fault).__name__ in ("SAXParseException", "SAXException"):
        damage = "" if cut else _fault(fault)
    return Feed(
        entries,
        title=one_line(str(feed.get("title") or "")),
        language=_language(feed.get("language")),
        every=_every(feed),
        damage=damage,
    )


def _fault(fault: Any) -> str:
    """Say where an XML parser stopped; feedparser's loose parser then read on."""
    line = getattr(fault, "getLineNumber", lambda: None)()
    message = str(getattr(fault, "getMessage", lambda: fault)())
    place = f" in line {line}" if line else ""
    return f"not well-formed XML{place}: {message[:100]}"


def _xml_entry(entry: Any, url: str) -> Entry:
    detail = entry.get("author_detail") or {}
    author = detail.get("name") or str(detail.get("email") or "").split("@")[0]
    date = str(entry.get("published") or entry.get("updated") or entry.get("created") or "")
    return Entry(
        id=str(entry.get("id") or "").strip() or None,
        link=_absolute(str(entry.get("link") or ""), url),
        title=one_line(str(entry.get("title") or "")),
        text=_xml_text(entry),
        published=_moment(entry, date),
        date=tidy(date, 80),
        author=one_line(str(author or ""), 200),
        language=_xml_language(entry),
        replies=_count(entry.get("slash_comments") or entry.get("thr_total")),
    )


def _xml_text(entry: Any) -> str:
    """Return the fullest text: ``content`` where it says more than ``summary``."""
    texts = []
    for part in [*(entry.get("content") or [])[:5], entry.get("summary_detail") or {}]:
        value = str(part.get("value") or "")
        if not value:
            continue
        plain = part.get("type") == "text/plain"
        texts.append(from_any(value) if plain else from_html(value))
    if not texts and entry.get("summary"):
        texts.append(from_any(str(entry["summary"])))
    return max(texts, key=len, default="")


def _xml_language(entry: Any) -> str | None:
    for part in [*(entry.get("content") or [])[:1], entry.get("title_detail") or {}]:
        found = _language(part.get("language"))
        if found:
            return found
    return _language(entry.get("language"))


def _moment(entry: Any, date: str) -> datetime | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        parts = entry.get(name)
        if parts:
            try:
                year, month, day, hour, minute, second = parts[:6]
                return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
            except ValueError:
                continue
    return parse_moment(date)


def _every(feed: Any) -> timedelta | None:
    """Read ``ttl`` (minutes, RSS 2.0) or ``sy:updatePeriod`` and ``sy:updateFrequency``."""
    minutes = _count(feed.get("ttl"))
    if minutes:
        return timedelta(minutes=min(minutes, 100_000))
    period = _PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower())
    if period is None:
        return None
    return period / max(1, min(_count(feed.get("sy_updatefrequency")) or 1, 1000))


# -- JSON Feed -------------------------------------------------------------------------------


def _json_feed(text: str, url: str) -> Feed:
    damage: list[str] = []
    try:
        head = json.loads(text)
        items: Iterator[object] = iter(head.get("items") or ())
    except RecursionError as error:
        raise NotAFeed("the JSON is nested too deeply") from error
    except (ValueError, TypeError, AttributeError) as error:
        start = _JSON_ITEMS.search(text)
        if start is None:
            raise NotAFeed("the answer is neither a feed nor readable JSON") from error
        head, items = {}, array_items([text[start.end() :]])
    if not isinstance(head.get("items", []), list) or not (
        "items" in head or not head or "jsonfeed" in str(head.get("version", ""))
    ):
        raise NotAFeed("the answer is JSON, but not a JSON Feed")
    entries: list[Entry] = []
    for item in items:
        if isinstance(item, Mapping):
            entries.append(_json_entry(item, head, url))
        else:
            damage.append(item.reason if isinstance(item, Broken) else "an item is no object")
    if not head and not entries:
        raise NotAFeed("the answer is neither a feed nor readable JSON")
    return Feed(
        tuple(entries),
        title=one_line(_string(head.get("title"))),
        language=_language(head.get("language")),
        damage="; ".join(damage[:3]),
    )


def _json_entry(item: Mapping[str, Any], head: Mapping[str, Any], url: str) -> Entry:
    markup, plain = _string(item.get("content_html")), _string(item.get("content_text"))
    text = from_html(markup) if markup else tidy(plain)
    authors = item.get("authors") or item.get("author") or head.get("authors") or head.get("author")
    first = authors[0] if isinstance(authors, list) and authors else authors
    author = _string(first.get("name")) if isinstance(first, Mapping) else ""
    date = _string(item.get("date_published")) or _string(item.get("date_modified"))
    return Entry(
        id=_string(item.get("id")).strip() or None,
        link=_absolute(_string(item.get("url")) or _string(item.get("external_url")), url),
        title=one_line(_string(item.get("title"))),
        text=text or from_any(_string(item.get("summary"))),
        published=parse_moment(date),
        date=tidy(date, 80),
        author=one_line(author, 200),
        language=_language(item.get("language")),
    )


def _string(value: object) -> str:
    """Return a JSON string, or a number as text (ids are); anything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


# -- small readings --------------------------------------------------------------------------


def _absolute(link: str, url: str) -> str | None:
    try:
        return urljoin(url, link.strip()) if link.strip() else None
    except ValueError:
        return None


def _language(value: object) -> str | None:
    match = (
        re.match(r"([A-Za-z]{2,3})(?:[-_]|$)", value.strip()) if isinstance(value, str) else None
    )
    return match[1].lower() if match else None


def _count(value: object) -> int | None:
    text = str(value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
