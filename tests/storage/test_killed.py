"""A writer killed at any moment leaves whole transactions only."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from datetime import timedelta

import sqlalchemy as sa
from storage_making import NOW, mention, save

from renom.contracts import Batch
from renom.enrichment import Enrichment, Fingerprint, sentiment_of
from renom.reading import Selection
from storage import tables
from storage.store import Store, open_store

ROUNDS = 5


def _write_for_ever(address: str, first: int) -> None:
    """Save batches of five with their number as cursor, and enrich, until killed."""
    with open_store(address) as store:
        for batch in range(first, first + 10_000):
            many = tuple(mention(batch * 5 + n) for n in range(5))
            store.save_batch(
                "presse",
                Batch(mentions=many, cursor={"batch": batch}),
                {m.key: ("Orange",) for m in many},
                now=NOW,
            )
            pending = store.claim_pending(now=NOW, limit=7, lease=timedelta(0))
            done = [
                (
                    item,
                    Enrichment(
                        item.mention.key,
                        sentiment=sentiment_of("negative"),
                        topics=("panne",),
                        fingerprint=Fingerprint(item.id % 5),
                    ),
                )
                for item in pending
            ]
            store.save_enrichments(done, now=NOW)


def test_killed_writer_loses_and_doubles_nothing(address: str) -> None:
    rng = random.Random(1)
    open_store(address).close()
    fork = multiprocessing.get_context("fork")
    with open_store(address) as store:
        for _ in range(ROUNDS):
            cursor = store.cursor("presse") or {"batch": -1}
            first = cursor["batch"] + 1
            store.close()
            worker = fork.Process(target=_write_for_ever, args=(address, first))
            worker.start()
            time.sleep(rng.uniform(0.15, 0.6))
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            worker.join()
            _is_whole(store)
        assert store.counts().enriched > 0
        save(store, mention(10_000_000))


def _is_whole(store: Store) -> None:
    cursor = store.cursor("presse") or {"batch": -1}
    counts = store.counts()
    assert counts.mentions == 5 * (cursor["batch"] + 1)
    assert counts.mentions == counts.enriched + counts.pending
    tally = store.tally(Selection(brands=("Orange",)))
    assert (tally.mentions, tally.negative) == (counts.mentions, counts.enriched)
    with store._database.read() as connection:
        kept = [
            sorted(map(tuple, connection.execute(sa.select(t))))
            for t in (tables.tally, tables.tally_day)
        ]
    store.rebuild_tallies()
    with store._database.read() as connection:
        assert kept == [
            sorted(map(tuple, connection.execute(sa.select(t))))
            for t in (tables.tally, tables.tally_day)
        ]
