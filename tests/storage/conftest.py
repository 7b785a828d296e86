"""Both databases for every test of storage."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.store import Store, open_store
from storage.tables import metadata

# With --import-mode=importlib a test cannot import its neighbour otherwise.
sys.path.append(str(Path(__file__).parent))

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Give addresses of empty schemas; they are dropped at the end."""
    import psycopg

    made: list[str] = []
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        if os.environ.get("CI"):
            pytest.fail(f"PostgreSQL is not reachable: {error}")
        pytest.skip("PostgreSQL is not reachable on 127.0.0.1:5432")

    def address() -> str:
        name = f"renom_{uuid.uuid4().hex[:12]}"
        connection.execute(f"CREATE SCHEMA {name}")
        made.append(name)
        return f"{SERVER}?options=-csearch_path%3D{name}"

    yield address
    for name in made:
        connection.execute(f"DROP SCHEMA {name} CASCADE")
    connection.close()


KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database of each kind, not migrated yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/renom.db"
    return request.getfixturevalue("postgres")()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy: migrating takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "renom.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def schema(postgres: Callable[[], str]) -> str:
    """Return the address of a migrated schema."""
    made = postgres()
    open_store(made).close()
    return made


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Return an empty store on each kind of database."""
    if request.param == "sqlite":
        path = tmp_path / "renom.db"
        shutil.copy(request.getfixturevalue("template"), path)
        with open_store(f"sqlite:///{path}") as opened:
            yield opened
        return
    with open_store(request.getfixturevalue("schema")) as opened:
        yield opened
        with opened._database.write() as connection:
            names = [table.name for table in metadata.sorted_tables[::-1]]
            for name in (*names, "fulltext"):
                connection.exec_driver_sql(f"DELETE FROM {name}")
