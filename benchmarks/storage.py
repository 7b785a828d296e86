"""Measure storage: saving, enriching, searching and the questions a dashboard asks.

``python -m benchmarks.storage [--mentions 10000] [--postgres URL] [--seed 1]`` prints one table
a database: of each stage the microseconds of CPU (of this process: PostgreSQL's server comes on
top) and of wall time a mention, the rates by either, and how many times what the bare driver takes
it is. The bare driver's ``executemany`` keeps the same mentions in one table without an
index, in the same run.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from renom.contracts import Batch
from renom.enrichment import Enrichment, Entity, Fingerprint, sentiment_of
from renom.mention import Author, Engagement, Mention
from renom.reading import Selection
from storage.store import Store, open_store

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
DAYS = 365
BRANDS = [f"Brand{n}" for n in range(20)]
LABELS = ("negative", "neutral", "positive")
SAVE, ENRICH = 5_000, 1_000


def words(rng: random.Random, count: int = 20_000) -> tuple[list[str], list[float]]:
    """Return a vocabulary with the frequencies of a language (Zipf)."""
    letters = "aeiourstlnmpdc"
    made = {"".join(rng.choices(letters, k=rng.randint(3, 9))) for _ in range(count)}
    listed = sorted(made)
    rng.shuffle(listed)
    return listed, [1 / (rank + 2) for rank in range(len(listed))]


def generate(rows: int, rng: random.Random) -> tuple[list[Mention], dict[str, tuple[str, ...]]]:
    """Return mentions over one year, 28 words each, and what they match."""
    vocabulary, weights = words(rng)
    mentions, matches = [], {}
    for number in range(rows):
        text = " ".join(rng.choices(vocabulary, weights, k=28))
        mention = Mention(
            platform=rng.choice(("web", "reddit", "x")),
            external_id=f"id{number}",
            source=f"source{number % 40}",
            url=f"https://example.org/{number}",
            kind="post",
            text=text,
            published_at=NOW - timedelta(seconds=rng.uniform(0, DAYS * 86400)),
            collected_at=NOW,
            author=Author(f"author{rng.randint(0, rows // 10)}"),
            engagement=Engagement(likes=rng.randint(0, 50)),
            language=rng.choice(("fr", "en")),
        )
        mentions.append(mention)
        matches[mention.key] = tuple(rng.sample(BRANDS, 1 if rng.random() < 0.9 else 2))
    mentions.sort(key=lambda mention: mention.published_at)
    return mentions, matches


def enrichment(mention: Mention, rng: random.Random) -> Enrichment:
    """Return an enrichment as the shipped enrichers make it: one entity, two topics, a story."""
    found = mention.text.split()
    exact = hash(mention.text)
    bands = tuple(rng.getrandbits(63) for _ in range(12))
    return Enrichment(
        mention.key,
        language=mention.language,
        sentiment=sentiment_of(rng.choice(LABELS)),  # type: ignore[arg-type]
        entities=(Entity(found[0], "organisation", found[0], 0, len(found[0])),),
        topics=(found[3], found[4]),
        fingerprint=Fingerprint(exact, bands, rng.randbytes(512), "w3-bench"),
        made_by={"sentiment": "bench/1"},
    )


@dataclass(slots=True)
class Stage:
    """What a stage has taken so far, in seconds; ``with`` adds to it."""

    name: str
    mentions: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def __enter__(self) -> Stage:
        self.cpu -= time.process_time()
        self.wall -= time.perf_counter()
        return self

    def __exit__(self, *_error: object) -> None:
        self.cpu += time.process_time()
        self.wall += time.perf_counter()

    def line(self, bare: Stage) -> str:
        """Return the stage as a line of the table."""
        cpu, wall = self.cpu / self.mentions, self.wall / self.mentions
        by_cpu = cpu / (bare.cpu / bare.mentions)
        by_wall = wall / (bare.wall / bare.mentions)
        return (
            f"{self.name:24}{1e6 * cpu:9.1f}{1e6 * wall:9.1f}"
            f"{1 / max(cpu, 1e-9):12,.0f}{1 / wall:12,.0f}{by_cpu:9.1f}{by_wall:9.1f}"
        )


HEADER = f"{'':24}{'us CPU':>9}{'us wall':>9}{'/s CPU':>12}{'/s wall':>12}{'x CPU':>9}{'x wall':>9}"


def bare_sqlite(mentions: Sequence[Mention]) -> Stage:
    """Return what the bare driver takes to fill a table without an index."""
    stage = Stage("bare executemany", len(mentions))
    rows = [_bare(mention) for mention in mentions]
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE m (a, b, c, d, e, f, g, h, i)")
        with stage:
            for start in range(0, len(rows), SAVE):
                connection.execute("BEGIN")
                connection.executemany(
                    "INSERT INTO m VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows[start : start + SAVE]
                )
                connection.execute("COMMIT")
        connection.close()
    return stage


def bare_postgres(mentions: Sequence[Mention], url: str) -> Stage:
    """Return what psycopg's ``executemany`` takes to fill a table without an index."""
    import psycopg

    stage = Stage("bare executemany", len(mentions))
    rows = [_bare(mention) for mention in mentions]
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bare_m (a text, b text, c text, d text, e text, f text, g text, "
            "h text, i text)"
        )
        with stage:
            for start in range(0, len(rows), SAVE):
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "INSERT INTO bare_m VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                        rows[start : start + SAVE],
                    )
                connection.commit()
        connection.execute("DROP TABLE bare_m")
    return stage


def _bare(mention: Mention) -> tuple[Any, ...]:
    return (
        mention.platform,
        mention.external_id,
        mention.source,
        mention.url,
        mention.kind,
        mention.text,
        mention.published_at.isoformat(),
        mention.author.handle if mention.author else None,
        mention.language,
    )


def save(
    store: Store, mentions: Sequence[Mention], matches: dict[str, tuple[str, ...]], name: str
) -> Stage:
    """Return what ``save_batch`` takes."""
    stage = Stage(name, len(mentions))
    for start in range(0, len(mentions), SAVE):
        batch = Batch(mentions=tuple(mentions[start : start + SAVE]))
        with stage:
            store.save_batch("bench", batch, matches, now=NOW)
    return stage


def enrich(store: Store, rng: random.Random) -> tuple[Stage, Stage]:
    """Return what ``claim_pending`` and ``save_enrichments`` take."""
    claiming, keeping = Stage("claim_pending"), Stage("save_enrichments")
    while True:
        with claiming:
            pending = store.claim_pending(now=NOW, limit=ENRICH, lease=timedelta(minutes=5))
        if not pending:
            return claiming, keeping
        pairs = [(item, enrichment(item.mention, rng)) for item in pending]
        claiming.mentions += len(pending)
        with keeping:
            keeping.mentions += store.save_enrichments(pairs, now=NOW)


def added(name: str, *stages: Stage) -> Stage:
    """Return stages of the same mentions as one."""
    cpu, wall = sum(stage.cpu for stage in stages), sum(stage.wall for stage in stages)
    return Stage(name, stages[0].mentions, cpu, wall)


def questions(store: Store, mentions: Sequence[Mention]) -> list[tuple[str, Callable[[], object]]]:
    """Return what a dashboard asks, by name."""
    counts: dict[str, int] = {}
    for mention in mentions:
        for word in set(mention.text.split()):
            counts[word] = counts.get(word, 0) + 1
    ordered = sorted(counts, key=lambda word: -counts[word])
    common = ordered[2]
    middle = next(word for word in ordered if counts[word] < 0.008 * len(mentions))
    rare = next(word for word in ordered if counts[word] < 0.0005 * len(mentions) + 2)
    quarter = Selection(brands=("Brand3",), start=NOW - timedelta(days=90), end=NOW)
    everything = Selection(start=NOW - timedelta(days=90), end=NOW)
    day = timedelta(days=1)

    def find(word: str) -> Callable[[], object]:
        chosen = Selection(
            brands=("Brand3",), start=quarter.start, end=NOW, labels=("negative",), query=word
        )
        return lambda: store.search(chosen)

    before = Selection(
        brands=("Brand3",), start=NOW - timedelta(days=119), end=NOW - timedelta(days=91)
    )
    return [
        ("feed of a brand", lambda: store.search(quarter)),
        ("search, rare word", find(rare)),
        ("search, middling word", find(middle)),
        ("search, common word", find(common)),
        (
            "search, phrase",
            find(f'"{mentions[-1].text.split()[0]} {mentions[-1].text.split()[1]}"'),
        ),
        ("most telling", lambda: store.search(quarter, order="telling", limit=10)),
        ("tally of a brand", lambda: store.tally(quarter)),
        ("series, days", lambda: store.series(quarter, step=day, now=NOW)),
        ("share of voice", lambda: store.by("brand", everything, limit=50)),
        ("sources, all brands", lambda: store.by("source", everything)),
        ("topics of a brand", lambda: store.by("topic", quarter)),
        (
            "drivers, 1 day on 28",
            lambda: store.drivers(Selection(brands=("Brand3",), start=NOW - day, end=NOW), before),
        ),
        ("source states", lambda: store.sources(now=NOW)),
    ]


def measure(url: str, bare: Stage, rows: int, seed: int) -> None:
    """Measure one database and print its table."""
    rng = random.Random(seed)
    mentions, matches = generate(rows, rng)
    with open_store(url) as store:
        saved = save(store, mentions, matches, "save_batch")
        again = save(store, mentions, matches, "save_batch, all known")
        claimed, enriched = enrich(store, rng)
        print(HEADER)
        both = added("save + enrich", saved, enriched)
        whole = added("save + claim + enrich", saved, claimed, enriched)
        for stage in (bare, saved, again, claimed, enriched, both, whole):
            print(stage.line(bare))
        for name, ask in questions(store, mentions):
            times = []
            for _ in range(15):
                started = time.perf_counter()
                ask()
                times.append(1000 * (time.perf_counter() - started))
            times.sort()
            print(f"{name:26}{statistics.median(times):9.1f} ms p50 {times[-2]:9.1f} ms p93")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=10_000)
    parser.add_argument("--postgres", default="", help="address of an empty database or schema")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    mentions, _ = generate(min(asked.mentions, 20_000), random.Random(asked.seed))
    print(f"SQLite, {asked.mentions:,} mentions")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "renom.db"
        measure(f"sqlite:///{path}", bare_sqlite(mentions), asked.mentions, asked.seed)
        print(f"{'bytes a mention':26}{path.stat().st_size / asked.mentions:9,.0f}")
    if asked.postgres:
        print(f"PostgreSQL, {asked.mentions:,} mentions")
        measure(asked.postgres, bare_postgres(mentions, asked.postgres), asked.mentions, asked.seed)


if __name__ == "__main__":
    main()
