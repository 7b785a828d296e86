"""Facts and tallies: what each mention counts for, and the sums kept beside it.

Every change of a mention goes through one ledger: what it counted for before is taken away,
what it counts for now is added, and the sums are written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from renom.tally import Tally
from storage import tables
from storage.database import Database
from storage.moments import DAY, HOUR
from storage.names import ENTITY, KIND, PLATFORM, SOURCE, TOPIC
from storage.tables import ALL, SEQUENCE_BITS

LABELS = {"negative": 1, "neutral": 2, "positive": 3}
LABEL_NAMES = {number: label for label, number in LABELS.items()}
UNSCORED = 0
MILLION = 1_000_000
MOST_NAMES = 40
"""Entities and topics of one mention that are counted; the rest stay on the mention only."""

SUMS = ("mentions", "stories", "engagement", "reach", "rating_sum", "rating_count")


class Fact(NamedTuple):
    """One row of ``mention_brand``; see ``storage.tables``."""

    brand_id: int
    mention_id: int
    label: int
    score: int
    source_id: int
    platform_id: int
    kind: int
    opens: int
    engagement: int
    reach: int
    rating: int | None
    lang: str


Name = tuple[int, int]
"""(dimension, number) of an entity or topic."""


class Ledger:
    """Changes of the tallies, folded before they are written."""

    def __init__(self) -> None:
        self.hours: dict[tuple[Any, ...], list[int]] = {}
        self.days: dict[tuple[Any, ...], list[int]] = {}

    def add(self, fact: Fact, names: Iterable[Name], *, sign: int = 1) -> None:
        """Count ``fact`` once, or with ``sign`` -1 take it away."""
        brand, number, label, _, source, platform, kind, opens, engagement, reach, rating, lang = (
            fact
        )
        change = [sign, sign * opens, sign * engagement, sign * reach, 0, 0]
        if rating is not None:
            change[4:] = sign * rating, sign
        second = number >> SEQUENCE_BITS
        day = second // DAY
        _fold(self.hours, ((brand, second // HOUR, source, lang, label),), change)
        keys = [(brand, dimension, day, value, label) for dimension, value in names]
        keys.append((brand, PLATFORM, day, platform, label))
        keys.append((brand, KIND, day, kind, label))
        if brand == ALL:
            keys.append((brand, SOURCE, day, source, label))
        _fold(self.days, keys, change)

    def write(self, connection: sa.Connection, database: Database) -> None:
        """Add the changes to the tallies and drop rows that came to nothing."""
        _write(connection, database, tables.tally, self.hours)
        _write(connection, database, tables.tally_day, self.days)
        self.hours.clear()
        self.days.clear()


def _fold(
    into: dict[tuple[Any, ...], list[int]], keys: Iterable[tuple[Any, ...]], change: list[int]
) -> None:
    # Written out: this is the innermost loop of saving.
    for key in keys:
        sums = into.get(key)
        if sums is None:
            into[key] = change[:]
            continue
        mentions, stories, engagement, reach, rating, rated = change
        sums[0] += mentions
        sums[1] += stories
        if engagement:
            sums[2] += engagement
        if reach:
            sums[3] += reach
        if rated:
            sums[4] += rating
            sums[5] += rated


def _write(
    connection: sa.Connection,
    database: Database,
    table: sa.Table,
    changes: dict[tuple[Any, ...], list[int]],
) -> None:
    keys = [column.name for column in table.primary_key.columns]
    # Sorted by key: neighbouring rows lie on the same page.
    rows = sorted([(*key, *sums) for key, sums in changes.items() if any(sums)])
    update = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in SUMS)
    database.insert(
        connection,
        table,
        (*keys, *SUMS),
        rows,
        conflict=f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {update}",
    )
    width = len(keys)
    fewer = [row[:width] for row in rows if row[width] < 0]
    database.delete_keys(connection, table, keys, fewer, also="mentions = 0")


FACT_COLUMNS = Fact._fields


def write_facts(connection: sa.Connection, database: Database, facts: Sequence[Fact]) -> None:
    """Insert facts that are not there yet."""
    database.insert(connection, tables.mention_brand, FACT_COLUMNS, sorted(facts))


def update_facts(connection: sa.Connection, database: Database, facts: Sequence[Fact]) -> None:
    """Replace facts that are there already."""
    database.update(
        connection,
        tables.mention_brand,
        FACT_COLUMNS[2:],
        FACT_COLUMNS[:2],
        [(*fact[2:], *fact[:2]) for fact in sorted(facts)],
    )


def read_facts(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, list[Fact]]:
    """Return the facts of the mentions ``ids``, brand 0 first."""
    table = tables.mention_brand
    facts: dict[int, list[Fact]] = {}
    if not ids:
        return facts
    rows = connection.execute(
        sa.select(*(table.c[name] for name in FACT_COLUMNS))
        .where(database.among(table.c.mention_id, ids))
        .order_by(table.c.mention_id, table.c.brand_id)
    )
    for row in rows:
        fact = Fact._make(row)
        facts.setdefault(fact.mention_id, []).append(fact)
    return facts


def read_names(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, set[Name]]:
    """Return the entities and topics of the mentions ``ids``."""
    table = tables.mention_name
    names: dict[int, set[Name]] = {}
    if not ids:
        return names
    rows = connection.execute(
        sa.select(table.c.mention_id, table.c.dimension, table.c.name_id).where(
            database.among(table.c.mention_id, ids)
        )
    )
    for mention_id, dimension, number in rows:
        names.setdefault(mention_id, set()).add((dimension, number))
    return names


def write_names(
    connection: sa.Connection,
    database: Database,
    before: dict[int, set[Name]],
    after: dict[int, set[Name]],
) -> None:
    """Replace the entities and topics of the mentions in ``after``."""
    changed = [i for i in after if before.get(i) and before[i] != after[i]]
    database.delete(connection, tables.mention_name.c.mention_id, changed)
    rows = [
        (mention_id, number, dimension)
        for mention_id, names in after.items()
        if names and names != before.get(mention_id)
        for dimension, number in names
    ]
    rows.sort()
    database.insert(connection, tables.mention_name, ("mention_id", "name_id", "dimension"), rows)


def tally_of(sums: Iterable[tuple[Any, ...]]) -> Tally:
    """Return the tally of rows (label, *SUMS)."""
    by_label = {UNSCORED: 0, 1: 0, 2: 0, 3: 0}
    totals = [0] * len(SUMS)
    for label, *values in sums:
        by_label[label] += int(values[0] or 0)
        for index, value in enumerate(values):
            totals[index] += int(value or 0)
    mentions, stories, engagement, reach, rating_sum, rating_count = totals
    return Tally(
        mentions=mentions,
        stories=stories,
        positive=by_label[3],
        neutral=by_label[2],
        negative=by_label[1],
        engagement=engagement,
        reach=reach,
        rating_sum=rating_sum / MILLION,
        rating_count=rating_count,
    )


def rebuild(connection: sa.Connection, database: Database, *, batch: int = 20_000) -> None:
    """Throw the tallies away and count them again from the facts."""
    connection.execute(sa.delete(tables.tally))
    connection.execute(sa.delete(tables.tally_day))
    table = tables.mention
    last: int | None = None
    while True:
        found = sa.select(table.c.id).order_by(table.c.id).limit(batch)
        if last is not None:
            found = found.where(table.c.id > last)
        ids = list(connection.execute(found).scalars())
        if not ids:
            return
        last = ids[-1]
        names = read_names(connection, database, ids)
        ledger = Ledger()
        for mention_id, facts in read_facts(connection, database, ids).items():
            for fact in facts:
                ledger.add(fact, names.get(mention_id, ()))
        ledger.write(connection, database)


def counted_names(entities: Iterable[int], topics: Iterable[int]) -> set[Name]:
    """Return the names that are counted of one mention."""
    topic_names = [(TOPIC, number) for number in dict.fromkeys(topics)]
    entity_names = [(ENTITY, number) for number in dict.fromkeys(entities)]
    return set(topic_names[:MOST_NAMES]) | set(entity_names[:MOST_NAMES])
