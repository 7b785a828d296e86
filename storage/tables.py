"""The tables, as SQLAlchemy sees them; the migrations make them.

A mention's id is ``published second << 22 | sequence``: newest first and every range of time is
a range of ids. Times are microseconds since 1970 UTC, hours and days are counted since 1970,
ratings are millionths: whole numbers add up exactly. Brand 0 stands for all mentions, each once.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, SmallInteger, Text

metadata = sa.MetaData()

Id = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit key. Only a column of the type INTEGER is SQLite's own row number, without an index."""

SEQUENCE_BITS = 22
ALL = 0
"""The id of the row that stands for all brands."""

name = sa.Table(
    "name",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),
    Column("name", Text, nullable=False),
    sa.UniqueConstraint("kind", "name", name="name_kind_name"),
)
"""Short numbers for names: brands, platforms, entities, topics (see ``storage.names``)."""

source = sa.Table(
    "source",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("type", Text, nullable=False, server_default=""),
    Column("cursor", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("last_success", BigInteger),
    Column("last_attempt", BigInteger),
    Column("next_check", BigInteger),
    Column("last_mention", BigInteger),
    Column("every_seconds", BigInteger),
    Column("rejected_total", BigInteger, nullable=False, server_default="0"),
    Column("unmatched_total", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text, nullable=False, server_default=""),
    Column("hint", Text, nullable=False, server_default=""),
    Column("paused", SmallInteger, nullable=False, server_default="0"),
)

rejection = sa.Table(
    "rejection",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("source_id", Integer, ForeignKey("source.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("item", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

mention = sa.Table(
    "mention",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("ukey", BigInteger, nullable=False, unique=True),
    Column("platform_id", Integer, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("digest", BigInteger, nullable=False),
    Column("published_at", BigInteger, nullable=False),
    Column("collected_at", BigInteger, nullable=False),
    Column("stored_at", BigInteger, nullable=False),
    Column("story_id", BigInteger),
    Column("language", Text),
    Column("rating", Text),
    Column("likes", BigInteger),
    Column("replies", BigInteger),
    Column("shares", BigInteger),
    Column("views", BigInteger),
    Column("reach", BigInteger),
    Column("followers", BigInteger),
    Column("handle", Text),
    Column("author_name", Text),
    Column("stakeholder", Text),
    Column("place", Text),
    Column("parent_id", Text),
    Column("url", Text),
    Column("given", Text),
    Column("title", Text),
    Column("text", Text, nullable=False),
    Index("mention_stored", "stored_at"),
    Index("mention_story", "story_id", "id"),
    Index("mention_author", "platform_id", "handle"),
)
"""``ukey`` hashes the key, ``digest`` title and text; ``rating`` is JSON [given, worst, best]."""

mention_brand = sa.Table(
    "mention_brand",
    metadata,
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    Column("mention_id", BigInteger, primary_key=True, autoincrement=False),
    Column("label", SmallInteger, nullable=False),
    Column("score", SmallInteger, nullable=False),
    Column("source_id", Integer, nullable=False),
    Column("platform_id", Integer, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("opens", SmallInteger, nullable=False),
    Column("engagement", BigInteger, nullable=False),
    Column("reach", BigInteger, nullable=False),
    Column("rating", Integer),
    Column("lang", Text, nullable=False),
    Index("mention_brand_mention", "mention_id"),
    sqlite_with_rowid=False,
)
"""The narrow fact table: one row a match and one for brand 0.

``label`` 0 is not scored yet, ``score`` is in hundredths, ``opens`` says it opened its story.
"""

mention_name = sa.Table(
    "mention_name",
    metadata,
    Column("mention_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name_id", Integer, primary_key=True, autoincrement=False),
    Column("dimension", SmallInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Which entities and topics a mention has."""

enrichment = sa.Table(
    "enrichment",
    metadata,
    Column("mention_id", Id, primary_key=True, autoincrement=False),
    Column("enriched_at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)

pending = sa.Table(
    "pending",
    metadata,
    Column("mention_id", Id, primary_key=True, autoincrement=False),
    Column("indexed", SmallInteger, nullable=False, server_default="0"),
    Column("leased_until", BigInteger, nullable=False, server_default="0"),
    Index(
        "pending_unindexed",
        "mention_id",
        sqlite_where=sa.text("indexed = 0"),
        postgresql_where=sa.text("indexed = 0"),
    ),
)
"""The queue of enriching. ``indexed``: the full-text index already holds this very text."""

story = sa.Table(
    "story",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("opener_id", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
)

story_hash = sa.Table(
    "story_hash",
    metadata,
    Column("period", SmallInteger, primary_key=True, autoincrement=False),
    Column("hash", Integer, primary_key=True, autoincrement=False),
    Column("mention_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Exact and band hashes, cut to 32 bits, of the mentions that stand for their story.

``period`` counts windows of ``storage.stories``: what is looked up together lies together.
"""

fingerprint = sa.Table(
    "fingerprint",
    metadata,
    Column("mention_id", Id, primary_key=True, autoincrement=False),
    Column("story_id", BigInteger, nullable=False),
    Column("exact", BigInteger, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("hashes", sa.LargeBinary, nullable=False),
    Column("sketch", sa.LargeBinary, nullable=False),
)
"""Fingerprints of the mentions that stand for their story; ``hashes`` as in ``story_hash``."""

tally = sa.Table(
    "tally",
    metadata,
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("source_id", Integer, primary_key=True, autoincrement=False),
    Column("lang", Text, primary_key=True),
    Column("label", SmallInteger, primary_key=True, autoincrement=False),
    Column("mentions", BigInteger, nullable=False),
    Column("stories", BigInteger, nullable=False),
    Column("engagement", BigInteger, nullable=False),
    Column("reach", BigInteger, nullable=False),
    Column("rating_sum", BigInteger, nullable=False),
    Column("rating_count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

tally_day = sa.Table(
    "tally_day",
    metadata,
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    Column("dimension", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("value_id", Integer, primary_key=True, autoincrement=False),
    Column("label", SmallInteger, primary_key=True, autoincrement=False),
    Column("mentions", BigInteger, nullable=False),
    Column("stories", BigInteger, nullable=False),
    Column("engagement", BigInteger, nullable=False),
    Column("reach", BigInteger, nullable=False),
    Column("rating_sum", BigInteger, nullable=False),
    Column("rating_count", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""By platform, kind, entity and topic (see ``storage.names``) a day; brand 0 by source too."""

correction = sa.Table(
    "correction",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("mention_id", BigInteger, nullable=False, index=True),
    Column("brand_id", Integer, nullable=False),
    Column("label", SmallInteger, nullable=False),
    Column("was", SmallInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""What people said about a sentiment; the last row of (mention, brand) holds."""

judgement = sa.Table(
    "judgement",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("ukey", BigInteger, nullable=False),
    Column("brand_id", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("relevant", SmallInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("judgement_key", "ukey", "brand_id", "id"),
    Index("judgement_brand", "brand_id", "id"),
)
"""What people said about relevance; the last row of (ukey, brand) holds, stored or not."""

aside = sa.Table(
    "aside",
    metadata,
    Column("ukey", BigInteger, primary_key=True, autoincrement=False),
    Column("brand_id", Integer, primary_key=True, autoincrement=False),
    Column("source_id", Integer, nullable=False),
    Column("platform_id", Integer, nullable=False),
    Column("handle", Text),
    Column("published_at", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("probability", Integer),
    Column("given", Text),
    Column("body", Text, nullable=False),
    Index("aside_brand", "brand_id", "at"),
    Index("aside_author", "platform_id", "handle"),
    Index("aside_published", "published_at"),
)
"""Mentions that a brand's query matches and that are not relevant: whole, to be taken back.

``probability`` is in millionths, NULL where a person decided.
"""

alert = sa.Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("fingerprint", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("acknowledged_by", Text),
    Column("acknowledged_at", BigInteger),
    Column("silenced_by", BigInteger),
    Index("alert_fingerprint", "fingerprint", "id"),
    Index("alert_opened", "opened_at"),
    Index(
        "alert_open",
        "fingerprint",
        unique=True,
        sqlite_where=sa.text("ends_at IS NULL"),
        postgresql_where=sa.text("ends_at IS NULL"),
    ),
)

silence = sa.Table(
    "silence",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("matchers", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("author", Text, nullable=False),
    Column("comment", Text, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("opens", SmallInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("firing", Text, nullable=False),
    Column("resolved", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("leased_until", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", BigInteger),
    Column("receipt", Text, nullable=False, server_default=""),
    Column("error", Text, nullable=False, server_default=""),
    Index("outbox_thread", "channel", "thread", "seq"),
    Index(
        "outbox_undone",
        "seq",
        sqlite_where=sa.text("state IN ('waiting', 'sending')"),
        postgresql_where=sa.text("state IN ('waiting', 'sending')"),
    ),
)
"""Messages to send, and the log of what each channel was told about each group."""

notified = sa.Table(
    "notified",
    metadata,
    Column("alert_id", BigInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
"""Which messages spoke of which alert."""
