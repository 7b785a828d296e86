"""Export: mentions as CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from dashboard.markup import label_of
from renom.reading import Found

COLUMNS = (
    "key",
    "published_at",
    "platform",
    "source",
    "kind",
    "language",
    "author",
    "title",
    "text",
    "url",
    "rating",
    "rating_best",
    "likes",
    "replies",
    "shares",
    "brand",
    "sentiment",
    "story",
)

# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: object) -> object:
    """Return a value that no spreadsheet takes for a formula: text gets a leading apostrophe."""
    if isinstance(value, str) and value.lstrip(" \u00a0").startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def csv_of(found: Iterable[Found], zone: ZoneInfo) -> bytes:
    """Return CSV with one line per match (mention and brand), times in ``zone``.

    UTF-8 with a byte order mark, without which Excel reads accents wrong.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in found:
        for brand in one.brands or ("",):
            writer.writerow([cell(value) for value in _line(one, brand, zone)])
    return text.getvalue().encode("utf-8-sig")


def _line(found: Found, brand: str, zone: ZoneInfo) -> tuple[object, ...]:
    mention, enrichment = found.mention, found.enrichment
    author = mention.author
    return (
        mention.key,
        mention.published_at.astimezone(zone).isoformat(timespec="seconds"),
        mention.platform,
        mention.source,
        mention.kind,
        enrichment.language or mention.language,
        (author.name or author.handle) if author else None,
        mention.title,
        mention.text.replace("\x00", ""),
        mention.url,
        mention.rating.given if mention.rating else None,
        mention.rating.best if mention.rating else None,
        mention.engagement.likes,
        mention.engagement.replies,
        mention.engagement.shares,
        brand,
        label_of(found, brand),
        enrichment.story,
    )
