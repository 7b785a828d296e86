"""Make a mention, and what the file itself says about it, of one row."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from crawlers._columns import ColumnMap, as_number
from crawlers._dates import DateReader, UnreadableDate
from crawlers._plain_text import from_any, one_line
from crawlers._published import believable
from crawlers._urls import canonical_url
from renom.brand import Brand
from renom.contracts import Given
from renom.enrichment import Aspect, Label, Sentiment, sentiment_of
from renom.mention import KINDS, Author, Engagement, Kind, Mention, Rating

MOST_DOUBLES = 2_000_000
_LABEL_WORDS: dict[Label, str] = {
    "positive": "positive positif positives positifs positif.ve pos + good favorable happy "
    "satisfied satisfait content promoteur promoter",
    "negative": "negative negatif negatives negatifs neg - bad defavorable unhappy unfavorable "
    "dissatisfied insatisfait mecontent detracteur detractor",
    "neutral": "neutral neutre neutres neu mixed mixte mitige conflict passif passive",
}
_LABELS = {word: label for label, words in _LABEL_WORDS.items() for word in words.split()}
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]|$)")
_OWN_SCALE = re.compile(r"\s*(\d{1,3}(?:[.,]\d{1,2})?)\s*/\s*(5|10|20|100)\s*$")
_NOTHING = (None, "")


class RejectedRow(ValueError):
    """A row that cannot be taken; the message says why."""


@dataclass(slots=True)
class RowReader:
    """Makes mentions of rows.

    ``unknown_brands`` counts the values of the brand column that no configured brand has by
    name, alias or handle: such rows say nothing about brands, so the queries decide.
    """

    source: str
    mapping: ColumnMap
    dates: DateReader
    brands: Sequence[Brand]
    platform: str | None = None
    kind: Kind | None = None
    language: str | None = None
    brand: str | None = None
    published_at: datetime | None = None
    unknown_brands: Counter[str] = field(default_factory=Counter)
    _named: dict[str, str] = field(default_factory=dict)
    _doubles: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for brand in self.brands:
            for name in (brand.name, *brand.aliases, *brand.handles.values()):
                self._named.setdefault(_plain(name), brand.name)

    def read(self, values: Mapping[str, Any], *, now: datetime) -> tuple[Mention, Given | None]:
        """Return the row's mention and what is given with it. Raises RejectedRow."""
        row = {
            name: value
            for name, column in self.mapping.columns.items()
            if (value := values.get(column)) not in _NOTHING
        }
        text = from_any(_string(row.get("text")))
        if not text:
            raise RejectedRow("has no text")
        published = self._published(row, now)
        rating = self._rating(row)
        platform = self._platform(row)
        given = self._given(row)
        try:
            mention = Mention(
                platform=platform,
                external_id=self._identity(row, text, published),
                source=self.source,
                url=canonical_url(_string(row["url"])) if "url" in row else None,
                kind=self._kind(row, rating, platform),
                text=text,
                title=one_line(_string(row["title"])) if "title" in row else None,
                author=_author(row),
                published_at=published,
                collected_at=now,
                language=_language(row.get("language")) or self.language,
                rating=rating,
                engagement=_engagement(row),
                place=one_line(_string(row["place"]), 80) if "place" in row else None,
                parent_id=_string(row["parent"])[:300] or None if "parent" in row else None,
            )
        except ValueError as error:
            raise RejectedRow(str(error)) from error
        return mention, given

    def _published(self, row: Mapping[str, Any], now: datetime) -> datetime:
        if "published_at" not in row:
            if self.published_at is None:
                raise RejectedRow("has no date; state the file's with published_at")
            return self.published_at
        try:
            moment = self.dates.read(row["published_at"])
        except UnreadableDate as error:
            raise RejectedRow(str(error)) from error
        if not believable(moment, now=now):
            when = "in the future" if moment > now else "before 1995"
            raise RejectedRow(f"its date is {when}: {_string(row['published_at'])[:40]}")
        return min(moment, now)

    def _rating(self, row: Mapping[str, Any]) -> Rating | None:
        for name, scale in (
            ("nps", (0.0, 10.0)),
            ("rating", self.mapping.rating_scale),
            ("rating10", (0.0, 10.0)),
        ):
            if name not in row:
                continue
            own = _OWN_SCALE.match(row[name]) if isinstance(row[name], str) else None
            number = float(own[1].replace(",", ".")) if own else as_number(row[name])
            if own and name == "rating":
                scale = (0.0, float(own[2]))
            if number is None or scale is None:
                raise RejectedRow(f"its {name} is no number: {_string(row[name])[:40]!r}")
            try:
                return Rating(number, *scale)
            except ValueError:
                raise RejectedRow(
                    f"its {name} {number:g} is outside {scale[0]:g}..{scale[1]:g}; "
                    "state the scale with rating_scale"
                ) from None
        return None

    def _platform(self, row: Mapping[str, Any]) -> str:
        if self.platform:
            return self.platform
        stated = _plain(_string(row.get("platform")).split("(")[0]).replace(" ", "-")[:64]
        if _PLATFORM.fullmatch(stated):
            return stated
        return self.mapping.platform or "import"

    def _kind(self, row: Mapping[str, Any], rating: Rating | None, platform: str) -> Kind:
        stated = _string(row.get("kind")).strip().lower()
        if stated in KINDS:
            return stated  # type: ignore[return-value]
        if self.kind is not None:
            return self.kind
        if "nps" in row or platform in ("survey", "enquete"):
            return "survey"
        return "review" if rating is not None else "post"

    def _identity(self, row: Mapping[str, Any], text: str, published: datetime) -> str:
        """Return the stated id, or a hash of what the row holds.

        A short number (up to 6 digits) counts rows of one file and says nothing beyond it: it
        gets a hash of text and date behind it. Rows that are alike in every mapped field are
        told apart by their count within the file. A number beyond 2**53 from a spreadsheet has
        lost its last digits, so it is no id.
        """
        value = row.get("id")
        if isinstance(value, float) and not value.is_integer():
            value = repr(value)
        if isinstance(value, float):
            value = int(value) if abs(value) < 2**53 else None
        stated = " ".join(_string(value).split())
        if stated:
            if stated.isdigit() and len(stated) <= 6:
                return f"{stated}-{_digest(text, published.isoformat())[:16]}"
            return stated if len(stated) <= 300 else f"row-{_digest(stated)}"
        name = _digest(text, *(f"{key}={row[key]}" for key in sorted(row) if key != "text"))
        number = int(name[:15], 16)
        count = self._doubles.get(number, 0) + 1
        if count > 1 or len(self._doubles) < MOST_DOUBLES:
            self._doubles[number] = count
        return f"row-{name}" if count == 1 else f"row-{name}-{count}"

    def _given(self, row: Mapping[str, Any]) -> Given | None:
        sentiment = _sentiment(row)
        aspects = _aspects(row.get("aspects"), sentiment)
        brands = self._brands(row)
        if sentiment is None and not aspects and not brands:
            return None
        return Given(brands, sentiment, aspects, also_match=self.brand is not None)

    def _brands(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        value = self.brand if self.brand is not None else row.get("brand")
        values = value if isinstance(value, list) else [value]
        found: dict[str, None] = {}
        for item in values[:50]:
            stated = _string(item).strip()
            if not stated:
                continue
            name = self._named.get(_plain(stated))
            if name is not None:
                found[name] = None
            elif stated in self.unknown_brands or len(self.unknown_brands) < 10_000:
                self.unknown_brands[stated] += 1
        return tuple(found)


def _sentiment(row: Mapping[str, Any]) -> Sentiment | None:
    label = _LABELS.get(_plain(_string(row.get("label")), keep="+-."))
    if label is None:
        return None
    sure = as_number(row.get("label_confidence"))
    return sentiment_of(label, sure if sure is not None and 0 <= sure <= 1 else 1.0)


def _aspects(value: object, sentiment: Sentiment | None) -> tuple[Aspect, ...]:
    """Read ``"prix; livraison"``, a list of names or a list of ``{aspect, polarity}``.

    An aspect without a polarity takes the row's sentiment, or a neutral one of no confidence.
    """
    items = re.split(r"[;|]", value) if isinstance(value, str) else value
    unsure = sentiment or sentiment_of("neutral", 0.0)
    found: dict[str, Aspect] = {}
    for item in items[:50] if isinstance(items, list) else ():
        name, feeling = item, unsure
        if isinstance(item, Mapping):
            name = next((item[k] for k in ("aspect", "category", "term") if item.get(k)), "")
            label = _LABELS.get(_plain(_string(item.get("polarity") or item.get("sentiment"))))
            feeling = sentiment_of(label) if label else unsure
        line = one_line(_string(name), 100)
        if line:
            found.setdefault(line, Aspect(line, feeling))
    return tuple(found.values())


def _author(row: Mapping[str, Any]) -> Author | None:
    name = one_line(_string(row.get("author")), 200)
    return Author(name, followers=_count(row, "followers")) if name else None


def _engagement(row: Mapping[str, Any]) -> Engagement:
    shares, quotes = _count(row, "shares"), _count(row, "quotes")
    if quotes is not None:
        shares = (shares or 0) + quotes
    return Engagement(
        likes=_count(row, "likes"),
        replies=_count(row, "replies"),
        shares=shares,
        views=_count(row, "views"),
    )


def _count(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    if isinstance(value, str):
        value = re.sub(r"(?<=\d)[\s,.\u202f](?=\d{3}\b)", "", value)
    number = as_number(value)
    return int(number) if number is not None and number >= 0 else None


def _language(value: object) -> str | None:
    if not isinstance(value, str):
        return None
    word = value.strip()
    named = {"french": "fr", "francais": "fr", "english": "en", "anglais": "en"}.get(_plain(word))
    match = _LANGUAGE.match(word)
    return named or (match[1].lower() if match else None)


def _string(value: object) -> str:
    """Return a text or a number as text; lists, objects and truth values are no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return repr(value)


@lru_cache(maxsize=8192)
def _plain(text: str, keep: str = ".") -> str:
    """Fold case, accents, ``@``, ``#`` and signs, for comparing names."""
    plain = unicodedata.normalize("NFKD", text.strip().lstrip("@#").casefold())
    kept = (char if char.isalnum() or char in keep else " " for char in plain
            if not unicodedata.combining(char))  # fmt: skip
    return " ".join("".join(kept).split())


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
