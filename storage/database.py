"""Open the database: SQLite or PostgreSQL, snapshots for readers, one writer at a time."""

from __future__ import annotations

import gc
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from renom.errors import StorageError

BUSY_SECONDS = 60
"""How long a writer waits for another one before it gives up."""

WRITER_LOCK = 0x52656E6F6D
"""Key of the PostgreSQL advisory lock that lets one writing transaction in at a time."""

# Changed by hand into SQL array types, because unnest needs to be told them.
_PG_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], str], ...] = (
    (sa.BigInteger, "bigint"),
    (sa.SmallInteger, "smallint"),
    (sa.Integer, "integer"),
    (sa.Boolean, "boolean"),
    (sa.Float, "double precision"),
    (sa.LargeBinary, "bytea"),
    (sa.Text, "text"),
)


def read_url(url: str) -> sa.URL:
    """Return ``url`` for SQLAlchemy; raises StorageError when it is neither of the two kinds.

    ``postgresql://`` (or ``postgres://``) becomes ``postgresql+psycopg://``.
    """
    try:
        made = sa.make_url(url)
    except ArgumentError as error:
        raise StorageError(
            "the database address cannot be read",
            "write sqlite:///data/renom.db or postgresql://user@host/name",
        ) from error
    if made.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return made.set(drivername="postgresql+psycopg")
    if made.drivername in ("sqlite", "sqlite+pysqlite"):
        if not made.database or made.database == ":memory:":
            raise StorageError(
                "a database in memory is lost at once",
                "name a file: sqlite:///data/renom.db",
            )
        return made
    raise StorageError(
        f"databases of the kind {made.drivername!r} are not known",
        "write sqlite:///data/renom.db or postgresql://user@host/name",
    )


class Database:
    """An engine with two ways in: ``read`` (a snapshot) and ``write`` (alone, all or nothing)."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        self.url = read_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.on_rollback: list[Callable[[], None]] = []
        if self.sqlite:
            self._check_file(create)
        self.engine = self._engine()

    def _check_file(self, create: bool) -> None:
        path = Path(str(self.url.database))
        if path.exists():
            return
        if not create:
            raise StorageError(
                f"there is no database at {path}", "run renom init, or check database:"
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the folder {path.parent} cannot be made: {error}") from error

    def _engine(self) -> sa.Engine:
        if self.sqlite:
            engine = sa.create_engine(
                self.url,
                connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
                pool_size=4,
                max_overflow=20,
            )
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return engine
        engine = sa.create_engine(
            self.url,
            pool_size=4,
            max_overflow=20,
            pool_pre_ping=True,
            connect_args={"prepare_threshold": 5},
        )
        event.listen(engine, "connect", _prepare_postgres)
        return engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a snapshot: everything read inside is of one moment."""
        with self._named_errors(), self.engine.connect() as connection:
            if not self.sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Open the one writing transaction; leaving normally commits, else nothing is kept."""
        kept = False
        try:
            with self._named_errors(), self.engine.connect() as connection:
                connection = connection.execution_options(renom_write=True)
                with connection.begin():
                    if not self.sqlite:
                        connection.exec_driver_sql(
                            "SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,)
                        )
                    yield connection
            kept = True
        finally:
            if not kept:
                for forget in self.on_rollback:
                    forget()

    @contextmanager
    def write_many(self) -> Iterator[sa.Connection]:
        """Open ``write`` for a batch, with the cyclic collector held back until it is done.

        A batch makes hundreds of thousands of tuples and no cycle, and passes of the collector
        over them were a quarter of the cost of keeping it.
        """
        with _PAUSE, self.write() as connection:
            yield connection

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            # The driver's own sentence only: the statement would show data and the URL a secret.
            raise StorageError(f"the database refused: {_first_line(error.orig)}") from error
        except SQLAlchemyError as error:
            raise StorageError(f"the database failed: {type(error).__name__}") from error

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    # -- statements that differ ---------------------------------------------------------------

    def among(self, column: Any, values: Sequence[int] | Sequence[str]) -> Any:
        """Return the condition that ``column`` is one of ``values``, as one bound parameter.

        However many values there are, the statement stays the same and small.
        """
        if self.sqlite:
            listed = sa.func.json_each(json.dumps(list(values))).table_valued("value")
            return column.in_(sa.select(listed.c.value))
        kind = sa.Text if values and isinstance(values[0], str) else sa.BigInteger
        return column == sa.any_(sa.cast(sa.literal(list(values), sa.ARRAY(kind)), sa.ARRAY(kind)))

    def insert(
        self,
        connection: sa.Connection,
        table: sa.Table,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        *,
        conflict: str = "",
    ) -> None:
        """Insert many rows in one go; ``conflict`` is the text after the values, if any.

        ``executemany`` on SQLite; one statement over ``unnest``-ed arrays on PostgreSQL, which
        is what makes it as fast as COPY while it can still say ON CONFLICT.
        """
        if not rows:
            return
        names = ", ".join(columns)
        if self.sqlite:
            marks = ", ".join("?" * len(columns))
            sql = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) {conflict}"  # noqa: S608
            connection.exec_driver_sql(sql, list(rows))
            return
        sql = (
            f"INSERT INTO {table.name} ({names}) "  # noqa: S608
            f"SELECT * FROM unnest({self.arrays(table, columns)}) {conflict}"
        )
        connection.exec_driver_sql(sql, tuple(list(column) for column in zip(*rows, strict=True)))

    def arrays(self, table: sa.Table, columns: Sequence[str]) -> str:
        """Return the placeholders of one typed array a column, for ``unnest`` on PostgreSQL."""
        return ", ".join(f"%s::{_pg_type(table.c[name].type)}[]" for name in columns)

    def update(
        self,
        connection: sa.Connection,
        table: sa.Table,
        columns: Sequence[str],
        keys: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> None:
        """Set ``columns`` of many rows; each of ``rows`` holds the new values, then the keys."""
        if not rows:
            return
        if self.sqlite:
            change = ", ".join(f"{name} = ?" for name in columns)
            where = " AND ".join(f"{name} = ?" for name in keys)
            sql = f"UPDATE {table.name} SET {change} WHERE {where}"  # noqa: S608
            connection.exec_driver_sql(sql, list(rows))
            return
        change = ", ".join(f"{name} = new.new_{name}" for name in columns)
        where = " AND ".join(f"{table.name}.{name} = new.{name}" for name in keys)
        names = ", ".join((*(f"new_{name}" for name in columns), *keys))
        connection.exec_driver_sql(
            f"UPDATE {table.name} SET {change} "  # noqa: S608
            f"FROM unnest({self.arrays(table, (*columns, *keys))}) AS new({names}) WHERE {where}",
            tuple(list(column) for column in zip(*rows, strict=True)),
        )

    def delete_keys(
        self,
        connection: sa.Connection,
        table: sa.Table,
        names: Sequence[str],
        keys: Sequence[tuple[Any, ...]],
        *,
        also: str = "",
    ) -> None:
        """Delete the rows whose columns ``names`` hold one of ``keys``, if ``also`` is true."""
        if not keys:
            return
        more = f" AND {also}" if also else ""
        if self.sqlite:
            where = " AND ".join(f"{name} = ?" for name in names)
            sql = f"DELETE FROM {table.name} WHERE {where}{more}"  # noqa: S608
            connection.exec_driver_sql(sql, list(keys))
            return
        where = " AND ".join(f"{table.name}.{name} = gone.{name}" for name in names)
        connection.exec_driver_sql(
            f"DELETE FROM {table.name} USING unnest({self.arrays(table, names)}) "  # noqa: S608
            f"AS gone({', '.join(names)}) WHERE {where}{more}",
            tuple(list(column) for column in zip(*keys, strict=True)),
        )

    def delete(
        self, connection: sa.Connection, column: sa.Column[Any], values: Sequence[int]
    ) -> None:
        """Delete the rows whose ``column`` is one of ``values``."""
        if values:
            connection.execute(sa.delete(column.table).where(self.among(column, values)))


class _Pause:
    """Hold the cyclic collector back while any thread is inside."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._was_on = False

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._was_on = gc.isenabled()
                gc.disable()
            self._inside += 1

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._was_on:
                gc.enable()


_PAUSE = _Pause()


def _pg_type(kind: sa.types.TypeEngine[Any]) -> str:
    return next(name for base, name in _PG_TYPES if isinstance(kind, base))


def _first_line(error: BaseException | None) -> str:
    return str(error).strip().split("\n", 1)[0][:200]


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    _use_wal(cursor)
    for pragma in (
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
        "cache_size=-65536",
        "temp_store=MEMORY",
        "mmap_size=268435456",
        "journal_size_limit=67108864",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_wal(cursor: Any) -> None:
    """Switch a new file to WAL; another process that switches it meanwhile is waited for."""
    for attempt in range(100):
        try:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not wait by itself here.
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(0.05)


def _prepare_postgres(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
        # A crash of the database server may cost the last moments; it never tears a transaction.
        cursor.execute("SET synchronous_commit = off")
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    # The driver begins nothing by itself (isolation_level None), so DDL is transactional too.
    write = connection.get_execution_options().get("renom_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
