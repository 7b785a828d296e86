"""Measure article extraction on real pages with known text, beside bare trafilatura.

``python benchmarks/extraction.py [--data DIR] [--json]``. The pages (``web_pages`` of the shared
data, or ``RENOM_DATA``) are for internal evaluation only. Text is scored as token F1 (bag of
words) where the whole text is known, and as the share of wanted snippets found and unwanted ones
left out where only snippets are. Titles must be equal after folding case, accents and signs;
dates must fall on the same day.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 22, tzinfo=UTC)
_WORD = re.compile(r"\w+")


@dataclass
class Score:
    """Sums over pages; each measure has its own number of pages that know the truth."""

    f1: list[float] = field(default_factory=list)
    precision: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    wanted: list[float] = field(default_factory=list)
    unwanted: list[float] = field(default_factory=list)
    title: list[float] = field(default_factory=list)
    date: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)


Reading = tuple[str, str | None, datetime | None]


def read_with_renom(html: bytes, url: str) -> Reading:
    """Return (text, title, date) by Renom's own extraction, without any hint."""
    from crawlers._extraction import Hints, extract

    found = extract(html, url, hints=Hints(now=NOW), links=False)
    return found.text, found.title, found.published_at


def read_with_trafilatura(html: bytes, url: str) -> Reading:
    """Return (text, title, date) by trafilatura as its documentation shows it."""
    from trafilatura import bare_extraction

    from crawlers._published import parse_moment

    found: Any = bare_extraction(html, url=url, with_metadata=True, include_comments=False)
    if found is None:
        return "", None, None
    return found.text or "", found.title, parse_moment(found.date or "")


def pages(data: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield (what is known, HTML bytes) of each page."""
    folder = data / "web_pages"
    with gzip.open(folder / "index.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            with gzip.open(folder / row["file"], "rb") as file:
                yield row, file.read()


def measure(read: Callable[[bytes, str], Reading], data: Path) -> Score:
    """Score one reader on all pages, after a round that loads its libraries."""
    for row, html in pages(data):
        read(html, row["url"] or "https://example.org/page")
    score = Score()
    for row, html in pages(data):
        start = time.perf_counter()
        text, title, date = read(html, row["url"] or "https://example.org/page")
        score.ms.append((time.perf_counter() - start) * 1000)
        _score_text(score, row, text)
        known = row.get("title")
        if known and row["source"] != "readability":  # those are the test cases' names
            score.title.append(float(_folded(known) == _folded(title or "")))
        day = row.get("publishing_date") or row.get("published") or row.get("date")
        if day:
            score.date.append(float(date is not None and _same_day(str(day), date)))
    return score


def _score_text(score: Score, row: dict[str, Any], text: str) -> None:
    if row.get("article_body"):
        body = row["article_body"]
        truth = Counter(_WORD.findall((body if isinstance(body, str) else str(body)).lower()))
        found = Counter(_WORD.findall(text.lower()))
        common = sum((truth & found).values())
        precision = common / max(1, found.total())
        recall = common / max(1, truth.total())
        score.precision.append(precision)
        score.recall.append(recall)
        score.f1.append(2 * precision * recall / max(1e-9, precision + recall))
    folded = " ".join(text.split())
    for name, into in (("must_contain", score.wanted), ("must_not_contain", score.unwanted)):
        for snippet in row.get(name) or ():
            into.append(float((" ".join(snippet.split()) in folded) == (name == "must_contain")))


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.lower())
    return " ".join(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))


def _same_day(known: str, found: datetime) -> bool:
    """Compare calendar days, in UTC or in the page's own zone: trafilatura gives days only."""
    from crawlers._published import parse_moment

    truth = parse_moment(known)
    return truth is not None and found.date().isoformat() in (truth.date().isoformat(), known[:10])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RENOM_DATA") or Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if not (given.data / "web_pages").is_dir():
        parser.exit(1, f"no web_pages in {given.data}; set RENOM_DATA\n")
    rows = []
    for name, read in (("renom", read_with_renom), ("trafilatura", read_with_trafilatura)):
        score = measure(read, given.data)
        row: dict[str, Any] = {"reader": name}
        for measure_name, values in vars(score).items():
            row[measure_name] = round(sum(values) / max(1, len(values)), 3)
            row[f"{measure_name}_n"] = len(values)
        rows.append(row)
    if given.json:
        print(json.dumps(rows))
        return
    names = ["f1", "precision", "recall", "wanted", "unwanted", "title", "date", "ms"]
    print(f"{'':12}" + "".join(f"{name:>12}" for name in names))
    for row in rows:
        print(f"{row['reader']:12}" + "".join(f"{row[name]:>12.3f}" for name in names))
    print(f"{'pages':12}" + "".join(f"{rows[0][name + '_n']:>12}" for name in names))


if __name__ == "__main__":
    main()
