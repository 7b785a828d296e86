"""Load mentions whole: with brands, what is shown of their enrichment, and their story."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from renom.enrichment import Enrichment
from renom.query import Document
from renom.reading import Found
from storage import tables
from storage.database import Database
from storage.names import Names
from storage.recount import read_corrections, read_enrichments, shown_of
from storage.rows import mention_of
from storage.tables import ALL


def load(
    connection: sa.Connection, database: Database, names: Names, ids: Sequence[int]
) -> dict[int, Found]:
    """Return the mentions ``ids`` as they are shown, without spans.

    A fingerprint stays with its story: ``enrichment.fingerprint`` is None.
    """
    if not ids:
        return {}
    rows = [
        dict(row)
        for row in connection.execute(
            sa.select(tables.mention).where(database.among(tables.mention.c.id, ids))
        ).mappings()
    ]
    brands = _brands(connection, database, names, ids)
    found = read_enrichments(connection, database, ids)
    corrected = read_corrections(connection, database, ids)
    stories = _stories(connection, database, rows)
    platforms = names.of(connection, {row["platform_id"] for row in rows})
    sources = source_names(connection, {row["source_id"] for row in rows}, database)
    openers = _keys(connection, database, names, [opener for opener, _ in stories.values()])
    result = {}
    for row in rows:
        number = row["id"]
        mention = mention_of(row, platforms[row["platform_id"]], sources[row["source_id"]])
        shown = shown_of(
            found.get(number), row["given"], corrected.get(number, {}), brands.get(number, {})
        )
        opener, size = stories.get(row["story_id"], (None, 1))
        shown = dataclasses.replace(
            shown,
            mention_key=mention.key,
            story=None if opener is None else openers.get(opener),
        )
        result[number] = Found(
            mention, shown, tuple(brands.get(number, {}).values()), story_size=size
        )
    return result


def document_of(found: Found) -> Document:
    """Return what queries may ask of a mention."""
    shown: Enrichment = found.enrichment
    return Document.of(
        found.mention,
        language=shown.language,
        sentiment=shown.sentiment.label if shown.sentiment else None,
        brands=found.brands,
        aspects=tuple(aspect.name for aspect in shown.aspects),
        emotions=tuple(emotion.name for emotion in shown.emotions),
        touchpoint=shown.touchpoint,
    )


def source_names(connection: sa.Connection, ids: set[int], database: Database) -> dict[int, str]:
    """Return the names of the sources ``ids``."""
    table = tables.source
    rows = connection.execute(
        sa.select(table.c.id, table.c.name).where(database.among(table.c.id, sorted(ids)))
    )
    return {row.id: row.name for row in rows}


def _brands(
    connection: sa.Connection, database: Database, names: Names, ids: Sequence[int]
) -> dict[int, dict[int, str]]:
    table = tables.mention_brand
    rows = connection.execute(
        sa.select(table.c.mention_id, table.c.brand_id).where(
            database.among(table.c.mention_id, ids), table.c.brand_id != ALL
        )
    ).all()
    known = names.of(connection, {row.brand_id for row in rows})
    brands: dict[int, dict[int, str]] = {}
    for number, brand in sorted(map(tuple, rows)):
        brands.setdefault(number, {})[brand] = known[brand]
    return brands


def _stories(
    connection: sa.Connection, database: Database, rows: Sequence[Any]
) -> dict[int, tuple[int, int]]:
    """Return story -> (its first mention, how many it has)."""
    wanted = {row["story_id"] for row in rows if row["story_id"] is not None}
    if not wanted:
        return {}
    table = tables.story
    found = connection.execute(
        sa.select(table.c.id, table.c.opener_id, table.c.size).where(
            database.among(table.c.id, sorted(wanted))
        )
    )
    return {story: (opener, size) for story, opener, size in found}


def _keys(
    connection: sa.Connection, database: Database, names: Names, ids: Sequence[int]
) -> dict[int, str]:
    if not ids:
        return {}
    table = tables.mention
    rows = connection.execute(
        sa.select(table.c.id, table.c.platform_id, table.c.external_id).where(
            database.among(table.c.id, list(ids))
        )
    ).all()
    platforms = names.of(connection, {row.platform_id for row in rows})
    return {row.id: f"{platforms[row.platform_id]}:{row.external_id}" for row in rows}
