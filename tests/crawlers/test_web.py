"""The web source against a real local site: what it finds, remembers, obeys and survives.

A crawl costs about two seconds of start-up, so each one here asks for several things at once.
"""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))
from newsroom import Newsroom, Reply, article, gzip_bomb, sitemap_index, urlset

from crawlers import _crawl
from crawlers import web as web_module
from crawlers.web import WebSource
from renom.contracts import Batch, Cursor
from renom.errors import SourceChanged, SourceDenied, SourceError, SourceUnavailable
from renom.mention import Mention

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
XML = {"content_type": "application/xml", "etag": True}


@pytest.fixture
def site() -> Iterator[Newsroom]:
    with Newsroom() as room:
        yield room


def web(**options: Any) -> WebSource:
    given = {"allow_private": True, "pace": "0s", "timeout": "2s", "time_limit": "60s", **options}
    return WebSource("presse", WebSource.Options(**given))


class Outcome:
    """All batches of one run, added up."""

    def __init__(
        self, source: WebSource, cursor: Cursor | None = None, now: datetime = NOW
    ) -> None:
        self.batches: list[Batch] = []
        self.error: SourceError | None = None
        try:
            for batch in source.fetch(cursor, now=now):
                self.batches.append(batch)
        except SourceError as error:
            self.error = error

    @property
    def mentions(self) -> list[Mention]:
        return [mention for batch in self.batches for mention in batch.mentions]

    @property
    def rejected(self) -> dict[str, str]:
        """Reasons by the path of the page."""
        return {
            "/" + r.item.split("/", 3)[-1] if "://" in r.item else r.item: r.reason
            for batch in self.batches
            for r in batch.rejected
        }

    @property
    def unchanged(self) -> int:
        return sum(batch.unchanged for batch in self.batches)

    @property
    def cursor(self) -> Cursor | None:
        return json.loads(json.dumps(self.batches[-1].cursor)) if self.batches else None

    @property
    def titles(self) -> list[str | None]:
        return sorted(mention.title or "" for mention in self.mentions)


def news(site: Newsroom, path: str, *entries: tuple[str, str]) -> str:
    rows = [(site.base + where, date) for where, date in entries]
    return site.serve(path, urlset(*rows, news=True), **XML)


def test_sitemaps_are_read_whole_once_and_then_only_what_is_new(site: Newsroom):
    site.serve("/1", article("Premier plan"), etag=True)
    site.serve("/2", article("Deuxième plan"))
    site.serve("/3", article("Troisième plan", published="2026-11-10T08:00:00Z"))
    site.serve("/old", article("Vieux plan"))
    site.serve("/private/x", article("Plan interdit"))
    site.serve(
        "/robots.txt", f"User-agent: *\nDisallow: /private/\nSitemap: {site.base}/index.xml\n"
    )
    day = "2026-11-21T10:00:00Z"
    news(site, "/news.xml", ("/1", day), ("/private/x", day))
    packed = gzip.compress(
        urlset((site.base + "/2", "2026-11-20"), (site.base + "/old", "2026-01-01")).encode()
    )
    site.serve("/more.xml.gz", packed, content_type="application/gzip", etag=True)
    site.serve("/undated.xml", urlset((site.base + "/3", "")), **XML)
    index = sitemap_index(*(site.base + p for p in ("/news.xml", "/more.xml.gz", "/undated.xml")))
    site.serve("/index.xml", index, **XML)
    source = web(sitemaps=[site.base + "/robots.txt"], language="fr")

    first = Outcome(source)
    assert first.error is None
    assert first.titles == ["Deuxième plan", "Premier plan"]
    assert first.rejected["/private/x"] == "robots.txt forbids it"
    assert "older than the first look back (2026-11-15)" in first.rejected["/3"]
    assert "/old" not in site.paths()
    mention = next(m for m in first.mentions if m.title == "Premier plan")
    assert mention.key == f"press:{site.base}/1"
    assert mention.published_at == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert (mention.kind, mention.language, mention.author.name) == ("article", "fr", "Anne Durand")
    assert {seen.headers["User-Agent"] for seen in site.log} == {"Renom/0.1.0"}

    site.log.clear()
    site.serve("/4", article("Quatrième plan"))
    site.serve("/1", article("Premier plan corrigé"), etag=True)
    news(site, "/news.xml", ("/1", "2026-11-22T09:00:00Z"), ("/4", "2026-11-22T08:00:00Z"))
    second = Outcome(source, first.cursor)
    assert second.titles == ["Premier plan corrigé", "Quatrième plan"]
    assert sorted(p for p in site.paths() if "xml" not in p) == ["/1", "/4"]
    assert second.rejected == {}
    sent = {seen.path: seen.headers for seen in site.log}
    assert "If-None-Match" in sent["/more.xml.gz"]
    assert "If-None-Match" not in sent["/index.xml"]


def review(body: str, author: str, date: str = "2026-11-20", value: int = 2) -> dict[str, Any]:
    return {
        "@type": "Review",
        "author": {"@type": "Person", "name": author},
        "datePublished": date,
        "reviewBody": body,
        "reviewRating": {"ratingValue": value, "bestRating": 5},
    }


def product(*reviews: dict[str, Any], links: str = "") -> str:
    data = {"@type": "Product", "name": "Bouilloire", "review": list(reviews)}
    return (
        '<html lang="fr"><head><meta property="og:type" content="product">'
        f'<script type="application/ld+json">{json.dumps(data)}</script></head>'
        f"<body><h1>Bouilloire</h1>{links}</body></html>"
    )


def test_shop_pages_are_revisited_and_give_only_new_reviews(site: Newsroom):
    links = '<a href="/p/1">1</a><a href="/p/2?utm_source=x">2</a><a href="/cgv">c</a>'
    links += '<a href="http://other.example/p/9">x</a>'
    site.serve("/shop/", f"<html><body>{links}</body></html>", etag=True)
    older = {k: v for k, v in review("Ancien, sans date.", "Léo").items() if k != "datePublished"}
    site.serve("/p/1", product(review("Trop lente.", "Zoé"), older), etag=True)
    site.serve("/p/2", product(review("Parfaite, merci.", "Paul", value=5)))
    source = web(
        start_urls=[site.base + "/shop/"], follow=["/p/"], articles=False, platform="shops"
    )
    first = Outcome(source)
    assert sorted(m.text for m in first.mentions) == ["Parfaite, merci.", "Trop lente."]
    assert {m.kind for m in first.mentions} == {"review"}
    bad = next(m for m in first.mentions if m.text == "Trop lente.")
    assert (bad.rating.given, bad.rating.value) == (2.0, 0.25)
    assert bad.key.startswith("shops:review-")
    assert (bad.url, bad.author.name, bad.language) == (site.base + "/p/1", "Zoé", "fr")
    assert list(first.rejected) == ["/p/1"]
    assert "1 reviews without a date" in first.rejected["/p/1"]

    site.log.clear()
    new = review("Fuit au bout de deux jours.", "Ana", "2026-11-22", 1)
    undated = {k: v for k, v in review("Sans date.", "Eva").items() if k != "datePublished"}
    site.serve("/p/1", product(new, undated, review("Trop lente.", "Zoé"), older), etag=True)
    second = Outcome(source, first.cursor)
    assert sorted(m.text for m in second.mentions) == ["Fuit au bout de deux jours.", "Sans date."]
    assert next(m for m in second.mentions if m.text == "Sans date.").published_at == NOW
    assert sorted(site.paths()) == ["/p/1", "/p/2?utm_source=x", "/shop/"]
    assert next(s for s in site.log if s.path == "/shop/").headers["If-None-Match"]
    assert second.unchanged == 4  # the list, the other product, two reviews seen before


def test_faults_are_bounded_named_rejections_and_the_rest_is_kept(site: Newsroom):
    good = {"/good": article("Bon plan"), "/latin": article("Été calme").encode("iso-8859-1")}
    for path, body in good.items():
        site.serve(path, body)
    site.serve("/big", b"<p>" + b"x" * (20 * 2**20))
    site.routes["/endless"] = Reply(chunked_zeros=20)
    site.serve("/bomb", gzip_bomb(), headers={"Content-Encoding": "gzip"})
    site.serve("/loop1", "", status=302, headers={"Location": "/loop2"})
    site.serve("/loop2", "", status=302, headers={"Location": "/loop1"})
    site.serve("/away", "", status=302, headers={"Location": "http://elsewhere.invalid/x"})
    site.serve("/stall", article("Lent"), stall=30)
    site.serve("/drip", article("Lent"), stall=30, stall_after=100)
    site.serve("/missing", "", status=404)
    site.serve("/broken", "", status=500)
    site.serve("/pdf", b"%PDF-1.7", content_type="application/pdf")
    site.serve("/hidden", article("Caché", head='<meta name="robots" content="noindex">'))
    site.serve("/header", article("Caché"), headers={"X-Robots-Tag": "noindex"})
    site.serve("/undated", article("Sans date", published=None))
    site.serve("/short", "<html><body><p>Court.</p></body></html>")
    site.serve("/nested", "<div>" * 200_000 + "fin")
    site.serve("/moved", "", status=301, headers={"Location": "/good2"})
    site.serve("/good2", article("Plan déplacé"))
    site.routes["/flaky"] = lambda n: Reply("", 503) if n == 0 else Reply(article("Plan revenu"))
    paths = [p for p in site.routes if p not in ("/robots.txt", "/loop2", "/good2")]
    site.serve("/list", "".join(f'<a href="{p}">x</a>' for p in paths))
    site.serve("/bad.xml", "<html></html>", content_type="text/html")
    site.serve("/bomb.xml.gz", gzip_bomb(), content_type="application/gzip")
    source = web(
        start_urls=[site.base + "/list"],
        follow=["*"],
        sitemaps=[site.base + "/bad.xml", site.base + "/bomb.xml.gz"],
    )
    started = time.monotonic()
    run = Outcome(source)
    assert run.error is None
    assert run.titles == ["Bon plan", "Plan déplacé", "Plan revenu", "Été calme"]
    assert time.monotonic() - started < 45
    expected = {
        "/big": "larger than the size limit",
        "/endless": "larger than the size limit",
        "/bomb": "unpacks to more than the size limit",
        "/loop1": "redirects without end",
        "/away": "redirects to another site",
        "/stall": "no complete answer in time",
        "/drip": "no complete answer in time",
        "/missing": "the server answered 404",
        "/broken": "the server answered 500",
        "/pdf": "not HTML (application/pdf)",
        "/hidden": "not a mention: asks not to be indexed (noindex)",
        "/header": "not a mention: asks not to be indexed (noindex)",
        "/undated": "not a mention: no publication date found",
        "/short": "not a mention: only 6 characters of text",
        "/bad.xml": "not a sitemap: the root element is <html>, not <urlset>",
        "/bomb.xml.gz": "not a sitemap: unpacks to more than 52428800 bytes",
    }
    assert {path: run.rejected.get(path) for path in expected} == expected
    assert set(run.rejected) - set(expected) == {"/nested", "presse"}
    assert "3 pages left to the next run by failures that may pass" in run.rejected["presse"]

    site.log.clear()
    site.serve("/stall", article("Plan lent mais là", published=None))
    second = Outcome(source, run.cursor)
    assert sorted(
        p for p in site.paths() if p in ("/stall", "/drip", "/broken", "/big", "/good")
    ) == [
        "/broken",
        "/broken",
        "/broken",
        "/drip",
        "/stall",
    ]
    assert second.rejected["/stall"] == "not a mention: no publication date found"


def test_robots_txt_is_obeyed_however_it_answers():
    answers = {
        "missing": Reply("", 404),
        "forbidden": Reply("User-agent: *\nDisallow: /\n", 403),
        "failing": Reply("", 500),
        "busy": Reply("", 503),
        "limited": Reply("", 429),
        "closed": Reply("User-agent: *\nDisallow:\n\nUser-agent: renom\nDisallow: /\n"),
    }
    rooms = {name: Newsroom() for name in answers}
    urls = {}
    for name, room in rooms.items():
        room.routes["/robots.txt"] = answers[name]
        for n in range(4):  # at once: Scrapy 2.19 by itself asks robots.txt for the first two only
            urls[room.serve(f"/{n}", article(f"Plan {n}"))] = name
    run = Outcome(web(start_urls=list(urls)))
    for room in rooms.values():
        room.__exit__(None, None, None)
    fetched = {name: len(room.paths()) for name, room in rooms.items()}
    assert fetched == {
        "missing": 4, "forbidden": 4, "failing": 0, "busy": 0, "limited": 0, "closed": 0,
    }  # fmt: skip
    reasons = {urls[r.item]: r.reason for b in run.batches for r in b.rejected if r.item in urls}
    assert reasons == {
        "failing": "robots.txt cannot be read: it answered 500",
        "busy": "robots.txt cannot be read: it answered 503",
        "limited": "robots.txt cannot be read: it answered 429",
        "closed": "robots.txt forbids it",
    }
    assert run.error is None


def test_long_retry_after_moves_the_schedule(site: Newsroom):
    site.routes["/a"] = Reply("", 429, headers={"Retry-After": "7200"})
    run = Outcome(web(start_urls=[site.base + "/a", site.base + "/b"]))
    assert isinstance(run.error, SourceUnavailable)
    assert run.error.retry_after == timedelta(hours=2)
    assert site.asked("/a") == 1


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        (["denied", "denied"], SourceDenied),
        (["changed"], SourceChanged),
        (["denied", "unavailable"], SourceUnavailable),
        (["changed", "denied"], SourceDenied),
        (["ok", "denied", "unavailable"], None),
        ([], None),
    ],
)
def test_run_fails_only_when_no_entry_point_can_be_read(entries: list[str], error: type | None):
    run = web_module._Run("presse", web(url="http://127.0.0.1/a").options, None, NOW)
    for kind in entries:
        run.take({"t": "entry", "url": "http://127.0.0.1/a", "kind": kind, "reason": "a reason"})
    run.take({"t": "end", "reason": "finished"})
    assert type(run.error()) is (error or type(None))


def test_short_retry_after_and_crawl_delay_are_waited_for(site: Newsroom):
    site.serve("/robots.txt", "User-agent: *\nCrawl-delay: 1\n")
    site.routes["/a"] = lambda n: (
        Reply("", 503, headers={"Retry-After": "2"}) if n == 0 else Reply(article("Un plan"))
    )
    site.serve("/b", article("Autre plan"))
    run = Outcome(web(start_urls=[site.base + "/a", site.base + "/b"]))
    assert run.titles == ["Autre plan", "Un plan"]
    first, second = [seen.at for seen in site.log if seen.path == "/a"]
    assert second - first >= 1.9
    times = sorted(seen.at for seen in site.log if seen.path in ("/a", "/b"))
    assert all(b - a > 0.4 for a, b in itertools.pairwise(times))


def test_private_addresses_are_refused_by_default(site: Newsroom):
    site.serve("/a", article("Un plan"))
    options = {"allow_private": False, "pace": "1s"}
    metadata = "http://169.254.169.254/a"
    intranet = "http://10.0.0.7/a"
    in_disguise = f"http://2130706433:{site.port}/a"
    run = Outcome(web(start_urls=[metadata, intranet, in_disguise], **options))
    assert isinstance(run.error, SourceDenied)
    assert "allow_private" in run.error.hint
    reasons = [r.reason for batch in run.batches for r in batch.rejected]
    assert len(reasons) == 3
    assert all("is not a public address" in reason for reason in reasons)
    assert site.log == []


def test_an_address_written_as_this_machine_is_meant_but_only_its_port(site: Newsroom):
    with Newsroom() as other:
        other.serve("/b", article("Interdit"))
        site.serve("/a", article("Un plan"))
        elsewhere = f"http://127.0.0.1:{other.port}/b"
        site.serve("/away", "", status=302, headers={"Location": elsewhere})
        urls = [f"http://127.0.0.1:{site.port}/a", f"http://127.0.0.1:{site.port}/away"]
        run = Outcome(web(start_urls=urls, allow_private=False, pace="1s"))
        assert run.titles == ["Un plan"]
        assert other.log == []


def test_crawl_beside_a_parent_that_fills_memory_is_not_cut_short(site: Newsroom):
    """Linux counts the parent's peak as the child's: a fixed limit would end the crawl at once."""
    site.serve("/a", article("Un plan"))
    code = f"""if True:
        from datetime import UTC, datetime
        from crawlers.web import WebSource
        ballast = b"x" * (1300 * 2**20)
        options = WebSource.Options(url="{site.base}/a", pace="0s", backfill="9999d")
        source = WebSource("presse", options)
        print(sum(len(b.mentions) for b in source.fetch(None, now=datetime.now(UTC))))
    """
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=90
    )
    assert done.stdout.strip() == "1"


def test_crawl_that_dies_keeps_what_it_delivered(site: Newsroom, monkeypatch: pytest.MonkeyPatch):
    site.serve("/a", article("Premier plan"))
    site.serve("/slow", article("Autre plan"), stall=20)
    children: list[int] = []
    start = _crawl._start

    def remember(plan: Any) -> Any:
        child = start(plan)
        children.append(child.pid)
        return child

    monkeypatch.setattr(_crawl, "_start", remember)

    def kill_when_asked() -> None:
        while not (site.asked("/slow") and site.asked("/a")):
            time.sleep(0.05)
        time.sleep(2)
        os.kill(children[0], signal.SIGKILL)

    threading.Thread(target=kill_when_asked, daemon=True).start()
    source = web(start_urls=[site.base + "/a", site.base + "/slow"], timeout="30s")
    run = Outcome(source)
    assert isinstance(run.error, SourceUnavailable)
    assert "ended unexpectedly (exit code -9)" in str(run.error)
    assert run.titles == ["Premier plan"]


def test_time_limit_stops_the_crawl_and_keeps_what_it_delivered(site: Newsroom):
    site.serve("/a", article("Premier plan"))
    site.serve("/slow", article("Autre plan"), stall=60)
    source = web(start_urls=[site.base + "/a", site.base + "/slow"], timeout="50s", time_limit="6s")
    started = time.monotonic()
    run = Outcome(source)
    assert time.monotonic() - started < 20
    assert run.titles == ["Premier plan"]
    assert run.error is None
    assert "time limit" in run.rejected["presse"]


def test_page_limit_leaves_the_rest_to_the_next_run(site: Newsroom):
    rows = []
    for n in range(6):
        site.serve(f"/{n}", article(f"Plan numéro {n}"))
        rows.append((f"/{n}", f"2026-11-2{n % 2}T0{n}:00:00Z"))
    news(site, "/news.xml", *rows)
    source = web(news_sitemaps=[site.base + "/news.xml"], max_pages=4)
    first = Outcome(source)
    assert len(first.mentions) == 4
    assert "2 pages left to the next run by the run's limit of 4 pages" in first.rejected["presse"]
    newest = {m.published_at for m in first.mentions}
    second = Outcome(source, first.cursor)
    assert len(second.mentions) == 2
    assert max(m.published_at for m in second.mentions) < min(newest)
    assert len({m.key for m in (*first.mentions, *second.mentions)}) == 6


def test_leaving_early_ends_the_child(site: Newsroom):
    for n in range(60):
        site.serve(f"/{n}", article(f"Plan numéro {n}"))
    news(site, "/news.xml", *((f"/{n}", "2026-11-21T10:00:00Z") for n in range(60)))
    fetching = web(news_sitemaps=[site.base + "/news.xml"]).fetch(None, now=NOW)
    assert len(next(fetching).mentions) == 50
    before = threading.active_count()
    fetching.close()
    assert threading.active_count() < before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "give url"),
        ({"url": "ftp://example.org"}, "not a web address"),
        ({"url": "https://me:secret@example.org/"}, "user name or a password"),
        ({"url": "https://example.org", "pace": "0s"}, "at least 0.2s"),
        ({"url": "https://example.org", "articles": False, "reviews": False}, "both off"),
        ({"url": "https://example.org", "allow": [" "]}, "part of a URL"),
        ({"url": "https://example.org", "platform": "My Shop"}, "lower-case name"),
        ({"url": "https://example.org", "contact": "a\nb"}, "plain ASCII"),
        ({"url": "https://example.org", "colour": 1}, "Extra inputs"),
    ],
)
def test_options_that_make_no_sense_say_so(options: dict[str, Any], words: str):
    with pytest.raises(ValidationError, match=words) as caught:
        WebSource.Options(**options)
    assert "secret@" not in str(caught.value.errors()[0]["msg"])
