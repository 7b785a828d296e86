"""Warn when negative mentions of a brand surge: far more of them, and a greater share.

Two surprises (-log10 of a chance) are joined by their geometric mean: of the negative count
against its own usual for the hour and weekday (``alerts.baseline``, negative binomial) and of the
negative share against the usual share (``alerts.share``, beta-binomial). So neither a benign rush
of mentions nor a chance run in a quiet hour is enough. Windows of 1, 3 and 6 h are looked at
together. It needs at least ``minimum`` scored mentions and four negative ones in the window, a
share at least five points above the usual and 1.5 times the usual negative count; with less
history than three days and 30 scored mentions nothing is said. Measured in docs/alerts.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, field_validator

from alerts.baseline import HOURS_OF_WEEK, Window, judge
from alerts.incident import HISTORY, HOUR, Incident, chosen, follow, known_from, width_for
from alerts.share import ShareWindow, judge_share
from renom.alert import MAX_EVIDENCE, Alert
from renom.contracts import Duration, Rule, RuleOptions
from renom.reading import Reader, Selection
from renom.tally import Series

_SENSITIVITY = {"low": 5.0, "normal": 3.5, "high": 2.5}
_LIFT = 0.05  # points of share above the usual, as a fraction
_TIMES = 1.5  # times the usual negative count
_NEGATIVE = 4
_KNOWN = 30.0


class SurgeOptions(RuleOptions):
    """Options of ``negative_surge``.

    ``brand`` or ``brands`` default to every own brand. ``window`` is whole hours; left out,
    1, 3 and 6 h are looked at together (longer ones for quiet brands). ``minimum`` scored mentions
    are needed in the window. The alert ends after ``calm`` near the usual level.
    """

    brand: str | None = None
    brands: tuple[str, ...] = ()
    window: Duration | None = None
    sensitivity: Literal["low", "normal", "high"] = "normal"
    minimum: int = Field(default=12, ge=4)
    calm: Duration = timedelta(hours=4)

    @field_validator("window", "calm")
    @classmethod
    def _whole_hours(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and (value < HOUR or value % HOUR or value > timedelta(days=7)):
            raise ValueError("must be whole hours, from 1h to 7d")
        return value


@dataclass(frozen=True, slots=True)
class Judged:
    """The most surprising window that ends at an hour: its counts, share and joint surprise."""

    width: int
    window: Window
    share: ShareWindow
    score: float


def judged(
    negative: Sequence[int],
    scored: Sequence[int],
    *,
    start: datetime,
    options: SurgeOptions,
    known: int = 0,
) -> list[Judged]:
    """Return the most surprising window for every hour of the two hourly sequences."""
    if options.window is not None:
        widths: tuple[int, ...] = (max(1, round(options.window / HOUR)),)
    else:
        base = width_for(scored, None)
        widths = tuple(width for width in (1, 3, 6, 12, 24) if base <= width <= max(6, base))
    first_hour = (start.weekday() * 24 + start.hour) % HOURS_OF_WEEK
    best: list[Judged] = []
    for width in widths:
        windows = judge(negative, first_hour=first_hour, width=width, known=known)
        shares = judge_share(negative, scored, width=width)
        for index, (window, share) in enumerate(zip(windows, shares, strict=True)):
            this = Judged(width, window, share, _score(window, share, options.minimum))
            if index == len(best):
                best.append(this)
            elif this.score > best[index].score:
                best[index] = this
    return best


def _score(window: Window, share: ShareWindow, minimum: int) -> float:
    usual = window.usual
    if usual is None or share.known < _KNOWN or share.scored < minimum:
        return 0.0
    if share.negative < max(_NEGATIVE, _TIMES * usual.mean) or share.share < share.usual + _LIFT:
        return 0.0
    return math.sqrt(usual.surprise(share.negative) * share.surprise)


def incidents(best: Sequence[Judged], *, options: SurgeOptions, open_last: bool) -> list[Incident]:
    """Return the incidents in what ``judged`` found."""
    wanted = _SENSITIVITY[options.sensitivity]

    def hot(window: Window) -> bool:
        return best[window.index].score >= wanted

    def warm(window: Window) -> bool:
        return best[window.index].score >= wanted / 4

    return follow(
        [one.window for one in best],
        hot=hot,
        warm=warm,
        calm_hours=max(1, round(options.calm / HOUR)),
        open_last=open_last,
    )


class NegativeSurge(Rule):
    """One alert per brand while negative mentions surge."""

    Options = SurgeOptions

    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return an alert for each watched brand whose surge lasts at ``now``."""
        options = self.options
        watched = [state.created_at for state in reader.sources(now=now) if state.created_at]
        since = min(watched, default=None)
        alerts = []
        for brand in chosen(self.brands, brand=options.brand, names=options.brands):
            asked = Selection(brands=(brand,), start=now - HISTORY, end=now)
            series = reader.series(asked, step=HOUR, now=now)
            best = self._judged(series, since)
            found = incidents(best, options=options, open_last=series.open_last)
            if found and found[-1].ended is None:
                alerts.append(self._alert(reader, brand, series, best, found[-1], now))
        return alerts

    def _judged(self, series: Series, since: datetime | None) -> list[Judged]:
        scored = [tally.scored for tally in series.tallies]
        return judged(
            [tally.negative for tally in series.tallies],
            scored,
            start=series.start,
            options=self.options,
            known=known_from(scored, series, since),
        )

    def _alert(
        self,
        reader: Reader,
        brand: str,
        series: Series,
        best: Sequence[Judged],
        incident: Incident,
        now: datetime,
    ) -> Alert:
        first = best[incident.first.index]
        during = [one for one in best[incident.first.index :] if one.window.usual is not None]
        peak = max(during, key=lambda one: one.score)
        usual = peak.window.usual
        assert usual is not None
        begin = series.start + (first.window.index - first.width + 1) * HOUR
        span = Selection(brands=(brand,), start=begin, end=now, labels=("negative",))
        before = Selection(
            brands=(brand,), start=begin - timedelta(days=28), end=begin, labels=("negative",)
        )
        telling = reader.search(span, limit=MAX_EVIDENCE, order="telling")
        wanted = _SENSITIVITY[self.options.sensitivity]
        needed = max(float(_NEGATIVE), _TIMES * usual.mean, usual.count_for(wanted))
        return Alert(
            rule=self.name,
            kind="negative_surge",
            labels={"brand": brand},
            severity=self.options.severity,
            value=float(peak.share.negative),
            expected=round(usual.mean, 1),
            threshold=min(needed, float(peak.share.negative)),
            unit="negative mentions",
            window_seconds=peak.width * 3600,
            starts_at=series.start + first.window.index * HOUR,
            summary=(
                f"{brand}: {peak.share.negative} negative mentions in {peak.width} h, usually "
                f"{usual.mean:.1f}; {peak.share.share:.0%} negative, usually {peak.share.usual:.0%}"
            ),
            evidence=tuple(found.mention.key for found in telling.found),
            drivers=reader.drivers(span, before),
            measures={
                "negative_share": round(peak.share.share, 4),
                "usual_negative_share": round(peak.share.usual, 4),
                "record_days": float(peak.window.records // 24),
                "total": float(reader.tally(span).mentions),
            },
        )
