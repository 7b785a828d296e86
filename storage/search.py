"""Search: the index proposes, the facts filter, the matcher decides.

Pages follow a key (the last mention shown), never an offset. One page looks at a bounded number
of mentions: when it has looked at that many it is returned short, and ``after`` continues.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from renom.errors import QueryError
from renom.query import Matcher, Node, fold, parse
from renom.reading import Found, Page, Selection
from storage import tables
from storage.database import Database
from storage.fulltext import FullText, unindexed
from storage.loading import document_of, load
from storage.names import Names
from storage.rows import hash64
from storage.selection import Filter, resolve

Order = Literal["newest", "relevance", "telling"]

MOST_SCANNED = 20_000
"""Mentions looked at for one page before it is returned short."""

MOST_RANKED = 5_000
"""Newest matches that ``relevance`` and a ``telling`` with a query rank."""

MOST_WEIGHED = 200_000
"""Newest facts that ``telling`` without a query ranks."""

MOST_MEMBERS = 50
"""Earlier members of a story looked at to see whether one of them is shown instead."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A selection made ready to search."""

    selection: Selection
    filter: Filter
    root: Node | None
    matcher: Matcher | None


@dataclass(frozen=True, slots=True)
class _Chunk:
    """What a stretch of candidates came to; ``reached`` is the lowest id looked at."""

    ids: list[int]
    found: list[Found]
    looked_at: int
    reached: int


class Search:
    """Find mentions inside a reading transaction."""

    def __init__(self, database: Database, names: Names, index: FullText) -> None:
        self._database = database
        self._names = names
        self._index = index

    def page(
        self,
        connection: sa.Connection,
        selection: Selection,
        *,
        limit: int,
        after: str | None,
        order: Order,
    ) -> Page:
        """Return a page; see ``Reader.search``."""
        if limit < 1:
            raise ValueError(f"limit is below 1: {limit!r}")
        last = _read_token(after, selection, order)
        asked = self._ask(connection, selection)
        if asked is None:
            return Page(())
        if order == "newest" or (order == "relevance" and asked.matcher is None):
            return self._newest(connection, asked, limit, last, order)
        return self._ranked(connection, asked, limit, last, order)

    def every(self, connection: sa.Connection, selection: Selection) -> Iterator[Found]:
        """Yield everything selected, newest first."""
        asked = self._ask(connection, selection)
        if asked is None:
            return
        for chunk in self._scan(connection, asked, asked.filter.high):
            yield from chunk.found

    def every_id(self, connection: sa.Connection, selection: Selection) -> Iterator[int]:
        """Yield the number of everything selected, newest first."""
        asked = self._ask(connection, selection)
        if asked is None:
            return
        if asked.matcher is None and not selection.stories:
            high = asked.filter.high
            while ids := self._walk(connection, asked.filter, high, 5_000):
                yield from ids
                high = ids[-1]
            return
        for chunk in self._scan(connection, asked, asked.filter.high):
            yield from chunk.ids

    def _ask(self, connection: sa.Connection, selection: Selection) -> _Asked | None:
        root = matcher = None
        if selection.query.strip():
            query = parse(selection.query)
            root, matcher = query.root, Matcher({"": query})
        found = resolve(connection, self._database, self._names, selection)
        return None if found is None else _Asked(selection, found, root, matcher)

    # -- newest first ---------------------------------------------------------------------------

    def _newest(
        self,
        connection: sa.Connection,
        asked: _Asked,
        limit: int,
        last: list[Any] | None,
        order: Order,
    ) -> Page:
        high = asked.filter.high if last is None else int(last[0])
        shown: list[tuple[int, Found]] = []
        scanned = 0
        ended = True
        for chunk in self._scan(connection, asked, high, first=limit + 1):
            shown += zip(chunk.ids, chunk.found, strict=True)
            scanned += chunk.looked_at
            high = chunk.reached
            if len(shown) > limit or scanned >= MOST_SCANNED:
                ended = False
                break
        if len(shown) > limit:
            shown = shown[:limit]
            high, ended = shown[-1][0], False
        token = None if ended else _token(asked.selection, order, [high])
        return Page(tuple(found for _, found in shown), token)

    def _scan(
        self, connection: sa.Connection, asked: _Asked, high: int, *, first: int = 200
    ) -> Iterator[_Chunk]:
        """Yield what is selected below ``high``, chunk by chunk, newest first."""
        size = max(32, first)
        while True:
            proposed = self._propose(connection, asked, high, size)
            if not proposed:
                return
            high = proposed[-1]
            ids = proposed
            if asked.root is not None:
                ids = self._holding(connection, asked.filter, proposed)
            kept, found = self._decide(connection, asked, ids)
            yield _Chunk(kept, found, len(proposed), high)
            size = min(2_000, size * 2)

    def _propose(self, connection: sa.Connection, asked: _Asked, high: int, size: int) -> list[int]:
        """Return the next candidates below ``high``, newest first; empty at the end."""
        if asked.root is None:
            return self._walk(connection, asked.filter, high, size)
        low = asked.filter.low
        indexed = self._index.candidates(
            connection, asked.root, asked.filter.tags(), low=low, high=high, limit=size
        )
        if indexed is None:
            return self._walk(connection, asked.filter, high, size)
        waiting = unindexed(connection, low=low, high=high, limit=size)
        # A full list says nothing below its last id: neither may the two together.
        edge = max((some[-1] for some in (indexed, waiting) if len(some) == size), default=low)
        return sorted({n for n in (*indexed, *waiting) if n >= edge}, reverse=True)

    def _walk(self, connection: sa.Connection, chosen: Filter, high: int, size: int) -> list[int]:
        """Return the next mentions below ``high`` that the facts select, newest first."""
        fact = tables.mention_brand
        ids: set[int] = set()
        for brand in chosen.brands:
            # Brand by brand, each a walk along the primary key that stops at ``size``.
            ids.update(
                connection.execute(
                    sa.select(fact.c.mention_id)
                    .where(
                        fact.c.brand_id == brand,
                        fact.c.mention_id >= chosen.low,
                        fact.c.mention_id < high,
                        *chosen.conditions(fact),
                    )
                    .order_by(fact.c.mention_id.desc())
                    .limit(size)
                ).scalars()
            )
        return sorted(ids, reverse=True)[:size]

    def _holding(self, connection: sa.Connection, chosen: Filter, ids: Sequence[int]) -> list[int]:
        """Return those of ``ids`` that the facts select, newest first."""
        fact = tables.mention_brand
        rows = connection.execute(
            sa.select(fact.c.mention_id)
            .where(
                self._database.among(fact.c.mention_id, ids),
                fact.c.brand_id.in_(chosen.brands),
                fact.c.mention_id >= chosen.low,
                fact.c.mention_id < chosen.high,
                *chosen.conditions(fact),
            )
            .distinct()
        )
        return sorted(rows.scalars(), reverse=True)

    def _decide(
        self, connection: sa.Connection, asked: _Asked, ids: Sequence[int]
    ) -> tuple[list[int], list[Found]]:
        """Return those of ``ids`` that the matcher, and the wish for stories, let through."""
        matched = self._match(connection, asked.matcher, ids)
        if asked.selection.stories:
            matched = [
                (number, found)
                for number, found in matched
                if found.story_size == 1 or self._is_first(connection, asked, number)
            ]
        return [number for number, _ in matched], [found for _, found in matched]

    def _match(
        self, connection: sa.Connection, matcher: Matcher | None, ids: Sequence[int]
    ) -> list[tuple[int, Found]]:
        loaded = load(connection, self._database, self._names, ids)
        if matcher is None:
            return [(number, loaded[number]) for number in ids if number in loaded]
        matched = []
        for number in ids:
            if number not in loaded:
                continue
            spans = matcher.match(document_of(loaded[number])).get("")
            if spans is not None:
                matched.append((number, dataclasses.replace(loaded[number], spans=spans)))
        return matched

    def _is_first(self, connection: sa.Connection, asked: _Asked, number: int) -> bool:
        """Tell whether no earlier mention of the same story is selected too."""
        mention = tables.mention
        of = sa.select(mention.c.story_id).where(mention.c.id == number).scalar_subquery()
        earlier = list(
            connection.execute(
                sa.select(mention.c.id)
                .where(
                    mention.c.story_id == of,
                    mention.c.id < number,
                    mention.c.id >= asked.filter.low,
                )
                .order_by(mention.c.id)
                .limit(MOST_MEMBERS)
            ).scalars()
        )
        if not earlier:
            return True
        held = self._holding(connection, asked.filter, earlier)
        return not self._match(connection, asked.matcher, held)

    # -- ranked ---------------------------------------------------------------------------------

    def _ranked(
        self,
        connection: sa.Connection,
        asked: _Asked,
        limit: int,
        last: list[Any] | None,
        order: Order,
    ) -> Page:
        if order == "telling" and asked.matcher is None and not asked.selection.stories:
            weighed = self._weigh(connection, asked.filter, None)
            best = _below(weighed, last, limit)
            loaded = load(connection, self._database, self._names, [n for _, n in best[:limit]])
            shown = [loaded[n] for _, n in best[:limit] if n in loaded]
        else:
            by_id: dict[int, Found] = {}
            for chunk in self._scan(connection, asked, asked.filter.high):
                by_id.update(zip(chunk.ids, chunk.found, strict=True))
                if len(by_id) >= MOST_RANKED:
                    break
            if order == "telling":
                weighed = self._weigh(connection, asked.filter, sorted(by_id))
            else:
                weighed = [(_relevance(found), number) for number, found in by_id.items()]
            best = _below(weighed, last, limit)
            shown = [by_id[number] for _, number in best[:limit]]
        more = len(best) > limit
        token = _token(asked.selection, order, list(best[limit - 1])) if more else None
        return Page(tuple(shown), token)

    def _weigh(
        self, connection: sa.Connection, chosen: Filter, ids: Sequence[int] | None
    ) -> list[tuple[float, int]]:
        """Return (how telling, id): strength of feeling times the logarithm of engagement."""
        fact = tables.mention_brand
        asked = sa.select(fact.c.mention_id, fact.c.score, fact.c.engagement).where(
            fact.c.brand_id.in_(chosen.brands),
            fact.c.mention_id >= chosen.low,
            fact.c.mention_id < chosen.high,
            *chosen.conditions(fact),
        )
        if ids is None:
            asked = asked.order_by(fact.c.mention_id.desc()).limit(MOST_WEIGHED)
        else:
            asked = asked.where(self._database.among(fact.c.mention_id, ids))
        weights: dict[int, float] = {}
        for number, score, engagement in connection.execute(asked):
            # A mention without feeling still counts a little: much engagement tells as well.
            value = round((0.05 + abs(score) / 100) * math.log(2.718 + engagement), 6)
            weights[number] = max(value, weights.get(number, 0.0))
        return [(value, number) for number, value in weights.items()]


def _below(
    weighed: Sequence[tuple[float, int]], last: list[Any] | None, limit: int
) -> list[tuple[float, int]]:
    edge = None if last is None else (float(last[0]), int(last[1]))
    left = [pair for pair in weighed if edge is None or pair < edge]
    return sorted(left, reverse=True)[: limit + 1]


def _relevance(found: Found) -> float:
    """Return how relevant a match is: saturated, length-normalised frequency, as in BM25.

    Different words that match count more than one word often; a match in the title half as much
    again. It needs no statistics of the whole, so both databases give the same order.
    """
    text = found.mention.full_text
    title = len(found.mention.title or "")
    frequency = max(1, len(found.spans))
    different = len({fold(text[start:end]) for start, end in found.spans}) or 1
    length = 0.5 + 0.5 * len(text) / 400
    value = frequency * 2.2 / (frequency + 1.2 * length) * (1 + math.log(different))
    if any(start < title for start, _ in found.spans):
        value *= 1.5
    return round(value, 6)


def _signature(selection: Selection, order: str) -> str:
    return f"{hash64(repr((selection, order))) & 0xFFFFFFFF:08x}"


def _token(selection: Selection, order: str, key: list[Any]) -> str:
    body = json.dumps([_signature(selection, order), key])
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def _read_token(after: str | None, selection: Selection, order: str) -> list[Any] | None:
    """Return the key in a token: [id], or [value, id] of a ranked order."""
    if after is None:
        return None
    try:
        padded = after + "=" * (-len(after) % 4)
        signature, key = json.loads(base64.urlsafe_b64decode(padded))
        numbers: list[Any] = [*(float(value) for value in key[:-1]), int(key[-1])]
    except (ValueError, TypeError, IndexError) as error:
        raise QueryError("this is not a page of results", "search again") from error
    if signature != _signature(selection, order):
        raise QueryError("this page belongs to another search", "search again")
    return numbers
