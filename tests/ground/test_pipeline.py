"""The pipeline: what a batch becomes, what a failing source or enricher leaves behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from renom.brand import Brand
from renom.contracts import (
    Batch,
    Cursor,
    Enricher,
    Options,
    Partial,
    Pending,
    Rejection,
    Source,
    SourceOptions,
)
from renom.errors import EnrichmentError, SourceChanged, SourceDenied, SourceUnavailable
from renom.mention import Mention
from renom.pipeline import BrandMatcher, backoff, collect, enrich, preview, understand
from renom.reading import Selection
from storage.store import Store, open_store

NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
ACME = Brand("Acme", "acme", languages=("fr", "en"))


def mention(number: int, text: str = "", language: str | None = None) -> Mention:
    return Mention(
        platform="press",
        external_id=str(number),
        source="list",
        url=None,
        kind="article",
        text=text or f"Acme ouvre sa boutique numéro {number}",
        published_at=NOW - timedelta(hours=number),
        collected_at=NOW,
        language=language,
    )


class Listed(Source):
    """Yields the batches it was given, then raises what it was given."""

    type = "list"

    def __init__(self, batches: Sequence[Batch], error: Exception | None = None) -> None:
        super().__init__("list", SourceOptions())
        self.batches, self.error = batches, error
        self.cursors: list[Cursor | None] = []

    def fetch(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        self.cursors.append(cursor)
        yield from self.batches
        if self.error is not None:
            raise self.error


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/x.db")


def run(source: Source, store: Store, **how: object):  # type: ignore[no-untyped-def]
    return collect(source, store, BrandMatcher([ACME]), now=lambda: NOW, **how)  # type: ignore[arg-type]


def test_only_what_matches_a_brand_is_stored(store: Store) -> None:
    batch = Batch((mention(1), mention(2, "Il pleut sur Brest")), {"at": 1})
    result = run(Listed([batch]), store)
    assert (result.saved.stored, result.saved.unmatched) == (1, 1)
    assert store.cursor("list") == {"at": 1}


def test_the_same_batch_twice_adds_nothing(store: Store) -> None:
    run(Listed([Batch((mention(1),), {"at": 1})]), store)
    again = Listed([Batch((mention(1),), {"at": 1})])
    result = run(again, store)
    assert (result.saved.stored, result.saved.already_known) == (0, 1)
    assert again.cursors == [{"at": 1}]


def test_a_source_that_fails_half_way_keeps_what_it_gave(store: Store) -> None:
    source = Listed(
        [Batch((mention(1),), {"at": 1})], SourceUnavailable("503", retry_after=timedelta(hours=2))
    )
    result = run(source, store)
    assert result.saved.stored == 1
    assert result.error is not None
    assert store.cursor("list") == {"at": 1}
    [state] = store.sources(now=NOW)
    assert state.failures == 1
    assert state.next_check is not None
    assert state.next_check >= NOW + timedelta(hours=2)
    assert not state.paused


def test_a_denied_source_is_paused_for_a_person(store: Store) -> None:
    run(Listed([], SourceDenied("401", "renew the key")), store)
    [state] = store.sources(now=NOW)
    assert state.paused
    assert state.hint == "renew the key"


def test_a_changed_source_is_paused_after_three_failures(store: Store) -> None:
    for _ in range(2):
        run(Listed([], SourceChanged("no entries")), store)
        assert not store.sources(now=NOW)[0].paused
    run(Listed([], SourceChanged("no entries")), store)
    assert store.sources(now=NOW)[0].paused


def test_success_forgets_failures(store: Store) -> None:
    run(Listed([], SourceUnavailable("503")), store)
    run(Listed([Batch()]), store)
    [state] = store.sources(now=NOW)
    assert (state.failures, state.error) == (0, "")


def test_a_cut_batch_does_not_move_the_cursor(store: Store) -> None:
    batch = Batch((mention(1), mention(2), mention(3)), {"at": 3})
    assert run(Listed([batch]), store, limit=2).saved.stored == 2
    assert store.cursor("list") is None


def test_rejections_are_counted_and_named(store: Store) -> None:
    bad = Rejection("entry 7", "no text")
    result = run(Listed([Batch((mention(1),), None, rejected=(bad,))]), store)
    assert result.rejected == [bad]
    assert store.sources(now=NOW)[0].rejected_total == 1


def test_preview_stores_nothing() -> None:
    source = Listed([Batch((mention(1), mention(2, "rien")), {"at": 1})])
    result = preview(source, BrandMatcher([ACME]), now=NOW)
    assert [(m.external_id, names) for m, names in result.mentions] == [("1", ("Acme",))]
    assert result.saved.unmatched == 1


def test_a_brand_is_not_matched_in_a_language_it_is_not_watched_in() -> None:
    matcher = BrandMatcher([ACME])
    assert matcher.match(mention(1, "acme", "fr")) == ("Acme",)
    assert matcher.match(mention(1, "acme", "de")) == ()
    assert matcher.match(mention(1, "acme", None)) == ("Acme",)


def test_backoff_doubles_between_the_interval_and_six_hours() -> None:
    assert backoff(1) == timedelta(minutes=1)
    assert backoff(3) == timedelta(minutes=4)
    assert backoff(50) == timedelta(hours=6)
    assert backoff(1, timedelta(hours=1)) == timedelta(hours=1)


class Fussy(Enricher):
    """Cannot understand texts with a 7."""

    assigns: ClassVar[tuple[str, ...]] = ("topics",)

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        for item in batch:
            if "7" in item.mention.text:
                raise EnrichmentError("a seven", component="fussy", mention_key=item.mention.key)
        return [{"topics": (item.mention.external_id,)} for item in batch]


def test_one_bad_mention_does_not_cost_the_others(store: Store) -> None:
    run(Listed([Batch(tuple(mention(n) for n in (5, 6, 7, 8)))]), store)
    result = enrich(store, [Fussy("fussy", Options())], now=lambda: NOW)
    assert result.mentions == 4
    assert result.errors == {"fussy": 1}
    found = store.search(Selection(), limit=10).found
    assert {f.mention.external_id: f.enrichment.topics for f in found} == {
        "5": ("5",),
        "6": ("6",),
        "7": (),
        "8": ("8",),
    }


def test_an_enricher_may_not_set_what_it_does_not_declare() -> None:
    class Sly(Enricher):
        """Declares topics and sets risk."""

        assigns: ClassVar[tuple[str, ...]] = ("topics",)

        def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
            return [{"risk": 1.0} for _ in batch]

    from renom.enrichment import Enrichment

    item = Pending(1, mention(1), ("Acme",), Enrichment(mention(1).key))
    with pytest.raises(EnrichmentError, match="does not declare: risk"):
        understand([item], [Sly("sly", Options())])
