"""Bring the tags of the full-text index in line with facts that changed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from storage import tables
from storage.database import Database
from storage.fulltext import FullText, tags_of
from storage.recount import Recount


def retag(connection: sa.Connection, database: Database, index: FullText, counted: Recount) -> None:
    """Index again those mentions whose facts changed and that the index holds."""
    changed = [
        number
        for number, facts in counted.after.items()
        if tags_of(counted.before.get(number, ())) != tags_of(facts)
    ]
    if not changed:
        return
    table = tables.pending
    waiting = set(
        connection.execute(
            sa.select(table.c.mention_id).where(
                database.among(table.c.mention_id, changed), table.c.indexed == 0
            )
        ).scalars()
    )
    held = [number for number in changed if number not in waiting]
    texts = read_texts(connection, database, held)
    index.put(
        connection,
        [(number, texts[number], counted.after[number]) for number in held],
        known=held,
    )


def read_texts(connection: sa.Connection, database: Database, ids: Sequence[int]) -> dict[int, str]:
    """Return the full text (see ``Mention.full_text``) of the mentions ``ids``."""
    table = tables.mention
    if not ids:
        return {}
    rows = connection.execute(
        sa.select(table.c.id, table.c.title, table.c.text).where(database.among(table.c.id, ids))
    )
    return {
        number: f"{title}\n{text}" if title and not text.startswith(title) else text
        for number, title, text in rows
    }
