"""Read a page: text, title, author, date, canonical URL, language, reviews, links.

``extract`` is pure and needs no network; a hostile page can make it slow, so the crawl runs it
in a process that can be killed (:mod:`crawlers._workers`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from crawlers import _schema_org
from crawlers._encodings import decode
from crawlers._page_links import canonical_of, links_of
from crawlers._page_links import meta as page_meta
from crawlers._plain_text import from_any, one_line
from crawlers._published import find_published
from crawlers._schema_org import Node, Reviews

MIN_TEXT = 200
"""Characters below which a page is asked again in other ways, and then is not an article."""

PRELOAD = (
    "crawlers._extraction",
    "trafilatura",
    "htmldate",
    "tldextract",
    "extruct.jsonld",
    "extruct.w3cmicrodata",
)
"""What a process that calls :func:`extract` often loads first."""

_HOME = re.compile(
    r"/?(?:[a-z]{2}(?:[-_][a-z]{2})?/?)?(?:index\.\w+|home|accueil)?/?", re.IGNORECASE
)
_LISTING_TYPES = frozenset({"CollectionPage", "ItemList", "SearchResultsPage", "WebSite"})
_BARS = "|-–—·:•»/"
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a page before it is read.

    ``content_type`` and ``robots`` are its HTTP headers ``Content-Type`` and ``X-Robots-Tag``;
    the other fields come from the sitemap. ``now`` bounds the dates that are believed.
    """

    published_at: datetime | None = None
    title: str | None = None
    language: str | None = None
    content_type: str = ""
    robots: str = ""
    now: datetime | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a page says.

    ``url`` is its canonical URL; ``why_not`` is empty for an article and else says why it is
    none; ``published_by`` and ``text_by`` name the rule that won; ``syndicated_from`` is a
    canonical URL on another site; ``links`` are absolute, in page order, without those that ask
    not to be followed. ``indexable`` False: the page asks that its content be not kept.
    """

    url: str
    title: str | None = None
    text: str = ""
    author: str | None = None
    published_at: datetime | None = None
    published_by: str = ""
    text_by: str = ""
    language: str | None = None
    why_not: str = ""
    indexable: bool = True
    syndicated_from: str | None = None
    links: tuple[str, ...] = ()
    reviews: Reviews = field(default_factory=Reviews)


def extract(
    html: bytes,
    url: str,
    *,
    hints: Hints | None = None,
    articles: bool = True,
    reviews: bool = True,
    links: bool = True,
) -> Extracted:
    """Read one page. ``url`` is where it was found, after redirects.

    ``articles``, ``reviews`` and ``links`` say what is wanted; the rest is not computed. A page
    that cannot be parsed comes back with ``why_not`` set; nothing is raised for bad content.
    """
    from trafilatura.utils import load_html

    hints = hints or Hints()
    source = decode_page(html, hints.content_type)
    tree = load_html(source) if source.strip() else None
    if tree is None:
        return Extracted(url, why_not="not HTML")
    now = hints.now or datetime.max.replace(tzinfo=UTC, year=9000)
    index, follow = _robots(tree, hints.robots)
    canonical, elsewhere = canonical_of(tree, url)
    blocks = _schema_org.json_ld(tree)
    found_links = links_of(tree, url) if links and follow else ()
    found_reviews = (
        _schema_org.reviews(tree, blocks, source=source, url=canonical, plain=from_any, now=now)
        if reviews
        else Reviews()
    )
    language = _language(tree) or hints.language
    if not articles:
        return Extracted(
            canonical,
            title=_title(tree, None, None, hints),
            language=language,
            why_not="articles are not wanted",
            indexable=index,
            links=found_links,
            reviews=found_reviews,
        )
    node = _main_article(_schema_org.articles(blocks), tree, {url, canonical})
    published_at, published_by = find_published(
        tree, url=url, json_ld=_dates(node), hint=hints.published_at, now=now
    )
    shape = _shape(tree, blocks, node, url)
    meta = _metadata(tree, url, node)
    title, author = _title(tree, node, meta, hints), _author(node, meta)
    text, text_by = _text(tree, source, url, node)  # last: trafilatura prunes the tree
    return Extracted(
        canonical,
        title=title,
        text=text,
        author=author,
        published_at=published_at,
        published_by=published_by,
        text_by=text_by,
        language=language,
        why_not=shape or _too_short(text),
        indexable=index,
        syndicated_from=elsewhere,
        links=found_links,
        reviews=found_reviews,
    )


def read_page(arguments: Mapping[str, Any]) -> Extracted:
    """Call :func:`extract` with its arguments in one: what a worker process does."""
    return extract(**arguments)


def decode_page(body: bytes, content_type: str = "") -> str:
    """Return a page's text, whatever its headers and ``<meta>`` claim about its encoding."""
    declared = [match.group(1) for match in (_CHARSET.search(content_type),) if match]
    declared += [m.decode("ascii", "replace") for m in _META_CHARSET.findall(body[:4096])[:2]]
    return decode(body, declared)[0].replace("\x00", "")


# -- what kind of page -----------------------------------------------------------------------


def _robots(tree: Any, header: str) -> tuple[bool, bool]:
    """Return (may be kept, links may be followed) from meta robots and X-Robots-Tag."""
    words: set[str] = set()
    for element in tree.iter("meta"):
        if (element.get("name") or "").strip().lower() in ("robots", "renom"):
            words.update(re.split(r"[\s,]+", (element.get("content") or "").lower()))
    for part in header.lower().split(","):
        agent, colon, rule = part.rpartition(":")
        if not colon or agent.strip() in ("renom", "*"):
            words.add(rule.strip())
    none = "none" in words
    return not (none or "noindex" in words), not (none or "nofollow" in words)


def _shape(tree: Any, blocks: list[Any], node: Node | None, url: str) -> str:
    """Say why the page as a whole is no article, from its address and its own statements."""
    if _HOME.fullmatch(urlsplit(url).path) and not urlsplit(url).query:
        return "home page"
    if page_meta(tree, "article:published_time"):
        return ""
    declared = (page_meta(tree, "og:type") or "").lower()
    if declared in ("product", "og:product", "product.item") and node is None:
        return "product page"
    tops = [b for b in _tops(blocks) if isinstance(b, dict)]
    types = set().union(*(_schema_org.types_of(top) for top in tops)) if tops else set()
    if "Product" in types and node is None and not _editorial(tree, blocks):
        return "product page"
    if node is not None:
        return ""
    if types & _LISTING_TYPES - {"WebSite", "ItemList"}:
        return "list of pages"
    if declared == "article":
        return ""
    teasers = sum(1 for _ in tree.iter("article"))
    linked = len(
        tree.xpath("//h2[.//a[@href]] | //h3[.//a[@href]] | //a[@href]//h2 | //a[@href]//h3")
    )
    prose = sum(len(" ".join(p.itertext())) > 150 for p in tree.iter("p"))
    if (teasers >= 5 or linked >= 8) and prose < max(teasers, linked) / 2:
        return "list of pages"
    return ""


def _editorial(tree: Any, blocks: list[Any]) -> bool:
    """Say whether the page is itself a review of a product: one that bears the page's title."""
    title = one_line(page_meta(tree, "og:title") or "")
    names = (
        one_line(_schema_org.text_of(node.get("headline") or node.get("name")))
        for node in _schema_org.nodes(blocks)
        if "Review" in _schema_org.types_of(node)
    )
    return bool(title) and title in names


def _too_short(text: str) -> str:
    return f"only {len(text)} characters of text" if len(text) < MIN_TEXT else ""


def _tops(blocks: Iterable[Any]) -> Iterable[Any]:
    for block in blocks:
        if isinstance(block, dict) and isinstance(block.get("@graph"), list):
            yield from block["@graph"]
        else:
            yield block


# -- facts -----------------------------------------------------------------------------------


def _main_article(found: Sequence[Node], tree: Any, urls: set[str]) -> Node | None:
    """Pick the article node that the page is about: same URL, else same headline, else first."""
    if not found:
        return None
    headline = (page_meta(tree, "og:title") or "").strip()
    for node in found:
        stated = {
            _schema_org.text_of(node.get(k))
            for k in ("url", "mainEntityOfPage", "@id")
            if k in node
        }
        if any(s.split("#")[0].rstrip("/") in {u.rstrip("/") for u in urls} for s in stated if s):
            return node
    for node in found:
        if headline and _schema_org.text_of(node.get("headline")) == headline:
            return node
    return found[0] if found[0].get("headline") or found[0].get("articleBody") else None


def _dates(node: Node | None) -> list[str]:
    if node is None:
        return []
    return [_schema_org.text_of(node[k]) for k in ("datePublished", "dateCreated") if k in node]


def _title(tree: Any, node: Node | None, meta: Any, hints: Hints) -> str | None:
    """Return the title: stated ones first, freed of the site's name, completed where cut."""
    headings = [t for h in tree.iter("h1") if (t := one_line(" ".join(h.itertext())))]
    stated = (
        _schema_org.text_of(node.get("headline")) if node else "",
        hints.title,
        getattr(meta, "title", None),
        page_meta(tree, "og:title"),
        headings[0] if headings else None,
        next((t.text for t in tree.iter("title")), None),
    )
    titles = [t for candidate in stated if candidate and (t := one_line(candidate))]
    if not titles:
        return None
    best = titles[0]
    for other in (*headings, *titles):
        begun = best.rstrip(".… ")
        if begun != best and len(begun) > 20 and other.startswith(begun) and len(other) > len(best):
            return other  # a headline cut at 110 characters, as search engines ask
        before, found, after = best.partition(other)
        aside = (
            not before or before.rstrip()[-1:] in _BARS,
            not after or after.lstrip()[:1] in _BARS,
        )
        if found and other in headings and len(other) >= 10 and all(aside):
            return other
    return best


def _author(node: Node | None, meta: Any) -> str | None:
    names: list[str] = []
    stated = node.get("author") if node else None
    for one in stated if isinstance(stated, list) else [stated]:
        name = one_line(_schema_org.text_of(one), 100)
        if name and not name.startswith(("http://", "https://")) and name not in names:
            names.append(name)
    return one_line(", ".join(names[:5]) or getattr(meta, "author", None) or "", 200)


def _language(tree: Any) -> str | None:
    root = tree if tree.tag == "html" else next(tree.iter("html"), None)
    for value in (
        root.get("lang") if root is not None else None,
        root.get("{http://www.w3.org/XML/1998/namespace}lang") if root is not None else None,
        page_meta(tree, "og:locale"),
    ):
        match = _CODE.match((value or "").strip().lower())
        if match:
            return match.group()
    return None


# -- text ------------------------------------------------------------------------------------


def _text(tree: Any, source: str, url: str, node: Node | None) -> tuple[str, str]:
    """Return (text, the way it was found)."""
    from trafilatura import bare_extraction

    body = _tidy(from_any(_schema_org.text_of(node.get("articleBody")))) if node else ""
    teaser = _tidy(from_any(page_meta(tree, "og:description") or ""))
    best, by = "", ""
    for way, given in (("precision", tree), ("standard", source)):
        found: Any = bare_extraction(
            given, url=url, favor_precision=way == "precision", include_comments=False
        )
        text = _tidy(getattr(found, "text", None) or "")
        if len(text) >= MIN_TEXT:
            return text, way
        if len(text) > len(best):
            best, by = text, way
    for way, text in (("json-ld", body), ("og:description", teaser)):
        if len(text) > len(best):
            best, by = text, way
        if len(best) >= MIN_TEXT:
            break
    return best, by


def _metadata(tree: Any, url: str, node: Node | None) -> Any:
    """Return trafilatura's metadata where JSON-LD does not already tell title and author."""
    if node and node.get("headline") and node.get("author"):
        return None
    from trafilatura.metadata import extract_metadata

    return extract_metadata(tree, url, date_config={"extensive_search": False})


def _tidy(text: str) -> str:
    return re.sub(r"\n{2,}", "\n", from_any(text))
