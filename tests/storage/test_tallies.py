"""Tallies: what counts when, exact bounds, and rebuilt = kept."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from storage_making import NOW, enrich, mention, save

from renom.contracts import Given
from renom.enrichment import BrandSentiment, Enrichment, Entity, Fingerprint, sentiment_of
from renom.mention import Engagement, Rating
from renom.reading import Selection
from renom.tally import Tally
from storage import tables
from storage.store import Store

HOUR = timedelta(hours=1)


def test_mention_counts_when_stored_and_its_sentiment_when_enriched(store: Store) -> None:
    save(store, mention(1, engagement=Engagement(likes=3), rating=Rating(4), reach=10))
    stored = Tally(mentions=1, stories=1, engagement=3, reach=10, rating_sum=0.75, rating_count=1)
    assert store.tally(Selection(brands=("Orange",))) == stored
    enrich(store)
    assert store.tally(Selection(brands=("Orange",))) == stored + Tally(negative=1)


def test_all_brands_count_a_mention_once_several_add_up(store: Store) -> None:
    save(store, mention(1), brands=("Orange", "Free"))
    save(store, mention(2), brands=("Free",))
    assert store.tally(Selection()).mentions == 2
    assert store.tally(Selection(brands=("Orange", "Free"))).mentions == 3
    assert {name: t.mentions for name, t in store.by("brand", Selection()).items()} == {
        "Free": 2,
        "Orange": 1,
    }


def test_unknown_names_select_nothing(store: Store) -> None:
    save(store, mention(1))
    for chosen in (
        Selection(brands=("Nobody",)),
        Selection(sources=("nowhere",)),
        Selection(platforms=("none",)),
        Selection(topic="rien"),
        Selection(entity="rien"),
    ):
        assert store.tally(chosen) == Tally()
        assert store.search(chosen).found == ()
        assert store.by("brand", chosen) == {}


@pytest.mark.parametrize("minutes", [(0, 1), (59, 61), (37, 500), (90, 91), (0, 3000)])
def test_bounds_are_exact_inside_an_hour(store: Store, minutes: tuple[int, int]) -> None:
    save(store, *[mention(n) for n in range(0, 3100, 7)])
    start, end = NOW - timedelta(minutes=minutes[1]), NOW - timedelta(minutes=minutes[0])
    chosen = Selection(start=start, end=end)
    expected = sum(start <= mention(n).published_at < end for n in range(0, 3100, 7))
    assert store.tally(chosen).mentions == expected
    assert len(list(store.export(chosen))) == expected
    for dimension in ("brand", "source", "kind", "platform", "language"):
        total = sum(t.mentions for t in store.by(dimension, chosen).values())
        assert total == expected, dimension


def test_every_filter_agrees_with_a_search(store: Store) -> None:
    rng = random.Random(3)
    for number in range(120):
        one = mention(
            number,
            platform=rng.choice(("web", "x")),
            kind=rng.choice(("post", "review")),
            language=rng.choice(("fr", "en", None)),
            rating=rng.choice((None, Rating(1), Rating(4))),
            engagement=Engagement(likes=rng.randint(0, 9)),
        )
        save(store, one, brands=(rng.choice(("Orange", "Free")),), source=rng.choice("ab"))
    _enrich_randomly(store, rng)
    for chosen in (
        Selection(brands=("Orange",), labels=("negative", "neutral")),
        Selection(sources=("a",), languages=("fr",)),
        Selection(platforms=("x",), labels=("positive",)),
        Selection(kinds=("review",), ratings_below=0.5),
        Selection(topic="panne", brands=("Free",)),
        Selection(entity="Lyon", languages=("en",)),
        Selection(query="numéro AND 1*", labels=("negative",)),
        Selection(collected_from=NOW, kinds=("post",)),
    ):
        found = list(store.export(chosen))
        assert found
        tally = store.tally(chosen)
        assert tally.mentions == len(found), chosen
        assert tally.engagement == sum(f.mention.engagement.total or 0 for f in found)
        for dimension in ("source", "kind", "platform", "language"):
            total = sum(t.mentions for t in store.by(dimension, chosen).values())
            assert total == len(found), (dimension, chosen)
        series = store.series(
            Selection(**{**_fields(chosen), "start": NOW - 3 * HOUR, "end": NOW + HOUR}),
            step=HOUR,
            now=NOW,
        )
        assert series.total.mentions == len(found)


def _fields(chosen: Selection) -> dict[str, object]:
    return {name: getattr(chosen, name) for name in Selection.__dataclass_fields__}


def test_series_has_whole_buckets_and_flags_the_open_one(store: Store) -> None:
    save(store, *[mention(n) for n in range(180)])
    chosen = Selection(brands=("Orange",), start=NOW - 2 * HOUR, end=NOW)
    hours = store.series(chosen, step=HOUR, now=NOW)
    assert hours.start == datetime(2026, 5, 20, 12, tzinfo=UTC)
    assert [t.mentions for t in hours.tallies] == [60, 60, 38]
    assert hours.open_last
    quarters = store.series(chosen, step=HOUR / 4, now=NOW + HOUR)
    assert quarters.start == datetime(2026, 5, 20, 12, 30, tzinfo=UTC)
    assert [t.mentions for t in quarters.tallies] == [15] * 8 + [8]
    assert not quarters.open_last
    weeks = store.series(chosen, step=timedelta(days=7), now=NOW)
    assert weeks.start.weekday() == 0
    with pytest.raises(ValueError):
        store.series(chosen, step=timedelta(minutes=7), now=NOW)
    with pytest.raises(ValueError):
        store.series(Selection(), step=HOUR, now=NOW)


def test_sums_never_read_the_mentions(store: Store) -> None:
    save(store, *[mention(n) for n in range(50)])
    enrich(store, topics=("panne",))
    statements: list[str] = []
    sa.event.listen(
        store._database.engine,
        "before_cursor_execute",
        lambda *args: statements.append(args[2]),
    )
    chosen = Selection(brands=("Orange",), start=NOW - 100 * HOUR, end=NOW)
    store.tally(chosen)
    store.series(chosen, step=HOUR, now=NOW)
    for dimension in ("brand", "source", "language", "topic", "entity", "kind"):
        store.by(dimension, chosen)
    assert statements
    assert not [s for s in statements if "FROM mention " in s or "fulltext" in s]


def test_drivers_name_what_grew_and_its_share(store: Store) -> None:
    day = timedelta(days=1)
    usual = [mention(n, published_at=NOW - day - n * HOUR) for n in range(24 * 7)]
    save(store, *usual, source="presse")
    enrich(store, topics=("fibre",))
    save(store, *[mention(n, external_id=f"n{n}") for n in range(1, 21)], source="forum")
    enrich(store, topics=("panne",), entities=(Entity("Orange", "organisation", "O", 0, 1),))
    drivers = store.drivers(
        Selection(brands=("Orange",), start=NOW - 2 * HOUR, end=NOW),
        Selection(brands=("Orange",), start=NOW - 8 * day, end=NOW - day),
    )
    shares = {(d.kind, d.name): round(d.share, 2) for d in drivers}
    assert shares == {("source", "forum"): 1.0, ("topic", "panne"): 1.0}
    calm = store.drivers(
        Selection(start=NOW - 3 * day, end=NOW - 2 * day),
        Selection(start=NOW - 8 * day, end=NOW - day),
    )
    assert calm == ()


def _enrich_randomly(store: Store, rng: random.Random) -> None:
    pending = store.claim_pending(now=NOW, limit=rng.choice((3, 1000)), lease=timedelta(seconds=0))
    done = []
    for item in pending:
        sentiment = sentiment_of(rng.choice(("negative", "neutral", "positive")))
        done.append(
            (
                item,
                Enrichment(
                    item.mention.key,
                    language=rng.choice(("fr", "en")),
                    sentiment=rng.choice((None, sentiment, sentiment)),
                    brand_sentiments=tuple(
                        BrandSentiment(b, sentiment_of("positive"))
                        for b in item.brands
                        if rng.random() < 0.2
                    ),
                    entities=(Entity(rng.choice(("Lyon", "Nantes")), "place", "x", 0, 1),),
                    topics=tuple(rng.sample(("panne", "prix", "fibre"), 2)),
                    fingerprint=Fingerprint(rng.randint(1, 15)),
                ),
            )
        )
    store.save_enrichments(done, now=NOW)


def _kept(store: Store) -> tuple[list[tuple[object, ...]], ...]:
    with store._database.read() as connection:
        return tuple(
            sorted(map(tuple, connection.execute(sa.select(table))))
            for table in (tables.tally, tables.tally_day)
        )


@pytest.mark.parametrize("seed", range(2))
def test_rebuilt_tallies_equal_the_kept_ones(store: Store, seed: int) -> None:
    rng = random.Random(seed)
    for step in range(40):
        kind = rng.choice("sssseeecdmga")
        numbers = [rng.randint(1, 60) for _ in range(rng.randint(1, 6))]
        keys = [f"web:m{n}" for n in numbers]
        if kind in "sg":
            some = [
                mention(
                    n,
                    f"Orange, version {rng.randint(1, 2)}",
                    published_at=NOW - n * 5 * HOUR,
                    collected_at=NOW + timedelta(minutes=step),
                    engagement=Engagement(likes=rng.choice((None, 1, 8))),
                    rating=rng.choice((None, Rating(2), Rating(5))),
                    language=rng.choice((None, "fr")),
                    reach=rng.choice((None, 100)),
                )
                for n in numbers
            ]
            given = {k: Given(sentiment=sentiment_of("neutral")) for k in keys if kind == "g"}
            brands = tuple(rng.sample(("Orange", "Free", "SFR"), rng.randint(1, 2)))
            save(store, *some, brands=brands, source=rng.choice("ab"), given=given)
        elif kind == "e":
            _enrich_randomly(store, rng)
        elif kind == "d":
            store.delete_mentions(keys[:2])
        elif kind == "m":
            store.mark_pending(Selection(sources=("a",)))
        elif kind == "a":
            store.apply_retention(NOW - rng.randint(200, 300) * HOUR)
        elif kind == "c" and (found := store.found(keys)):
            label = rng.choice(("negative", "positive"))
            brand = rng.choice((None, *found[0].brands))
            store.correct(found[0].mention.key, brand, label, by="a", now=NOW)
    kept = _kept(store)
    assert all(kept)
    store.rebuild_tallies()
    assert _kept(store) == kept
    _facts_agree_with_what_is_shown(store)


def _facts_agree_with_what_is_shown(store: Store) -> None:
    found = list(store.export(Selection()))
    shown = [f.enrichment.sentiment for f in found]
    tally = store.tally(Selection())
    assert tally.mentions == len(found)
    assert tally.scored == sum(sentiment is not None for sentiment in shown)
    assert tally.negative == sum(s is not None and s.label == "negative" for s in shown)
    openers = {f.enrichment.story or f.mention.key for f in found}
    assert tally.stories == len(openers)
    sizes: dict[str, int] = {}
    for f in found:
        key = f.enrichment.story or f.mention.key
        sizes[key] = sizes.get(key, 0) + 1
    assert all(f.story_size == sizes[f.enrichment.story or f.mention.key] for f in found)
    for label in ("negative", "positive"):
        chosen = Selection(labels=(label,), query="version")  # type: ignore[arg-type]
        assert store.tally(chosen).mentions == getattr(tally, label)
