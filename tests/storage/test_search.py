"""Search: it never disagrees with the matcher, and pages lose and repeat nothing."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from storage_making import NOW, enrich, mention, save

from renom.contracts import Batch, Given
from renom.enrichment import sentiment_of
from renom.errors import QueryError
from renom.mention import Author, Engagement, Rating
from renom.query import matches, parse
from renom.reading import Page, Selection
from storage import search as search_module
from storage.loading import document_of
from storage.store import Store

WORDS = [
    *("orange", "Orange", "ORANGE", "l'orange", "d’Orange", "#OrangeFail", "@orange", "été", "ete"),
    *("Été", "œuvre", "coût", "cout", "service client", "service-client", "C++", "R&D", "5G", "🍊"),
    *("fibre", "fibres", "box", "panne", "pannes", "a", "b", "c", "100€", "e-mail"),
]

PIECES = (
    "orange", "{Orange}", '"service client"', "fibre*", "pan?e", "été", "ete", "{été}",
    "#orangefail", "@orange", '"C++"', "*age", "title:panne", '"l\'orange box"',
    "panne NEAR/3 fibre",
    '"fibre panne"~4', "fibre NEAR/2f box", "language:fr", "author:ana", "sentiment:negative",
    "rating:[1 TO 2]", "engagement:[5 TO *]", "🍊", "kind:review", "platform:web", '"box *"',
    "brand:Free", '"a b* c"', "5g", "100€", "site:example.org", "cout",
)  # fmt: skip


def _query(rng: random.Random, depth: int = 0) -> str:
    kind = rng.choice("ttaaon") if depth < 3 else "t"
    if kind == "t":
        return rng.choice(PIECES)
    if kind == "n":
        return f"({_query(rng, depth + 1)}) NOT ({_query(rng, depth + 1)})"
    joint = " AND " if kind == "a" else " OR "
    return joint.join(f"({_query(rng, depth + 1)})" for _ in range(rng.randint(2, 3)))


def _fill(store: Store, rng: random.Random, count: int = 120) -> None:
    mentions, matched, given = [], {}, {}
    for number in range(count):
        text = " ".join(rng.choices(WORDS, k=rng.randint(1, 14)))
        one = mention(
            number,
            text,
            title=rng.choice((None, None, "Panne à Lyon", text.split()[0])),
            author=rng.choice((None, Author("ana"), Author("bob", "Ana Noël"))),
            kind=rng.choice(("review", "post")),
            language=rng.choice((None, "fr", "en")),
            rating=rng.choice((None, Rating(1), Rating(5))),
            engagement=Engagement(likes=rng.choice((None, 3, 9))),
        )
        label = rng.choice(("negative", "positive"))
        given[one.key] = Given(sentiment=sentiment_of(label))  # type: ignore[arg-type]
        matched[one.key] = rng.choice((("Orange",), ("Free",), ("Orange", "Free")))
        mentions.append(one)
    store.save_batch("presse", Batch(mentions=tuple(mentions), given=given), matched, now=NOW)


@pytest.mark.parametrize("part", ["waiting", "enriched", "half"])
def test_search_finds_exactly_what_the_matcher_matches(store: Store, part: str) -> None:
    rng = random.Random(part)
    _fill(store, rng)
    if part != "waiting":
        limit = 1000 if part == "enriched" else 70
        pending = store.claim_pending(now=NOW, limit=limit, lease=timedelta(minutes=1))
        store.save_enrichments([(p, p.enrichment) for p in pending], now=NOW)
    everything = list(store.export(Selection()))
    hits = 0
    for text in (*PIECES, *(_query(rng) for _ in range(15))):
        query = parse(text)
        expected = [f.mention.key for f in everything if matches(query, document_of(f))]
        found = _all(store, Selection(query=text), limit=40)
        assert found == expected, text
        hits += bool(expected)
        chosen = Selection(
            query=text,
            brands=("Free",),
            labels=("negative",),
            languages=("fr",),
            kinds=("post",),
            end=NOW - timedelta(minutes=30),
        )
        fewer = [
            f.mention.key
            for f in everything
            if f.mention.key in expected
            and "Free" in f.brands
            and f.enrichment.sentiment == sentiment_of("negative")
            and f.mention.language == "fr"
            and f.mention.kind == "post"
            and f.mention.published_at < NOW - timedelta(minutes=30)
        ]
        assert _all(store, chosen, limit=1000) == fewer, text
    assert hits > 30


@pytest.mark.slow
def test_twenty_thousand_pairs_of_query_and_text_agree(store: Store) -> None:
    """Random trees over random texts: what search finds is what the matcher matches."""
    rng = random.Random("pairs")
    _fill(store, rng, count=100)
    pending = store.claim_pending(now=NOW, limit=1000, lease=timedelta(minutes=1))
    store.save_enrichments([(p, p.enrichment) for p in pending], now=NOW)
    everything = [(f.mention.key, document_of(f)) for f in store.export(Selection())]
    pairs = hits = 0
    while pairs < 20_000:
        text = _query(rng)
        query = parse(text)
        expected = [key for key, document in everything if matches(query, document)]
        assert _all(store, Selection(query=text), limit=200) == expected, text
        pairs += len(everything)
        hits += len(expected)
    assert 0.1 < hits / pairs < 0.9


def _all(store: Store, chosen: Selection, *, limit: int, order: str = "newest") -> list[str]:
    keys: list[str] = []
    after = None
    while True:
        page: Page = store.search(chosen, limit=limit, after=after, order=order)  # type: ignore[arg-type]
        assert len(page.found) <= limit
        keys += [f.mention.key for f in page.found]
        if page.after is None:
            return keys
        after = page.after


@pytest.mark.parametrize("order", ["newest", "relevance", "telling"])
@pytest.mark.parametrize("query", ["", "panne OR box"])
def test_pages_lose_and_repeat_nothing(store: Store, order: str, query: str) -> None:
    _fill(store, random.Random(5), 60)
    enrich(store)
    chosen = Selection(query=query, brands=("Orange", "Free"))
    whole = _all(store, chosen, limit=1000, order=order)
    assert len(whole) == len(set(whole)) > 20
    for limit in (1, 7):
        assert _all(store, chosen, limit=limit, order=order) == whole
    assert sorted(whole) == sorted(_all(store, chosen, limit=1000))


def test_mention_that_arrives_between_pages_repeats_nothing(store: Store) -> None:
    save(store, *[mention(n) for n in range(10, 30)])
    first = store.search(Selection(), limit=5)
    save(store, mention(1))
    second = store.search(Selection(), limit=5, after=first.after)
    keys = [f.mention.external_id for f in (*first.found, *second.found)]
    assert keys == [f"m{n}" for n in range(10, 20)]


def test_page_of_another_search_is_refused(store: Store) -> None:
    save(store, *[mention(n) for n in range(9)])
    after = store.search(Selection(), limit=5).after
    for chosen, order, token in (
        (Selection(query="panne"), "newest", after),
        (Selection(), "telling", after),
        (Selection(), "newest", "nonsense"),
        (Selection(), "newest", "é"),
    ):
        with pytest.raises(QueryError):
            store.search(chosen, after=token, order=order)  # type: ignore[arg-type]


def test_query_that_cannot_be_read_is_an_error_with_a_column(store: Store) -> None:
    with pytest.raises(QueryError) as caught:
        store.search(Selection(query="(orange"))
    assert caught.value.column >= 1


def test_rare_match_far_back_costs_bounded_pages(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "MOST_SCANNED", 60)
    save(store, *[mention(n) for n in range(200)], mention(300, "NOT sans rien"))
    chosen = Selection(query="NOT panne")
    first = store.search(chosen, limit=10)
    assert first.found == ()
    assert first.after is not None
    assert _all(store, chosen, limit=10) == ["web:m300"]


def test_spans_show_what_matched(store: Store) -> None:
    save(store, mention(1, "Le réseau est tombé", title="Panne Orange"))
    (found,) = store.search(Selection(query="reseau AND orange")).found
    text = found.mention.full_text
    assert [text[a:b] for a, b in found.spans] == ["Orange", "réseau"]


def test_telling_puts_strong_feeling_and_engagement_first(store: Store) -> None:
    calm = mention(1, engagement=Engagement(likes=1000))
    loud = mention(2, engagement=Engagement(likes=1000))
    quiet = mention(3)
    feelings = {calm.key: "neutral", loud.key: "negative", quiet.key: "negative"}
    given = {key: Given(sentiment=sentiment_of(f)) for key, f in feelings.items()}  # type: ignore[arg-type]
    save(store, calm, loud, quiet, given=given)
    for query in ("", "panne"):
        found = store.search(Selection(query=query), order="telling").found
        assert [f.mention.external_id for f in found] == ["m2", "m3", "m1"]


def test_relevance_puts_title_and_many_words_first(store: Store) -> None:
    save(
        store,
        mention(1, "une panne " + "et autre chose " * 60),
        mention(2, "panne de fibre", title="Panne de fibre"),
        mention(3, "panne de fibre"),
    )
    found = store.search(Selection(query="panne OR fibre"), order="relevance").found
    assert [f.mention.external_id for f in found] == ["m2", "m3", "m1"]


def test_very_long_text_is_found_by_its_last_word(store: Store) -> None:
    long = " ".join(f"mot{n}{'x' * 20}" for n in range(60_000)) + " dernier"
    save(store, mention(1, long), mention(2, "autre"))
    enrich(store)
    assert _all(store, Selection(query="dernier"), limit=5) == ["web:m1"]
    assert _all(store, Selection(query='"mot59999xxxxxxxxxxxxxxxxxxxx dernier"'), limit=5) == [
        "web:m1"
    ]
