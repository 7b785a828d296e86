"""Rows to mentions and back, and what people and sources said laid over what enrichers found."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from renom.contracts import Given
from renom.enrichment import BrandSentiment, Enrichment, Sentiment, sentiment_of
from renom.mention import KINDS, Author, Engagement, Mention, Rating
from storage import tables
from storage.codec import encode
from storage.facts import LABEL_NAMES, LABELS, MILLION, UNSCORED
from storage.moments import micros, moment

MENTION_COLUMNS = tuple(column.name for column in tables.mention.columns)
KIND_NUMBERS = {kind: number for number, kind in enumerate(KINDS)}


def hash64(text: str) -> int:
    """Return a signed 64-bit hash of ``text``, the same in every process."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def storable(text: str) -> str:
    """Return ``text`` without what a database cannot hold: NUL and lone surrogates."""
    if text.isascii():
        return text.replace("\0", " ")
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def clean(mention: Mention) -> Mention:
    """Return ``mention`` with every text storable; itself when nothing had to change."""
    changes: dict[str, Any] = {}
    for name in ("external_id", "url", "text", "title", "language", "place", "parent_id"):
        value = getattr(mention, name)
        if value is not None and (fixed := storable(value)) != value:
            changes[name] = fixed
    author = mention.author
    if author is not None:
        handle = storable(author.handle)
        full = None if author.name is None else storable(author.name)
        if (handle, full) != (author.handle, author.name):
            changes["author"] = dataclasses.replace(author, handle=handle, name=full)
    return dataclasses.replace(mention, **changes) if changes else mention


def digest_of(mention: Mention) -> int:
    """Return a hash of title and text: another one means that the mention was edited."""
    return hash64(f"{mention.title or ''}\0{mention.text}")


def values_of(mention: Mention) -> dict[str, Any]:
    """Return the columns of ``mention`` that come from the mention itself."""
    author, engagement, rating = mention.author, mention.engagement, mention.rating
    return {
        "external_id": mention.external_id,
        "kind": KIND_NUMBERS[mention.kind],
        "digest": digest_of(mention),
        "published_at": micros(mention.published_at),
        "collected_at": micros(mention.collected_at),
        "language": mention.language,
        "rating": None if rating is None else json.dumps([rating.given, rating.worst, rating.best]),
        "likes": engagement.likes,
        "replies": engagement.replies,
        "shares": engagement.shares,
        "views": engagement.views,
        "reach": mention.reach,
        "followers": author.followers if author else None,
        "handle": author.handle if author else None,
        "author_name": author.name if author else None,
        "stakeholder": author.stakeholder if author else None,
        "place": mention.place,
        "parent_id": mention.parent_id,
        "url": mention.url,
        "title": mention.title,
        "text": mention.text,
    }


def mention_of(row: Mapping[str, Any], platform: str, source: str) -> Mention:
    """Return the mention that a row of the table ``mention`` holds."""
    author = None
    if row["handle"] is not None:
        author = Author(row["handle"], row["author_name"], row["followers"], row["stakeholder"])
    return Mention(
        platform=platform,
        external_id=row["external_id"],
        source=source,
        url=row["url"],
        kind=KINDS[row["kind"]],  # type: ignore[arg-type]
        text=row["text"],
        published_at=moment(row["published_at"]),
        collected_at=moment(row["collected_at"]),
        title=row["title"],
        author=author,
        language=row["language"],
        rating=rating_of(row["rating"]),
        engagement=Engagement(row["likes"], row["replies"], row["shares"], row["views"]),
        reach=row["reach"],
        place=row["place"],
        parent_id=row["parent_id"],
    )


def rating_of(text: str | None) -> Rating | None:
    """Return the rating that a column holds."""
    return None if text is None else Rating(*json.loads(text))


def millionths(rating: Rating | None) -> int | None:
    """Return the normalised rating in millionths."""
    return None if rating is None else round(rating.value * MILLION)


def given_text(given: Given | None) -> str | None:
    """Return what a source gave with a mention as JSON, None when that is nothing."""
    if given is None or given == Given():
        return None
    return encode(given)


def overlay(
    found: Enrichment,
    given: Given | None,
    corrections: Mapping[str, str],
    brands: Sequence[str],
) -> Enrichment:
    """Return ``found`` as it is shown: a person outranks the source, the source the enrichers.

    ``corrections`` maps brand name to label, ``""`` being the whole text. Of a mention with one
    brand, a correction toward the brand is one of the whole text too.
    """
    if given is None and not corrections:
        return found
    changes: dict[str, Any] = {}
    made_by = dict(found.made_by)
    toward = {item.brand: item for item in found.brand_sentiments}
    if given is not None and given.sentiment is not None:
        changes["sentiment"] = given.sentiment
        made_by["sentiment"] = "import"
        toward = {}
    if given is not None and given.aspects:
        changes["aspects"] = given.aspects
        made_by["aspects"] = "import"
    if corrections:
        whole = corrections.get("") or (corrections.get(brands[0]) if len(brands) == 1 else None)
        if whole is not None:
            changes["sentiment"] = sentiment_of(whole)  # type: ignore[arg-type]
            made_by["sentiment"] = "person"
        if "" in corrections:
            toward = {}
        for brand, label in corrections.items():
            if brand:
                toward[brand] = BrandSentiment(brand, sentiment_of(label))  # type: ignore[arg-type]
                made_by["brand_sentiments"] = "person"
    changes["brand_sentiments"] = tuple(toward.values())
    return dataclasses.replace(found, made_by=made_by, **changes)


def feeling_toward(shown: Enrichment, brand: str | None) -> tuple[int, int]:
    """Return (label number, score in hundredths) toward ``brand``, None: of the whole text."""
    sentiment: Sentiment | None = shown.sentiment
    if brand is not None:
        for item in shown.brand_sentiments:
            if item.brand == brand:
                sentiment = item.sentiment
                break
    if sentiment is None:
        return UNSCORED, 0
    return LABELS[sentiment.label], round(100 * sentiment.score)


def label_name(number: int) -> str | None:
    """Return the label's name, None for a mention not scored yet."""
    return LABEL_NAMES.get(number)


_FIXED = frozenset({"external_id", "published_at", "kind", "title", "text", "collected_at"})


def changes_of(stored: Mapping[str, Any], new: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """Return the columns of a known mention that a newer snapshot of it changes.

    What the newer one does not know (None) is kept; the publication time never moves, since the
    mention's id and its place in the tallies follow it. Only the source that found it first
    (``own``) may edit its text: a feed's summary must not fight with the page's full text.
    """
    if new["collected_at"] < stored["collected_at"]:
        return {}
    changes = {
        name: value
        for name, value in new.items()
        if name not in _FIXED and value is not None and stored[name] != value
    }
    if "digest" in changes:
        if own:
            changes.update(title=new["title"], text=new["text"])
        else:
            del changes["digest"]
    if changes:
        changes["collected_at"] = new["collected_at"]
    return changes
