"""Keep mentions: each once, the newest snapshot of it, with the brands it matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from renom.contracts import Batch, Given, Saved
from renom.enrichment import Enrichment
from renom.errors import StorageError
from renom.mention import Mention
from storage import removal, stories, tables
from storage.database import Database
from storage.facts import Ledger, write_facts
from storage.fulltext import FullText
from storage.moments import first_id, micros
from storage.names import BRAND, PLATFORM, Names
from storage.recount import facts_for, recount, shown_of
from storage.retag import retag
from storage.rows import changes_of, clean, given_text, hash64, values_of
from storage.tables import ALL, SEQUENCE_BITS

SALTS = 2
"""Places a key may hash to: two keys with one hash both find room."""

SEQUENCE_MASK = (1 << SEQUENCE_BITS) - 1
_COLUMNS = tuple(c.name for c in tables.mention.columns)
_LIGHT = tuple(name for name in _COLUMNS if name not in ("title", "text"))


@dataclass(slots=True)
class _Incoming:
    """One mention of a batch on its way in; ``row`` is what is stored of it already."""

    mention: Mention
    brands: tuple[str, ...]
    given: Given | None
    platform_id: int = 0
    ukey: int = 0
    row: Mapping[str, Any] | None = None
    id: int = 0


@dataclass(slots=True)
class _Changes:
    """What a batch does to mentions that are known already."""

    touched: set[int] = field(default_factory=set)
    edited: list[int] = field(default_factory=list)
    gained: dict[int, set[int]] = field(default_factory=dict)
    updates: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=dict)


class Mentions:
    """Save batches inside a writing transaction."""

    def __init__(self, database: Database, names: Names, index: FullText) -> None:
        self._database = database
        self._names = names
        self._index = index

    def save(
        self,
        connection: sa.Connection,
        source_id: int,
        batch: Batch,
        matches: Mapping[str, Sequence[str]],
        *,
        now: datetime,
    ) -> Saved:
        """Keep a batch; see ``Store.save_batch``."""
        incoming = _collapse(batch, matches)
        self._locate(connection, incoming)
        known = [item for item in incoming if item.row is not None]
        new = [item for item in incoming if item.row is None and item.brands]
        unmatched = len(incoming) - len(known) - len(new)
        brand_ids = self._names.give(
            connection, BRAND, (name for item in (*known, *new) for name in item.brands)
        )
        self._insert(connection, source_id, new, brand_ids, now=now)
        updated = self._update(connection, source_id, known, brand_ids)
        gone = self.find(connection, batch.deleted)
        removal.remove(connection, self._database, self._names, self._index, list(gone.values()))
        return Saved(
            stored=len(new),
            already_known=len(known),
            unmatched=unmatched,
            updated=updated,
            deleted=len(gone),
        )

    def find(self, connection: sa.Connection, keys: Iterable[str]) -> dict[str, int]:
        """Return the ids of the mentions with these keys."""
        wanted = {key: _identity(key) for key in keys}
        platforms = self._names.find(connection, PLATFORM, {p for p, _ in wanted.values()})
        table = tables.mention
        hashes = {
            ukey_of(key, salt): None
            for key, (platform, _) in wanted.items()
            if platform in platforms
            for salt in range(SALTS)
        }
        if not hashes:
            return {}
        rows = connection.execute(
            sa.select(table.c.id, table.c.platform_id, table.c.external_id).where(
                self._database.among(table.c.ukey, list(hashes))
            )
        )
        by_identity = {(row.platform_id, row.external_id): row.id for row in rows}
        found = {}
        for key, (platform, external_id) in wanted.items():
            number = by_identity.get((platforms.get(platform, -1), external_id))
            if number is not None:
                found[key] = number
        return found

    def _locate(self, connection: sa.Connection, incoming: Sequence[_Incoming]) -> None:
        """Find what is stored of each mention, and a free hash for each that is not."""
        platforms = self._names.give(
            connection, PLATFORM, (item.mention.platform for item in incoming)
        )
        places = [
            [ukey_of(key, salt) for salt in range(SALTS)]
            for key in (item.mention.key for item in incoming)
        ]
        hashes = [number for mine in places for number in mine]
        table = tables.mention
        rows = connection.execute(
            sa.select(*(table.c[name] for name in _LIGHT)).where(
                self._database.among(table.c.ukey, hashes)
            )
        ).mappings()
        taken = {row["ukey"]: dict(row) for row in rows}
        given_out: set[int] = set()
        for item, mine in zip(incoming, places, strict=True):
            item.platform_id = platforms[item.mention.platform]
            for number in mine:
                row = taken.get(number)
                if row is not None and (row["platform_id"], row["external_id"]) == (
                    item.platform_id,
                    item.mention.external_id,
                ):
                    item.row, item.id = row, row["id"]
            free = [n for n in mine if n not in taken and n not in given_out]
            if item.row is None:
                if not free:
                    raise StorageError(f"no room for the key {item.mention.key}")
                item.ukey = free[0]
                given_out.add(item.ukey)

    def _insert(
        self,
        connection: sa.Connection,
        source_id: int,
        new: Sequence[_Incoming],
        brand_ids: Mapping[str, int],
        *,
        now: datetime,
    ) -> None:
        if not new:
            return
        self._number(connection, new)
        stored_at = micros(now)
        rows, facts, ledger = [], [], Ledger()
        nothing = Enrichment("")
        for item in sorted(new, key=lambda item: item.id):
            row = values_of(item.mention)
            row.update(
                id=item.id,
                ukey=item.ukey,
                platform_id=item.platform_id,
                source_id=source_id,
                stored_at=stored_at,
                story_id=None,
                given=given_text(item.given),
            )
            rows.append(tuple(row[name] for name in _COLUMNS))
            brands = {brand_ids[name]: name for name in item.brands}
            shown = nothing
            if row["given"] is not None:
                shown = shown_of(None, row["given"], {}, brands)
            for fact in facts_for(row, brands, shown, opens=True):
                facts.append(fact)
                ledger.add(fact, ())
        self._database.insert(connection, tables.mention, _COLUMNS, rows)
        write_facts(connection, self._database, facts)
        self._database.insert(
            connection, tables.pending, ("mention_id",), [(row[0],) for row in rows]
        )
        ledger.write(connection, self._database)

    def _number(self, connection: sa.Connection, new: Sequence[_Incoming]) -> None:
        """Give each new mention its id: its second, and a sequence that follows from its key."""
        table = tables.mention
        wanted = [_first_choice(item) for item in new]
        rows = connection.execute(
            sa.select(table.c.id).where(self._database.among(table.c.id, wanted))
        )
        taken = set(rows.scalars())
        for item, number in zip(new, wanted, strict=True):
            while number in taken:
                number = number & ~SEQUENCE_MASK | (number + 1) & SEQUENCE_MASK
                if number not in taken and self._is_taken(connection, number):
                    taken.add(number)
            taken.add(number)
            item.id = number

    def _is_taken(self, connection: sa.Connection, number: int) -> bool:
        table = tables.mention
        found = connection.execute(sa.select(table.c.id).where(table.c.id == number))
        return found.first() is not None

    # -- mentions known already ----------------------------------------------------------------

    def _update(
        self,
        connection: sa.Connection,
        source_id: int,
        known: Sequence[_Incoming],
        brand_ids: Mapping[str, int],
    ) -> int:
        if not known:
            return 0
        changes = _Changes()
        held = self._brands_of(connection, [item.id for item in known])
        for item in known:
            self._compare(item, source_id, held.get(item.id, set()), brand_ids, changes)
        for names, rows in changes.updates.items():
            table = tables.mention
            connection.execute(
                sa.update(table)
                .where(table.c.id == sa.bindparam("of"))
                .values({name: sa.bindparam(f"new_{name}") for name in names}),
                rows,
            )
        promoted = stories.leave(connection, self._database, changes.edited)
        self._requeue(connection, changes)
        counted = recount(
            connection,
            self._database,
            self._names,
            sorted(changes.touched | promoted),
            gained=changes.gained,
        )
        retag(connection, self._database, self._index, counted)
        return len(changes.touched)

    def _compare(
        self,
        item: _Incoming,
        source_id: int,
        held: set[int],
        brand_ids: Mapping[str, int],
        changes: _Changes,
    ) -> None:
        row = item.row
        assert row is not None
        own = row["source_id"] == source_id
        changed = changes_of(row, values_of(item.mention), own=own)
        given = given_text(item.given)
        if given is not None and given != row["given"]:
            changed["given"] = given
        if changed:
            names = tuple(sorted(changed))
            values = {f"new_{name}": changed[name] for name in names}
            changes.updates.setdefault(names, []).append({"of": item.id, **values})
            changes.touched.add(item.id)
        if "digest" in changed:
            changes.edited.append(item.id)
        more = {brand_ids[name] for name in item.brands} - held
        if more:
            changes.gained[item.id] = more
            changes.touched.add(item.id)

    def _brands_of(self, connection: sa.Connection, ids: Sequence[int]) -> dict[int, set[int]]:
        table = tables.mention_brand
        rows = connection.execute(
            sa.select(table.c.mention_id, table.c.brand_id).where(
                self._database.among(table.c.mention_id, ids)
            )
        )
        held: dict[int, set[int]] = {}
        for number, brand in rows:
            if brand != ALL:
                held.setdefault(number, set()).add(brand)
        return held

    def _requeue(self, connection: sa.Connection, changes: _Changes) -> None:
        """Let edited mentions, and those that gained a brand, be enriched again."""
        self._index.drop(connection, changes.edited)
        edited = set(changes.edited)
        self._database.insert(
            connection,
            tables.pending,
            ("mention_id", "indexed"),
            [(number, 0) for number in sorted(edited)],
            conflict="ON CONFLICT (mention_id) DO UPDATE SET indexed = 0, leased_until = 0",
        )
        self._database.insert(
            connection,
            tables.pending,
            ("mention_id", "indexed"),
            [(number, 1) for number in sorted(changes.gained.keys() - edited)],
            conflict="ON CONFLICT (mention_id) DO UPDATE SET leased_until = 0",
        )


def ukey_of(key: str, salt: int) -> int:
    """Return the number under which a mention's key is looked up."""
    return hash64(f"{key}\0{salt}" if salt else key)


def _identity(key: str) -> tuple[str, str]:
    platform, _, external_id = key.partition(":")
    return platform, external_id


def _first_choice(item: _Incoming) -> int:
    second = micros(item.mention.published_at) // 1_000_000
    return first_id(second) | (item.ukey & SEQUENCE_MASK)


def _collapse(batch: Batch, matches: Mapping[str, Sequence[str]]) -> list[_Incoming]:
    """Return the batch with each mention once: its newest snapshot, the brands of all."""
    incoming: dict[str, _Incoming] = {}
    for mention in batch.mentions:
        given = batch.given.get(mention.key)
        brands = tuple(given.brands if given and given.brands else matches.get(mention.key, ()))
        mention = clean(mention)
        key = mention.key
        earlier = incoming.get(key)
        if earlier is not None:
            brands = (*earlier.brands, *brands)
            given = given or earlier.given
            if mention.collected_at < earlier.mention.collected_at:
                mention = earlier.mention
        incoming[key] = _Incoming(mention, tuple(dict.fromkeys(brands)), given)
    return list(incoming.values())
