"""Read sitemaps as a stream: urlsets, sitemap indexes, the news extension, gzip, robots.txt.

Format: https://www.sitemaps.org/protocol.html and, for news,
http://www.google.com/schemas/sitemap-news/0.9. Entities and network access are off, size and
number of entries are bounded, so a hostile file costs no more than an honest large one.
"""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crawlers._published import parse_moment

MAX_BYTES = 50 * 2**20
MAX_ENTRIES = 50_000
_LANGUAGE = re.compile(r"[a-z]{2,3}")


class SitemapError(ValueError):
    """A sitemap cannot be read at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of a sitemap. ``published_at`` comes from the news extension."""

    url: str
    lastmod: datetime | None = None
    published_at: datetime | None = None
    title: str | None = None
    language: str | None = None

    @property
    def moment(self) -> datetime | None:
        """The later of publication and last change: what decides whether it is new."""
        known = [t for t in (self.published_at, self.lastmod) if t is not None]
        return max(known) if known else None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap holds: ``children`` are further sitemaps with their ``lastmod``.

    ``problem`` names what stopped the reading early; what came before it is kept.
    """

    entries: tuple[Entry, ...] = ()
    children: tuple[tuple[str, datetime | None], ...] = ()
    problem: str = ""


def read_sitemap(body: bytes, *, max_bytes: int = MAX_BYTES) -> Sitemap:
    """Read a sitemap's bytes, gzip-compressed or not; a text of one URL per line is one too.

    Raises SitemapError when the body is no sitemap, or unpacks to more than ``max_bytes``.
    """
    body = _unpacked(body, max_bytes)
    head = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"<"):
        return _from_xml(body)
    lines = [line.strip() for line in body.decode("utf-8", "replace").splitlines()]
    urls = [line for line in lines if line.startswith(("http://", "https://"))]
    if not urls or len(urls) < sum(map(bool, lines)) / 2:
        raise SitemapError("neither XML nor a list of URLs")
    return Sitemap(tuple(Entry(url) for url in urls[:MAX_ENTRIES]))


def sitemaps_in_robots(body: bytes) -> list[str]:
    """Return the ``Sitemap:`` lines of a robots.txt."""
    found = re.findall(rb"(?im)^\s*sitemap\s*:\s*(\S+)", body[: 512 * 1024])
    return [line.decode("utf-8", "replace") for line in found]


def _unpacked(body: bytes, max_bytes: int) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        if len(body) > max_bytes:
            raise SitemapError(f"larger than {max_bytes} bytes")
        return body
    out = bytearray()
    while body.startswith(b"\x1f\x8b"):  # a gzip file may hold several members
        reader = zlib.decompressobj(wbits=31)
        try:
            out += reader.decompress(body, max_bytes + 1 - len(out))
        except zlib.error as error:
            if not out:
                raise SitemapError(f"broken gzip: {error}") from error
            break
        if len(out) > max_bytes:
            raise SitemapError(f"unpacks to more than {max_bytes} bytes")
        body = reader.unused_data
    return bytes(out)


def _from_xml(body: bytes) -> Sitemap:
    from lxml import etree

    entries: list[Entry] = []
    children: list[tuple[str, datetime | None]] = []
    root, problem = "", ""
    reader = etree.iterparse(
        io.BytesIO(body),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for event, element in reader:
            name = _local(element)
            if event == "start":
                root = root or name
                if root not in ("urlset", "sitemapindex"):
                    raise SitemapError(f"the root element is <{root[:40]}>, not <urlset>")
            elif name == "url":
                entry = _entry(element)
                if entry is not None:
                    entries.append(entry)
                _forget(element)
            elif name == "sitemap":
                fields = _fields(element)
                if "loc" in fields:
                    children.append((fields["loc"], parse_moment(fields.get("lastmod"))))
                _forget(element)
            if len(entries) + len(children) >= MAX_ENTRIES:
                problem = f"more than {MAX_ENTRIES} entries"
                break
    except etree.XMLSyntaxError as error:
        problem = f"broken XML: {str(error)[:120]}"
        if not entries and not children:
            raise SitemapError(problem) from error
    return Sitemap(tuple(entries), tuple(children), problem)


def _entry(element: Any) -> Entry | None:
    fields = _fields(element)
    url = fields.get("loc", "")
    if not url.startswith(("http://", "https://")) or len(url) > 2048:
        return None
    language = _LANGUAGE.match(fields.get("language", "").lower())
    return Entry(
        url,
        lastmod=parse_moment(fields.get("lastmod")),
        published_at=parse_moment(fields.get("publication_date")),
        title=fields.get("title", "")[:500] or None,
        language=language.group() if language else None,
    )


def _fields(element: Any) -> dict[str, str]:
    """Return the texts inside one entry by local name, the first of each; images are left out."""
    found: dict[str, str] = {}
    for child in element.iter():
        if not isinstance(child.tag, str) or "image" in child.tag or "video" in child.tag:
            continue
        text = (child.text or "").strip()
        if text:
            found.setdefault(_local(child), text)
    return found


def _local(element: Any) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def _forget(element: Any) -> None:
    """Free an entry and its elder siblings, or the tree grows with the file."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
