"""Run migrations on the connection that ``storage.migrate`` hands over."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
# One transaction around all of them, which SQLite can do as well: killed half-way, nothing is left.
context.configure(connection=connection, transactional_ddl=True, transaction_per_migration=False)
context.run_migrations()
