"""Read schema.org data of a page: reviews in JSON-LD, microdata and RDFa, and article facts.

Vocabulary: https://schema.org/Review, https://schema.org/Rating. Sites nest reviews under a
product, list them in ``@graph``, let them stand alone with ``itemReviewed``, write numbers as
strings and authors as strings, objects or lists; all of it is accepted, within bounds.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from crawlers._published import believable, parse_moment

MAX_REVIEWS = 1_000
MAX_NODES = 50_000
MAX_TEXT = 20_000
_DEPTH = 40

Node = dict[str, Any]
_ARTICLE_TYPES = re.compile(r"(Article|BlogPosting|Report|LiveBlogPosting|DiscussionForumPosting)$")
# ClaimReview and MediaReview are left out: a fact check's rating is not a customer's.
_REVIEW_TYPES = frozenset({"Review", "UserReview", "CriticReview", "EmployerReview"})
_NUMBER = re.compile(r"\s*(-?\d+(?:[.,]\d+)?)\s*(?:(?:/|sur|out of|von)\s*(\d+(?:[.,]\d+)?)|(%))?")
_POSITION = re.compile(r"[#/_-]?(?:review|avis|comment|rating)?[-_#/]?\d{1,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Review:
    """One review as the page states it. ``rating`` is (given, worst, best) of its own scale."""

    key: str
    text: str
    title: str | None = None
    rating: tuple[float, float, float] | None = None
    author: str | None = None
    published_at: datetime | None = None
    product: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Reviews:
    """The reviews of a page, and what could not be taken: reason -> how many."""

    found: tuple[Review, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)


def json_ld(tree: Any) -> list[Any]:
    """Return the page's JSON-LD blocks, the broken ones repaired where extruct can."""
    from extruct.jsonld import JsonLdExtractor

    reader = JsonLdExtractor()
    found: list[Any] = []
    for script in tree.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower() or not script.text:
            continue
        try:
            found.extend(reader._extract_items(script))  # one block at a time: a bad one is alone
        except (ValueError, RecursionError, TypeError, AttributeError):
            continue
    return found


def nodes(blocks: object) -> Iterator[Node]:
    """Yield every object inside JSON-LD blocks, outermost first, within bounds."""
    queue: list[tuple[object, int]] = [(blocks, 0)]
    for count in range(MAX_NODES):
        if count >= len(queue):
            return
        value, depth = queue[count]
        if isinstance(value, dict):
            yield value
        if depth < _DEPTH and isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            queue.extend((v, depth + 1) for v in inner if isinstance(v, dict | list))


def types_of(node: Mapping[str, Any]) -> set[str]:
    """Return the node's types without their vocabulary (``http://schema.org/Review``)."""
    given = node.get("@type") or node.get("type") or ()
    listed = given if isinstance(given, list | tuple | set) else [given]
    return {re.split(r"[/#:]", t)[-1] for t in listed if isinstance(t, str)}


def articles(blocks: object) -> list[Node]:
    """Return the article-like nodes of JSON-LD blocks, in page order."""
    return [n for n in nodes(blocks) if any(_ARTICLE_TYPES.search(t) for t in types_of(n))]


def text_of(value: object) -> str:
    """Return the plain words of a JSON-LD value: a string, a number, ``@value``, ``name``."""
    for _ in range(4):
        if isinstance(value, list):
            value = value[0] if value else ""
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("@id") or ""
        else:
            break
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def reviews(
    tree: Any,
    blocks: object,
    *,
    source: str,
    url: str,
    plain: Callable[[str], str],
    now: datetime,
) -> Reviews:
    """Return the reviews that a page states, each once.

    ``tree`` is the parsed page, ``source`` its markup, ``blocks`` its JSON-LD, ``url`` its
    canonical URL; ``plain`` turns HTML into text. The same review in two syntaxes is one.
    """
    found: dict[str, Review] = {}
    refused: dict[str, int] = {}
    told: set[tuple[str, str]] = set()
    for node, product in _review_nodes(blocks, tree, source, url):
        if len(found) >= MAX_REVIEWS:
            refused[f"more than {MAX_REVIEWS} reviews on one page"] = 1
            break
        review = _review(node, product, url, plain, now)
        if isinstance(review, str):
            refused[review] = refused.get(review, 0) + 1
            continue
        said = (review.author or "", review.text[:200])
        if said not in told:
            told.add(said)
            found.setdefault(review.key, review)
    return Reviews(tuple(found.values()), refused)


def _review_nodes(
    blocks: object, tree: Any, source: str, url: str
) -> Iterator[tuple[Node, Node | None]]:
    yield from _with_products(blocks)
    if _mentions_review(tree, "itemtype"):
        from extruct.w3cmicrodata import MicrodataExtractor

        items = MicrodataExtractor(add_text_content=False).extract_items(tree, base_url=url)
        yield from _with_products([_from_microdata(item) for item in items])
    if _mentions_review(tree, "typeof"):
        yield from _with_products(_from_rdfa(source, url))


def _mentions_review(tree: Any, attribute: str) -> bool:
    return bool(tree.xpath(f"//*[contains(@{attribute}, 'Review')][1]"))


def _with_products(blocks: object) -> Iterator[tuple[Node, Node | None]]:
    """Yield each review node with the thing it is about, which may hold it."""
    queue: list[tuple[object, Node | None, int]] = [(blocks, None, 0)]
    for count in range(MAX_NODES):
        if count >= len(queue):
            return
        value, owner, depth = queue[count]
        if depth > _DEPTH:
            continue
        if isinstance(value, list):
            queue.extend((v, owner, depth + 1) for v in value if isinstance(v, dict | list))
        elif isinstance(value, dict):
            if types_of(value) & _REVIEW_TYPES:
                about = value.get("itemReviewed")
                about = about[0] if isinstance(about, list) and about else about
                yield value, about if isinstance(about, dict) else owner
                queue.extend((v, value, depth + 1) for v in value.values() if _may_hold(v))
            else:
                for name, inner in value.items():
                    holder = value if name in ("review", "reviews", "@reverse") else owner
                    if _may_hold(inner):
                        queue.append((inner, holder, depth + 1))


def _may_hold(value: object) -> bool:
    return isinstance(value, dict | list)


def _review(
    node: Node,
    product: Node | None,
    url: str,
    plain: Callable[[str], str],
    now: datetime,
) -> Review | str:
    """Return the review of a node, or the reason why it is none."""
    body = node.get("reviewBody") or node.get("description") or node.get("text") or ""
    text = plain(text_of(body))[:MAX_TEXT].strip()
    title = plain(text_of(node.get("name") or node.get("headline") or ""))[:300].strip()
    if not text:
        text, title = title, ""
    if not text:
        return "review without text"
    author = plain(text_of(node.get("author") or node.get("creator") or ""))[:100].strip()
    stated = text_of(node.get("datePublished") or node.get("dateCreated") or "")
    moment = parse_moment(stated) if stated else None
    if moment is not None and not believable(moment, now=now):
        return f"review dated {stated[:30]}"
    name = plain(text_of(product or ""))[:200].strip()
    language = re.match(r"[a-z]{2,3}", text_of(node.get("inLanguage") or "").lower())
    return Review(
        key=_key(node, product, url, author, stated, text),
        text=text,
        title=title or None,
        rating=_rating(node.get("reviewRating") or node.get("rating")),
        author=author or None,
        published_at=moment,
        product=name or None,
        language=language.group() if language else None,
    )


def _key(node: Node, product: Node | None, url: str, author: str, date: str, text: str) -> str:
    """Return an identity that a reload, a new order and a second page of the list leave alone.

    A stated ``@id`` is taken unless it only counts positions (``#review-3``), which move.
    """
    stated = text_of(node.get("@id") or node.get("identifier") or "")
    if stated and not stated.startswith("_:") and len(stated) <= 300:
        fragment = stated.split("#")[-1] if "#" in stated else stated
        if not _POSITION.fullmatch(fragment) and stated.rstrip("#") != url:
            return _digest("id", urljoin(url, stated))
    about = product or {}
    thing = text_of(about.get("@id") or about.get("url") or about.get("sku") or "")
    thing = urljoin(url, thing).split("#")[0] if thing and not thing.startswith("_:") else url
    return _digest(thing if urlsplit(thing).netloc else url, author, date, text[:200])


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _rating(value: object) -> tuple[float, float, float] | None:
    """Return (given, worst, best), None when the page's numbers make no scale."""
    if isinstance(value, list):
        value = value[0] if value else None
    scale = value if isinstance(value, dict) else {"ratingValue": value}
    given, declared, percent = _number(scale.get("ratingValue"))
    if given is None:
        return None
    best = _number(scale.get("bestRating"))[0]
    worst = _number(scale.get("worstRating"))[0]
    if best is None:
        best = declared or (100.0 if percent else 5.0)
    if worst is None:
        worst = 0.0 if given < 1 or percent else 1.0
    return (given, worst, best) if worst < best and worst <= given <= best else None


def _number(value: object) -> tuple[float | None, float | None, bool]:
    """Return (number, declared best, is a percentage) of ``4``, ``"4,5/5"``, ``"80 %"``."""
    match = _NUMBER.match(text_of(value))
    if match is None:
        return None, None, False
    number, best, percent = match.groups()
    read = float(number.replace(",", "."))
    if not math.isfinite(read) or abs(read) > 1_000:
        return None, None, False
    return read, float(best.replace(",", ".")) if best else None, bool(percent)


def _from_microdata(item: object) -> Any:
    """Turn extruct's microdata form (``type``, ``properties``) into that of JSON-LD."""
    if isinstance(item, list):
        return [_from_microdata(inner) for inner in item]
    if not isinstance(item, dict):
        return item
    node: Node = {k: _from_microdata(v) for k, v in (item.get("properties") or {}).items()}
    node["@type"] = item.get("type")
    if item.get("id"):
        node["@id"] = item["id"]
    if "value" in item and "name" not in node:
        node["name"] = item["value"]
    return node


def _from_rdfa(source: str, url: str) -> list[Any]:
    """Turn the flat, expanded JSON-LD of extruct's RDFa reader into nested nodes."""
    from extruct.rdfa import RDFaExtractor

    flat = RDFaExtractor().extract(source, base_url=url)
    by_id = {n["@id"]: n for n in flat if isinstance(n, dict) and isinstance(n.get("@id"), str)}
    held = {
        value.get("@id")
        for node in by_id.values()
        for values in node.values()
        for value in (values if isinstance(values, list) else ())
        if isinstance(value, dict) and "@value" not in value
    }  # what another node holds is met inside it
    left = MAX_NODES  # nodes that refer to each other would unfold without end

    def nested(value: object, path: tuple[str, ...]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return None
        if isinstance(value, list):
            return [nested(inner, path) for inner in value]
        if not isinstance(value, dict):
            return value
        if "@value" in value:
            return value["@value"]
        name = value.get("@id")
        if isinstance(name, str) and name in by_id and name not in path and len(path) < 8:
            value, path = by_id[name], (*path, name)
        return {re.split(r"[/#]", k)[-1]: nested(v, path) for k, v in value.items()}

    roots = [node for node in by_id.values() if node["@id"] not in held]
    return [nested(node, (node["@id"],)) for node in roots or by_id.values()]
