"""Feeds from a real local server: incremental, tolerant, bounded."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from crawlers.rss import RssOptions, RssSource
from renom.contracts import Batch
from renom.errors import SourceChanged, SourceDenied, SourceUnavailable
from renom.mention import Mention

Run = Callable[..., list[Batch]]
DAY = timedelta(days=1)


def source(*urls: str, **options: Any) -> RssSource:
    return RssSource("presse", RssOptions(urls=urls, pace=timedelta(0), **options))


def item(n: int | str, date: str = "Mon, 16 Mar 2026 10:00:00 GMT", text: str = "Le texte.") -> str:
    when = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        f"<item><title>Titre {n}</title><link>https://journal.example/{n}</link>"
        f"<guid>https://journal.example/{n}</guid>{when}"
        f"<description>{text}</description></item>"
    )


def rss(*items: str, head: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" '
        'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">'
        f"<channel><title>Journal</title><language>fr-FR</language>{head}"
        f"{''.join(items)}</channel></rss>"
    )


def mentions(batches: list[Batch]) -> list[Mention]:
    return [mention for batch in batches for mention in batch.mentions]


def reasons(batches: list[Batch]) -> list[str]:
    return [f"{r.item}: {r.reason}" for batch in batches for r in batch.rejected]


# -- what an entry becomes -------------------------------------------------------------------


def test_entry_becomes_a_mention(site: Any, run: Run, now: datetime) -> None:
    extra = "<dc:creator>Zoé Martin</dc:creator><slash:comments>12</slash:comments></item>"
    body = rss(
        item(1, text="&lt;p&gt;L&apos;été &amp;amp; la mer&lt;/p&gt;").replace("</item>", extra)
    )
    (found,) = mentions(run(source(site.put("/feed", body))))
    assert found.key == "press:https://journal.example/1"
    assert (found.source, found.kind, found.language) == ("presse", "article", "fr")
    assert (found.title, found.text) == ("Titre 1", "L'été & la mer")
    assert found.url == "https://journal.example/1"
    assert found.author is not None
    assert found.author.handle == "Zoé Martin"
    assert found.engagement.replies == 12
    assert found.published_at == datetime(2026, 3, 16, 10, tzinfo=UTC)
    assert found.collected_at == now


def test_atom_rdf_and_json_are_feeds_too(site: Any, run: Run) -> None:
    atom = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>A</title>
      <entry><id>tag:a.example,2026:1</id><title>One</title><link href="/one"/>
      <updated>2026-03-16T12:00:00+02:00</updated>
      <content type="html">&lt;b&gt;Hi&lt;/b&gt;</content>
      <author><name>Ann</name></author></entry></feed>"""
    rdf = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
      <channel rdf:about="x"><title>R</title></channel><item rdf:about="http://r.example/1">
      <title>Two</title><link>http://r.example/1</link><dc:date>2026-03-15</dc:date></item></rdf:RDF>"""
    feed = json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "J",
            "language": "fr",
            "items": [
                {"id": 7, "url": "https://j.example/7", "content_html": "<p>Été</p>",
                 "date_published": "2026-03-16T09:00:00Z", "authors": [{"name": "Bo"}]},
            ],
        }
    )  # fmt: skip
    (one,) = mentions(run(source(site.put("/atom", atom))))
    assert (one.external_id, one.text, one.url) == (
        "tag:a.example,2026:1", "Hi", site.url("/one"),
    )  # fmt: skip
    assert (one.language, one.published_at.hour) == ("en", 10)
    (two,) = mentions(run(source(site.put("/rdf", rdf))))
    assert (two.title, two.text, two.published_at.date().isoformat()) == (
        "Two",
        "Two",
        "2026-03-15",
    )
    (three,) = mentions(run(source(site.put("/json", feed))))
    assert (three.external_id, three.text, three.language) == ("127.0.0.1/7", "Été", "fr")
    assert three.author is not None
    assert three.author.handle == "Bo"


def test_hostile_html_becomes_plain_text(site: Any, run: Run) -> None:
    evil = (
        "<![CDATA[<script>alert(1)</script><p onclick='x()'>Vrai <b>texte</b></p>"
        "<iframe src='//evil'>non</iframe><style>p{}</style>" + "<div>" * 3000 + "fin]]>"
    )
    (found,) = mentions(run(source(site.put("/feed", rss(item(1, text=evil))))))
    assert found.text.startswith("Vrai texte")
    assert "<" not in found.text
    assert "alert" not in found.text
    assert "non" not in found.text


def test_ids_are_scoped_shortened_and_kept_apart(site: Any, run: Run) -> None:
    def with_id(name: str, title: str) -> str:
        return (
            f"<item><guid isPermaLink='false'>{name}</guid><title>{title}</title>"
            f"<pubDate>Mon, 16 Mar 2026 10:00:00 GMT</pubDate></item>"
        )

    body = rss(
        with_id("42", "a"), with_id("x" * 900, "b"), with_id("same", "c"), with_id("same", "d")
    )
    ids = [m.external_id for m in mentions(run(source(site.put("/feed", body))))]
    assert "127.0.0.1/42" in ids
    assert len(set(ids)) == 4
    assert max(map(len, ids)) < 320


def test_fragments_tell_ids_apart_and_trackers_do_not(site: Any, run: Run) -> None:
    body = rss(item("p#a"), item("p#b"), item("q?utm_source=rss"))
    ids = {m.external_id for m in mentions(run(source(site.put("/feed", body))))}
    assert ids == {
        "https://journal.example/p#a", "https://journal.example/p#b", "https://journal.example/q",
    }  # fmt: skip


# -- again and again -------------------------------------------------------------------------


def test_unchanged_feed_is_asked_conditionally(site: Any, run: Run, web: ModuleType) -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "Mon, 16 Mar 2026 10:00:00 GMT"}
    url = site.put("/", web.Answer(rss(item(1)).encode(), headers=headers), web.Answer(status=304))
    first = run(source(url))
    second = run(source(url), first[-1].cursor)
    assert site.asked[1].headers["if-none-match"] == '"v1"'
    assert site.asked[1].headers["if-modified-since"] == headers["Last-Modified"]
    assert mentions(second) == []
    third = run(source(url), second[-1].cursor)
    assert site.asked[2].headers["if-none-match"] == '"v1"'
    assert mentions(third) == []


def test_same_bytes_are_not_parsed_again(site: Any, run: Run, monkeypatch: Any) -> None:
    url = site.put("/", rss(item(1)))
    cursor = run(source(url))[-1].cursor
    monkeypatch.setattr("crawlers.rss.read_feed", lambda *a, **k: pytest.fail("parsed again"))
    assert mentions(run(source(url), cursor)) == []


def test_only_new_and_edited_entries_come_again(site: Any, run: Run, now: datetime) -> None:
    url = site.put("/", rss(item(1), item(2)), rss(item(3), item(2, text="Corrigé."), item(1)))
    cursor = run(source(url))[-1].cursor
    assert json.loads(json.dumps(cursor)) == cursor
    again = run(source(url), cursor, now=now + DAY)
    assert {m.title: m.text for m in mentions(again)} == {
        "Titre 3": "Le texte.",
        "Titre 2": "Corrigé.",
    }
    assert sum(batch.unchanged for batch in again) == 1


def test_first_run_looks_back_and_no_further(site: Any, run: Run, now: datetime) -> None:
    old = "Mon, 02 Mar 2026 10:00:00 GMT"
    url = site.put("/", rss(item(1), item(2, old)), rss(item(1), item(2, old), item(3, old)))
    first = run(source(url, backfill="7d"))
    assert [m.title for m in mentions(first)] == ["Titre 1"]
    # The site was down for three weeks; what it published meanwhile is taken.
    later = now + timedelta(days=21)
    cursor = first[-1].cursor
    url = site.put("/", rss(item(4, "Wed, 18 Mar 2026 10:00:00 GMT")))
    assert [m.title for m in mentions(run(source(url), cursor, now=later))] == ["Titre 4"]


def test_seen_entries_are_bounded(site: Any, run: Run) -> None:
    url = site.put("/", *(rss(*(item(f"{page}-{n}") for n in range(300))) for page in range(9)))
    cursor = None
    for _ in range(9):
        cursor = run(source(url), cursor)[-1].cursor
    assert cursor is not None
    (state,) = cursor["feeds"].values()
    assert len(state["seen"]) == 600


def test_large_feed_comes_in_batches_that_can_be_resumed(site: Any, run: Run) -> None:
    url = site.put("/", rss(*(item(n) for n in range(1200))))
    batches = run(source(url))
    assert [len(batch.mentions) for batch in batches] == [500, 500, 200]
    rest = run(source(url), batches[0].cursor)
    assert len(mentions(rest)) == 700


# -- dates -----------------------------------------------------------------------------------


def test_entry_without_date_is_rejected_at_first_and_new_later(
    site: Any, run: Run, now: datetime
) -> None:
    url = site.put("/", rss(item(1, ""), item(2)), rss(item(3, ""), item(1, ""), item(2)))
    first = run(source(url))
    assert [m.title for m in mentions(first)] == ["Titre 2"]
    assert len(reasons(first)) == 1
    assert "https://journal.example/1" in reasons(first)[0]
    assert "has no date" in reasons(first)[0]
    (new,) = mentions(run(source(url), first[-1].cursor, now=now + DAY))
    assert (new.title, new.published_at) == ("Titre 3", now + DAY)


def test_unbelievable_dates_are_named(site: Any, run: Run, now: datetime) -> None:
    body = rss(
        item(1, "Mon, 16 Mar 2099 10:00:00 GMT"),
        item(2, "Thu, 01 Jan 1970 00:00:00 GMT"),
        item(3, "le seize mars"),
        item(4, "Tue, 17 Mar 2026 15:00:00 GMT"),
    )
    batches = run(source(site.put("/", body)))
    (soon,) = mentions(batches)
    assert (soon.title, soon.published_at) == ("Titre 4", now)
    assert ["not believable" in r for r in reasons(batches)] == [True, True, False]
    assert "le seize mars" in reasons(batches)[2]


def test_entry_without_id_is_known_by_link_then_by_title_and_date(site: Any, run: Run) -> None:
    bare = "<item><title>Sans id</title><pubDate>Mon, 16 Mar 2026 10:00:00 GMT</pubDate></item>"
    linked = bare.replace("</item>", "<link>https://journal.example/z</link></item>")
    url = site.put("/", rss(bare, linked), rss(item(9), bare, linked))
    first = run(source(url))
    assert {m.external_id for m in mentions(first)} >= {"https://journal.example/z"}
    assert len(mentions(first)) == 2
    assert [m.title for m in mentions(run(source(url), first[-1].cursor))] == ["Titre 9"]


def test_entry_without_text_and_title_is_rejected_by_name(site: Any, run: Run) -> None:
    empty = (
        "<item><guid>https://journal.example/vide</guid>"
        "<pubDate>Mon, 16 Mar 2026 10:00:00 GMT</pubDate></item>"
    )
    batches = run(source(site.put("/", rss(empty, item(1)))))
    assert len(mentions(batches)) == 1
    assert "neither text nor title" in reasons(batches)[0]
    assert "vide" in reasons(batches)[0]


# -- encodings -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "prolog", "header"),
    [
        ("utf-8", "utf-8", None),
        ("utf-8", "iso-8859-1", None),
        ("utf-8", "utf-8", "iso-8859-1"),
        ("utf-8-sig", "utf-16", None),
        ("cp1252", "utf-8", None),
        ("cp1252", "iso-8859-1", None),
        ("cp1252", "iso-8859-1", "utf-8"),
        ("cp1252", None, None),
        ("utf-16", "utf-16", None),
        ("iso-8859-15", "iso-8859-15", None),
        ("koi8-r", "koi8-r", None),
    ],
)
def test_encodings_declared_rightly_or_not(
    site: Any, run: Run, web: ModuleType, encoding: str, prolog: str | None, header: str | None
) -> None:
    text = "Привет" if encoding == "koi8-r" else "L’été à Orléans coûte 5 € : «œuvre»"
    if encoding == "iso-8859-15":
        text = text.replace("’", "'")
    body = rss(item(1, text=text))
    declared = f' encoding="{prolog}"' if prolog else ""
    body = body.replace(' encoding="UTF-8"', declared)
    kind = "application/xml" + (f"; charset={header}" if header else "")
    answer = web.Answer(body.encode(encoding), headers={"Content-Type": kind})
    (found,) = mentions(run(source(site.put("/", answer))))
    assert found.text == text


# -- damage ----------------------------------------------------------------------------------


def test_truncated_xml_keeps_what_is_whole(site: Any, run: Run) -> None:
    body = rss(item(1), item(2), item(3))
    batches = run(source(site.put("/", body[: body.index("Titre 3")])))
    assert [m.title for m in mentions(batches)][:2] == ["Titre 1", "Titre 2"]
    assert any("not well-formed" in reason for reason in reasons(batches))


def test_feed_of_50_megabytes_is_cut_and_said(site: Any, run: Run, web: ModuleType) -> None:
    def endless() -> Iterator[bytes]:
        yield rss().split("</channel>")[0].encode()
        block = "".join(item("n", text="mot " * 50) for _ in range(1000)).encode()
        for number in range(50_000_000 // len(block) + 1):
            yield block.replace(b"/n<", b"/%d<" % number)

    started = time.monotonic()
    batches = run(source(site.put("/", web.Answer(blocks=endless)), max_size=0.5))
    assert len(mentions(batches)) > 0
    assert any("larger than 0.5 MB" in reason for reason in reasons(batches))
    assert time.monotonic() - started < 20


def test_cut_json_feed_keeps_whole_items(site: Any, run: Run) -> None:
    items = [
        {"id": str(n), "title": f"T{n}", "content_text": "x", "date_published": "2026-03-16"}
        for n in range(5)
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1", "items": items})
    batches = run(source(site.put("/", body[:-50])))
    assert [m.title for m in mentions(batches)] == ["T0", "T1", "T2", "T3"]
    assert len(reasons(batches)) == 1


def test_web_page_instead_of_a_feed_names_the_feed(site: Any, run: Run) -> None:
    page = '<!DOCTYPE html><html><link rel="alternate" type="application/rss+xml" href="/rss.xml">'
    with pytest.raises(SourceChanged) as caught:
        run(source(site.put("/", page)))
    assert site.url("/rss.xml") in caught.value.hint


@pytest.mark.parametrize(
    "body", ["", "hello", "{}", "[1]", '{"items": 3}', "{" * 100_000, "\0" * 99]
)
def test_no_feed_at_all_is_an_error_with_a_name(site: Any, run: Run, body: str) -> None:
    with pytest.raises(SourceChanged, match=r"127\.0\.0\.1"):
        run(source(site.put("/", body)))


def test_too_many_tags_are_refused_before_parsing(site: Any, run: Run) -> None:
    started = time.monotonic()
    with pytest.raises(SourceChanged, match="tags"):
        run(source(site.put("/", "<rss><channel>" + "<a>" * 600_000)))
    assert time.monotonic() - started < 5


# -- pace, moves, failures -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "cache", "expected"),
    [
        ("<ttl>45</ttl>", None, timedelta(minutes=45)),
        ("<ttl>99999</ttl>", None, timedelta(hours=24)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
         None, timedelta(minutes=30)),
        ("", "public, max-age=600", timedelta(minutes=10)),
        ("", "max-age=31536000", timedelta(hours=1)),
        ("", "no-cache", None),
    ],
)  # fmt: skip
def test_feed_says_when_to_come_back(
    site: Any, run: Run, web: ModuleType, head: str, cache: str | None, expected: timedelta | None
) -> None:
    headers = {"Cache-Control": cache} if cache else {}
    batches = run(
        source(site.put("/", web.Answer(rss(item(1), head=head).encode(), headers=headers)))
    )
    assert batches[-1].next_check == expected


def test_permanent_move_is_followed_once_it_is_stable(site: Any, run: Run, web: ModuleType) -> None:
    old = site.put("/old", web.Answer(status=301, headers={"Location": "/new"}))
    site.put("/new", rss(item(1)))
    cursor = None
    for _ in range(5):
        cursor = run(source(old), cursor)[-1].cursor
    assert site.paths().count("/old") == 3
    site.put("/new", web.Answer(status=410))
    site.put("/old", rss(item(1), item(2)))
    assert [m.title for m in mentions(run(source(old), cursor))] == ["Titre 2"]


def test_gone_feed_is_denied(site: Any, run: Run, web: ModuleType) -> None:
    with pytest.raises(SourceDenied, match="gone for good"):
        run(source(site.put("/", web.Answer(status=410))))


def test_one_failing_feed_does_not_stop_the_others(
    site: Any, run: Run, web: ModuleType, now: datetime
) -> None:
    wait = web.Answer(status=503, headers={"Retry-After": "3600"})
    bad, good = site.put("/bad?token=s3cr3t", wait), site.put("/good", rss(item(1)))
    batches = run(source(bad, good))
    assert len(mentions(batches)) == 1
    assert ["/bad?token=…" in reason for reason in reasons(batches)] == [True]
    run(source(bad, good), batches[-1].cursor, now=now + timedelta(minutes=30))
    assert site.paths().count("/bad?token=s3cr3t") == 1
    run(source(bad, good), batches[-1].cursor, now=now + timedelta(minutes=61))
    assert site.paths().count("/bad?token=s3cr3t") == 2


def test_all_feeds_failing_raises_the_one_that_may_pass(
    site: Any, run: Run, web: ModuleType
) -> None:
    gone = site.put("/gone", web.Answer(status=410))
    busy = site.put("/busy", web.Answer(status=429, headers={"Retry-After": "60"}))
    with pytest.raises(SourceUnavailable) as caught:
        run(source(gone, busy))
    assert caught.value.retry_after == timedelta(seconds=60)


@pytest.mark.parametrize(
    "options",
    [{}, {"url": "ftp://x"}, {"url": "https://u:p@x.example/"},
     {"url": "https://x", "platform": "É"}, {"url": "https://x", "language": "french"}, {"url": "http://x:99999/"}],
)  # fmt: skip
def test_impossible_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        RssOptions(**options)


def test_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(ValidationError) as caught:
        RssOptions(url="https://bob:s3cr3t@x.example/feed")
    assert "s3cr3t" not in caught.value.errors()[0]["msg"]


def test_check_counts_entries(site: Any) -> None:
    assert source(site.put("/", rss(item(1), item(2)))).check() == "1 feed(s) answer, 2 entries"
