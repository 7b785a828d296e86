"""The store: the one way into the database. Nothing but the ground's types goes in or out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import sqlalchemy as sa

from renom.alert import Driver
from renom.contracts import Batch, Cursor, Delivery, Pending, Rejection, Saved, SetAside
from renom.enrichment import LABELS, Enrichment, Label
from renom.errors import StorageError
from renom.reading import AlertRecord, Found, Judgement, Page, Selection, Silence, SourceState
from renom.tally import Series, Tally
from storage import alert_log, corrections, facts, outbox, pending, removal, sources, tables
from storage.alert_log import Log
from storage.corrections import Correction
from storage.database import Database
from storage.fulltext import FullText
from storage.judgements import Judgements
from storage.loading import load
from storage.mentions import Mentions
from storage.migrate import migrate
from storage.moments import id_until, maybe_micros, maybe_moment, micros
from storage.names import BRAND, PLATFORM, Names
from storage.outbox import DeliveryRecord
from storage.recount import recount
from storage.retag import retag
from storage.search import Order, Search
from storage.tables import ALL, SEQUENCE_BITS
from storage.tallies import Tallies

CHUNK = 2_000
"""Mentions changed in one transaction by commands that change many."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is. ``first`` and ``last`` are publication times, to the second."""

    mentions: int
    enriched: int
    pending: int
    stories: int
    first: datetime | None
    last: datetime | None


def open_store(url: str, *, create: bool = True) -> Store:
    """Open the database at ``url`` and bring it to the newest form.

    ``sqlite:///data/renom.db`` (the folder is made) or ``postgresql://user@host/name``. Raises
    StorageError when it cannot be opened, or with ``create=False`` when there is none.
    """
    database = Database(url, create=create)
    migrate(database, create=create)
    return Store(database)


class Store:
    """``renom.contracts.Store``, and what the dashboard and the commands ask besides.

    Safe to share between threads; processes open their own. Every method is one transaction,
    unless it says otherwise.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names = Names(database)
        self._index = FullText(database)
        self._mentions = Mentions(database, self._names, self._index)
        self._search = Search(database, self._names, self._index)
        self._judgements = Judgements(database, self._names, self._index, self._mentions)
        self._tallies = Tallies(database, self._names, self._search)

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- collecting -----------------------------------------------------------------------------

    def cursor(self, source: str) -> Cursor | None:
        """Return the source's cursor, None before the first batch was kept."""
        with self._database.read() as connection:
            return sources.cursor(connection, source)

    def save_batch(
        self,
        source: str,
        batch: Batch,
        matches: Mapping[str, Sequence[str]],
        *,
        now: datetime,
        type: str = "",
        aside: Sequence[SetAside] = (),
    ) -> Saved:
        """Keep a batch with its deletions, rejections and cursor, in one transaction.

        A mention without a brand (in ``matches`` or given) is counted as unmatched and not kept,
        unless it is known already: then only its figures are brought up to date. A known mention
        gains the brands that match now and loses none; a match that a person judged not relevant
        does not come back. ``aside`` is kept apart, the newest 500 of each brand. A batch without
        a cursor leaves the source's cursor where it was.
        """
        with self._database.write_many() as connection:
            number = sources.number_of(connection, source, type=type, now=now)
            batch, matches = self._judgements.admitted(connection, batch, matches)
            self._judgements.forget_keys(connection, batch.deleted)
            saved = self._mentions.save(connection, number, batch, matches, now=now)
            self._judgements.set_aside(connection, number, aside, now=now)
            sources.reject(connection, number, batch.rejected, now=now, unmatched=saved.unmatched)
            if batch.cursor is not None:
                sources.change(
                    connection, number, cursor=json.dumps(batch.cursor, ensure_ascii=False)
                )
            if saved.stored:
                newest = min(now, max(m.published_at for m in batch.mentions))
                column = tables.source.c.last_mention
                known = sa.func.coalesce(column, micros(newest))
                later = sa.case((known > micros(newest), known), else_=micros(newest))
                sources.change(connection, number, last_mention=later)
            return saved

    def source_succeeded(
        self, source: str, *, type: str, now: datetime, next_check: datetime | None
    ) -> None:
        """Record a finished run and forget earlier errors."""
        with self._database.write() as connection:
            number = sources.number_of(connection, source, type=type, now=now)
            sources.succeeded(connection, number, now=now, next_check=next_check)

    def source_failed(
        self,
        source: str,
        *,
        type: str,
        now: datetime,
        error: str,
        hint: str = "",
        paused: bool = False,
        next_check: datetime | None = None,
    ) -> SourceState:
        """Record a failed run; returns the state with its count of failures in a row."""
        with self._database.write() as connection:
            number = sources.number_of(connection, source, type=type, now=now)
            sources.failed(
                connection,
                number,
                now=now,
                error=error,
                hint=hint,
                paused=paused,
                next_check=next_check,
            )
            return sources.states(connection, self._database, now=now, source=source)[0]

    def schedule_source(
        self, source: str, *, next_check: datetime | None, paused: bool = False
    ) -> None:
        """Set when the source is due again, and whether it waits for a person."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(tables.source)
                .where(tables.source.c.name == source)
                .values(next_check=maybe_micros(next_check), paused=int(paused))
            )

    def resume_source(self, source: str) -> None:
        """Take a pause back; the source is due at once."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(tables.source)
                .where(tables.source.c.name == source)
                .values(paused=0, next_check=None, failures=0, error="", hint="")
            )

    def register_source(
        self, source: str, *, type: str, now: datetime, every: timedelta | None = None
    ) -> None:
        """Make a configured source known before its first run, with how often it is checked."""
        with self._database.write() as connection:
            number = sources.number_of(connection, source, type=type, now=now)
            seconds = None if every is None else int(every.total_seconds())
            sources.change(connection, number, every_seconds=seconds)

    def rejections(self, source: str) -> tuple[tuple[datetime, Rejection], ...]:
        """Return the last rejections of a source with their times, newest first (at most 50)."""
        with self._database.read() as connection:
            return sources.rejections(connection, source)

    # -- enriching ------------------------------------------------------------------------------

    def claim_pending(self, *, now: datetime, limit: int, lease: timedelta) -> list[Pending]:
        """Lease the newest mentions that wait for enrichment. A lease that runs out frees them."""
        with self._database.write_many() as connection:
            return pending.claim(
                connection, self._database, self._names, now=now, limit=limit, lease=lease
            )

    def save_enrichments(self, done: Sequence[tuple[Pending, Enrichment]], *, now: datetime) -> int:
        """Keep enrichments, stories, tallies and full text in one transaction; returns how many
        were kept (a mention deleted or edited meanwhile is not)."""
        if not done:
            return 0
        with self._database.write_many() as connection:
            return pending.save(connection, self._database, self._names, self._index, done, now=now)

    def pending_count(self) -> int:
        """Return how many mentions wait for enrichment."""
        with self._database.read() as connection:
            return _count(connection, tables.pending)

    def mark_pending(self, selection: Selection) -> int:
        """Let everything selected be enriched again; returns how many mentions wait now.

        Until then they keep what is known of them. One transaction per 2,000 mentions.
        """
        marked = 0
        for ids in self._chunks(selection):
            with self._database.write() as connection:
                kept = connection.execute(
                    sa.select(tables.mention.c.id).where(
                        self._database.among(tables.mention.c.id, ids)
                    )
                ).scalars()
                rows = [(number, 1) for number in kept]
                self._database.insert(
                    connection,
                    tables.pending,
                    ("mention_id", "indexed"),
                    rows,
                    conflict="ON CONFLICT (mention_id) DO NOTHING",
                )
                marked += len(rows)
        return marked

    # -- alerts ---------------------------------------------------------------------------------

    @contextmanager
    def alert_log(self, *, now: datetime) -> Iterator[Log]:
        """Open the alert memory; leaving the block normally keeps everything, else nothing."""
        with self._database.write() as connection:
            yield Log(connection, self._database, self._found, now=now)

    def claim_deliveries(self, *, now: datetime, limit: int, lease: timedelta) -> list[Delivery]:
        """Lease messages that are due, in order within a thread, at most one a thread."""
        with self._database.read() as connection:
            if not outbox.anything(connection):
                return []
        with self._database.write() as connection:
            return outbox.claim(connection, self._database, now=now, limit=limit, lease=lease)

    def delivery_sent(self, key: str, *, now: datetime, receipt: str) -> None:
        """Record that the message arrived."""
        with self._database.write() as connection:
            outbox.sent(connection, key, now=now, receipt=receipt)

    def delivery_failed(
        self, key: str, *, now: datetime, error: str, retry_at: datetime | None
    ) -> None:
        """Record a failed try; ``retry_at`` None makes it a dead letter."""
        with self._database.write() as connection:
            outbox.failed(connection, key, error=error, retry_at=retry_at)

    def deliveries(
        self, *, limit: int = 100, state: str | None = None
    ) -> tuple[DeliveryRecord, ...]:
        """Return messages of the outbox, newest first; ``state``: waiting, sending, sent, dead."""
        with self._database.read() as connection:
            return outbox.records(connection, limit=limit, state=state)

    def resend(self, key: str, *, now: datetime) -> None:
        """Put a dead message back; raises StorageError when there is no such dead message."""
        with self._database.write() as connection:
            outbox.resend(connection, key, now=now)

    def acknowledge(self, alert_id: int, *, by: str, now: datetime) -> None:
        """Record who has taken note; raises StorageError when there is no such alert."""
        with self._database.write() as connection:
            alert_log.acknowledge(connection, alert_id, by=by, now=now)

    def silence(
        self,
        matchers: Mapping[str, str],
        *,
        starts_at: datetime,
        ends_at: datetime,
        author: str = "",
        comment: str = "",
    ) -> int:
        """Keep alerts quiet whose labels (and ``rule``) have these values; returns its number.

        Raises ValueError without matchers, or when it would end before it starts.
        """
        with self._database.write() as connection:
            return alert_log.silence(
                connection,
                matchers,
                starts_at=starts_at,
                ends_at=ends_at,
                author=author,
                comment=comment,
            )

    def end_silence(self, number: int, *, now: datetime) -> None:
        """End a silence now; raises StorageError when there is no such silence."""
        with self._database.write() as connection:
            alert_log.end_silence(connection, number, now=now)

    def silences(self, now: datetime) -> tuple[Silence, ...]:
        """Return the silences in force at ``now``."""
        with self._database.read() as connection:
            return alert_log.silences(connection, now=now)

    # -- reading --------------------------------------------------------------------------------

    def tally(self, selection: Selection) -> Tally:
        """Return the tally of what was selected; several brands add up their matches.

        A mention counts from the moment it is stored, its sentiment once it is given or
        enriched, and as a story of its own until it is found to be part of an earlier one.
        Bounds are kept to the second. Without ``query`` and ``stories``, mentions are not read.
        """
        with self._database.read() as connection:
            return self._tallies.tally(connection, selection)

    def series(self, selection: Selection, *, step: timedelta, now: datetime) -> Series:
        """Return tallies per bucket of ``step`` (a divisor or multiple of 1 h).

        Bounds are rounded outward to multiples of ``step`` since 1970 UTC, weeks to Mondays.
        """
        with self._database.read() as connection:
            return self._tallies.series(connection, selection, step=step, now=now)

    def by(self, dimension: str, selection: Selection, *, limit: int = 20) -> dict[str, Tally]:
        """Return tallies by ``brand``, ``source``, ``platform``, ``language``, ``kind``,
        ``entity`` or ``topic``, the most mentioned first."""
        with self._database.read() as connection:
            return self._tallies.by(connection, dimension, selection, limit=limit)

    def drivers(
        self, selection: Selection, baseline: Selection, *, limit: int = 8
    ) -> tuple[Driver, ...]:
        """Return what pushed ``selection`` above ``baseline``, greatest share first."""
        with self._database.read() as connection:
            return self._tallies.drivers(connection, selection, baseline, limit=limit)

    def search(
        self,
        selection: Selection,
        *,
        limit: int = 50,
        after: str | None = None,
        order: Order = "newest",
    ) -> Page:
        """Return mentions page by page; a page may be short and still have an ``after``.

        ``newest`` looks at 20,000 mentions at most before it returns; ``relevance`` and
        ``telling`` rank the newest 5,000 matches of a query, ``telling`` without a query the
        newest 200,000 mentions. Raises QueryError when the query cannot be read.
        """
        with self._database.read() as connection:
            return self._search.page(connection, selection, limit=limit, after=after, order=order)

    def export(self, selection: Selection) -> Iterator[Found]:
        """Yield everything selected, newest first, as of the moment of the first one."""
        with self._database.read() as connection:
            yield from self._search.every(connection, selection)

    def found(self, keys: Sequence[str]) -> tuple[Found, ...]:
        """Return the mentions with these keys, in this order, leaving out unknown ones."""
        with self._database.read() as connection:
            return self._found(connection, keys)

    def story(self, key: str, *, limit: int = 200) -> tuple[Found, ...]:
        """Return the mentions of the story that the mention ``key`` belongs to, earliest first."""
        with self._database.read() as connection:
            number = self._mentions.find(connection, [key]).get(key)
            if number is None:
                return ()
            table = tables.mention
            of = sa.select(table.c.story_id).where(table.c.id == number).scalar_subquery()
            members = connection.execute(
                sa.select(table.c.id)
                .where(table.c.story_id == of)
                .order_by(table.c.id)
                .limit(limit)
            )
            ids = list(members.scalars()) or [number]
            loaded = load(connection, self._database, self._names, ids)
            return tuple(loaded[number] for number in ids)

    def sources(self, *, now: datetime) -> tuple[SourceState, ...]:
        """Return every source ever collected or configured, by name."""
        with self._database.read() as connection:
            return sources.states(connection, self._database, now=now)

    def alerts(self, *, open_only: bool = False, limit: int = 200) -> tuple[AlertRecord, ...]:
        """Return alerts, open ones first, then newest first."""
        where = tables.alert.c.ends_at.is_(None) if open_only else None
        with self._database.read() as connection:
            return alert_log.read(connection, self._database, where, limit=limit)

    def counts(self) -> Counts:
        """Return how much there is."""
        table = tables.mention
        with self._database.read() as connection:
            total = self._tallies.tally(connection, Selection())
            first, last = connection.execute(
                sa.select(
                    sa.select(sa.func.min(table.c.id)).scalar_subquery(),
                    sa.select(sa.func.max(table.c.id)).scalar_subquery(),
                )
            ).one()
            return Counts(
                mentions=total.mentions,
                enriched=_count(connection, tables.enrichment),
                pending=_count(connection, tables.pending),
                stories=total.stories,
                first=_published(first),
                last=_published(last),
            )

    def brands(self) -> tuple[str, ...]:
        """Return every brand that ever had a mention, by name."""
        with self._database.read() as connection:
            return tuple(sorted(self._names.brands(connection).values()))

    # -- a person's word, and taking things out -------------------------------------------------

    def correct(
        self, mention_key: str, brand: str | None, label: Label, *, by: str, now: datetime
    ) -> None:
        """Set the sentiment shown, toward ``brand`` or (None) of the whole text.

        It outranks the source and every enricher, now and after enriching again. Raises
        StorageError when there is no such mention or it does not match the brand.
        """
        if label not in LABELS:
            raise ValueError(f"unknown label: {label!r}")
        with self._database.write() as connection:
            number = self._mentions.find(connection, [mention_key]).get(mention_key)
            if number is None:
                raise StorageError(f"there is no mention {mention_key}")
            brand_id: int | None = ALL
            if brand is not None:
                brand_id = self._names.find(connection, BRAND, [brand]).get(brand)
            held = facts.read_facts(connection, self._database, [number])[number]
            if brand_id not in {fact.brand_id for fact in held}:
                raise StorageError(f"{mention_key} does not match {brand}")
            assert brand_id is not None
            corrections.write(connection, number, brand_id, label, by=by, now=now)
            counted = recount(connection, self._database, self._names, [number])
            retag(connection, self._database, self._index, counted)

    def corrections(self, *, limit: int = 1000) -> tuple[Correction, ...]:
        """Return the newest corrections: who said what, when, and what was shown before."""
        with self._database.read() as connection:
            return corrections.listed(connection, self._database, self._names, limit=limit)

    def judge(
        self, mention_key: str, brand: str, relevant: bool, *, by: str, now: datetime
    ) -> None:
        """Say whether a mention is about ``brand``; the last word holds and can be taken back.

        Not relevant: the mention loses the match, at once and for ever, however often it is
        collected; without any other match it is set aside. Relevant: it has the match, coming
        back from aside if it was there. Raises StorageError when there is no such mention.
        """
        with self._database.write() as connection:
            self._judgements.judge(connection, mention_key, brand, relevant, by=by, now=now)

    def judgements(self, brand: str) -> tuple[Judgement, ...]:
        """Return the word that holds on each mention judged for ``brand``, newest first."""
        with self._database.read() as connection:
            return self._judgements.read(connection, brand)

    def set_aside(self, brand: str, *, limit: int = 500) -> tuple[SetAside, ...]:
        """Return mentions of ``brand`` set aside as not relevant, as if shuffled."""
        with self._database.read() as connection:
            return self._judgements.aside(connection, brand, limit)

    def sample(self, brand: str, *, limit: int, matching: bool = True) -> tuple[Found, ...]:
        """Return mentions that match ``brand`` (or do not), as if shuffled, always the same way.

        A larger sample begins with the smaller one. Reads an id of every match.
        """
        with self._database.read() as connection:
            ids = self._judgements.sample(connection, brand, limit, matching=matching)
            loaded = load(connection, self._database, self._names, ids)
            return tuple(loaded[number] for number in ids)

    def delete_mentions(self, chosen: Selection | Sequence[str]) -> int:
        """Delete what is selected, or the mentions with these keys, and everything derived.

        Returns how many were deleted. One transaction per 2,000 mentions.
        """
        if isinstance(chosen, Selection):
            return sum(self._remove(ids) for ids in self._chunks(chosen))
        with self._database.read() as connection:
            ids = list(self._mentions.find(connection, chosen).values())
        with self._database.write() as connection:
            self._judgements.forget_keys(connection, chosen)
        return sum(self._remove(ids[i : i + CHUNK]) for i in range(0, len(ids), CHUNK))

    def erase_author(self, platform: str, handle: str) -> int:
        """Delete every mention by an author; returns how many there were."""
        table = tables.mention
        with self._database.read() as connection:
            number = self._names.find(connection, PLATFORM, [platform]).get(platform)
            found = connection.execute(
                sa.select(table.c.id).where(table.c.platform_id == number, table.c.handle == handle)
            )
            ids = list(found.scalars())
        held = tables.aside
        with self._database.write() as connection:
            mine = sa.and_(held.c.platform_id == number, held.c.handle == handle)
            set_aside = self._judgements.forget_aside(connection, mine)
        chunks = (ids[i : i + CHUNK] for i in range(0, len(ids), CHUNK))
        return set_aside + sum(self._remove(chunk) for chunk in chunks)

    def apply_retention(self, before: datetime) -> int:
        """Delete every mention published before ``before``; returns how many there were."""
        table = tables.mention
        with self._database.write() as connection:
            old = tables.aside.c.published_at < micros(before)
            deleted = self._judgements.forget_aside(connection, old)
        while True:
            with self._database.read() as connection:
                ids = list(
                    connection.execute(
                        sa.select(table.c.id)
                        .where(table.c.id < id_until(before), table.c.published_at < micros(before))
                        .order_by(table.c.id)
                        .limit(CHUNK)
                    ).scalars()
                )
            if not ids:
                return deleted
            deleted += self._remove(ids)

    def rebuild_tallies(self) -> None:
        """Count all tallies again from the facts, in one transaction."""
        with self._database.write() as connection:
            facts.rebuild(connection, self._database)

    # -- inside ---------------------------------------------------------------------------------

    def _found(self, connection: sa.Connection, keys: Sequence[str]) -> tuple[Found, ...]:
        numbers = self._mentions.find(connection, keys)
        loaded = load(connection, self._database, self._names, list(numbers.values()))
        return tuple(
            loaded[numbers[key]] for key in keys if key in numbers and numbers[key] in loaded
        )

    def _remove(self, ids: Sequence[int]) -> int:
        with self._database.write() as connection:
            self._judgements.forget(connection, ids)
            return removal.remove(connection, self._database, self._names, self._index, ids)

    def _chunks(self, selection: Selection) -> Iterator[list[int]]:
        with self._database.read() as connection:
            ids = list(self._search.every_id(connection, selection))
        for start in range(0, len(ids), CHUNK):
            yield ids[start : start + CHUNK]


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)


def _published(mention_id: int | None) -> datetime | None:
    return None if mention_id is None else maybe_moment((mention_id >> SEQUENCE_BITS) * 1_000_000)


__all__ = ["Correction", "Counts", "DeliveryRecord", "Store", "open_store"]
