"""Both databases for every test of storage, and short ways to make mentions."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from renom.contracts import Batch, Given, Saved
from renom.enrichment import Enrichment, sentiment_of
from renom.mention import Mention
from storage.store import Store, open_store

NOW = datetime(2026, 5, 20, 14, 37, 12, tzinfo=UTC)
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


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/renom.db"
    return request.getfixturevalue("postgres")()


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """Return a new store on each kind of database."""
    with open_store(address) as opened:
        yield opened


def mention(number: int = 1, text: str = "", **changes: object) -> Mention:
    """Return a mention published ``number`` minutes before NOW, unless told otherwise."""
    values: dict[str, object] = {
        "platform": "web",
        "external_id": f"m{number}",
        "source": "presse",
        "url": f"https://example.org/{number}",
        "kind": "article",
        "text": text or f"Le réseau Orange est en panne, numéro {number}",
        "published_at": NOW - timedelta(minutes=number),
        "collected_at": NOW,
    }
    values.update(changes)
    return Mention(**values)  # type: ignore[arg-type]


def save(
    store: Store,
    *mentions: Mention,
    brands: tuple[str, ...] = ("Orange",),
    source: str = "presse",
    now: datetime = NOW,
    given: dict[str, Given] | None = None,
    **batch: object,
) -> Saved:
    """Save mentions that all match ``brands``."""
    made = Batch(mentions=mentions, given=given or {}, **batch)  # type: ignore[arg-type]
    return store.save_batch(source, made, {m.key: brands for m in mentions}, now=now)


def enrich(store: Store, *, label: str = "negative", now: datetime = NOW, **fields: object) -> int:
    """Enrich everything that waits with one label and the same fields."""
    done = 0
    while pending := store.claim_pending(now=now, limit=500, lease=timedelta(minutes=5)):
        pairs = [
            (
                item,
                Enrichment(
                    item.mention.key,
                    sentiment=sentiment_of(label),  # type: ignore[arg-type]
                    **fields,  # type: ignore[arg-type]
                ),
            )
            for item in pending
        ]
        done += store.save_enrichments(pairs, now=now)
    return done
