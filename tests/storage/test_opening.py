"""Opening and migrating: twice at once, killed half-way, of another time."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from renom.errors import StorageError
from storage.database import read_url
from storage.migrate import FOLDER
from storage.migrations import HEAD
from storage.store import open_store
from storage.tables import metadata


def test_migrated_database_is_what_the_tables_say(address: str) -> None:
    with open_store(address) as store, store._database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": _ours, "compare_type": True}
        )
        assert compare_metadata(context, metadata) == []


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name in metadata.tables)


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(FOLDER)).get_current_head() == HEAD


def test_two_processes_may_open_a_new_database_at_once(address: str) -> None:
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_open, args=(address,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with open_store(address, create=False) as store:
        assert store.counts().mentions == 0


def _open(address: str) -> None:
    with open_store(address) as store:
        store.register_source("a", type="rss", now=_now())


def _now():  # type: ignore[no-untyped-def]
    from datetime import UTC, datetime

    return datetime(2026, 1, 1, tzinfo=UTC)


def test_migration_killed_half_way_leaves_nothing(address: str) -> None:
    fork = multiprocessing.get_context("fork")
    worker = fork.Process(target=_die_migrating, args=(address,))
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    with open_store(address) as store:
        assert store.counts().mentions == 0


def _die_migrating(address: str) -> None:
    import os

    from storage.database import Database
    from storage.migrate import migrate

    database = Database(address)

    def die(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "CREATE TABLE tally" in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(database.engine, "before_cursor_execute", die)
    migrate(database, create=True)


def test_database_of_a_newer_renom_is_refused(address: str) -> None:
    with open_store(address) as store, store._database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = 'later'"))
    with pytest.raises(StorageError, match="does not know"):
        open_store(address)


def test_database_that_is_not_there_is_not_made_unasked(tmp_path: Path) -> None:
    path = tmp_path / "none" / "renom.db"
    with pytest.raises(StorageError, match="no database"):
        open_store(f"sqlite:///{path}", create=False)
    assert not path.parent.exists()
    open_store(f"sqlite:///{path}").close()
    assert path.exists()


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:", "no address", ""]
)
def test_address_of_another_kind_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(StorageError):
        read_url(url)


def test_password_never_shows_in_an_error() -> None:
    with pytest.raises(StorageError) as caught:
        open_store("postgresql://user:hunter2@127.0.0.1:9/none")
    assert "hunter2" not in str(caught.value)
    assert read_url("postgres://u@h/d").drivername == "postgresql+psycopg"
