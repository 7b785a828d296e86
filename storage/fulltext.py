"""The full-text index: a superset of what a query can match, narrowed by tags.

FTS5 on SQLite, ``tsvector`` on PostgreSQL. What is indexed is ``renom.query.normalise`` of a
mention's full text, beside tags of its brands, labels, source, language, kind and platform, so
that common words under a filter stay fast. Search re-checks every candidate with the matcher.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from renom.query import And, Near, Node, Or, Term, Within, Word, normalise
from storage import tables
from storage.database import Database
from storage.facts import Fact
from storage.tables import ALL

MOST_BYTES = 700_000
"""A tsvector holds one megabyte. A longer text is tagged as a candidate of every query."""

LONG = "long"

Tags = Sequence[Sequence[str]]
"""All of these, of each any one."""


def tags_of(facts: Iterable[Fact]) -> list[str]:
    """Return the tags of a mention with these facts."""
    tags = []
    for fact in facts:
        tags += [f"b{fact.brand_id}", f"b{fact.brand_id}l{fact.label}"]
        if fact.brand_id == ALL:
            tags += [
                f"s{fact.source_id}",
                f"g{fact.lang}",
                f"k{fact.kind}",
                f"p{fact.platform_id}",
            ]
    return tags


class FullText:
    """Write the index and ask it for candidates."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        connection: sa.Connection,
        documents: Sequence[tuple[int, str, Sequence[Fact]]],
        *,
        known: Sequence[int] = (),
    ) -> None:
        """Index (id, full text, facts); ``known`` names those the index may hold already."""
        self.drop(connection, known)
        rows = [(number, normalise(text), tags_of(facts)) for number, text, facts in documents]
        if self._database.sqlite:
            if rows:
                connection.exec_driver_sql(
                    "INSERT INTO fulltext(rowid, body, tags) VALUES (?, ?, ?)",
                    [(number, body, " ".join(tags)) for number, body, tags in rows],
                )
            return
        if rows:
            # Two arrays of arrays would have to be of equal lengths; a space joins instead.
            connection.exec_driver_sql(
                "INSERT INTO fulltext(mention_id, vector) "
                "SELECT id, array_to_tsvector(string_to_array(words, ' ')) "
                "FROM unnest(%s::bigint[], %s::text[]) AS new(id, words) "
                "ON CONFLICT (mention_id) DO UPDATE SET vector = excluded.vector",
                ([row[0] for row in rows], [_lexemes(body, tags) for _, body, tags in rows]),
            )

    def drop(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        """Take mentions out of the index."""
        if not ids:
            return
        if self._database.sqlite:
            connection.exec_driver_sql(
                "DELETE FROM fulltext WHERE rowid = ?", [(number,) for number in ids]
            )
        else:
            connection.exec_driver_sql(
                "DELETE FROM fulltext WHERE mention_id = ANY(%s)", (list(ids),)
            )

    def candidates(
        self,
        connection: sa.Connection,
        root: Node,
        tags: Tags,
        *,
        low: int,
        high: int,
        limit: int,
    ) -> list[int] | None:
        """Return up to ``limit`` ids in ``low`` <= id < ``high``, newest first.

        None says that the index cannot narrow this query down.
        """
        if self._database.sqlite:
            words = _fts5(root)
            if words is None:
                return None
            match = f"body : ({words})" + "".join(
                f" AND tags : ({' OR '.join(some)})" for some in tags
            )
            sql = (
                "SELECT rowid FROM fulltext WHERE fulltext MATCH ? "
                "AND rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?"
            )
            rows: Any = connection.exec_driver_sql(sql, (match, low, high, limit))
        else:
            words = _tsquery(root)
            if words is None:
                return None
            match = f"({words} | '={LONG}')" + "".join(
                " & (" + " | ".join(f"'={tag}'" for tag in some) + ")" for some in tags
            )
            rows = connection.exec_driver_sql(
                "SELECT mention_id FROM fulltext WHERE vector @@ %s::tsquery "
                "AND mention_id >= %s AND mention_id < %s ORDER BY mention_id DESC LIMIT %s",
                (match, low, high, limit),
            )
        return [row[0] for row in rows]


def unindexed(connection: sa.Connection, *, low: int, high: int, limit: int) -> list[int]:
    """Return mentions that wait to be indexed, newest first: every one is a candidate."""
    table = tables.pending
    return list(
        connection.execute(
            sa.select(table.c.mention_id)
            .where(table.c.indexed == 0, table.c.mention_id >= low, table.c.mention_id < high)
            .order_by(table.c.mention_id.desc())
            .limit(limit)
        ).scalars()
    )


def _lexemes(body: str, tags: Sequence[str]) -> str:
    words = set(body.split())
    if sum(len(word) + 4 for word in words) > MOST_BYTES:
        words = {f"={LONG}"}
    return " ".join(words | {f"={tag}" for tag in tags})


# -- the two query languages -----------------------------------------------------------------


def _parts(word: Word) -> tuple[str, bool] | None:
    return None if word.any else word.index_prefix


def _fts5(node: Node) -> str | None:
    if isinstance(node, Term):
        return _fts5_term(node)
    if isinstance(node, And | Near):
        some = [part for part in map(_fts5, node.items) if part is not None]
        return "(" + " AND ".join(some) + ")" if some else None
    if isinstance(node, Or):
        every = [_fts5(item) for item in node.items]
        return None if None in every else "(" + " OR ".join(map(str, every)) + ")"
    return _fts5(node.item) if isinstance(node, Within) else None


def _fts5_term(term: Term) -> str | None:
    parts = [_parts(word) for word in term.words]
    known = [part for part in parts if part is not None]
    if not known:
        return None
    # A phrase in FTS5 may end in a prefix, and holds nothing else that is not a whole word.
    if len(known) == len(parts) and not any(prefix for _, prefix in known[:-1]):
        phrase = " ".join(form for form, _ in known)
        return f'"{phrase}"' + ("*" if known[-1][1] else "")
    return "(" + " AND ".join(f'"{form}"' + ("*" if p else "") for form, p in known) + ")"


def _tsquery(node: Node) -> str | None:
    if isinstance(node, Term):
        known = [part for part in map(_parts, node.words) if part is not None]
        if not known:
            return None
        return "(" + " & ".join(f"'{form}'" + (":*" if p else "") for form, p in known) + ")"
    if isinstance(node, And | Near):
        some = [part for part in map(_tsquery, node.items) if part is not None]
        return "(" + " & ".join(some) + ")" if some else None
    if isinstance(node, Or):
        every = [_tsquery(item) for item in node.items]
        return None if None in every else "(" + " | ".join(map(str, every)) + ")"
    return _tsquery(node.item) if isinstance(node, Within) else None
