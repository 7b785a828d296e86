"""Periods: which stretch of time is meant, the one before it, and buckets as people count days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from renom.mention import utc
from renom.reading import Selection
from renom.tally import Series, Tally

PRESETS: dict[str, timedelta] = {
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "60d": timedelta(days=60),
    "90d": timedelta(days=90),
}
CUSTOM = "custom"
DEFAULT = "30d"

_HOURLY_UP_TO = timedelta(hours=73)
_DAILY_UP_TO = timedelta(days=120)
_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A stretch of local time with its tally. ``open`` says that it is still filling."""

    start: datetime
    end: datetime
    tally: Tally
    open: bool = False


def bounds(preset: str, *, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of a preset: it ends with the hour that ``now`` is in.

    Whole hours make the same question for everybody within the hour, so answers can be cached,
    and let storage answer from its hourly tallies.
    """
    end = utc(now).replace(minute=0, second=0, microsecond=0) + _HOUR
    return end - PRESETS[preset], end


def earlier(selection: Selection) -> Selection:
    """Return the same selection over the period of equal length just before."""
    if selection.start is None or selection.end is None:
        raise ValueError("the selection has no period")
    length = selection.end - selection.start
    return replace(selection, start=selection.start - length, end=selection.start)


def grain(selection: Selection) -> tuple[timedelta, timedelta]:
    """Return (step to ask storage for, width of a bucket to show) for the selection's period.

    Days are put together from hours, so that a day is the reader's day and not a UTC one, also
    when the clocks change; beyond 120 days weeks are put together from UTC days.
    """
    if selection.start is None or selection.end is None:
        raise ValueError("the selection has no period")
    length = selection.end - selection.start
    if length <= _HOURLY_UP_TO:
        return _HOUR, _HOUR
    return (_HOUR, _DAY) if length <= _DAILY_UP_TO else (_DAY, _WEEK)


def regroup(
    series: Series, width: timedelta, *, zone: ZoneInfo, now: datetime
) -> tuple[Bucket, ...]:
    """Return the series in local hours, days or weeks (from Monday), oldest first."""
    tallies: dict[datetime, Tally] = {}
    for start, tally in series:
        floor = _floor(start.astimezone(zone), width)
        tallies[floor] = tallies.get(floor, Tally()) + tally
    return tuple(_buckets(tallies.items(), width, now=now))


def coarser(buckets: Sequence[Bucket], *, most: int = 14) -> tuple[Bucket, ...]:
    """Return at most ``most`` buckets, each of as many neighbours as that takes.

    Counted back from the end, so that the newest is as full as it can be; the first may be
    shorter than the others.
    """
    size = max(1, -(-len(buckets) // most))
    size = 7 if 4 < size < 7 else size
    ends = range(len(buckets), 0, -size)
    groups = [buckets[max(0, end - size) : end] for end in ends]
    return tuple(
        Bucket(
            group[0].start,
            group[-1].end,
            sum((bucket.tally for bucket in group), Tally()),
            open=group[-1].open,
        )
        for group in reversed(groups)
    )


def _floor(local: datetime, width: timedelta) -> datetime:
    if width == _HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if width == _DAY else midnight - timedelta(days=midnight.weekday())


def _buckets(
    rows: Iterable[tuple[datetime, Tally]], width: timedelta, *, now: datetime
) -> Iterable[Bucket]:
    for start, tally in rows:
        # Wall-clock addition: a day of 23 or 25 hours is still a day.
        end = start + width
        yield Bucket(start, end, tally, open=utc(start) <= utc(now) < utc(end))
