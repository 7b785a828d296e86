"""Document: everything about one mention that a query can ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from renom.mention import Author, Engagement, Mention, Rating


@dataclass(frozen=True, slots=True)
class Document:
    """One text with its field values; None and empty mean unknown, and match no field.

    ``text`` starts with ``title`` (added when it doesn't), exactly as ``Mention.full_text``:
    spans count its characters. ``sentiment`` is a label; ``brands``, ``aspects``, ``emotions``
    are names; ``published`` is aware UTC.
    """

    text: str
    title: str | None = None
    author: Author | None = None
    url: str | None = None
    language: str | None = None
    country: str | None = None
    platform: str | None = None
    source: str | None = None
    kind: str | None = None
    rating: Rating | None = None
    engagement: Engagement | None = None
    published: datetime | None = None
    sentiment: str | None = None
    brands: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    touchpoint: str | None = None

    def __post_init__(self) -> None:
        if self.title and not self.text.startswith(self.title):
            object.__setattr__(self, "text", f"{self.title}\n{self.text}")

    @classmethod
    def of(
        cls,
        mention: Mention,
        *,
        language: str | None = None,
        sentiment: str | None = None,
        brands: Collection[str] = (),
        aspects: Collection[str] = (),
        emotions: Collection[str] = (),
        touchpoint: str | None = None,
    ) -> Document:
        """Return the document of ``mention`` with what its enrichment has found so far.

        ``language`` (as identified) wins over the language the platform states.
        """
        return cls(
            text=mention.text,
            title=mention.title or None,
            author=mention.author,
            url=mention.url,
            language=language or mention.language,
            country=country_of(mention.place),
            platform=mention.platform,
            source=mention.source,
            kind=mention.kind,
            rating=mention.rating,
            engagement=mention.engagement,
            published=mention.published_at,
            sentiment=sentiment,
            brands=tuple(brands),
            aspects=tuple(aspects),
            emotions=tuple(emotions),
            touchpoint=touchpoint,
        )

    @property
    def site(self) -> str | None:
        """Host name of ``url`` in lower case, without port; None when there is none."""
        return site_of(self.url)


def site_of(url: str | None) -> str | None:
    """Return the host of a URL in lower case; None when it has none or can't be read."""
    if not url:
        return None
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def country_of(place: str | None) -> str | None:
    """Return the two-letter code that ``place`` starts with (``FR, Lyon``), or None."""
    if not place:
        return None
    code = place[:2]
    alone = len(place) == 2 or not place[2].isalnum()
    return code.upper() if alone and code.isascii() and code.isalpha() else None
