"""Test the fields of a document: labels (``site:``, ``brand:``) and ranges (``rating:``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from renom.query.document import Document
from renom.query.globs import glob
from renom.query.text import fold
from renom.query.tree import Field, Range

Fits = Callable[[Document], bool]


def label_test(node: Field) -> Fits:
    """Return the test of ``name:value``; unknown values never match."""
    values = _VALUES[node.name]
    fits = _fits(node)
    return lambda document: any(fits(fold(value)) for value in values(document) if value)


def _fits(node: Field) -> Callable[[str], bool]:
    """Return the test of one folded value."""
    wanted = fold(node.value)
    if "*" in wanted or "?" in wanted:
        if node.name == "url" and "*" not in wanted:
            wanted = f"*{wanted}*"  # a ? in an address is most often its query string
            pattern = glob(wanted)
            return lambda value: fold(node.value) in value or bool(pattern.fullmatch(value))
        pattern = glob(f"*{wanted}*" if node.name == "url" else wanted)
        return lambda value: pattern.fullmatch(value) is not None
    if node.name == "site":
        wanted = wanted.removeprefix("www.")
        below = f".{wanted}"
        return lambda value: value == wanted or value.endswith(below)
    if node.name == "url":
        return lambda value: wanted in value
    return lambda value: value == wanted


def range_test(node: Range) -> Fits:
    """Return the test of a range; unknown values never match."""
    value_of, low, high = _NUMBERS[node.name], node.low, node.high

    def fits(document: Document) -> bool:
        value = value_of(document)
        if value is None:
            return False
        return (low is None or value >= low) and (high is None or value <= high)  # type: ignore[operator]

    return fits


def _author(document: Document) -> Iterable[str | None]:
    author = document.author
    return (author.handle.removeprefix("@"), author.name) if author else ()


_VALUES: dict[str, Callable[[Document], Iterable[str | None]]] = {
    "author": _author,
    "site": lambda document: (document.site,),
    "url": lambda document: (document.url,),
    "language": lambda document: (document.language,),
    "country": lambda document: (document.country,),
    "platform": lambda document: (document.platform,),
    "source": lambda document: (document.source,),
    "kind": lambda document: (document.kind,),
    "sentiment": lambda document: (document.sentiment,),
    "brand": lambda document: document.brands,
    "aspect": lambda document: document.aspects,
    "emotion": lambda document: document.emotions,
    "touchpoint": lambda document: (document.touchpoint,),
}

_NUMBERS: dict[str, Callable[[Document], float | datetime | None]] = {
    "rating": lambda document: document.rating.given if document.rating else None,
    "engagement": lambda document: document.engagement.total if document.engagement else None,
    "followers": lambda document: document.author.followers if document.author else None,
    "published": lambda document: document.published,
}
