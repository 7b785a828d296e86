"""Sitemaps: what is kept of them, and what a hostile one may cost."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest

from crawlers._sitemap import MAX_ENTRIES, SitemapError, read_sitemap, sitemaps_in_robots

NEWS = """<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
 xmlns:n="http://www.google.com/schemas/sitemap-news/0.9"
 xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://example.org/a?x=1&amp;y=2 </loc><lastmod>2026-11-20</lastmod>
<image:image><image:loc>https://example.org/i.jpg</image:loc><image:title>Photo</image:title>
</image:image>
<n:news><n:publication><n:name>Le Courrier</n:name><n:language>fr</n:language></n:publication>
<n:publication_date>2026-11-19T10:00:00+01:00</n:publication_date>
<n:title>L'été &amp; après</n:title></n:news></url>
<url><loc>ftp://example.org/b</loc></url><url><loc>https://example.org/c</loc></url></urlset>"""


def test_news_fields_are_kept_and_images_are_not_taken_for_them():
    found = read_sitemap(NEWS.encode())
    first, second = found.entries
    assert first.url == "https://example.org/a?x=1&y=2"
    assert first.title == "L'été & après"
    assert first.language == "fr"
    assert first.published_at == datetime(2026, 11, 19, 9, tzinfo=UTC)
    assert first.moment == datetime(2026, 11, 20, tzinfo=UTC)
    assert (second.url, second.moment) == ("https://example.org/c", None)


def test_gzip_in_several_members_is_read():
    body = NEWS.encode()
    packed = gzip.compress(body[:300]) + gzip.compress(body[300:])
    assert len(read_sitemap(packed).entries) == 2


def test_index_names_its_children_with_their_dates():
    body = (
        b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap>'
        b"<loc>https://example.org/1.xml</loc><lastmod>2026-01-02</lastmod></sitemap>"
        b"<sitemap><loc>https://example.org/2.xml</loc></sitemap></sitemapindex>"
    )
    assert read_sitemap(body).children == (
        ("https://example.org/1.xml", datetime(2026, 1, 2, tzinfo=UTC)),
        ("https://example.org/2.xml", None),
    )


def test_broken_sitemap_keeps_what_came_before():
    body = NEWS.encode()[: NEWS.index("<url><loc>https://example.org/c")] + b"<url><loc"
    found = read_sitemap(body)
    assert [entry.url for entry in found.entries] == ["https://example.org/a?x=1&y=2"]
    assert "broken XML" in found.problem


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><body>404</body></html>", "root element"),
        (b"not a sitemap at all", "neither XML nor a list"),
        (b"", "neither XML nor a list"),
        (b"\x1f\x8bgarbage", "broken gzip"),
        (gzip.compress(b" " * 3_000_000), "unpacks to more than"),
    ],
)
def test_what_is_no_sitemap_is_named(body: bytes, reason: str):
    with pytest.raises(SitemapError, match=reason):
        read_sitemap(body, max_bytes=2_000_000)


def test_entities_are_not_expanded():
    levels = "".join(f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};&e{n - 1};">' for n in range(1, 30))
    body = (
        f'<!DOCTYPE urlset [<!ENTITY e0 "boum"><!ENTITY f SYSTEM "file:///etc/hostname">{levels}]>'
        "<urlset><url><loc>https://example.org/&e29;</loc></url>"
        "<url><loc>https://example.org/&f;x</loc></url></urlset>"
    )
    try:
        urls = [entry.url for entry in read_sitemap(body.encode()).entries]
    except SitemapError:
        return  # libxml2 may refuse the amplification outright
    assert all(len(url) < 100 and "boum" not in url for url in urls)


def test_number_of_entries_is_bounded():
    rows = "".join(f"<url><loc>https://e.org/{n}</loc></url>" for n in range(MAX_ENTRIES + 10))
    found = read_sitemap(f"<urlset>{rows}</urlset>".encode())
    assert len(found.entries) == MAX_ENTRIES
    assert "more than" in found.problem


def test_text_sitemap_and_robots_lines():
    assert len(read_sitemap(b"https://e.org/1\nhttps://e.org/2\n").entries) == 2
    robots = b"User-agent: *\nsitemap: https://e.org/s.xml\nSitemap:https://e.org/n.xml # news\n"
    assert sitemaps_in_robots(robots) == ["https://e.org/s.xml", "https://e.org/n.xml"]
