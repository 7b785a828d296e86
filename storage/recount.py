"""Work out what mentions count for now, and bring facts, names and tallies in line with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from renom.contracts import Given
from renom.enrichment import Enrichment
from storage import tables
from storage.codec import decode
from storage.database import Database
from storage.facts import (
    LABEL_NAMES,
    Fact,
    Ledger,
    Name,
    counted_names,
    read_facts,
    read_names,
    update_facts,
    write_facts,
    write_names,
)
from storage.names import BRAND, ENTITY, TOPIC, Names
from storage.rows import feeling_toward, millionths, overlay, rating_of
from storage.tables import ALL

_COLUMNS = (
    "id",
    "source_id",
    "platform_id",
    "kind",
    "digest",
    "story_id",
    "language",
    "rating",
    "likes",
    "replies",
    "shares",
    "reach",
    "given",
)


@dataclass(slots=True)
class Recount:
    """What a recount found: the facts before and after of every mention asked for."""

    before: dict[int, list[Fact]] = field(default_factory=dict)
    after: dict[int, list[Fact]] = field(default_factory=dict)


def facts_for(
    row: Mapping[str, Any], brands: Mapping[int, str], shown: Enrichment, *, opens: bool
) -> list[Fact]:
    """Return the facts of one mention: brand 0 and one for each of ``brands``."""
    number, source, platform, kind = row["id"], row["source_id"], row["platform_id"], row["kind"]
    engagement = (row["likes"] or 0) + (row["replies"] or 0) + (row["shares"] or 0)
    reach, opened = row["reach"] or 0, int(opens)
    rating = millionths(rating_of(row["rating"]))
    lang = shown.language or row["language"] or ""
    rest = (source, platform, kind, opened, engagement, reach, rating, lang)
    facts = [Fact._make((ALL, number, *feeling_toward(shown, None), *rest))]
    for brand_id, brand in brands.items():
        facts.append(Fact._make((brand_id, number, *feeling_toward(shown, brand), *rest)))
    return facts


def recount(
    connection: sa.Connection,
    database: Database,
    names: Names,
    ids: Sequence[int],
    *,
    enrichments: Mapping[int, Enrichment] | None = None,
    rows: Mapping[int, dict[str, Any]] | None = None,
    gained: Mapping[int, Iterable[int]] | None = None,
) -> Recount:
    """Bring facts, names and tallies of the mentions ``ids`` in line with their rows.

    ``enrichments`` and ``rows`` save reading those at hand; ``gained`` adds brand numbers.
    """
    result = Recount()
    if not ids:
        return result
    known = rows or {}
    unread = [number for number in ids if number not in known]
    rows = {**known, **read_rows(connection, database, unread)}
    result.before = read_facts(connection, database, ids)
    names_before = read_names(connection, database, ids)
    found = dict(enrichments or {})
    found.update(
        read_enrichments(connection, database, [number for number in rows if number not in found])
    )
    corrected = read_corrections(connection, database, ids)
    openers = read_openers(connection, database, rows.values())
    brand_names = _brand_names(connection, names, result.before, gained or {})
    names_after = _names_after(connection, names, found)
    ledger = Ledger()
    changed: list[Fact] = []
    gained_facts: list[Fact] = []
    for number, row in rows.items():
        held = {fact.brand_id for fact in result.before.get(number, ())} - {ALL}
        held.update((gained or {}).get(number, ()))
        brands = {brand: brand_names[brand] for brand in sorted(held)}
        shown = shown_of(found.get(number), row["given"], corrected.get(number, {}), brands)
        story = row["story_id"]
        opens = story is None or openers.get(story, number) == number
        after = result.after[number] = facts_for(row, brands, shown, opens=opens)
        old, new = names_before.get(number, set()), names_after.get(number, set())
        before = result.before.get(number, [])
        if before == after and old == new:
            continue
        for fact in before:
            ledger.add(fact, old, sign=-1)
        for fact in after:
            ledger.add(fact, new)
        had = {fact.brand_id for fact in before}
        for fact in after:
            (changed if fact.brand_id in had else gained_facts).append(fact)
    update_facts(connection, database, changed)
    write_facts(connection, database, gained_facts)
    write_names(connection, database, names_before, {n: names_after.get(n, set()) for n in rows})
    ledger.write(connection, database)
    return result


def shown_of(
    found: Enrichment | None,
    given: str | None,
    corrections: Mapping[int, int],
    brands: Mapping[int, str],
) -> Enrichment:
    """Return the enrichment as shown; ``corrections`` maps brand number to label number."""
    said = {
        ("" if number == ALL else brands[number]): LABEL_NAMES[label]
        for number, label in corrections.items()
        if number == ALL or number in brands
    }
    return overlay(
        found or Enrichment(""),
        None if given is None else decode(Given, given),
        said,
        tuple(brands.values()),
    )


def read_rows(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, dict[str, Any]]:
    """Return the columns of the mentions ``ids`` that facts are made of."""
    table = tables.mention
    if not ids:
        return {}
    rows = connection.execute(
        sa.select(*(table.c[name] for name in _COLUMNS)).where(database.among(table.c.id, ids))
    )
    return {row[0]: dict(zip(_COLUMNS, row, strict=True)) for row in rows}


def read_enrichments(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, Enrichment]:
    """Return what enrichers found, of those of ``ids`` that are enriched."""
    if not ids:
        return {}
    table = tables.enrichment
    rows = connection.execute(
        sa.select(table.c.mention_id, table.c.body).where(database.among(table.c.mention_id, ids))
    )
    return {number: decode(Enrichment, body) for number, body in rows}


def read_corrections(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, dict[int, int]]:
    """Return mention -> brand number -> label number of the corrections in force."""
    table = tables.correction
    rows = connection.execute(
        sa.select(table.c.mention_id, table.c.brand_id, table.c.label)
        .where(database.among(table.c.mention_id, ids))
        .order_by(table.c.id)
    )
    found: dict[int, dict[int, int]] = {}
    for number, brand, label in rows:
        found.setdefault(number, {})[brand] = label
    return found


def read_openers(
    connection: sa.Connection, database: Database, rows: Iterable[Mapping[str, Any]]
) -> dict[int, int]:
    """Return story -> its first mention, for the stories that ``rows`` belong to."""
    stories = {row["story_id"] for row in rows if row["story_id"] is not None}
    if not stories:
        return {}
    table = tables.story
    found = connection.execute(
        sa.select(table.c.id, table.c.opener_id).where(database.among(table.c.id, sorted(stories)))
    )
    return {row.id: row.opener_id for row in found}


def _brand_names(
    connection: sa.Connection,
    names: Names,
    before: Mapping[int, list[Fact]],
    gained: Mapping[int, Iterable[int]],
) -> dict[int, str]:
    numbers = {fact.brand_id for facts in before.values() for fact in facts} - {ALL}
    for more in gained.values():
        numbers.update(more)
    return names.of(connection, numbers)


def _names_after(
    connection: sa.Connection, names: Names, found: Mapping[int, Enrichment]
) -> dict[int, set[Name]]:
    entities = {
        number: [item.name for item in enrichment.entities if item.name.strip()]
        for number, enrichment in found.items()
    }
    topics = {
        number: [topic for topic in enrichment.topics if topic.strip()]
        for number, enrichment in found.items()
    }
    entity_ids = names.give(connection, ENTITY, (n for some in entities.values() for n in some))
    topic_ids = names.give(connection, TOPIC, (n for some in topics.values() for n in some))
    return {
        number: counted_names(
            (entity_ids[name] for name in entities[number]),
            (topic_ids[name] for name in topics[number]),
        )
        for number in found
    }


def brand_numbers(connection: sa.Connection, names: Names, brands: Iterable[str]) -> dict[str, int]:
    """Return the number of each brand, giving new ones."""
    return names.give(connection, BRAND, brands)
