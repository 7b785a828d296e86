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
from storage.recount import brand_numbers, recount
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
    table = tables.mention
    by_id = {item.id: (item, enrichment) for item, enrichment in done}
    rows = connection.execute(
        sa.select(table.c.id, table.c.digest, table.c.story_id).where(
            database.among(table.c.id, sorted(by_id))
        )
    ).all()
    # In the order of ids: neighbouring rows lie on the same pages.
    kept = sorted(row.id for row in rows if row.digest == digest_of(by_id[row.id][0].mention))
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
    without_story = {row.id for row in rows if row.story_id is None}
    prints: dict[int, Fingerprint] = {
        number: item.fingerprint
        for number, item in found.items()
        if item.fingerprint is not None and number in without_story
    }
    assigned = stories.assign(connection, database, prints)
    demoted = assigned.demoted - set(kept)
    counted = recount(connection, database, names, [*kept, *sorted(demoted)], enrichments=found)
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
    """Return the enrichment with names a database can hold."""
    entities = tuple(
        dataclasses.replace(e, name=storable(e.name), surface=storable(e.surface))
        for e in enrichment.entities
    )
    topics = tuple(storable(topic) for topic in enrichment.topics)
    if entities == enrichment.entities and topics == enrichment.topics:
        return enrichment
    return dataclasses.replace(enrichment, entities=entities, topics=topics)
