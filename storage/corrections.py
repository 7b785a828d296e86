"""Corrections: a person's word on a sentiment, kept for ever and above everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from renom.enrichment import Label
from storage import tables
from storage.database import Database
from storage.facts import LABELS, UNSCORED
from storage.loading import load
from storage.moments import micros, moment
from storage.names import Names
from storage.rows import label_name, storable


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction. ``brand`` is None for the whole text; ``was`` is the label shown before."""

    mention_key: str
    brand: str | None
    label: Label
    was: Label | None
    by: str
    at: datetime


def write(
    connection: sa.Connection,
    mention_id: int,
    brand_id: int,
    label: Label,
    *,
    by: str,
    now: datetime,
) -> None:
    """Add a correction; the facts still have to be counted again."""
    table, fact = tables.correction, tables.mention_brand
    was = connection.execute(
        sa.select(fact.c.label).where(fact.c.mention_id == mention_id, fact.c.brand_id == brand_id)
    ).scalar()
    top = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    connection.execute(
        sa.insert(table).values(
            id=top + 1,
            mention_id=mention_id,
            brand_id=brand_id,
            label=LABELS[label],
            was=was or UNSCORED,
            author=storable(by)[:200],
            at=micros(now),
        )
    )


def listed(
    connection: sa.Connection, database: Database, names: Names, *, limit: int
) -> tuple[Correction, ...]:
    """Return the newest corrections."""
    table = tables.correction
    rows = connection.execute(sa.select(table).order_by(table.c.id.desc()).limit(limit)).all()
    found = load(connection, database, names, sorted({row.mention_id for row in rows}))
    brands = names.of(connection, {row.brand_id for row in rows if row.brand_id})
    return tuple(
        Correction(
            mention_key=found[row.mention_id].mention.key,
            brand=brands.get(row.brand_id),
            label=label_name(row.label),  # type: ignore[arg-type]
            was=label_name(row.was),  # type: ignore[arg-type]
            by=row.author,
            at=moment(row.at),
        )
        for row in rows
    )
