"""Moments as whole numbers: microseconds, hours and days since 1970 UTC, and mention ids."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from storage.tables import SEQUENCE_BITS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
HOUR = 3600
DAY = 86400


def micros(moment: datetime) -> int:
    """Return microseconds since 1970; exact, unlike ``timestamp()``."""
    return (moment - EPOCH) // MICRO


def maybe_micros(moment: datetime | None) -> int | None:
    """Return microseconds since 1970, or None."""
    return None if moment is None else micros(moment)


def moment(value: int) -> datetime:
    """Return the UTC moment that many microseconds after 1970."""
    return EPOCH + value * MICRO


def maybe_moment(value: int | None) -> datetime | None:
    """Return the UTC moment, or None."""
    return None if value is None else moment(value)


def first_id(second: int) -> int:
    """Return the lowest id a mention published in that second can have."""
    return second << SEQUENCE_BITS


def id_from(start: datetime) -> int:
    """Return the lowest id of a mention published at ``start`` or later, to the second."""
    return first_id(micros(start) // 1_000_000)


def id_until(end: datetime) -> int:
    """Return an id above every mention published before ``end``, to the second."""
    return first_id(-(-micros(end) // 1_000_000))


def hour_of(mention_id: int) -> int:
    """Return the hour in which a mention was published."""
    return (mention_id >> SEQUENCE_BITS) // HOUR


def day_of(mention_id: int) -> int:
    """Return the day in which a mention was published."""
    return (mention_id >> SEQUENCE_BITS) // DAY
