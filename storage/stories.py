"""Stories: near-identical mentions counted once, found by exact and band hashes.

Only mentions that *stand for* a story are looked up: its first one and, in a story that goes on,
one a week. So the work for a new mention depends on how many stories share a hash with it, not
on how often a text was copied.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from renom.enrichment import Fingerprint
from renom.stories import alike, sketch
from storage import tables
from storage.database import Database
from storage.moments import first_id

WINDOW = timedelta(days=14)
"""How far apart a mention and what stands for its story may lie."""

RENEW = timedelta(days=7)
"""A member this far from all that stand for its story stands for it too."""

MOST_CANDIDATES = 32
"""Fingerprints compared in full for one mention, the nearest in time first."""

_WINDOW_IDS = first_id(int(WINDOW.total_seconds()))
_RENEW_IDS = first_id(int(RENEW.total_seconds()))
_PERIOD_IDS = 2 * _WINDOW_IDS
"""Hashes are kept by period, two windows long, so that a look-up touches two of them."""


@dataclass(slots=True)
class _Standing:
    """A mention that stands for a story, or is about to be given one (``story_id`` 0)."""

    mention_id: int
    story_id: int
    exact: int
    algorithm: str
    hashes: array[int]
    sketch: bytes

    def similar(self, other: _Standing) -> bool:
        """Tell whether both are near-identical: equal when normalised, or alike enough."""
        if self.exact == other.exact:
            return True
        return self.algorithm == other.algorithm and alike(
            self.algorithm, self.sketch, other.sketch
        )

    @property
    def rows(self) -> list[tuple[int, int, int]]:
        """Its rows of ``story_hash``."""
        number, period = self.mention_id, self.mention_id // _PERIOD_IDS
        return [(period, value, number) for value in self.hashes]


@dataclass(slots=True)
class Assigned:
    """What became of a batch: story of each mention, and mentions that no longer open theirs."""

    story_of: dict[int, int] = field(default_factory=dict)
    demoted: set[int] = field(default_factory=set)


class _Lookup:
    """The standing mentions near a batch, by hash, growing as the batch is gone through."""

    def __init__(self) -> None:
        self._by_hash: dict[int, list[_Standing]] = {}

    def add(self, standing: _Standing) -> None:
        by_hash = self._by_hash
        for value in standing.hashes:
            if value in by_hash:
                by_hash[value].append(standing)
            else:
                by_hash[value] = [standing]

    def find(self, new: _Standing) -> tuple[_Standing | None, int]:
        """Return what stands for the mention's story and the distance to its nearest, in ids."""
        by_hash, number = self._by_hash, new.mention_id
        shared = [by_hash[value] for value in new.hashes if value in by_hash]
        if not shared:
            return None, 0
        near = {
            standing.mention_id: standing
            for some in shared
            for standing in some
            if abs(standing.mention_id - number) <= _WINDOW_IDS
        }
        ordered = sorted(near.values(), key=lambda s: abs(s.mention_id - number))
        same = [s for s in ordered[:MOST_CANDIDATES] if s.similar(new)]
        if not same:
            return None, 0
        first = min(same, key=lambda s: s.mention_id)
        distance = min(abs(s.mention_id - number) for s in same if s.story_id == first.story_id)
        return first, distance


def hashes_of(fingerprint: Fingerprint) -> array[int]:
    """Return the signed 32-bit numbers under which a fingerprint is looked up."""
    values = {(fingerprint.exact & 0xFFFFFFFF) - 0x80000000}
    values.update([(value & 0xFFFFFFFF) - 0x80000000 for value in fingerprint.bands])
    return array("i", values)


def assign(
    connection: sa.Connection,
    database: Database,
    new: Mapping[int, Fingerprint],
) -> Assigned:
    """Give each mention of ``new``, none of which has a story yet, its story; write it all."""
    result = Assigned()
    if not new:
        return result
    arrived = [
        _Standing(number, 0, p.exact, p.algorithm, hashes_of(p), sketch(p))
        for number, p in sorted(new.items())
    ]
    lookup = _read(connection, database, arrived)
    top = connection.execute(sa.select(sa.func.max(tables.story.c.id))).scalar() or 0
    joined: dict[int, list[int]] = {}
    opened: dict[int, list[int]] = {}
    standing: list[_Standing] = []
    for item in arrived:
        number = item.mention_id
        found, distance = lookup.find(item)
        if found is None:
            top += 1
            item.story_id = top
            opened[top] = [number]
        else:
            item.story_id = story = found.story_id
            (opened if story in opened else joined).setdefault(story, []).append(number)
        if found is None or distance > _RENEW_IDS:
            lookup.add(item)
            standing.append(item)
        result.story_of[number] = item.story_id
    _write_standing(connection, database, standing)
    database.insert(
        connection,
        tables.story,
        ("id", "opener_id", "size"),
        [(story, min(members), len(members)) for story, members in opened.items()],
    )
    result.demoted = _join(connection, database, joined)
    _write_story_ids(connection, database, result.story_of)
    return result


def _read(connection: sa.Connection, database: Database, arrived: Sequence[_Standing]) -> _Lookup:
    """Return what stands within the window of any of ``arrived`` and shares a hash with it."""
    lookup = _Lookup()
    wanted: dict[int, set[int]] = {}
    for item in arrived:
        first = (item.mention_id - _WINDOW_IDS) // _PERIOD_IDS
        last = (item.mention_id + _WINDOW_IDS) // _PERIOD_IDS
        for period in range(first, last + 1):
            wanted.setdefault(period, set()).update(item.hashes)
    by_hash, prints = tables.story_hash, tables.fingerprint
    low, high = arrived[0].mention_id - _WINDOW_IDS, arrived[-1].mention_id + _WINDOW_IDS
    near: set[int] = set()
    for period, values in wanted.items():
        asked = sa.select(by_hash.c.mention_id).where(
            by_hash.c.period == period,
            database.among(by_hash.c.hash, list(values)),
            by_hash.c.mention_id >= low,
            by_hash.c.mention_id <= high,
        )
        near.update(connection.execute(asked).scalars())
    if near:
        rows = connection.execute(
            sa.select(
                prints.c.mention_id,
                prints.c.story_id,
                prints.c.exact,
                prints.c.algorithm,
                prints.c.hashes,
                prints.c.sketch,
            ).where(database.among(prints.c.mention_id, sorted(near)))
        )
        for number, story, exact, algorithm, hashes, kept in rows:
            held = array("i", bytes(hashes))
            lookup.add(_Standing(number, story, exact, algorithm, held, bytes(kept)))
    return lookup


def _write_standing(
    connection: sa.Connection, database: Database, standing: Sequence[_Standing]
) -> None:
    database.insert(
        connection,
        tables.fingerprint,
        ("mention_id", "story_id", "exact", "algorithm", "hashes", "sketch"),
        [
            (s.mention_id, s.story_id, s.exact, s.algorithm, s.hashes.tobytes(), s.sketch)
            for s in standing
        ],
    )
    rows = sorted([row for s in standing for row in s.rows])
    database.insert(connection, tables.story_hash, ("period", "hash", "mention_id"), rows)


def _join(
    connection: sa.Connection, database: Database, joined: Mapping[int, Sequence[int]]
) -> set[int]:
    """Add members to known stories; return the mentions that opened one until now."""
    demoted: set[int] = set()
    if not joined:
        return demoted
    table = tables.story
    rows = connection.execute(
        sa.select(table).where(database.among(table.c.id, sorted(joined)))
    ).all()
    for row in rows:
        members = joined[row.id]
        opener = min(row.opener_id, *members)
        if opener != row.opener_id:
            demoted.add(row.opener_id)
        connection.execute(
            sa.update(table)
            .where(table.c.id == row.id)
            .values(opener_id=opener, size=row.size + len(members))
        )
    return demoted


def _write_story_ids(
    connection: sa.Connection, database: Database, story_of: Mapping[int, int]
) -> None:
    database.update(
        connection,
        tables.mention,
        ("story_id",),
        ("id",),
        [(story, number) for number, story in story_of.items()],
    )


def leave(connection: sa.Connection, database: Database, ids: Sequence[int]) -> set[int]:
    """Take mentions out of their stories; return those that open one from now on."""
    promoted: set[int] = set()
    mention, story = tables.mention, tables.story
    rows = connection.execute(
        sa.select(mention.c.id, mention.c.story_id).where(
            database.among(mention.c.id, ids), mention.c.story_id.is_not(None)
        )
    ).all()
    if not rows:
        return promoted
    leaving = [row.id for row in rows]
    counts: dict[int, int] = {}
    for row in rows:
        counts[row.story_id] = counts.get(row.story_id, 0) + 1
    connection.execute(
        sa.update(mention).where(database.among(mention.c.id, leaving)).values(story_id=None)
    )
    _forget(connection, database, leaving)
    for row in connection.execute(
        sa.select(story).where(database.among(story.c.id, sorted(counts)))
    ).all():
        left = row.size - counts[row.id]
        opener = connection.execute(
            sa.select(sa.func.min(mention.c.id)).where(mention.c.story_id == row.id)
        ).scalar()
        if opener is None:
            connection.execute(sa.delete(story).where(story.c.id == row.id))
            continue
        connection.execute(
            sa.update(story).where(story.c.id == row.id).values(opener_id=opener, size=left)
        )
        if opener != row.opener_id:
            promoted.add(opener)
    return promoted


def _forget(connection: sa.Connection, database: Database, ids: Sequence[int]) -> None:
    """Let the mentions ``ids`` stand for no story any more."""
    prints = tables.fingerprint
    rows = connection.execute(
        sa.select(prints.c.mention_id, prints.c.hashes).where(
            database.among(prints.c.mention_id, ids)
        )
    )
    keys = [
        (number // _PERIOD_IDS, value, number)
        for number, hashes in rows
        for value in array("i", bytes(hashes))
    ]
    database.delete_keys(connection, tables.story_hash, ("period", "hash", "mention_id"), keys)
    database.delete(connection, prints.c.mention_id, ids)
