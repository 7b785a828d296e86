"""Reading a page: text, title, date, address, encoding, and what is not an article."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))
from newsroom import PROSE, article

from crawlers._extraction import Hints, extract
from crawlers._published import parse_moment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://www.courrier.example/2026/11/20/plan-livraison"


def read(html: str | bytes, url: str = URL, **hints):
    body = html.encode() if isinstance(html, str) else html
    return extract(body, url, hints=Hints(now=NOW, **hints))


def test_article_fields():
    page = read(article("Un plan pour la livraison"))
    assert page.why_not == ""
    assert page.title == "Un plan pour la livraison"
    assert page.author == "Anne Durand"
    assert page.published_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert page.language == "fr"
    assert "premier motif de plainte" in page.text
    assert "Mentions légales" not in page.text
    assert "<" not in page.text


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16"])
@pytest.mark.parametrize("declared", ["utf-8", "iso-8859-1", ""])
def test_wrong_declared_encoding_does_not_spoil_accents(encoding: str, declared: str):
    html = article("Été à l'œuvre" if encoding != "iso-8859-1" else "Été à venir")
    html = html.replace('<meta charset="utf-8">', "")
    header = f"text/html; charset={declared}" if declared else "text/html"
    page = read(html.encode(encoding), content_type=header)
    assert page.title.startswith("Été à ")
    assert "délais de livraison" in page.text


@pytest.mark.parametrize(
    ("head", "url", "rule", "day"),
    [
        (
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"Titre du jour",'
            '"datePublished":"2026-11-18T07:00:00+01:00","dateModified":"2026-11-21"}</script>'
            '<meta property="article:published_time" content="2026-11-01">',
            URL,
            "json-ld",
            18,
        ),
        ('<meta property="article:published_time" content="2026-11-17T06:00">', URL, "meta", 17),
        ('<meta name="date" content="not a date">', URL, "url", 20),
        ('<meta property="article:published_time" content="2046-11-17">', URL, "url", 20),
    ],
)
def test_date_rules_in_order(head: str, url: str, rule: str, day: int):
    page = read(article("Titre du jour", published=None, head=head), url)
    assert (page.published_by, page.published_at.day) == (rule, day)


def test_sitemap_date_outranks_the_page():
    page = read(article("Titre du jour"), published_at=datetime(2026, 11, 19, tzinfo=UTC))
    assert (page.published_by, page.published_at.day) == ("sitemap", 19)


def test_first_time_element_not_a_comments():
    extra = (
        '<time datetime="2026-11-02T10:00:00Z">2 nov.</time><time datetime="2026-11-22">x</time>'
    )
    page = read(article("Titre", published=None, extra=extra), "https://courrier.example/plan")
    assert (page.published_by, page.published_at.day) == ("time", 2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00+00:00"),
        ("20261120T080000Z", "2026-11-20T08:00:00+00:00"),
        ("2026-11-20T08:00:00.123+01:00", "2026-11-20T07:00:00.123000+00:00"),
        ("2026-11-20 08:00:00 +0100", "2026-11-20T07:00:00+00:00"),
        ("Fri, 20 Nov 2026 08:00:00 GMT", "2026-11-20T08:00:00+00:00"),
        ("20/11/2026 à 8h30", "2026-11-20T08:30:00+00:00"),
        ("1795161600", "2026-11-20T08:00:00+00:00"),
        ("31/02/2026", None),
        ("soon", None),
        (True, None),
        ("0001-01-01T00:00:00+23:59", None),
    ],
)
def test_parse_moment(value: object, expected: str | None):
    found = parse_moment(value)
    assert (found.isoformat() if found else None) == expected


@pytest.mark.parametrize(
    ("canonical", "url", "elsewhere"),
    [
        (
            "https://www.courrier.example/plan?utm_source=x",
            "https://www.courrier.example/plan",
            None,
        ),
        ("/plan", None, None),
        ("https://www.courrier.example/", None, None),
        ("https://agence.example/depeche", None, "https://agence.example/depeche"),
        ("javascript:alert(1)", None, None),
    ],
)
def test_canonical_address(canonical: str, url: str | None, elsewhere: str | None):
    page = read(article("Titre", head=f'<link rel="canonical" href="{canonical}">'))
    assert page.url == (url or URL)
    assert page.syndicated_from == elsewhere


def test_pages_that_are_no_article_say_why():
    teasers = "".join(
        f'<article><h2><a href="/n{n}">Un titre</a></h2><p>Chapeau.</p></article>' for n in range(9)
    )
    listing = f"<html><body><h1>Économie</h1>{teasers}</body></html>"
    assert read(article("Accueil"), "https://courrier.example/").why_not == "home page"
    assert read(article("Accueil"), "https://courrier.example/fr/").why_not == "home page"
    assert read(listing).why_not == "list of pages"
    assert len(read(listing).links) == 9
    assert "only" in read("<html><body><p>Trop court pour un article.</p></body></html>").why_not
    assert read(b"").why_not == "not HTML"
    assert read(b"\x00\x01\x02" * 50).why_not


@pytest.mark.parametrize(
    ("head", "header", "indexable", "follows"),
    [
        ('<meta name="robots" content="noindex">', "", False, True),
        ('<meta name="ROBOTS" content="index, nofollow">', "", True, False),
        ("", "noindex", False, True),
        ("", "googlebot: noindex", True, True),
        ("", "renom: none", False, False),
        ("", "max-snippet: 10", True, True),
    ],
)
def test_noindex_and_nofollow(head: str, header: str, indexable: bool, follows: bool):
    page = read(article("Titre", head=head), robots=header)
    assert (page.indexable, bool(page.links)) == (indexable, follows)


def test_text_only_in_json_ld_is_found():
    body = PROSE["fr"].replace('"', "'")
    head = (
        '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":'
        f'["NewsArticle"],"headline":"Titre","articleBody":"{body}"}}]}}</script>'
    )
    page = read(f"<html><head>{head}</head><body><div id=app></div></body></html>")
    assert page.why_not == ""
    assert "porte-parole" in page.text


def test_hostile_markup_does_not_reach_title_author_or_text():
    page = read(
        article(
            "Titre &lt;img src=x onerror=alert(1)&gt; du jour",
            author="&lt;script&gt;x&lt;/script&gt;Zoé",
            extra="<script>alert(1)</script><p>Fin\x07 du texte.</p>",
        )
    )
    assert "alert" not in page.text
    assert "<" not in f"{page.title} {page.author} {page.text}"
    assert "\x07" not in page.text


def test_deeply_nested_page_does_not_crash():
    assert read("<div>" * 50_000 + "fin").why_not
