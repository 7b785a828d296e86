"""Bring a database to the newest form; safe when two processes start at once, or one is killed."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from renom.errors import StorageError
from storage.database import Database
from storage.migrations import HEAD

FOLDER = Path(__file__).parent / "migrations"


def revision(connection: sa.Connection) -> str | None:
    """Return the revision the database is at, None when it is new."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(database: Database, *, create: bool) -> None:
    """Migrate to ``HEAD``.

    Raises StorageError when the database is of a newer Renom, or is empty and may not be made.
    """
    with database.read() as connection:
        if revision(connection) == HEAD:
            return
    with database.write() as connection:
        # Asked again, now alone: another process may have done it meanwhile.
        found = revision(connection)
        if found == HEAD:
            return
        if found is None and not create:
            raise StorageError("this database holds nothing of Renom", "run renom init")
        _upgrade(connection, found)


def _upgrade(connection: sa.Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, HEAD)
    except CommandError as error:
        raise StorageError(
            f"the database is at {found}, which this Renom does not know",
            "a newer Renom wrote it: update, or use another database",
        ) from error
