"""Answer sums from the tallies; facts only for the broken hours at the ends and odd filters.

With several brands the matches of all are summed, as share of voice counts them; without any,
each mention counts once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from renom.alert import Driver
from renom.mention import KINDS
from renom.query import fold
from renom.reading import Selection
from renom.tally import Series, Tally
from storage import tables
from storage.database import Database
from storage.facts import SUMS, tally_of
from storage.loading import source_names
from storage.moments import DAY, EPOCH, HOUR, first_id
from storage.names import DIMENSIONS, ENTITY, KIND, TOPIC, Names
from storage.search import Search
from storage.selection import HIGHEST, LOWEST, Filter, resolve
from storage.tables import ALL, SEQUENCE_BITS

BY = ("brand", "source", "platform", "language", "kind", "entity", "topic")
_HOUR = timedelta(hours=1)
_WEEK = timedelta(days=7)
_MONDAY = EPOCH + timedelta(days=4)

Row = tuple[Any, ...]
"""(group, label, *SUMS)."""


class Tallies:
    """Sums inside a reading transaction."""

    def __init__(self, database: Database, names: Names, search: Search) -> None:
        self._database = database
        self._names = names
        self._search = search

    def tally(self, connection: sa.Connection, selection: Selection) -> Tally:
        """Return the tally of a selection; see ``Reader.tally``."""
        chosen = resolve(connection, self._database, self._names, selection)
        if chosen is None:
            return Tally()
        if _needs_search(selection):
            rows = self._of_ids(connection, selection, chosen, lambda fact: sa.literal(0))
        else:
            rows = self._rows(connection, chosen, _nothing, _nothing)
        return tally_of(row[1:] for row in rows)

    def series(
        self, connection: sa.Connection, selection: Selection, *, step: timedelta, now: datetime
    ) -> Series:
        """Return tallies per bucket; see ``Reader.series``. Weeks begin on Monday."""
        if selection.start is None or selection.end is None:
            raise ValueError("a series needs a start and an end")
        if step <= timedelta(0) or (step % _HOUR and _HOUR % step):
            raise ValueError(f"step is no divisor or multiple of one hour: {step!r}")
        origin = _MONDAY if step % _WEEK == timedelta(0) else EPOCH
        start = origin + (selection.start - origin) // step * step
        count = max(1, -((start - selection.end) // step))
        wide = _with(selection, start=start, end=start + count * step)
        chosen = resolve(connection, self._database, self._names, wide)
        rows: Iterable[Row] = ()
        width = int(step.total_seconds())
        first = int((start - EPOCH).total_seconds())

        def of_hour(table: Any) -> Any:
            return (table.c.hour * HOUR - first) // width

        def of_fact(fact: Any) -> Any:
            second = fact.c.mention_id.op(">>")(sa.literal_column(str(SEQUENCE_BITS)))
            return (second - first) // width

        if chosen is not None:
            if _needs_search(selection):
                rows = self._of_ids(connection, wide, chosen, of_fact)
            elif step < _HOUR:
                rows = self._from_facts(connection, chosen, of_fact)
            else:
                rows = self._rows(connection, chosen, of_hour, of_fact)
        buckets: dict[int, list[Row]] = {}
        for bucket, *rest in rows:
            buckets.setdefault(int(bucket), []).append(tuple(rest))
        tallies = tuple(tally_of(buckets.get(index, ())) for index in range(count))
        return Series(start, step, tallies, open_last=start + count * step > now)

    def by(
        self, connection: sa.Connection, dimension: str, selection: Selection, *, limit: int
    ) -> dict[str, Tally]:
        """Return tallies by ``dimension``; see ``Reader.by``."""
        if dimension not in BY:
            raise ValueError(f"unknown dimension: {dimension!r}; one of {', '.join(BY)}")
        chosen = resolve(connection, self._database, self._names, selection)
        if chosen is None:
            return {}
        rows = self._by(connection, dimension, selection, chosen)
        groups: dict[Any, list[Row]] = {}
        for group, *rest in rows:
            groups.setdefault(group, []).append(tuple(rest))
        tallies = [(group, tally_of(some)) for group, some in groups.items()]
        named = self._name(connection, dimension, [group for group, _ in tallies])
        ordered = sorted(
            ((named[group], tally) for group, tally in tallies if tally.mentions),
            key=lambda pair: (-pair[1].mentions, pair[0]),
        )
        return dict(ordered[:limit])

    def _by(
        self, connection: sa.Connection, dimension: str, selection: Selection, chosen: Filter
    ) -> Iterable[Row]:
        if dimension == "brand" and chosen.brands == (ALL,):
            every = tuple(sorted(self._names.brands(connection)))
            chosen = _replace(chosen, brands=every)
            if not every:
                return ()
        column = {"brand": "brand_id", "source": "source_id", "language": "lang"}.get(dimension)
        searched = _needs_search(selection)
        if column is not None:
            pick: Callable[[Any], Any] = lambda table: table.c[column]  # noqa: E731
            if searched:
                return self._of_ids(connection, selection, chosen, pick)
            return self._rows(connection, chosen, pick, pick)
        number = DIMENSIONS[dimension]
        if searched:
            return self._of_ids(connection, selection, chosen, None, number)
        return self._by_day(connection, chosen, number)

    def drivers(
        self,
        connection: sa.Connection,
        selection: Selection,
        baseline: Selection,
        *,
        limit: int,
    ) -> tuple[Driver, ...]:
        """Return what pushed a selection above its baseline; see ``Reader.drivers``."""
        scale = _seconds(selection) / _seconds(baseline)
        before = self.tally(connection, baseline).mentions * scale
        excess = self.tally(connection, selection).mentions - before
        if excess < 1:
            return ()
        own = {fold(brand) for brand in selection.brands}
        found: list[Driver] = []
        for dimension in ("topic", "entity", "source"):
            now = self.by(connection, dimension, selection, limit=200)
            then = self.by(connection, dimension, baseline, limit=1_000_000)
            for name, tally in now.items():
                usual = then.get(name, Tally()).mentions * scale
                share = (tally.mentions - usual) / excess
                # The brand itself drives nothing; one mention is an accident.
                if share > 0 and tally.mentions > 1 and fold(name) not in own:
                    found.append(Driver(dimension, name, tally.mentions, min(1.0, share)))
        found.sort(key=lambda driver: (-driver.share, -driver.mentions, driver.kind, driver.name))
        return tuple(found[:limit])

    # -- where the sums come from ---------------------------------------------------------------

    def _rows(
        self,
        connection: sa.Connection,
        chosen: Filter,
        of_hour: Callable[[Any], Any],
        of_fact: Callable[[Any], Any],
    ) -> list[Row]:
        """Return sums from the hourly tallies, broken hours at the ends from the facts."""
        if not chosen.tallied:
            return self._from_facts(connection, chosen, of_fact)
        inner, edges = _split(chosen, HOUR)
        rows: list[Row] = []
        if inner is not None:
            table = tables.tally
            conditions = [
                table.c.brand_id.in_(chosen.brands),
                table.c.hour >= inner[0],
                table.c.hour < inner[1],
            ]
            if chosen.labels:
                conditions.append(table.c.label.in_(chosen.labels))
            if chosen.sources is not None:
                conditions.append(table.c.source_id.in_(chosen.sources))
            if chosen.languages is not None:
                conditions.append(table.c.lang.in_(chosen.languages))
            rows += self._sum(connection, table, of_hour(table), conditions)
        for edge in edges:
            rows += self._from_facts(connection, edge, of_fact)
        return rows

    def _by_day(self, connection: sa.Connection, chosen: Filter, dimension: int) -> list[Row]:
        """Return sums by a dimension from the daily tallies, broken days from the facts."""
        if not chosen.tallied_by_day:
            return self._from_facts(connection, chosen, None, dimension)
        inner, edges = _split(chosen, DAY)
        rows: list[Row] = []
        if inner is not None:
            table = tables.tally_day
            conditions = [
                table.c.brand_id.in_(chosen.brands),
                table.c.dimension == dimension,
                table.c.day >= inner[0],
                table.c.day < inner[1],
            ]
            if chosen.labels:
                conditions.append(table.c.label.in_(chosen.labels))
            rows += self._sum(connection, table, table.c.value_id, conditions)
        for edge in edges:
            rows += self._from_facts(connection, edge, None, dimension)
        return rows

    def _sum(
        self, connection: sa.Connection, table: Any, group: Any, conditions: Sequence[Any]
    ) -> list[Row]:
        grouped = group.label("grouped")
        sums = [sa.func.sum(table.c[name]) for name in SUMS]
        asked = sa.select(grouped, table.c.label, *sums).where(*conditions)
        return [tuple(row) for row in connection.execute(asked.group_by(grouped, table.c.label))]

    def _from_facts(
        self,
        connection: sa.Connection,
        chosen: Filter,
        of_fact: Callable[[Any], Any] | None,
        dimension: int | None = None,
        ids: Sequence[int] | None = None,
    ) -> list[Row]:
        """Return sums over the fact table, grouped by an expression or by a dimension."""
        fact, link = tables.mention_brand, tables.mention_name
        conditions = [
            fact.c.brand_id.in_(chosen.brands),
            fact.c.mention_id >= chosen.low,
            fact.c.mention_id < chosen.high,
            *chosen.conditions(fact),
        ]
        source: Any = fact
        if dimension in (ENTITY, TOPIC):
            source = fact.join(link, link.c.mention_id == fact.c.mention_id)
            conditions.append(link.c.dimension == dimension)
            group = link.c.name_id
        elif dimension is not None:
            group = fact.c.kind if dimension == KIND else fact.c.platform_id
        else:
            assert of_fact is not None
            group = of_fact(fact)
        if ids is not None:
            conditions.append(self._database.among(fact.c.mention_id, ids))
        grouped = group.label("grouped")
        rated = fact.c.rating
        sums = (
            sa.func.count(),
            sa.func.sum(fact.c.opens),
            sa.func.sum(fact.c.engagement),
            sa.func.sum(fact.c.reach),
            sa.func.sum(rated),
            sa.func.count(rated),
        )
        asked = sa.select(grouped, fact.c.label, *sums).select_from(source).where(*conditions)
        return [tuple(row) for row in connection.execute(asked.group_by(grouped, fact.c.label))]

    def _of_ids(
        self,
        connection: sa.Connection,
        selection: Selection,
        chosen: Filter,
        of_fact: Callable[[Any], Any] | None,
        dimension: int | None = None,
    ) -> list[Row]:
        """Return sums over what a search finds."""
        ids = list(self._search.every_id(connection, selection))
        if not ids:
            return []
        return self._from_facts(connection, chosen, of_fact, dimension, ids)

    def _name(
        self, connection: sa.Connection, dimension: str, groups: Sequence[Any]
    ) -> Mapping[Any, str]:
        if dimension == "source":
            return source_names(connection, set(groups), self._database)
        if dimension == "language":
            return {group: group for group in groups}
        if dimension == "kind":
            return {group: KINDS[group] for group in groups}
        return self._names.of(connection, groups)


def _needs_search(selection: Selection) -> bool:
    return bool(selection.query.strip()) or selection.stories


def _nothing(table: Any) -> Any:
    return sa.literal(0)


def _with(selection: Selection, **changes: Any) -> Selection:
    return dataclasses.replace(selection, **changes)


def _replace(chosen: Filter, **changes: Any) -> Filter:
    return dataclasses.replace(chosen, **changes)


def _split(chosen: Filter, width: int) -> tuple[tuple[int, int] | None, list[Filter]]:
    """Return whole units of ``width`` seconds (first, end) and the broken ends."""
    low_second, high_second = chosen.low >> SEQUENCE_BITS, chosen.high >> SEQUENCE_BITS
    first = -(-low_second // width)
    end = high_second // width
    if first >= end:
        return None, [chosen]
    edges = []
    if chosen.low != LOWEST and first * width > low_second:
        edges.append(_replace(chosen, high=first_id(first * width)))
    if chosen.high != HIGHEST and end * width < high_second:
        edges.append(_replace(chosen, low=first_id(end * width)))
    return (max(first, -(1 << 31)), min(end, (1 << 31) - 1)), edges


def _seconds(selection: Selection) -> float:
    if selection.start is None or selection.end is None:
        raise ValueError("rates need a start and an end")
    seconds = (selection.end - selection.start).total_seconds()
    if seconds <= 0:
        raise ValueError("a selection ends before it starts")
    return seconds
