"""Remove mentions and everything derived from them, the tallies included."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from storage import stories, tables
from storage.database import Database
from storage.facts import Ledger, read_facts, read_names
from storage.fulltext import FullText
from storage.names import Names
from storage.recount import recount

_DERIVED = (
    tables.mention_brand.c.mention_id,
    tables.mention_name.c.mention_id,
    tables.enrichment.c.mention_id,
    tables.pending.c.mention_id,
    tables.correction.c.mention_id,
    tables.mention.c.id,
)


def remove(
    connection: sa.Connection,
    database: Database,
    names: Names,
    index: FullText,
    ids: Sequence[int],
) -> int:
    """Remove the mentions ``ids`` inside a writing transaction; returns how many there were."""
    if not ids:
        return 0
    ledger = Ledger()
    counted = read_names(connection, database, ids)
    held = read_facts(connection, database, ids)
    for number, facts in held.items():
        for fact in facts:
            ledger.add(fact, counted.get(number, ()), sign=-1)
    promoted = stories.leave(connection, database, ids) - set(ids)
    index.drop(connection, ids)
    for column in _DERIVED:
        database.delete(connection, column, ids)
    ledger.write(connection, database)
    recount(connection, database, names, sorted(promoted))
    return len(held)
