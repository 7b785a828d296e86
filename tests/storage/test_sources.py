"""The source registry."""

from __future__ import annotations

from datetime import timedelta

from storage_making import NOW, mention, save

from storage.store import Store

DAY = timedelta(days=1)


def test_failures_in_a_row_are_counted_until_one_run_succeeds(store: Store) -> None:
    for expected in (1, 2):
        state = store.source_failed("fil", type="rss", now=NOW, error="timeout", hint="wait")
        assert (state.failures, state.error, state.hint) == (expected, "timeout", "wait")
    store.schedule_source("fil", next_check=NOW + DAY, paused=True)
    (state,) = store.sources(now=NOW)
    assert (state.paused, state.next_check, state.type) == (True, NOW + DAY, "rss")
    store.resume_source("fil")
    assert not store.sources(now=NOW)[0].paused
    store.source_succeeded("fil", type="rss", now=NOW, next_check=NOW + DAY)
    (state,) = store.sources(now=NOW)
    assert (state.failures, state.error, state.last_success) == (0, "", NOW)


def test_configured_source_is_known_before_its_first_run(store: Store) -> None:
    store.register_source("fil", type="rss", now=NOW, every=timedelta(minutes=15))
    (state,) = store.sources(now=NOW)
    assert (state.every, state.created_at) == (timedelta(minutes=15), NOW)
    assert (state.last_mention, state.usual_daily, state.mentions_total) == (None, None, 0)


def test_usual_daily_is_the_median_of_the_days_before(store: Store) -> None:
    many = [
        mention(1000 * day + n, published_at=NOW - day * DAY - timedelta(minutes=n))
        for day in range(12)
        for n in range(50 if day == 3 else 4)
    ]
    save(store, *many)
    (state,) = store.sources(now=NOW)
    assert state.usual_daily == 4.0
    assert state.mentions_24h == 4
    assert state.mentions_total == len(many)
    assert state.last_mention == NOW


def test_young_source_has_no_usual_day(store: Store) -> None:
    save(store, mention(1), mention(2, published_at=NOW - 3 * DAY))
    assert store.sources(now=NOW)[0].usual_daily is None
