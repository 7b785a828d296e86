"""What people say about relevance, and the mentions set aside as not relevant."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "judgement",
        sa.Column("id", ID, autoincrement=False, nullable=False),
        sa.Column("ukey", sa.BigInteger(), nullable=False),
        sa.Column("brand_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("relevant", sa.SmallInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("judgement_key", "judgement", ["ukey", "brand_id", "id"], unique=False)
    op.create_index("judgement_brand", "judgement", ["brand_id", "id"], unique=False)
    op.create_table(
        "aside",
        sa.Column("ukey", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("brand_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("platform_id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("published_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("given", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ukey", "brand_id"),
    )
    op.create_index("aside_brand", "aside", ["brand_id", "at"], unique=False)
    op.create_index("aside_author", "aside", ["platform_id", "handle"], unique=False)
    op.create_index("aside_published", "aside", ["published_at"], unique=False)
