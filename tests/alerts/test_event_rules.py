"""keyword, low_rating and silent_source: no baseline, one alert each, and an end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from alerts.rules.keyword import Keyword, KeywordOptions
from alerts.rules.low_rating import LowRating, LowRatingOptions
from alerts.rules.silent_source import SilentOptions, SilentSource
from renom.alert import Alert
from renom.brand import Brand
from renom.reading import SourceState

H = timedelta(hours=1)
Brands = tuple[Brand, Brand]


def keyword(reader: Any, brands: Brands, now: datetime, **options: Any) -> list[Alert]:
    rule = Keyword("risque", KeywordOptions(**options), brands=brands)
    return rule.evaluate(reader, now=now)


def test_new_mentions_of_a_risk_word_make_one_alert(
    list_reader: Any, plain: Any, brands: Brands, now: datetime
) -> None:
    reader = list_reader(
        [
            plain(now - 3 * H, text="Solvéa : rappel de produits en cours", key="a"),
            plain(now - 2 * H, text="Produits rappelés chez Solvéa", label="negative", key="b"),
            plain(now - 1 * H, text="Solvéa ouvre un magasin", key="c"),
            plain(now - 1 * H, text="Norda : rappel", brand="Norda", key="d"),
        ]
    )
    (alert,) = keyword(reader, brands, now, query="rappel*")
    assert alert.value == 2
    assert alert.evidence == ("test:b", "test:a")
    assert alert.starts_at == now - 3 * H
    assert dict(alert.labels) == {"brand": "Solvéa"}


def test_it_ends_when_nothing_new_came(
    list_reader: Any, plain: Any, brands: Brands, now: datetime
) -> None:
    reader = list_reader([plain(now - 3 * H, text="rappel")])
    assert keyword(reader, brands, now, query="rappel", window="2h") == []
    assert len(keyword(reader, brands, now, query="rappel", window="4h")) == 1


def test_an_article_found_late_is_news_and_an_archive_is_not(
    list_reader: Any, plain: Any, brands: Brands, now: datetime
) -> None:
    late = plain(now - 50 * H, text="rappel", collected=now - H)
    archive = plain(now - 400 * H, text="rappel", collected=now - H)
    assert len(keyword(list_reader([late]), brands, now, query="rappel")) == 1
    assert keyword(list_reader([archive]), brands, now, query="rappel") == []


def test_a_query_that_cannot_be_read_is_a_configuration_error() -> None:
    with pytest.raises(ValidationError, match="column"):
        KeywordOptions(query="rappel AND (")


def test_low_ratings_are_counted_at_or_below_the_stars(
    list_reader: Any, plain: Any, brands: Brands, now: datetime
) -> None:
    reader = list_reader([plain(now - H, rating=stars) for stars in (1, 2, 3, 5)])

    def found(**options: Any) -> list[float]:
        rule = LowRating("notes", LowRatingOptions(**options), brands=brands)
        return [alert.value for alert in rule.evaluate(reader, now=now)]

    assert found() == [2.0]
    assert found(stars=1) == [1.0]
    assert found(stars=3) == [3.0]
    assert found(minimum=3) == []


def silent(now: datetime, *states: SourceState, **options: Any) -> list[Alert]:
    class Sources:
        def sources(self, *, now: datetime) -> tuple[SourceState, ...]:
            return states

    rule = SilentSource("muet", SilentOptions(**options))
    return rule.evaluate(Sources(), now=now)  # type: ignore[arg-type]


def state(now: datetime, **given: Any) -> SourceState:
    values: dict[str, Any] = {
        "name": "presse",
        "type": "rss",
        "last_attempt": now - H,
        "last_success": now - H,
        "next_check": now + H,
        "last_mention": now - 2 * H,
        "usual_daily": 12.0,
        "created_at": now - timedelta(days=60),
        **given,
    }
    return SourceState(**values)


def test_a_source_in_its_habits_is_no_news(now: datetime) -> None:
    assert silent(now, state(now)) == []


def test_silence_is_measured_by_the_usual_gap(now: datetime) -> None:
    since = now - 30 * H
    (alert,) = silent(now, state(now, last_mention=since))
    assert alert.labels["source"] == "presse"
    assert alert.starts_at == since
    assert (alert.value, alert.expected, alert.threshold) == (30.0, 2.0, 24.0)
    assert silent(now, state(now, last_mention=since, usual_daily=2.0)) == []
    assert silent(now, state(now, last_mention=since, usual_daily=None)) == []
    assert len(silent(now, state(now, last_mention=since, usual_daily=2.0), after="1d")) == 1


def test_a_failing_source_says_why(now: datetime) -> None:
    (alert,) = silent(
        now,
        state(now, failures=9, last_success=now - 20 * H, error="The feed answers 503."),
    )
    assert "The feed answers 503." in alert.summary
    assert silent(now, state(now, failures=1, last_success=now - H)) == []


def test_a_paused_source_is_told_at_once(now: datetime) -> None:
    (alert,) = silent(
        now, state(now, paused=True, next_check=None, error="The key is refused.", hint="Renew it.")
    )
    assert alert.summary == "presse is paused. The key is refused. Renew it."
    assert alert.threshold is None


def test_imported_files_and_sources_of_the_past_are_not_silent(now: datetime) -> None:
    old = now - timedelta(days=90)
    assert silent(now, state(now, next_check=None, last_mention=old)) == []
    gone = state(now, last_attempt=old, last_success=old, last_mention=old)
    assert silent(now, gone) == []
    assert len(silent(now, gone, sources=["Presse"])) == 1
