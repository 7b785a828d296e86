"""The queue of enriching: lease what waits, keep what was understood."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from renom.contracts import Pending
from renom.enrichment import Enrichment, Fingerprint
from storage import stories, tables
from storage.codec import encode
from storage.database import Database
from storage.facts import Fact
from storage.fulltext import FullText
from storage.loading import load
from storage.moments import micros
from storage.names import Names
from storage.recount import brand_numbers, read_rows, recount
from storage.rows import digest_of, storable
from storage.tables import ALL

_Done = Mapping[int, tuple[Pending, Enrichment]]


def claim(
    connection: sa.Connection,
    database: Database,
    names: Names,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> list[Pending]:
    """Lease up to ``limit`` of the newest mentions that wait; see ``Store.claim_pending``."""
    table = tables.pending
    ids = list(
        connection.execute(
            sa.select(table.c.mention_id)
            .where(table.c.leased_until <= micros(now))
            .order_by(table.c.mention_id.desc())
            .limit(limit)
        ).scalars()
    )
    if not ids:
        return []
    connection.execute(
        sa.update(table)
        .where(database.among(table.c.mention_id, ids))
        .values(leased_until=micros(now + lease))
    )
    found = load(connection, database, names, ids)
    return [
        Pending(number, found[number].mention, found[number].brands, found[number].enrichment)
        for number in ids
        if number in found
    ]


def save(
    connection: sa.Connection,
    database: Database,
    names: Names,
    index: FullText,
    done: Sequence[tuple[Pending, Enrichment]],
    *,
    now: datetime,
) -> int:
    """Keep enrichments; see ``Store.save_enrichments``.

    What was understood of a text that was edited meanwhile is dropped: the mention waits again.
    """
    by_id = {item.id: (item, enrichment) for item, enrichment in done}
    stored = read_rows(connection, database, sorted(by_id))
    rows = {
        number: row
        for number, row in stored.items()
        if row["digest"] == digest_of(by_id[number][0].mention)
    }
    # In the order of ids: neighbouring rows lie on the same pages.
    kept = sorted(rows)
    if not kept:
        return 0
    found = {number: _storable(by_id[number][1]) for number in kept}
    database.insert(
        connection,
        tables.enrichment,
        ("mention_id", "enriched_at", "body"),
        [(number, micros(now), encode(item)) for number, item in found.items()],
        conflict="ON CONFLICT (mention_id) DO UPDATE SET "
        "enriched_at = excluded.enriched_at, body = excluded.body",
    )
    prints: dict[int, Fingerprint] = {
        number: item.fingerprint
        for number, item in found.items()
        if item.fingerprint is not None and rows[number]["story_id"] is None
    }
    assigned = stories.assign(connection, database, prints)
    for number, story in assigned.story_of.items():
        rows[number]["story_id"] = story
    demoted = sorted(assigned.demoted - rows.keys())
    counted = recount(connection, database, names, [*kept, *demoted], enrichments=found, rows=rows)
    _index(connection, database, index, kept, by_id, counted.after)
    _dequeue(connection, database, names, kept, by_id, counted.after)
    return len(kept)


def _index(
    connection: sa.Connection,
    database: Database,
    index: FullText,
    kept: Sequence[int],
    by_id: _Done,
    facts: Mapping[int, Sequence[Fact]],
) -> None:
    waiting = tables.pending
    unindexed = set(
        connection.execute(
            sa.select(waiting.c.mention_id).where(
                database.among(waiting.c.mention_id, kept), waiting.c.indexed == 0
            )
        ).scalars()
    )
    index.put(
        connection,
        [(number, by_id[number][0].mention.full_text, facts[number]) for number in kept],
        known=[number for number in kept if number not in unindexed],
    )


def _dequeue(
    connection: sa.Connection,
    database: Database,
    names: Names,
    kept: Sequence[int],
    by_id: _Done,
    facts: Mapping[int, Sequence[Fact]],
) -> None:
    """Take out of the queue what is done; a brand gained meanwhile keeps a mention in it."""
    numbers = brand_numbers(
        connection, names, {brand for number in kept for brand in by_id[number][0].brands}
    )
    again = []
    for number in kept:
        known = {numbers[brand] for brand in by_id[number][0].brands}
        if {fact.brand_id for fact in facts[number]} - {ALL} - known:
            again.append(number)
    database.delete(
        connection, tables.pending.c.mention_id, [n for n in kept if n not in set(again)]
    )
    if again:
        connection.execute(
            sa.update(tables.pending)
            .where(database.among(tables.pending.c.mention_id, again))
            .values(indexed=1, leased_until=0)
        )


def _storable(enrichment: Enrichment) -> Enrichment:
    """Return the enrichment with names a database can hold; itself when nothing had to change."""
    named = [text for e in enrichment.entities for text in (e.name, e.surface)]
    named += enrichment.topics
    if storable(joined := "\n".join(named)) == joined:
        return enrichment
    entities = tuple(
        dataclasses.replace(e, name=storable(e.name), surface=storable(e.surface))
        for e in enrichment.entities
    )
    topics = tuple(storable(topic) for topic in enrichment.topics)
    return dataclasses.replace(enrichment, entities=entities, topics=topics)
