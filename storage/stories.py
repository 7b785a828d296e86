"""Stories: near-identical mentions counted once, found by exact and band hashes.

Only mentions that *stand for* a story are looked up: its first one and, in a story that goes on,
one a week. So the work for a new mention depends on how many stories share a hash with it, not
on how often a text was copied.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import sqlalchemy as sa

from renom.enrichment import Fingerprint
from renom.stories import similar
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


@dataclass(slots=True)
class _Standing:
    """A mention that stands for a story."""

    mention_id: int
    story_id: int
    fingerprint: Fingerprint


@dataclass(slots=True)
class Assigned:
    """What became of a batch: story of each mention, and mentions that no longer open theirs."""

    story_of: dict[int, int] = field(default_factory=dict)
    demoted: set[int] = field(default_factory=set)


class _Lookup:
    """The standing mentions near a batch, by hash, growing as the batch is gone through."""

    def __init__(self) -> None:
        self._by_hash: dict[int, dict[int, _Standing]] = {}

    def add(self, standing: _Standing) -> None:
        for number in hashes_of(standing.fingerprint):
            self._by_hash.setdefault(number, {})[standing.mention_id] = standing

    def find(self, mention_id: int, fingerprint: Fingerprint) -> tuple[_Standing | None, int]:
        """Return what stands for the mention's story and the distance to its nearest, in ids."""
        near: dict[int, _Standing] = {}
        for number in hashes_of(fingerprint):
            for standing in self._by_hash.get(number, {}).values():
                if abs(standing.mention_id - mention_id) <= _WINDOW_IDS:
                    near[standing.mention_id] = standing
        ordered = sorted(near.values(), key=lambda s: abs(s.mention_id - mention_id))
        same = [s for s in ordered[:MOST_CANDIDATES] if similar(fingerprint, s.fingerprint)]
        if not same:
            return None, 0
        first = min(same, key=lambda s: s.mention_id)
        distance = min(abs(s.mention_id - mention_id) for s in same if s.story_id == first.story_id)
        return first, distance


def hashes_of(fingerprint: Fingerprint) -> list[int]:
    """Return the numbers under which a fingerprint is looked up."""
    return list(dict.fromkeys((fingerprint.exact, *fingerprint.bands)))


def assign(
    connection: sa.Connection,
    database: Database,
    new: Mapping[int, Fingerprint],
) -> Assigned:
    """Give each mention of ``new``, none of which has a story yet, its story; write it all."""
    result = Assigned()
    if not new:
        return result
    lookup = _read(connection, database, new)
    top = connection.execute(sa.select(sa.func.max(tables.story.c.id))).scalar() or 0
    joined: dict[int, list[int]] = {}
    opened: dict[int, list[int]] = {}
    standing: list[_Standing] = []
    for number in sorted(new):
        fingerprint = new[number]
        found, distance = lookup.find(number, fingerprint)
        if found is None:
            top += 1
            story = top
            opened[story] = [number]
        else:
            story = found.story_id
            (opened if story in opened else joined).setdefault(story, []).append(number)
        if found is None or distance > _RENEW_IDS:
            stands = _Standing(number, story, fingerprint)
            lookup.add(stands)
            standing.append(stands)
        result.story_of[number] = story
    _write_standing(connection, database, standing)
    database.insert(
        connection,
        tables.story,
        ("id", "opener_id", "size"),
        [(story, min(members), len(members)) for story, members in opened.items()],
    )
    result.demoted = _join(connection, database, joined)
    _write_story_ids(connection, result.story_of)
    return result


def _read(connection: sa.Connection, database: Database, new: Mapping[int, Fingerprint]) -> _Lookup:
    lookup = _Lookup()
    wanted = sorted({number for fingerprint in new.values() for number in hashes_of(fingerprint)})
    by_hash, prints = tables.story_hash, tables.fingerprint
    near = (
        sa.select(by_hash.c.mention_id)
        .where(
            database.among(by_hash.c.hash, wanted),
            by_hash.c.mention_id >= min(new) - _WINDOW_IDS,
            by_hash.c.mention_id <= max(new) + _WINDOW_IDS,
        )
        .distinct()
    )
    rows = connection.execute(sa.select(prints).where(prints.c.mention_id.in_(near)))
    for row in rows:
        fingerprint = Fingerprint(
            row.exact, tuple(json.loads(row.bands)), bytes(row.signature), row.algorithm
        )
        lookup.add(_Standing(row.mention_id, row.story_id, fingerprint))
    return lookup


def _write_standing(
    connection: sa.Connection, database: Database, standing: Sequence[_Standing]
) -> None:
    database.insert(
        connection,
        tables.fingerprint,
        ("mention_id", "story_id", "exact", "algorithm", "bands", "signature"),
        [
            (
                s.mention_id,
                s.story_id,
                s.fingerprint.exact,
                s.fingerprint.algorithm,
                json.dumps(s.fingerprint.bands),
                s.fingerprint.signature,
            )
            for s in standing
        ],
    )
    rows = sorted((number, s.mention_id) for s in standing for number in hashes_of(s.fingerprint))
    database.insert(connection, tables.story_hash, ("hash", "mention_id"), rows)


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


def _write_story_ids(connection: sa.Connection, story_of: Mapping[int, int]) -> None:
    table = tables.mention
    connection.execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("of"))
        .values(story_id=sa.bindparam("story")),
        [{"of": number, "story": story} for number, story in story_of.items()],
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
    database.delete(connection, tables.story_hash.c.mention_id, leaving)
    database.delete(connection, tables.fingerprint.c.mention_id, leaving)
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
