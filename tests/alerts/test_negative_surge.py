"""negative_surge: bursts and shifts of negative mentions, not benign rushes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.rules.negative_surge import NegativeSurge, SurgeOptions, incidents, judged
from renom.alert import Alert
from renom.brand import Brand

HOUR = timedelta(hours=1)
START = datetime(2026, 1, 5, tzinfo=UTC)
Build = Callable[..., Any]
Brands = tuple[Brand, Brand]


def weeks(
    level: float, share: float, n: int, seed: int, rho: float = 0.03
) -> tuple[list[int], list[int]]:
    """Hourly (all, negative) counts whose share varies like a beta-binomial."""
    rng = random.Random(seed)
    total, negative = [], []
    for hour in range(n * 168):
        mean = level * (1.6 if 8 <= hour % 24 < 21 else 0.4)
        count = sum(rng.random() < mean / (4 * mean + 20) for _ in range(int(4 * mean + 20)))
        p = rng.betavariate(share * (1 / rho - 1), (1 - share) * (1 / rho - 1))
        total.append(count)
        negative.append(sum(rng.random() < p for _ in range(count)))
    return total, negative


def opened(total: list[int], negative: list[int], **options: Any) -> list[int]:
    chosen = SurgeOptions(**options)
    best = judged(negative, total, start=START, options=chosen)
    return [i.first.index for i in incidents(best, options=chosen, open_last=False)]


def evaluate(reader: Any, brands: Brands, now: datetime, **options: Any) -> list[Alert]:
    return NegativeSurge("neg", SurgeOptions(**options), brands=brands).evaluate(reader, now=now)


def test_a_burst_is_told_with_share_and_usual_share(
    reader_from_hours: Build, brands: Brands
) -> None:
    total, negative = weeks(20, 0.25, 4, 1)
    for back, extra in ((3, 30), (2, 40), (1, 35)):
        total[-back] += extra
        negative[-back] += extra
    end = START + len(total) * HOUR
    (alert,) = evaluate(reader_from_hours(total, end=end, negative=negative), brands, end)
    assert alert.unit == "negative mentions"
    assert alert.expected is not None
    assert alert.value > 3 * alert.expected
    assert alert.measures["negative_share"] > 0.5
    assert alert.measures["usual_negative_share"] == pytest.approx(0.25, abs=0.06)
    assert end - 5 * HOUR <= alert.starts_at <= end - 2 * HOUR
    assert len(alert.evidence) == 10
    assert alert.threshold is not None
    assert alert.threshold <= alert.value


def test_ten_times_the_neutral_mentions_is_no_negative_surge() -> None:
    total, negative = weeks(20, 0.3, 5, 2)
    at = 4 * 168 + 30
    for hour in range(at, at + 8):
        total[hour] += 200
        negative[hour] += 30
    assert not [index for index in opened(total, negative) if at <= index < at + 12]


def test_the_same_volume_turning_bad_is_found() -> None:
    total, negative = weeks(30, 0.2, 5, 3)
    at = 4 * 168 + 8
    for hour in range(at, at + 24):
        negative[hour] = min(total[hour], negative[hour] + round(total[hour] * 0.4))
    assert [index for index in opened(total, negative) if at <= index < at + 24]


def test_a_small_brand_needs_enough_mentions_to_be_judged() -> None:
    total, negative = [1 if hour % 8 == 0 else 0 for hour in range(5 * 168)], [0] * (5 * 168)
    for hour in range(5 * 168 - 4, 5 * 168):
        total[hour], negative[hour] = 2, 2
    assert opened(total, negative) == []
    for hour in range(5 * 168 - 4, 5 * 168):
        total[hour], negative[hour] = 6, 6
    assert opened(total, negative)


@pytest.mark.parametrize("level", [2.0, 20.0, 80.0])
def test_ordinary_weeks_seldom_alarm(level: float) -> None:
    found = 0
    for seed in range(5):
        total, negative = weeks(level, 0.3, 8, 50 + seed)
        found += sum(index >= 168 for index in opened(total, negative))
    assert found / 35 <= 0.4, f"{found} alerts in 35 ordinary weeks"


def test_unscored_mentions_count_for_nothing(list_reader: Any, plain: Any, brands: Brands) -> None:
    end = START + 900 * HOUR
    mentions = [plain(START + h * HOUR, label=None) for h in range(900) for _ in range(5)]
    mentions += [plain(end - HOUR, label=None) for _ in range(200)]
    assert evaluate(list_reader(mentions), brands, end) == []
