"""Judgements: a person's word on what is about a brand, and what was set aside as not.

A mention judged not relevant loses the match. When that was its only one, it leaves the tables of
mentions whole and waits in ``aside``, where the classifier's decisions are kept as well: both can
be taken back, and neither comes back by collecting again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa
from pydantic import TypeAdapter

from renom.contracts import Batch, Given, SetAside
from renom.errors import StorageError
from renom.mention import Mention
from renom.reading import Judgement
from storage import removal, tables
from storage.codec import decode
from storage.database import Database
from storage.facts import Ledger, read_facts, read_names
from storage.fulltext import FullText
from storage.loading import load
from storage.mentions import Mentions, ukey_of
from storage.moments import micros, moment
from storage.names import BRAND, PLATFORM, Names
from storage.recount import Recount, recount
from storage.retag import retag
from storage.rows import storable
from storage.tables import ALL

MOST_ASIDE = 500
"""Mentions set aside by the classifier that are kept of each brand: the newest ones."""

MILLION = 1_000_000
_ASIDE = tuple(column.name for column in tables.aside.columns)


@cache
def _mentions() -> TypeAdapter[Mention]:
    return TypeAdapter(Mention)


class Judgements:
    """Judge, set aside and take back, inside transactions of the store."""

    def __init__(
        self, database: Database, names: Names, index: FullText, mentions: Mentions
    ) -> None:
        self._database = database
        self._names = names
        self._index = index
        self._mentions = mentions

    # -- judging --------------------------------------------------------------------------------

    def judge(
        self,
        connection: sa.Connection,
        key: str,
        brand: str,
        relevant: bool,
        *,
        by: str,
        now: datetime,
    ) -> None:
        """Keep the word and bring the match in line with it; see ``Store.judge``."""
        brand_id = self._names.give(connection, BRAND, [brand])[brand]
        number = self._mentions.find(connection, [key]).get(key)
        waiting = self._waiting(connection, key)
        if number is None and not waiting:
            raise StorageError(f"there is no mention {key}")
        held: set[int] = set()
        if number is not None:
            facts = read_facts(connection, self._database, [number])[number]
            held = {fact.brand_id for fact in facts} - {ALL}
        self._write(connection, key, brand_id, relevant, by=by, now=now)
        if relevant:
            if number is None:
                self._take_back(connection, key, brand, waiting, now=now)
            elif brand_id not in held:
                self._gain(connection, number, brand_id)
            self._drop(connection, key, brand_id)
        elif number is not None and brand_id in held:
            if held == {brand_id}:
                self._put_aside(connection, number, brand_id, now=now)
            else:
                self._lose(connection, number, brand_id)

    def _write(
        self,
        connection: sa.Connection,
        key: str,
        brand_id: int,
        relevant: bool,
        *,
        by: str,
        now: datetime,
    ) -> None:
        table = tables.judgement
        top = connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
        connection.execute(
            sa.insert(table).values(
                id=top + 1,
                ukey=ukey_of(key, 0),
                brand_id=brand_id,
                key=key,
                relevant=int(relevant),
                author=storable(by)[:200],
                at=micros(now),
            )
        )

    def _waiting(self, connection: sa.Connection, key: str) -> list[sa.Row]:
        table = tables.aside
        rows = connection.execute(sa.select(table).where(table.c.ukey == ukey_of(key, 0))).all()
        return [row for row in rows if _mention(row).key == key]

    def _drop(self, connection: sa.Connection, key: str, brand_id: int) -> None:
        table = tables.aside
        connection.execute(
            sa.delete(table).where(table.c.ukey == ukey_of(key, 0), table.c.brand_id == brand_id)
        )

    def _take_back(
        self,
        connection: sa.Connection,
        key: str,
        brand: str,
        waiting: Sequence[sa.Row],
        *,
        now: datetime,
    ) -> None:
        row = waiting[0]
        given = {} if row.given is None else {key: decode(Given, row.given)}
        given = {key: dataclasses.replace(said, brands=(brand,)) for key, said in given.items()}
        batch = Batch((_mention(row),), cursor=None, given=given)
        self._mentions.save(connection, row.source_id, batch, {key: (brand,)}, now=now)

    def _gain(self, connection: sa.Connection, number: int, brand_id: int) -> None:
        counted = recount(
            connection, self._database, self._names, [number], gained={number: {brand_id}}
        )
        retag(connection, self._database, self._index, counted)
        self._database.insert(
            connection,
            tables.pending,
            ("mention_id", "indexed"),
            [(number, 1)],
            conflict="ON CONFLICT (mention_id) DO UPDATE SET leased_until = 0",
        )

    def _lose(self, connection: sa.Connection, number: int, brand_id: int) -> None:
        """Take one match away; what it counted for goes with it."""
        before = read_facts(connection, self._database, [number])
        names = read_names(connection, self._database, [number]).get(number, set())
        ledger = Ledger()
        for fact in before[number]:
            if fact.brand_id == brand_id:
                ledger.add(fact, names, sign=-1)
        ledger.write(connection, self._database)
        table = tables.mention_brand
        connection.execute(
            sa.delete(table).where(table.c.mention_id == number, table.c.brand_id == brand_id)
        )
        after = {number: [fact for fact in before[number] if fact.brand_id != brand_id]}
        retag(connection, self._database, self._index, Recount(before, after))

    def _put_aside(
        self, connection: sa.Connection, number: int, brand_id: int, *, now: datetime
    ) -> None:
        """Move a mention whose only match is gone out of the tables of mentions."""
        table = tables.mention
        source_id, given = connection.execute(
            sa.select(table.c.source_id, table.c.given).where(table.c.id == number)
        ).one()
        mention = load(connection, self._database, self._names, [number])[number].mention
        removal.remove(connection, self._database, self._names, self._index, [number])
        self._keep(connection, [(mention, brand_id, None, source_id, given)], now=now)

    # -- setting aside --------------------------------------------------------------------------

    def set_aside(
        self, connection: sa.Connection, source_id: int, found: Sequence[SetAside], *, now: datetime
    ) -> None:
        """Keep what the classifier held back, unless it is stored (for whatever brand)."""
        if not found:
            return
        stored = self._mentions.find(connection, [one.mention.key for one in found])
        new = [one for one in found if one.mention.key not in stored]
        numbers = self._names.give(connection, BRAND, [one.brand for one in new])
        rows = [(one.mention, numbers[one.brand], one.probability, source_id, None) for one in new]
        self._keep(connection, rows, now=now)
        for brand_id in sorted({row[1] for row in rows}):
            self._bound(connection, brand_id)

    def _keep(
        self,
        connection: sa.Connection,
        rows: Iterable[tuple[Mention, int, float | None, int, str | None]],
        *,
        now: datetime,
    ) -> None:
        kept = {}
        for mention, brand_id, probability, source_id, given in rows:
            platform = self._names.give(connection, PLATFORM, [mention.platform])
            ukey = ukey_of(mention.key, 0)
            kept[ukey, brand_id] = (
                ukey,
                brand_id,
                source_id,
                platform[mention.platform],
                mention.author.handle if mention.author else None,
                micros(mention.published_at),
                micros(now),
                None if probability is None else round(probability * MILLION),
                given,
                storable(_mentions().dump_json(mention).decode()),
            )
        self._database.insert(
            connection,
            tables.aside,
            _ASIDE,
            list(kept.values()),
            conflict="ON CONFLICT (ukey, brand_id) DO UPDATE SET body = excluded.body",
        )

    def _bound(self, connection: sa.Connection, brand_id: int) -> None:
        table, said = tables.aside, tables.judgement
        newest = (
            sa.select(table.c.ukey)
            .where(table.c.brand_id == brand_id)
            .order_by(table.c.at.desc(), table.c.ukey)
            .limit(MOST_ASIDE)
        )
        connection.execute(
            sa.delete(table).where(
                table.c.brand_id == brand_id,
                table.c.ukey.not_in(newest),
                table.c.ukey.not_in(sa.select(said.c.ukey).where(said.c.brand_id == brand_id)),
            )
        )

    def admitted(
        self, connection: sa.Connection, batch: Batch, matches: Mapping[str, Sequence[str]]
    ) -> tuple[Batch, Mapping[str, Sequence[str]]]:
        """Return the batch and its matches without those judged not relevant."""
        table = tables.judgement
        refusing = sa.select(table.c.id).where(table.c.relevant == 0).limit(1)
        if connection.execute(refusing).first() is None:
            return batch, matches
        keys = {*matches, *batch.given}
        rows = connection.execute(
            sa.select(table.c.key, table.c.brand_id, table.c.relevant)
            .where(self._database.among(table.c.ukey, [ukey_of(key, 0) for key in keys]))
            .order_by(table.c.id)
        ).all()
        last = {(row.key, row.brand_id): row.relevant for row in rows}
        brands = self._names.of(connection, {number for _, number in last})
        refused = {(key, brands[number]) for (key, number), said in last.items() if not said}
        if not refused:
            return batch, matches
        kept = {
            key: tuple(name for name in names if (key, name) not in refused)
            for key, names in matches.items()
        }
        given = {
            key: dataclasses.replace(
                said, brands=tuple(name for name in said.brands if (key, name) not in refused)
            )
            for key, said in batch.given.items()
        }
        return dataclasses.replace(batch, given=given), kept

    # -- reading --------------------------------------------------------------------------------

    def read(self, connection: sa.Connection, brand: str) -> tuple[Judgement, ...]:
        """Return the word that holds on each mention judged for ``brand``, newest first."""
        table = tables.judgement
        number = self._names.find(connection, BRAND, [brand]).get(brand)
        rows = connection.execute(
            sa.select(table).where(table.c.brand_id == number).order_by(table.c.id)
        ).all()
        last = {row.key: row for row in rows}
        texts = self._texts(connection, list(last))
        return tuple(
            Judgement(
                row.key, brand, bool(row.relevant), row.author, moment(row.at), texts.get(key)
            )
            for key, row in sorted(last.items(), key=lambda item: -item[1].id)
        )

    def _texts(self, connection: sa.Connection, keys: Sequence[str]) -> dict[str, str]:
        if not keys:
            return {}
        numbers = self._mentions.find(connection, keys)
        loaded = load(connection, self._database, self._names, list(numbers.values()))
        texts = {found.mention.key: found.mention.full_text for found in loaded.values()}
        table = tables.aside
        rows = connection.execute(
            sa.select(table.c.body).where(
                self._database.among(table.c.ukey, [ukey_of(key, 0) for key in keys])
            )
        )
        for (body,) in rows:
            mention = _mentions().validate_json(body)
            texts.setdefault(mention.key, mention.full_text)
        return texts

    def aside(self, connection: sa.Connection, brand: str, limit: int) -> tuple[SetAside, ...]:
        """Return mentions set aside for ``brand``, in the order of their hash."""
        table = tables.aside
        number = self._names.find(connection, BRAND, [brand]).get(brand)
        rows = connection.execute(
            sa.select(table).where(table.c.brand_id == number).order_by(table.c.ukey).limit(limit)
        )
        return tuple(
            SetAside(
                _mention(row),
                brand,
                None if row.probability is None else row.probability / MILLION,
            )
            for row in rows
        )

    def sample(
        self, connection: sa.Connection, brand: str, limit: int, *, matching: bool = True
    ) -> list[int]:
        """Return ids of mentions that match ``brand`` (or do not), in the order of their hash."""
        fact, table = tables.mention_brand, tables.mention
        number = self._names.find(connection, BRAND, [brand]).get(brand, -1)
        matched = sa.select(fact.c.mention_id).where(fact.c.brand_id == number)
        chosen = table.c.id.in_(matched) if matching else table.c.id.not_in(matched)
        return list(
            connection.execute(
                sa.select(table.c.id).where(chosen).order_by(table.c.ukey).limit(limit)
            ).scalars()
        )

    # -- forgetting -----------------------------------------------------------------------------

    def forget(self, connection: sa.Connection, ids: Sequence[int]) -> None:
        """Forget the judgements of mentions about to be deleted."""
        table, said = tables.mention, tables.judgement
        keys = sa.select(table.c.ukey).where(self._database.among(table.c.id, ids))
        connection.execute(sa.delete(said).where(said.c.ukey.in_(keys)))

    def forget_keys(self, connection: sa.Connection, keys: Iterable[str]) -> None:
        """Forget what was said of these mentions, and those of them set aside."""
        hashes = [ukey_of(key, 0) for key in keys]
        if hashes:
            self._database.delete(connection, tables.judgement.c.ukey, hashes)
            self._database.delete(connection, tables.aside.c.ukey, hashes)

    def forget_aside(self, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
        """Delete what was set aside and meets ``condition``, with its judgements."""
        table = tables.aside
        hashes = list(connection.execute(sa.select(table.c.ukey).where(condition)).scalars())
        self._database.delete(connection, tables.judgement.c.ukey, hashes)
        self._database.delete(connection, table.c.ukey, hashes)
        return len(set(hashes))


def _mention(row: sa.Row) -> Mention:
    return _mentions().validate_json(row.body)
