"""The source registry: cursors, health, what was refused."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from renom.contracts import Cursor, Rejection
from renom.reading import SourceState
from storage import tables
from storage.database import Database
from storage.moments import HOUR, maybe_micros, maybe_moment, micros
from storage.names import SOURCE
from storage.rows import storable
from storage.tables import ALL

KEPT_REJECTIONS = 50
"""Rejections kept of each source, the newest."""

USUAL_DAYS = 28
YOUNG_DAYS = 7
"""A source known for less than this has no usual daily count yet."""


def number_of(connection: sa.Connection, source: str, *, type: str, now: datetime) -> int:
    """Return the number of ``source``, registering it when it is new."""
    table = tables.source
    row = connection.execute(
        sa.select(table.c.id, table.c.type).where(table.c.name == source)
    ).first()
    if row is not None:
        if type and row.type != type:
            connection.execute(sa.update(table).where(table.c.id == row.id).values(type=type))
        return int(row.id)
    top = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    connection.execute(
        sa.insert(table).values(id=top + 1, name=source, type=type, created_at=micros(now))
    )
    return int(top) + 1


def cursor(connection: sa.Connection, source: str) -> Cursor | None:
    """Return the cursor of ``source``, None when it has none."""
    table = tables.source
    text = connection.execute(sa.select(table.c.cursor).where(table.c.name == source)).scalar()
    return None if text is None else json.loads(text)


def change(connection: sa.Connection, number: int, **values: Any) -> None:
    """Set columns of a source."""
    table = tables.source
    connection.execute(sa.update(table).where(table.c.id == number).values(**values))


def reject(
    connection: sa.Connection,
    number: int,
    rejected: Sequence[Rejection],
    *,
    now: datetime,
    unmatched: int = 0,
) -> None:
    """Count what a source could not take, and keep the newest with their reasons."""
    table = tables.source
    if rejected or unmatched:
        change(
            connection,
            number,
            rejected_total=table.c.rejected_total + len(rejected),
            unmatched_total=table.c.unmatched_total + unmatched,
        )
    if not rejected:
        return
    kept = tables.rejection
    top = connection.execute(sa.select(sa.func.max(kept.c.id))).scalar() or 0
    newest = rejected[-KEPT_REJECTIONS:]
    connection.execute(
        sa.insert(kept),
        [
            {
                "id": top + 1 + i,
                "source_id": number,
                "at": micros(now),
                "item": storable(item.item)[:500],
                "reason": storable(item.reason)[:500],
            }
            for i, item in enumerate(newest)
        ],
    )
    oldest = (
        sa.select(kept.c.id)
        .where(kept.c.source_id == number)
        .order_by(kept.c.id.desc())
        .limit(1)
        .offset(KEPT_REJECTIONS - 1)
    )
    edge = connection.execute(oldest).scalar()
    if edge is not None:
        connection.execute(sa.delete(kept).where(kept.c.source_id == number, kept.c.id < edge))


def rejections(connection: sa.Connection, source: str) -> tuple[tuple[datetime, Rejection], ...]:
    """Return the rejections kept of ``source``, newest first."""
    table = tables.rejection
    rows = connection.execute(
        sa.select(table.c.at, table.c.item, table.c.reason)
        .join(tables.source, tables.source.c.id == table.c.source_id)
        .where(tables.source.c.name == source)
        .order_by(table.c.id.desc())
    )
    return tuple((_at(at), Rejection(item, reason)) for at, item, reason in rows)


def states(
    connection: sa.Connection, database: Database, *, now: datetime, source: str | None = None
) -> tuple[SourceState, ...]:
    """Return the state of every source, or of one, by name."""
    table = tables.source
    asked = sa.select(table).order_by(table.c.name)
    if source is not None:
        asked = asked.where(table.c.name == source)
    rows = connection.execute(asked).all()
    totals = _totals(connection)
    days = _days(connection, now)
    return tuple(_state(row, totals.get(row.id, 0), days.get(row.id, {}), now) for row in rows)


def _at(value: int) -> datetime:
    found = maybe_moment(value)
    assert found is not None
    return found


def _totals(connection: sa.Connection) -> dict[int, int]:
    table = tables.tally_day
    rows = connection.execute(
        sa.select(table.c.value_id, sa.func.sum(table.c.mentions))
        .where(table.c.brand_id == ALL, table.c.dimension == SOURCE)
        .group_by(table.c.value_id)
    )
    return {number: int(total) for number, total in rows}


def _days(connection: sa.Connection, now: datetime) -> dict[int, dict[int, int]]:
    """Return source -> days ago -> mentions published; day 0 is the last 24 hours."""
    table = tables.tally
    end = micros(now) // (1_000_000 * HOUR) + 1
    rows = connection.execute(
        sa.select(table.c.source_id, table.c.hour, sa.func.sum(table.c.mentions))
        .where(
            table.c.brand_id == ALL,
            table.c.hour < end,
            table.c.hour >= end - 24 * (USUAL_DAYS + 1),
        )
        .group_by(table.c.source_id, table.c.hour)
    )
    days: dict[int, dict[int, int]] = {}
    for number, hour, mentions in rows:
        ago = (end - 1 - hour) // 24
        of = days.setdefault(number, {})
        of[ago] = of.get(ago, 0) + int(mentions)
    return days


def _state(row: Any, total: int, days: dict[int, int], now: datetime) -> SourceState:
    oldest = max(days, default=0)
    usual = None
    if oldest >= YOUNG_DAYS:
        # From its first mention on: the days before a source began say nothing about it.
        usual = float(statistics.median(days.get(ago, 0) for ago in range(1, oldest + 1)))
    return SourceState(
        name=row.name,
        type=row.type,
        last_success=maybe_moment(row.last_success),
        last_attempt=maybe_moment(row.last_attempt),
        next_check=maybe_moment(row.next_check),
        last_mention=maybe_moment(row.last_mention),
        mentions_24h=days.get(0, 0),
        mentions_total=total,
        usual_daily=usual,
        rejected_total=row.rejected_total,
        failures=row.failures,
        error=row.error,
        hint=row.hint,
        paused=bool(row.paused),
        created_at=maybe_moment(row.created_at),
        every=None if row.every_seconds is None else timedelta(seconds=row.every_seconds),
    )


def succeeded(
    connection: sa.Connection, number: int, *, now: datetime, next_check: datetime | None
) -> None:
    """Record a finished run."""
    change(
        connection,
        number,
        last_success=micros(now),
        last_attempt=micros(now),
        next_check=maybe_micros(next_check),
        failures=0,
        error="",
        hint="",
        paused=0,
    )


def failed(
    connection: sa.Connection,
    number: int,
    *,
    now: datetime,
    error: str,
    hint: str,
    paused: bool,
    next_check: datetime | None,
) -> None:
    """Record a failed run."""
    change(
        connection,
        number,
        last_attempt=micros(now),
        next_check=maybe_micros(next_check),
        failures=tables.source.c.failures + 1,
        error=storable(error)[:1000],
        hint=storable(hint)[:1000],
        paused=int(paused),
    )
