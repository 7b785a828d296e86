"""Find when a page was published.

The order of trust: what the sitemap or feed said, JSON-LD ``datePublished``, ``article:``-like
``<meta>`` elements, ``<time datetime>``, the date in the URL's path, and last the heuristics of
htmldate. A date before 1995 or more than a day ahead is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)

_META = (
    "article:published_time",
    "article:published",
    "og:article:published_time",
    "og:published_time",
    "datepublished",
    "publishdate",
    "publish-date",
    "publish_date",
    "pubdate",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.issued",
    "dc.date",
    "article_date_original",
    "date",
)
_URL_DAY = re.compile(r"/((?:19|20)\d\d)[/-](0?[1-9]|1[0-2])[/-](0?[1-9]|[12]\d|3[01])(?=[/-]|$)")
_DAY_FIRST = re.compile(r"(\d{1,2})[./](\d{1,2})[./]((?:19|20)\d\d)(?:\D+(\d{1,2})[:h](\d\d))?")
_ISO = re.compile(r"\d{4}-?\d\d")
_LOOSE_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T\s]+(\d\d):(\d\d)(?::(\d\d))?(?:\.\d+)?\s*(Z|[+-]\d\d:?\d\d)?)?"
)


def parse_moment(value: object) -> datetime | None:
    """Read ISO 8601, RFC 822, a Unix time in seconds, or ``31/12/2026`` as an aware UTC time.

    A time without a zone is taken as UTC; None when the value is none of these.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value).strip()[:64]
    if text.isdigit() and len(text) in (10, 13):
        return datetime.fromtimestamp(int(text[:10]), UTC)
    found = _iso(text) or _rfc822(text) or _day_first(text)
    if found is None:
        return None
    try:
        return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return None


def believable(moment: datetime | None, *, now: datetime) -> bool:
    """Say whether a page can have been published then."""
    return moment is not None and EARLIEST <= moment <= now + _AHEAD


def find_published(
    tree: Any,
    *,
    url: str,
    json_ld: Iterable[object],
    hint: datetime | None,
    now: datetime,
) -> tuple[datetime | None, str]:
    """Return the time a page was published and the name of the rule that found it.

    ``tree`` is a parsed page (lxml), ``json_ld`` the candidate values of ``datePublished``, best
    first, ``hint`` the sitemap's or feed's date. ``(None, "")`` when nothing believable is found.
    """
    if hint is not None and believable(hint, now=now):
        return hint, "sitemap"
    for rule, values in (
        ("json-ld", json_ld),
        ("meta", _metas(tree)),
        ("time", _times(tree)),
        ("url", _in_path(url)),
    ):
        for value in values:
            moment = parse_moment(value)
            if moment is not None and believable(moment, now=now):
                return moment, rule
    moment = _heuristic(tree, url, now)
    return (moment, "htmldate") if believable(moment, now=now) else (None, "")


def _iso(text: str) -> datetime | None:
    if not _ISO.match(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        match = _LOOSE_ISO.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, zone = match.groups()
    tail = (zone or "Z").replace("Z", "+00:00")
    try:
        return datetime.fromisoformat(
            f"{year}-{month}-{day}T{hour or '00'}:{minute or '00'}:{second or '00'}{tail}"
        )
    except ValueError:
        return None


def _rfc822(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def _day_first(text: str) -> datetime | None:
    match = _DAY_FIRST.match(text)
    if match is None:
        return None
    day, month, year, hour, minute = (int(part or 0) for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return None


def _metas(tree: Any) -> list[str]:
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        for attribute in ("property", "name", "itemprop"):
            name = (element.get(attribute) or "").strip().lower()
            if name in _META and element.get("content"):
                found.setdefault(name, element.get("content"))
    return [found[name] for name in _META if name in found]


def _times(tree: Any) -> Iterator[str]:
    """Yield ``<time>`` values: those marked as publication first, then the first of the article.

    A page's other times belong to comments and to related articles.
    """
    marked: list[str] = []
    plain: list[str] = []
    for element in tree.iter("time"):
        value = element.get("datetime") or ""
        if not value:
            continue
        sign = " ".join((element.get(a) or "") for a in ("itemprop", "class", "pubdate")).lower()
        if "modif" in sign or "update" in sign:
            continue
        is_marked = "publi" in sign or "pubdate" in sign or element.get("pubdate") is not None
        (marked if is_marked else plain).append(value)
    yield from marked
    yield from plain[:1]


def _in_path(url: str) -> list[str]:
    match = _URL_DAY.search(urlsplit(url).path)
    if match is None:
        return []
    year, month, day = match.groups()
    return [f"{year}-{month:0>2}-{day:0>2}"]


def _heuristic(tree: Any, url: str, now: datetime) -> datetime | None:
    from htmldate import find_date

    found = find_date(
        tree,
        url=url,
        original_date=True,
        outputformat="%Y-%m-%dT%H:%M:%S%z",
        min_date=EARLIEST.date().isoformat(),
        max_date=(now + _AHEAD).date().isoformat(),
        deferred_url_extractor=True,
    )
    return parse_moment(found) if found else None
