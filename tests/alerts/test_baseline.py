"""The usual level: right tails, causal, seasonal, not taught by incidents."""

from __future__ import annotations

import math
import random

import pytest

from alerts.baseline import Usual, judge, share_tail, tail
from alerts.incident import width_for
from alerts.share import judge_share


def negative_binomial(k: int, mean: float, alpha: float) -> float:
    size = 1 / alpha
    p = size / (size + mean)
    log = math.lgamma(k + size) - math.lgamma(k + 1) - math.lgamma(size)
    return math.exp(log + size * math.log(p) + k * math.log(1 - p))


@pytest.mark.parametrize("mean", [0.4, 3.0, 40.0, 900.0])
@pytest.mark.parametrize("alpha", [0.02, 0.3, 1.5])
def test_tail_is_the_sum_of_the_probabilities(mean: float, alpha: float) -> None:
    for count in (1, int(mean) + 2, int(2 * mean) + 5):
        below = sum(negative_binomial(k, mean, alpha) for k in range(count))
        assert tail(count, mean, alpha) == pytest.approx(-math.log10(1 - below), abs=1e-5)


def test_tail_stays_finite_and_growing_far_out() -> None:
    found = [tail(count, 1000.0, 0.2) for count in (1000, 3000, 10_000, 100_000, 10_000_000)]
    assert found == sorted(found)
    assert found[-1] == 300.0
    assert tail(0, 5.0, 0.2) == 0.0


def test_share_tail_is_the_sum_of_beta_binomial_probabilities() -> None:
    n, share, rho = 30, 0.3, 0.05
    both = 1 / rho - 1
    a, b = share * both, (1 - share) * both

    def beta(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    def probability(k: int) -> float:
        return math.comb(n, k) * math.exp(beta(k + a, n - k + b) - beta(a, b))

    for hits in (1, 9, 15, 30):
        wanted = -math.log10(sum(probability(k) for k in range(hits, n + 1)))
        assert share_tail(hits, n, share, rho) == pytest.approx(wanted, abs=1e-6)


def test_count_for_is_the_inverse_of_surprise() -> None:
    for mean in (0.3, 5.0, 400.0):
        usual = Usual(mean, 0.2)
        count = usual.count_for(3.0)
        assert usual.surprise(count) >= 3.0
        assert usual.surprise(count * 0.9 - 1) < 3.0


def seasonal(weeks: int, level: float, seed: int = 1) -> list[int]:
    """Hourly counts with nights, weekends and more spread than Poisson."""
    rng = random.Random(seed)
    counts = []
    for hour in range(weeks * 168):
        day, clock = hour // 24 % 7, hour % 24
        mean = level * (1.8 if 8 <= clock < 20 else 0.3) * (0.5 if day >= 5 else 1.1)
        rate = rng.gammavariate(8, mean / 8)
        counts.append(sum(1 for _ in range(int(rate * 4)) if rng.random() < 0.25))
    return counts


def test_what_is_said_of_an_hour_never_depends_on_later_hours() -> None:
    counts = seasonal(4, 20)
    whole = judge(counts, first_hour=0, width=3)
    for cut in (100, 333, 600):
        assert judge(counts[:cut], first_hour=0, width=3) == whole[:cut]


def test_season_of_hour_and_weekday_is_learned() -> None:
    windows = judge(seasonal(6, 40), first_hour=0)
    usual = {w.index: w.usual.mean for w in windows if w.usual is not None}
    monday_noon, monday_night, sunday_noon = 5 * 168 + 12, 5 * 168 + 3, 5 * 168 + 6 * 24 + 12
    assert usual[monday_noon] == pytest.approx(79, rel=0.25)
    assert usual[monday_night] < 25
    assert usual[sunday_noon] == pytest.approx(36, rel=0.4)


def test_nothing_is_usual_before_three_days_are_known() -> None:
    windows = judge([5] * 100, first_hour=0)
    assert all(w.usual is None for w in windows[:72])
    assert all(w.usual is not None for w in windows[73:])


def test_an_incident_does_not_become_the_usual() -> None:
    counts = [20] * 600
    for hour in range(500, 512):
        counts[hour] = 800
    windows = judge(counts, first_hour=0)
    after = windows[560].usual
    assert after is not None
    assert after.mean < 26


def test_a_lasting_change_becomes_the_usual() -> None:
    windows = judge([20] * 400 + [60] * 24 * 21, first_hour=0)
    last = windows[-1].usual
    assert last is not None
    assert last.mean == pytest.approx(60, rel=0.15)


def test_quiet_brands_are_judged_by_wider_windows() -> None:
    assert width_for([40] * 24 * 30, None) == 1
    assert width_for([2] * 24 * 30, None) == 3
    assert width_for(([1] * 3 + [0] * 21) * 30, None) == 24


def test_usual_share_ignores_the_newest_day() -> None:
    scored = [10] * 500
    negative = [2] * 476 + [10] * 24
    window = judge_share(negative, scored, width=1)[-1]
    assert window.share == 1.0
    assert window.usual == pytest.approx(0.2, abs=0.02)
    assert window.surprise > 4
