"""Short numbers for names. A number, once given, means the same name for ever."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from storage import tables
from storage.database import Database

BRAND, PLATFORM, KIND, ENTITY, TOPIC, SOURCE = 1, 2, 3, 4, 5, 6
DIMENSIONS = {
    "platform": PLATFORM,
    "kind": KIND,
    "entity": ENTITY,
    "topic": TOPIC,
    "source": SOURCE,
}


class Names:
    """Look up and give out numbers. What a rolled-back transaction gave out is forgotten."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[tuple[int, str], int] = {}
        self._names: dict[int, str] = {}
        database.on_rollback.append(self.forget)

    def forget(self) -> None:
        """Drop everything remembered; it is read again when asked for."""
        self._ids.clear()
        self._names.clear()

    def find(self, connection: sa.Connection, kind: int, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of those ``names`` that have one."""
        wanted = set(names)
        missing = [name for name in wanted if (kind, name) not in self._ids]
        if missing:
            table = tables.name
            rows = connection.execute(
                sa.select(table.c.id, table.c.name).where(
                    table.c.kind == kind, self._database.among(table.c.name, missing)
                )
            )
            for number, name in rows:
                self._remember(kind, number, name)
        return {name: self._ids[kind, name] for name in wanted if (kind, name) in self._ids}

    def give(self, connection: sa.Connection, kind: int, names: Iterable[str]) -> dict[str, int]:
        """Return the numbers of ``names``, giving new ones; only inside a writing transaction."""
        wanted = set(names)
        found = self.find(connection, kind, wanted)
        new = sorted(wanted - found.keys())
        if new:
            table = tables.name
            top = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
            rows = [(top + i, kind, name) for i, name in enumerate(new, start=1)]
            self._database.insert(connection, table, ("id", "kind", "name"), rows)
            for number, _, name in rows:
                self._remember(kind, number, name)
                found[name] = number
        return found

    def of(self, connection: sa.Connection, numbers: Iterable[int]) -> dict[int, str]:
        """Return the names of ``numbers``."""
        wanted = set(numbers)
        missing = [number for number in wanted if number not in self._names]
        if missing:
            table = tables.name
            rows = connection.execute(
                sa.select(table.c.id, table.c.kind, table.c.name).where(
                    self._database.among(table.c.id, missing)
                )
            )
            for number, kind, name in rows:
                self._remember(kind, number, name)
        return {number: self._names[number] for number in wanted if number in self._names}

    def brands(self, connection: sa.Connection) -> dict[int, str]:
        """Return every brand that ever had a mention."""
        table = tables.name
        rows = connection.execute(sa.select(table.c.id, table.c.name).where(table.c.kind == BRAND))
        return {row.id: row.name for row in rows}

    def _remember(self, kind: int, number: int, name: str) -> None:
        if len(self._ids) > 200_000:
            self.forget()
        self._ids[kind, name] = number
        self._names[number] = name
