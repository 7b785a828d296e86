"""A page's addresses: which URL is its own, which site that is, where its links lead."""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from crawlers._urls import canonical_url

MAX_LINKS = 3_000
_SKIPPED = re.compile(
    r"\.(?:jpe?g|png|gif|webp|svg|ico|css|js|pdf|zip|mp[34]|avi|mov|docx?|xlsx?)$"
)


def meta(tree: Any, name: str) -> str | None:
    """Return the content of the first ``<meta>`` of that property or name."""
    for element in tree.iter("meta"):
        if name in (element.get("property"), element.get("name")) and element.get("content"):
            return str(element.get("content"))
    return None


def canonical_of(tree: Any, url: str) -> tuple[str, str | None]:
    """Return (canonical URL, the other site's URL when the page says it is a copy)."""
    here = canonical_url(url) or url
    elsewhere = None
    stated = [
        e.get("href") for e in tree.iter("link") if (e.get("rel") or "").lower() == "canonical"
    ]
    for candidate in [*stated[:1], meta(tree, "og:url")]:
        if not candidate or not candidate.strip().startswith(("http://", "https://")):
            continue
        target = canonical_url(candidate.strip())
        if target is None:
            continue
        if site_of(target) != site_of(here):
            elsewhere = elsewhere or target
            continue
        is_home = urlsplit(target).path in ("", "/") and not urlsplit(target).query
        if not is_home or urlsplit(here).path in ("", "/"):
            return target, elsewhere
    return here, elsewhere


def site_of(url: str) -> str:
    """Return the registrable domain of a URL, or host and port where it has none."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    return _suffixes()(host).top_domain_under_public_suffix or parts.netloc.lower()


@cache
def _suffixes() -> Any:
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def links_of(tree: Any, url: str) -> tuple[str, ...]:
    base = next((e.get("href") for e in tree.iter("base") if e.get("href")), None)
    start = urljoin(url, base) if base else url
    found: dict[str, None] = {}
    for element in tree.iter("a"):
        href = (element.get("href") or "").strip()
        if not href or "nofollow" in (element.get("rel") or "").lower():
            continue
        try:
            target = urljoin(start, href).split("#")[0]
            path = urlsplit(target).path.lower()
        except ValueError:
            continue
        if target.startswith(("http://", "https://")) and len(target) <= 2048:
            if not _SKIPPED.search(path):
                found.setdefault(target)
            if len(found) >= MAX_LINKS:
                break
    return tuple(found)
