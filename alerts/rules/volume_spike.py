"""Warn when a brand is mentioned far more than usual for the hour and weekday.

The count of the newest window is compared with the usual one (``alerts.baseline``: level x hour
of day x hour of week, negative-binomial spread). Its *surprise* is -log10 of the chance of such a
count; its *record* the hours, at most a week, since a window last held nine tenths as many. An
incident opens when surprise x record and surprise alone reach the sensitivity's thresholds, the
count is at least twice the usual and at least ``minimum``. Weighing surprise by how rare the
height is follows the measurements on the Numenta tweet series in docs/alerts.md. With less than
three days of history nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field, field_validator

from alerts.baseline import HOURS_OF_WEEK, Usual, Window, judge
from alerts.incident import HISTORY, HOUR, Incident, chosen, follow, known_from, width_for
from renom.alert import MAX_EVIDENCE, Alert
from renom.contracts import Duration, Rule, RuleOptions
from renom.reading import Reader, Selection

_TWICE = 2.0  # times the usual that an incident must reach
_NEAR = 1.5  # times the usual below which the brand is calm again
_WEEK = 168


@dataclass(frozen=True, slots=True)
class _Thresholds:
    """What a sensitivity asks for: surprise alone, and surprise x record hours."""

    surprise: float
    product: float


_SENSITIVITY = {
    "low": _Thresholds(4.0, 1000.0),
    "normal": _Thresholds(2.5, 300.0),
    "high": _Thresholds(2.0, 120.0),
}


class SpikeOptions(RuleOptions):
    """Options of ``volume_spike``.

    ``brand`` or ``brands`` default to every own brand. ``window`` is whole hours; left out, it
    follows the brand's level (1 h for busy brands up to 24 h for quiet ones). ``sensitivity`` is
    low (few alerts), normal or high. ``minimum`` mentions are needed in the window. The alert
    ends after ``calm`` near the usual level.
    """

    brand: str | None = None
    brands: tuple[str, ...] = ()
    window: Duration | None = None
    sensitivity: Literal["low", "normal", "high"] = "normal"
    minimum: int = Field(default=5, ge=1)
    calm: Duration = timedelta(hours=4)

    @field_validator("window", "calm")
    @classmethod
    def _whole_hours(cls, value: timedelta | None) -> timedelta | None:
        if value is not None and (value < HOUR or value % HOUR or value > timedelta(days=7)):
            raise ValueError("must be whole hours, from 1h to 7d")
        return value


def incidents(
    counts: Sequence[float],
    *,
    start: datetime,
    options: SpikeOptions,
    known: int = 0,
    open_last: bool = False,
) -> list[Incident]:
    """Return the incidents in hourly counts that begin at ``start`` (a whole hour, UTC)."""
    width = width_for(counts, options.window)
    windows = judge(
        counts,
        first_hour=(start.weekday() * 24 + start.hour) % HOURS_OF_WEEK,
        width=width,
        known=known,
    )
    wanted = _SENSITIVITY[options.sensitivity]

    def hot(window: Window) -> bool:
        usual = window.usual
        if usual is None or window.count < max(options.minimum, _TWICE * usual.mean):
            return False
        surprise = usual.surprise(window.count)
        record = min(window.records, _WEEK)
        return surprise >= wanted.surprise and surprise * record >= wanted.product

    def warm(window: Window) -> bool:
        usual = window.usual
        return usual is not None and window.count >= max(_NEAR * usual.mean, options.minimum / 2)

    return follow(
        windows,
        hot=hot,
        warm=warm,
        calm_hours=max(1, round(options.calm / HOUR)),
        open_last=open_last,
    )


def threshold(usual: Usual, records: int, options: SpikeOptions) -> float:
    """Return the smallest count that opens an incident where ``usual`` is expected."""
    wanted = _SENSITIVITY[options.sensitivity]
    surprise = max(wanted.surprise, wanted.product / max(1, min(records, _WEEK)))
    return max(float(options.minimum), _TWICE * usual.mean, usual.count_for(surprise))


class VolumeSpike(Rule):
    """One alert per brand while its volume is far beyond the usual."""

    Options = SpikeOptions

    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return an alert for each watched brand whose incident lasts at ``now``."""
        options = self.options
        watched = [state.created_at for state in reader.sources(now=now) if state.created_at]
        since = min(watched, default=None)
        alerts = []
        for brand in chosen(self.brands, brand=options.brand, names=options.brands):
            alert = self._judge_brand(reader, brand, since, now)
            if alert is not None:
                alerts.append(alert)
        return alerts

    def _judge_brand(
        self, reader: Reader, brand: str, since: datetime | None, now: datetime
    ) -> Alert | None:
        options = self.options
        asked = Selection(brands=(brand,), start=now - HISTORY, end=now)
        series = reader.series(asked, step=HOUR, now=now)
        counts = [tally.mentions for tally in series.tallies]
        found = incidents(
            counts,
            start=series.start,
            options=options,
            known=known_from(counts, series, since),
            open_last=series.open_last,
        )
        if not found or found[-1].ended is not None:
            return None
        incident = found[-1]
        usual = incident.peak.usual
        assert usual is not None
        width = width_for(counts, options.window)
        begin = series.start + (incident.first.index - width + 1) * HOUR
        span = Selection(brands=(brand,), start=begin, end=now)
        before = Selection(brands=(brand,), start=begin - timedelta(days=28), end=begin)
        telling = reader.search(span, limit=MAX_EVIDENCE, order="telling")
        value = incident.peak.count
        return Alert(
            rule=self.name,
            kind="volume_spike",
            labels={"brand": brand},
            severity=options.severity,
            value=value,
            expected=round(usual.mean, 1),
            threshold=threshold(usual, incident.peak.records, options),
            unit="mentions",
            window_seconds=width * 3600,
            starts_at=series.start + incident.first.index * HOUR,
            summary=(
                f"{brand}: {value:.0f} mentions in {width} h, usually {usual.mean:.1f} at this hour"
            ),
            evidence=tuple(found.mention.key for found in telling.found),
            drivers=reader.drivers(span, before),
            measures={
                "record_days": float(incident.peak.records // 24),
                "total": float(reader.tally(span).mentions),
            },
        )
