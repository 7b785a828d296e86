"""Baseline: the usual level for this hour and weekday, learned online from hourly counts.

The expected count of an hour is ``level x hour-of-day factor x hour-of-week factor``. The level
is an exponentially weighted mean over a week; both factors are shrunk toward 1, so that a season
is believed only as far as counts prove it. Counts spread around it as a negative binomial whose
dispersion is estimated by moments. What lies far above expectation is clipped before it is
learned, so that one incident does not become the usual. Everything is causal: hour ``i`` is
judged before it, or anything later, is learned.

Sources: EWMA of counts and gamma-Poisson shrinkage (Gelman et al., Bayesian Data Analysis, 2.6);
negative-binomial tail as the regularised incomplete beta function (DLMF 8.17), by Lentz's
continued fraction (Numerical Recipes 6.4); clipping as in winsorised control charts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

HOURS_OF_WEEK = 168
LEARNING_HOURS = 72
"""Hours of history below which nothing can be called unusual."""

_LEVEL_KEEP = math.exp(-1 / 168.0)  # an hour's weight after another one: a memory of a week
_DAY_MEMORY = 28.0  # days, for the hour-of-day factor
_WEEK_MEMORY = 8.0  # weeks, for the hour-of-week factor
_DAY_PRIOR = 2.0  # days of unseasonal history that the hour-of-day factor starts from
_WEEK_PRIOR = 3.0  # weeks, likewise for the hour-of-week factor
_COUNT_PRIOR = 4.0  # mentions, likewise: rare mentions prove no season
_SPREAD_MEMORY = 336.0  # hours
_SPREAD_START = 0.15  # dispersion alpha (variance = m + alpha m^2) assumed at first
_SPREAD_WEIGHT = 300.0  # weight of the assumption; a busy hour weighs 44, an hour of one 0.8
_MOST = 3.0  # a count is learned as at most three times the expected one, plus
_MOST_EXTRA = 3.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What was expected of a window: ``mean`` mentions and their dispersion ``alpha``.

    The variance is ``mean + alpha * mean ** 2``.
    """

    mean: float
    alpha: float

    def surprise(self, count: float) -> float:
        """Return -log10 of the chance of ``count`` or more; 0 for what is not unusual."""
        return tail(count, self.mean, self.alpha)

    def count_for(self, surprise: float) -> float:
        """Return the smallest count whose surprise reaches ``surprise``, by bisection."""
        low, high = self.mean, max(8.0, 2 * self.mean)
        while self.surprise(high) < surprise and high < 1e9:
            low, high = high, 2 * high
        while high - low > max(0.5, 0.002 * high):
            middle = (low + high) / 2
            if self.surprise(middle) >= surprise:
                high = middle
            else:
                low = middle
        return float(math.ceil(high))


def tail(count: float, mean: float, alpha: float) -> float:
    """Return -log10 P(X >= count) for a negative binomial of that mean and dispersion.

    ``alpha`` > 0. At most 300: beyond it all counts are equally impossible.
    """
    if count <= 0 or mean <= 0:
        return 0.0 if count <= 0 else 300.0
    size = 1.0 / max(alpha, 1e-6)
    return min(300.0, max(0.0, -_log_beta_inc(count, size, mean / (mean + size)) / math.log(10)))


def share_tail(hits: int, n: int, share: float, rho: float) -> float:
    """Return -log10 P(X >= hits) for a beta-binomial of ``n`` draws, mean ``share``.

    ``rho`` is the intra-class correlation in 0..1 (0: a plain binomial would do). Sums the
    probabilities from ``hits`` up (Johnson, Kemp and Kotz, Univariate Discrete Distributions, 6.9).
    """
    if hits <= 0 or n <= 0:
        return 0.0
    share = min(max(share, 1e-4), 1 - 1e-4)
    rho = min(max(rho, 1e-4), 0.9)
    both = 1.0 / rho - 1.0
    a, b = share * both, (1.0 - share) * both
    term = (
        math.lgamma(n + 1)
        - math.lgamma(hits + 1)
        - math.lgamma(n - hits + 1)
        + math.lgamma(hits + a)
        + math.lgamma(n - hits + b)
        - math.lgamma(n + both)
        - math.lgamma(a)
        - math.lgamma(b)
        + math.lgamma(both)
    )
    total, ratio = 1.0, 1.0
    for k in range(hits, n):
        ratio *= (n - k) * (k + a) / ((k + 1) * (n - k - 1 + b))
        total += ratio
        if ratio < 1e-9 * total and k > hits + 5:
            break
    return min(300.0, max(0.0, -(term + math.log(total)) / math.log(10)))


def _log_beta_inc(a: float, b: float, x: float) -> float:
    """Return log I_x(a, b), precise in the far tail."""
    if x >= 1.0:
        return 0.0
    front = (
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1.0) / (a + b + 2.0):
        return front - math.log(a) + math.log(_fraction(a, b, x))
    rest = math.exp(front) * _fraction(b, a, 1.0 - x) / b
    return math.log(max(1.0 - rest, 1e-300))


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 500):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 + step * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + step / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-10:
            break
    return value


@dataclass(slots=True)
class Baseline:
    """The state of learning. Ask ``mean`` for an hour, then ``learn`` its count.

    ``level`` is mentions an hour, seasons levelled out.
    """

    seen: int = 0
    level: float = 0.0
    _count: float = 0.0
    _exposure: float = 0.0
    _day: _Season = field(default_factory=lambda: _Season(24, _DAY_PRIOR, _DAY_MEMORY))
    _week: _Season = field(
        default_factory=lambda: _Season(HOURS_OF_WEEK, _WEEK_PRIOR, _WEEK_MEMORY)
    )

    def mean(self, hour: int) -> float:
        """Return the expected count of an hour of the week (0: Monday, first hour)."""
        return self.level * self._day.factors[hour % 24] * self._week.factors[hour]

    def learn(self, hour: int, count: float) -> None:
        """Take one hour's count into account, clipped if it is far beyond the expected one."""
        if self.seen >= 24:
            count = min(count, _MOST * self.mean(hour) + _MOST_EXTRA)
        day, week = self._day.factors[hour % 24], self._week.factors[hour]
        self._count = self._count * _LEVEL_KEEP + count
        self._exposure = self._exposure * _LEVEL_KEEP + max(day * week, 0.02)
        self.level = self._count / self._exposure
        self._day.learn(hour % 24, count, self.level, self.level)
        self._week.learn(hour, count, self.level * day, self.level)
        self.seen += 1


class _Season:
    """Factors by hour, shrunk toward 1 by ``prior`` seasons at the level plus a few mentions."""

    __slots__ = ("_counts", "_exposures", "_keep", "_prior", "factors")

    def __init__(self, hours: int, prior: float, memory: float) -> None:
        self.factors = [1.0] * hours
        self._counts = [0.0] * hours
        self._exposures = [0.0] * hours
        self._prior = prior
        self._keep = math.exp(-1 / memory)

    def learn(self, hour: int, count: float, exposure: float, level: float) -> None:
        """Take a count in where ``exposure`` was expected without this season."""
        self._counts[hour] = self._counts[hour] * self._keep + count
        self._exposures[hour] = self._exposures[hour] * self._keep + exposure
        prior = self._prior * level + _COUNT_PRIOR
        self.factors[hour] = (self._counts[hour] + prior) / (self._exposures[hour] + prior)


@dataclass(frozen=True, slots=True)
class Window:
    """One window judged: ``index`` of its last hour, its count, what was usual.

    ``usual`` is None while there is too little history to say (never taken for "normal");
    ``records`` counts the hours since an earlier window, not overlapping this one, held nine
    tenths as many.
    """

    index: int
    count: float
    usual: Usual | None
    records: int = 0


def judge(
    counts: Sequence[float], *, first_hour: int, width: int = 1, known: int = 0
) -> list[Window]:
    """Return one judged window of ``width`` hours for every hour of ``counts``.

    ``first_hour`` is the hour of the week of ``counts[0]``; ``known`` is the index from which
    history counts (what lies before was not watched). A window's expectation is made from what
    was known before the window began; its dispersion from windows that had ended by then.
    """
    base = Baseline()
    spread, weight = _SPREAD_START * _SPREAD_WEIGHT, _SPREAD_WEIGHT
    keep = math.exp(-1 / _SPREAD_MEMORY)
    windows: list[Window] = []
    residuals: list[tuple[float, float]] = []
    running = 0.0
    heights = _Heights()
    for index, count in enumerate(counts):
        running += count - (counts[index - width] if index >= width else 0)
        hour = (first_hour + index) % HOURS_OF_WEEK
        # the baseline has learned hours up to index - width only: the window judges itself not
        mean = sum(base.mean((hour - back) % HOURS_OF_WEEK) for back in range(width))
        if index >= width:
            heights.add(index - width, windows[index - width].count)
        records = index - heights.last_as_high(0.9 * running, else_=known)
        enough = base.seen >= LEARNING_HOURS
        usual = Usual(max(mean, 0.05), spread / weight) if enough else None
        windows.append(Window(index, running, usual, records))
        if base.seen >= 24:
            residuals.append(_dispersion(min(running, _MOST * mean + _MOST_EXTRA), mean))
            if len(residuals) > width:
                value, trust = residuals[-1 - width]
                weight = weight * keep + trust
                spread = max(spread * keep + value * trust, 0.01 * weight)
        behind = index - width + 1
        if behind >= known:
            base.learn((first_hour + behind) % HOURS_OF_WEEK, counts[behind])
    return windows


class _Heights:
    """Past windows that no later one surpassed: counts falling, newest last."""

    def __init__(self) -> None:
        self._indexes: list[int] = []
        self._falling: list[float] = []  # negated, so that it rises and can be bisected

    def add(self, index: int, count: float) -> None:
        """Take a window in, dropping those it surpasses."""
        while self._falling and -self._falling[-1] <= count:
            self._falling.pop()
            self._indexes.pop()
        self._indexes.append(index)
        self._falling.append(-count)

    def last_as_high(self, count: float, *, else_: int) -> int:
        """Return the index of the newest window of at least ``count``."""
        place = bisect_right(self._falling, -count)
        return self._indexes[place - 1] if place else else_


def _dispersion(count: float, mean: float) -> tuple[float, float]:
    """Return one window's moment estimate of alpha and its weight, the inverse of its variance."""
    mean = max(mean, 0.05)
    value = ((count - mean) ** 2 - mean) / (mean * mean)
    return value, (mean / (1 + _SPREAD_START * mean)) ** 2
