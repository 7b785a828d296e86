"""Text from the web: plain, bounded, unhurt by hostile markup; addresses in one form."""

from __future__ import annotations

import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from crawlers._dates import DateReader, UnreadableDate, tell_order
from crawlers._encodings import decode
from crawlers._json_array import Broken, array_items
from crawlers._plain_text import from_any, from_html, one_line, tidy
from crawlers._urls import canonical_url, shown_url

PARIS = DateReader(zone=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Un</p><p>Deux</p>", "Un\n\nDeux"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>un</li><li>deux</li></ul>", "un\ndeux"),
        ("l&#39;&eacute;t&eacute;&nbsp;!", "l'été !"),
        ("<p>une\n  ligne</p>", "une ligne"),
        ("a &amp;lt;b&amp;gt;", "a &lt;b&gt;"),
        ("<b>gras</b>ement", "grasement"),
        ("x<script>alert('y')</script>z<style>p{}</style>", "xz"),
        ("<td>1</td><td>2</td>", "1 2"),
        ("avant<!-- caché -->après", "avantaprès"),
        ("pas de balise, 3 < 4", "pas de balise, 3 < 4"),
        ("e\u0301te\u0301\u200b\u202e", "été"),
        ("<p>ouvert", "ouvert"),
        ("", ""),
    ],
)
def test_html_becomes_text(markup: str, text: str) -> None:
    assert from_html(markup) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("I <3 you & 5 < 6", "I <3 you & 5 < 6"),
        ("a < b > c", "a < b > c"),
        ("AT&amp;T &gt; tout", "AT&T > tout"),
        ("<p>Bonjour</p>", "Bonjour"),
        ("R&D", "R&D"),
        ("deux\r\nlignes", "deux\nlignes"),
    ],
)
def test_text_that_may_hold_html(value: str, text: str) -> None:
    assert from_any(value) == text


@pytest.mark.parametrize(
    "hostile",
    ["<div>" * 200_000 + "x", "<" * 500_000, "<a " * 300_000, "&" * 1_000_000, "<!--" * 300_000,
     "<p>x" * 100_000, "<table>" * 50_000, "\ud800<b>", "\0<b>x\0",
     "&#x110000;<i>", "<b" * 500_000],
)  # fmt: skip
def test_hostile_markup_is_bounded(hostile: str) -> None:
    started = time.monotonic()
    for text in (from_any(hostile), from_html(hostile)):
        assert len(text) <= 200_000
        text.encode()
    assert time.monotonic() - started < 10


def test_lengths_are_bounded() -> None:
    assert len(tidy("mot " * 100_000)) <= 200_000
    assert one_line("<b>titre</b>\n" * 300) is not None
    assert len(one_line("titre " * 300) or "") == 500
    assert one_line(" <br> ") is None


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("https://www.Example.com:443/a/../b//c/?utm_source=x&fbclid=1&id=5#frag",
         "https://www.example.com/b//c?id=5"),
        ("https://x.fr/?b=2&utm_source=x&a=1", "https://x.fr/?a=1&b=2"),
        ("HTTP://Café.fr/é", "http://xn--caf-dma.fr/%C3%A9"),
        ("http://x.fr/%7euser/%c3%a9", "http://x.fr/~user/%C3%A9"),
        ("http://x.fr/#!page", "http://x.fr/#!page"),
        ("http://user:pw@x.fr:8080/a/", "http://x.fr:8080/a"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("javascript:alert(1)", None), ("mailto:a@b.fr", None), ("/rel", None), ("http://", None),
        ("http://a b/", None), ("http://x.fr:99999/", None), ("http://[/", None),
        ("http://x.fr/" + "a" * 3000, None),
    ],
)  # fmt: skip
def test_canonical_urls(url: str, canonical: str | None) -> None:
    assert canonical_url(url) == canonical
    if canonical is not None:
        assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@x.fr/feed?token=abc&page=2", "https://x.fr/feed?token=…&page=2"),
        ("https://x.fr/T000/Xa1b2c3d4e5f6g7h8i9j0k", "https://x.fr/T000/…"),
        ("https://x.fr/2026-03-17-un-long-titre-de-presse_123", None),
        ("https://x.fr/?sig=a%2Fb&api_key=k#access_token=z", "https://x.fr/?sig=…&api_key=…"),
    ],
)
def test_shown_urls_hide_what_may_be_secret(url: str, shown: str | None) -> None:
    assert shown_url(url) == (shown or url)


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        ("2026-03-17", "2026-03-16T23:00"), ("2026-03-17T10:00:00Z", "2026-03-17T10:00"),
        ("17 mars 2026 à 14h30", "2026-03-17T13:30"), ("1er août 2025", "2025-07-31T22:00"),
        ("mardi 3 févr. 2026", "2026-02-02T23:00"), ("March 12, 2026 3:05 PM", "2026-03-12T14:05"),
        ("12-Mar-26", "2026-03-11T23:00"), ("31/12/2025 8:05", "2025-12-31T07:05"),
        ("12/31/2025", "2025-12-30T23:00"), ("03.04.2026", "2026-04-02T22:00"),
        ("Fri Feb 20 09:51:15 +0000 2015", "2015-02-20T09:51"),
        ("Fri, 20 Feb 2015 09:51:15 GMT", "2015-02-20T09:51"), ("1424425875", "2015-02-20T09:51"),
        (1424425875000, "2015-02-20T09:51"), (46098.5, "2026-03-17T11:00"),
        (date(2026, 3, 17), "2026-03-16T23:00"), ("5/5/2026", "2026-05-04T22:00"),
    ],
)  # fmt: skip
def test_dates_in_french_and_english(value: object, utc: str) -> None:
    assert PARIS.read(value).isoformat(timespec="minutes").removesuffix("+00:00") == utc


@pytest.mark.parametrize(
    "value",
    ["03/04/2026", "hier", "", None, "2026-13-45", "10h", True, 3, "31/31/2026", "le 12/13",
     "9" * 60, float("nan"), "0000-00-00", "٣/٤/٢٠٢٦"],
)  # fmt: skip
def test_dates_that_nobody_can_read(value: object) -> None:
    with pytest.raises(UnreadableDate):
        PARIS.read(value)


def test_order_of_day_and_month_is_told_by_the_column() -> None:
    assert tell_order(["03/04/2026", "13/04/2026"]) == (True, None)
    assert tell_order(["03/04/2026", "04/13/2026"]) == (False, None)
    assert tell_order(["03/04/2026"])[1] == "03/04/2026"
    assert tell_order(["03/04/2026", "13/04/2026", "04/13/2026"])[1] == "03/04/2026"
    assert tell_order(["2026-03-04", datetime(2026, 3, 4)]) == (None, None)


@pytest.mark.parametrize("declared", ["utf-8", "no-such", "hex", "idna", "", "unicode_escape"])
def test_any_declaration_is_survived(declared: str) -> None:
    assert decode("déçu € ’".encode("cp1252"), [declared]) == ("déçu € ’", "cp1252")


def test_array_items_survive_any_chunking() -> None:
    text = '{"a": [1, {"b": "]"}]}, 12, "x", oops, {"c": 1}, 3]'
    for size in range(1, 20):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        items = list(array_items(chunks))
        assert items[:3] == [{"a": [1, {"b": "]"}]}, 12, "x"]
        assert isinstance(items[3], Broken)
        assert items[4:] in ([{"c": 1}, 3], [])
