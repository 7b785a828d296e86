"""Text from outside never becomes markup."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest

from dashboard import markup
from dashboard.wording import Wording
from renom.enrichment import BrandSentiment, Enrichment, sentiment_of
from renom.mention import Author, Mention, Rating
from renom.reading import Found

SAY = Wording("fr", ZoneInfo("Europe/Paris"))
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "![i](https://evil.example/x.png)",
    "[a](javascript:alert(1))",
    "</article><h1>",
    "\u202egnp.exe",
)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Tags:
    parser = Tags()
    parser.feed(html)
    parser.close()
    return parser


def found(text: str, **more: object) -> Found:
    fields: dict[str, object] = {"url": "https://example.org/a", "title": None, "author": None}
    mention = Mention(
        platform="web",
        external_id="1",
        source="s",
        kind="post",
        text=text,
        published_at=NOW,
        collected_at=NOW,
        **(fields | more),  # type: ignore[arg-type]
    )
    enrichment = Enrichment(
        mention.key, brand_sentiments=(BrandSentiment("Lumea", sentiment_of("negative")),)
    )
    return Found(mention, enrichment, brands=("Lumea",))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("whole", [True, False])
def test_card_of_a_hostile_mention_holds_only_our_own_tags(attack: str, whole: bool) -> None:
    one = found(attack, title=attack, author=Author(attack), rating=Rating(2))
    page = read(markup.card(one, SAY, whole=whole))
    ours = {"article", "div", "b", "bdi", "time", "span", "i", "a", "mark"}
    assert {tag for tag, _ in page.tags} <= ours
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == ["https://example.org/a"]
    assert attack.replace("\u202e", "") in page.text
    assert "\u202e" not in page.text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://user:pw@evil.example/",
        "https:///nohost",
        "http://exa\nmple.org",
        "http://[",
        "",
        None,
    ],
)
def test_only_plain_web_addresses_become_links(url: str | None) -> None:
    assert markup.outward(url, "Open") == ""


def test_link_outward_cannot_reach_back() -> None:
    ((_, attrs),) = read(markup.outward('https://example.org/?a="x"', "Open")).tags
    assert attrs["href"] == 'https://example.org/?a="x"'
    assert attrs["target"] == "_blank"
    assert "noopener" in str(attrs["rel"])


def test_matches_are_marked_where_they_are() -> None:
    assert markup.highlight("a <b> c", [(2, 5)]) == "a <mark>&lt;b&gt;</mark> c"


@pytest.mark.parametrize("spans", [[(5, 2)], [(90, 99)], [(0, 4), (2, 6)], [(-3, 2)]])
def test_odd_spans_lose_no_text(spans: list[tuple[int, int]]) -> None:
    assert read(markup.highlight("retard & colis", spans)).text == "retard & colis"


def test_spans_count_from_the_title() -> None:
    one = found("Un retard de plus", title="Colis perdu")
    full = one.mention.full_text
    spans = tuple((full.index(word), full.index(word) + len(word)) for word in ("Colis", "retard"))
    html = markup.card(Found(one.mention, one.enrichment, ("Lumea",), spans), SAY)
    assert "<mark>Colis</mark> perdu" in html
    assert "Un <mark>retard</mark> de plus" in html


def test_excerpt_of_a_long_text_shows_the_match() -> None:
    text = "mot " * 300 + "scandale " + "mot " * 300
    at = text.index("scandale")
    cut = markup.excerpt(text, [(at, at + 8)])
    assert "<mark>scandale</mark>" in cut
    assert len(cut) < 400
    assert cut.startswith("… ")
    assert cut.endswith(" …")


def test_sentiment_is_never_told_by_colour_alone() -> None:
    assert "Négatif" in markup.chip("negative", SAY)
    assert "▼" in markup.chip("negative", SAY)
    assert "Non évalué" in markup.chip(None, SAY)


def test_text_for_a_label_keeps_no_markdown() -> None:
    assert markup.plain("**a** [b](c)\n# d") == r"\*\*a\*\* \[b\]\(c\) \# d"


def test_address_of_our_page_is_quoted() -> None:
    href = markup.inward("mentions", [("brand", 'a"&b'), ("topic", "é <x>")])
    assert '"' not in href
    assert "<" not in href
