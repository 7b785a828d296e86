"""A selection as numbers and SQL conditions on the fact table.

Bounds are kept to the second and rounded outward, here as everywhere in storage.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from renom.mention import KINDS
from renom.reading import Selection
from storage import tables
from storage.database import Database
from storage.facts import LABELS, MILLION
from storage.moments import id_from, id_until, micros
from storage.names import BRAND, ENTITY, PLATFORM, TOPIC, Names
from storage.tables import ALL

LOWEST, HIGHEST = -(1 << 62), 1 << 62


@dataclass(frozen=True, slots=True)
class Filter:
    """What a selection means in this database. ``low`` <= mention id < ``high``."""

    brands: tuple[int, ...]
    low: int
    high: int
    labels: tuple[int, ...] = ()
    sources: tuple[int, ...] | None = None
    languages: tuple[str, ...] | None = None
    platforms: tuple[int, ...] | None = None
    kinds: tuple[int, ...] | None = None
    rating_below: int | None = None
    names: tuple[int, ...] = ()
    stored_from: int | None = None

    @property
    def tallied(self) -> bool:
        """Whether the hourly tallies can answer alone."""
        return (
            self.platforms is None
            and self.kinds is None
            and self.rating_below is None
            and self.stored_from is None
            and not self.names
        )

    @property
    def tallied_by_day(self) -> bool:
        """Whether the daily tallies by dimension can answer alone."""
        return self.tallied and self.sources is None and self.languages is None

    def tags(self) -> list[list[str]]:
        """Return the tags of the full-text index that narrow to this filter."""
        tags: list[list[str]] = []
        if self.labels:
            tags.append([f"b{b}l{label}" for b in self.brands for label in self.labels])
        elif self.brands != (ALL,):
            tags.append([f"b{b}" for b in self.brands])
        listed: tuple[tuple[str, Iterable[Any] | None], ...] = (
            ("s", self.sources),
            ("g", self.languages),
            ("p", self.platforms),
            ("k", self.kinds),
        )
        tags += [[f"{mark}{v}" for v in values] for mark, values in listed if values is not None]
        return tags

    def conditions(self, fact: Any) -> list[Any]:
        """Return the conditions on rows of ``mention_brand``, brand and range left out."""
        found: list[Any] = []
        if self.labels:
            found.append(fact.c.label.in_(self.labels))
        for column, values in (
            (fact.c.source_id, self.sources),
            (fact.c.lang, self.languages),
            (fact.c.platform_id, self.platforms),
            (fact.c.kind, self.kinds),
        ):
            if values is not None:
                found.append(column.in_(values))
        if self.rating_below is not None:
            found.append(fact.c.rating < self.rating_below)
        link = tables.mention_name
        for number in self.names:
            found.append(
                sa.exists().where(link.c.name_id == number, link.c.mention_id == fact.c.mention_id)
            )
        if self.stored_from is not None:
            mention = tables.mention
            found.append(
                sa.exists().where(
                    mention.c.id == fact.c.mention_id, mention.c.stored_at >= self.stored_from
                )
            )
        return found


def resolve(
    connection: sa.Connection, database: Database, names: Names, selection: Selection
) -> Filter | None:
    """Return the filter of ``selection``; None when nothing can be selected."""
    brands = names.find(connection, BRAND, selection.brands)
    platforms = names.find(connection, PLATFORM, selection.platforms)
    sources = _sources(connection, database, selection.sources)
    kinds = [KINDS.index(kind) for kind in selection.kinds if kind in KINDS]
    wanted: list[int] = []
    for kind, name in ((TOPIC, selection.topic), (ENTITY, selection.entity)):
        if name is None:
            continue
        number = names.find(connection, kind, [name]).get(name)
        if number is None:
            return None
        wanted.append(number)
    asked = (
        (selection.brands, brands),
        (selection.platforms, platforms),
        (selection.sources, sources),
        (selection.kinds, kinds),
    )
    if any(named and not found for named, found in asked):
        return None
    below = selection.ratings_below
    stored_from = selection.collected_from
    return Filter(
        brands=tuple(sorted(brands.values())) or (ALL,),
        low=LOWEST if selection.start is None else id_from(selection.start),
        high=HIGHEST if selection.end is None else id_until(selection.end),
        labels=tuple(sorted(LABELS[label] for label in selection.labels)),
        sources=tuple(sorted(sources)) if selection.sources else None,
        languages=tuple(sorted(selection.languages)) if selection.languages else None,
        platforms=tuple(sorted(platforms.values())) if selection.platforms else None,
        kinds=tuple(sorted(kinds)) if selection.kinds else None,
        rating_below=None if below is None else math.ceil(below * MILLION - 1e-6),
        names=tuple(wanted),
        stored_from=None if stored_from is None else micros(stored_from),
    )


def _sources(connection: sa.Connection, database: Database, wanted: tuple[str, ...]) -> list[int]:
    if not wanted:
        return []
    table = tables.source
    return list(
        connection.execute(
            sa.select(table.c.id).where(database.among(table.c.name, wanted))
        ).scalars()
    )
