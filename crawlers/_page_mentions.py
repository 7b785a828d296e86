"""Turn what a page says into rows that become mentions, or into the reason why not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

from crawlers._extraction import Extracted
from crawlers._plan import Plan
from crawlers._schema_org import Review

Row = dict[str, Any]
Emit = Callable[[Row], None]


def article_row(page: Extracted, plan: Plan, emit: Emit) -> Row | str:
    """Return the page's article, or why there is none; ``"older"`` has been reported already."""
    published_at = page.published_at
    if published_at is None:
        if not plan.complete:
            return "no publication date found"
        published_at = plan.now  # a page that appears after a whole run is new
    if published_at < plan.floor:
        emit({"t": "old", "item": page.url, "n": 1})
        return "older"
    return {
        "kind": plan.kind,
        "external_id": _short(page.url),
        "url": page.url,
        "title": page.title,
        "text": page.text,
        "author": page.author,
        "published_at": min(published_at, plan.now).isoformat(),
        "language": plan.language or page.language,
    }


def review_rows(page: Extracted, plan: Plan, emit: Emit, *, first_visit: bool) -> list[Row]:
    """Return the page's reviews that no earlier run has seen; report the others.

    On the first visit nobody can tell how old a review without a date is; it is remembered, so
    that a later visit takes only those that have appeared since, as published then.
    """
    for reason, count in page.reviews.refused.items():
        text = reason if count == 1 else f"{reason} ({count} times)"
        emit({"t": "rejected", "item": page.url, "reason": text})
    found: list[Row] = []
    undated: list[str] = []
    old = unchanged = 0
    for review in page.reviews.found:
        mark = _mark(review)
        published_at = review.published_at or (None if first_visit else plan.now)
        if mark in plan.reviews_seen:
            unchanged += 1
        elif published_at is None:
            undated.append(mark)
        elif published_at < plan.floor:
            old += 1
        else:
            found.append(_review_row(page, plan, review, min(published_at, plan.now), mark))
    if undated:
        emit({"t": "marks", "marks": undated})
        text = f"{len(undated)} reviews without a date; later ones count from when they appear"
        emit({"t": "rejected", "item": page.url, "reason": text})
    if old:
        emit({"t": "old", "item": page.url, "n": old})
    if unchanged:
        emit({"t": "unchanged", "n": unchanged})
    return found


def _review_row(
    page: Extracted, plan: Plan, review: Review, published_at: datetime, mark: str
) -> Row:
    return {
        "kind": "review",
        "external_id": f"review-{review.key}",
        "url": page.url,
        "title": review.title or review.product,
        "text": review.text,
        "author": review.author,
        "published_at": published_at.isoformat(),
        "language": plan.language or review.language or page.language,
        "rating": review.rating,
        "mark": mark,
    }


def _short(url: str) -> str:
    return url if len(url) <= 500 else f"sha256:{hashlib.sha256(url.encode()).hexdigest()}"


def _mark(review: Review) -> str:
    """Return what changes when a review is new or has been edited."""
    text = "\x1f".join((review.key, review.title or "", review.text, str(review.rating)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
