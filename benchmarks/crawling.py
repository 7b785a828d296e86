"""Measure sources: feeds against a local server, files from disk.

``python -m benchmarks.crawling [--feeds 60] [--rows 20000] [--data FOLDER]`` prints one table.
Each rate stands beside that of the bare library on the same bytes in the same run: feedparser
(as it comes, fetching nothing), csv.DictReader, json.loads, python-calamine. Times are processor
times of this process, the best of three; the feeds' server is another process. With ``--data``
the real feeds in FOLDER (``feeds/raw``) are taken instead of invented ones.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import random
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import feedparser
from python_calamine import CalamineWorkbook

from crawlers.files import FilesOptions, FilesSource
from crawlers.rss import RssOptions, RssSource

NOW = datetime(2026, 5, 20, 14, 30, tzinfo=UTC)
WORDS = """le la service client forfait réseau panne facture livraison retard merci toujours jamais
the a delivery support price quality really never again good bad phone network charge"""


class _Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _serve(folder: str, told: Connection) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
    told.send(server.server_address[1])
    server.serve_forever()


def sentence(rng: random.Random, words: int) -> str:
    """Return invented text of so many words."""
    return " ".join(rng.choices(WORDS.split(), k=words)).capitalize() + "."


def invented_feed(rng: random.Random, number: int, entries: int = 30) -> bytes:
    """Return an RSS feed whose entries hold two paragraphs of HTML, as news feeds have them."""
    items = []
    for entry in range(entries):
        when = (NOW - timedelta(minutes=rng.randint(0, 9000))).strftime("%a, %d %b %Y %H:%M:%S GMT")
        link = f"<a href='/x'>{sentence(rng, 4)}</a>"
        text = f"<p>{sentence(rng, 40)} {link}</p><p>{sentence(rng, 30)}</p>"
        items.append(
            f"<item><title>{sentence(rng, 9)}</title><link>https://j{number}.example/{entry}</link>"
            f"<guid>https://j{number}.example/{entry}</guid><pubDate>{when}</pubDate>"
            f"<description><![CDATA[{text}]]></description></item>"
        )
    return f'<rss version="2.0"><channel><title>J</title>{"".join(items)}</channel></rss>'.encode()


def best(task: Callable[[], int], repeats: int = 3) -> tuple[int, float]:
    """Return what ``task`` counts and its least processor time in seconds."""
    times, count = [], 0
    for _ in range(repeats):
        started = time.process_time()
        count = task()
        times.append(time.process_time() - started)
    return count, min(times)


def measure_feeds(bodies: list[bytes], folder: Path) -> list[tuple[str, str, int, float, float]]:
    """Return a row for feedparser alone and one for the source over a local server."""
    for number, body in enumerate(bodies):
        (folder / f"{number}.xml").write_bytes(body)
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(str(folder), theirs), daemon=True)
    server.start()
    port = ours.recv()
    urls = tuple(f"http://127.0.0.1:{port}/{n}.xml" for n in range(len(bodies)))
    options = RssOptions(urls=urls, pace=timedelta(0), backfill="9999d", allow_private=True)

    def bare(**how: bool) -> int:
        return sum(len(feedparser.parse(body, **how).entries) for body in bodies)

    def collect() -> int:
        batches = RssSource("bench", options).fetch(None, now=NOW)
        return sum(len(b.mentions) + len(b.rejected) + b.unchanged for b in batches)

    def again() -> int:
        batches = list(RssSource("bench", options).fetch(None, now=NOW))
        started = time.process_time()
        known = RssSource("bench", options).fetch(batches[-1].cursor, now=NOW)
        assert not any(batch.mentions for batch in known)
        again.cost = time.process_time() - started  # type: ignore[attr-defined]
        return len(bodies)

    try:
        count, base = best(bare)
        rows = [("feeds", "feedparser alone", count, base, base)]
        count, plain = best(partial(bare, sanitize_html=False, resolve_relative_uris=False))
        rows.append(("feeds", "feedparser, no cleaning", count, plain, base))
        count, cost = best(collect)
        rows.append(("feeds", "rss source", count, cost, base))
        count, _ = best(again, 1)
        rows.append(("feeds unchanged", "rss source", count, again.cost, base))  # type: ignore[attr-defined]
    finally:
        server.kill()
        server.join()
    return rows


def measure_files(count: int, folder: Path) -> list[tuple[str, str, int, float, float]]:
    """Return rows for CSV, JSON lines and XLSX, each after its bare library."""
    import openpyxl

    rng = random.Random(1)
    rows = [
        {"id": f"a-{n}", "time": (NOW - timedelta(minutes=n)).isoformat(),
         "text": sentence(rng, 25), "rating": rng.randint(1, 5), "lang": "fr",
         "author": f"u{n % 999}", "source": "shop"}
        for n in range(count)
    ]  # fmt: skip
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(lines, encoding="utf-8")
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(folder / "rows.xlsx")

    def bare_csv() -> int:
        with (folder / "rows.csv").open(newline="", encoding="utf-8") as file:
            return len(list(csv.DictReader(file)))

    def bare_json() -> int:
        with (folder / "rows.jsonl").open(encoding="utf-8") as file:
            return len([json.loads(line) for line in file])

    def bare_xlsx() -> int:
        with io.BytesIO((folder / "rows.xlsx").read_bytes()) as file:
            return len(CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()) - 1

    def collect(name: str) -> int:
        options = FilesOptions(path=str(folder / name))
        batches = list(FilesSource("bench", options).fetch(None, now=NOW))
        assert not any(batch.rejected for batch in batches)
        return sum(len(batch.mentions) for batch in batches)

    table = []
    for name, library, bare in (
        ("rows.csv", "csv.DictReader", bare_csv),
        ("rows.jsonl", "json.loads", bare_json),
        ("rows.xlsx", "python-calamine", bare_xlsx),
    ):
        number, base = best(bare)
        table.append((name, f"{library} alone", number, base, base))
        number, cost = best(partial(collect, name))
        table.append((name, "files source", number, cost, base))
    return table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=60)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    rng = random.Random(1)
    bodies = [invented_feed(rng, number) for number in range(asked.feeds)]
    if asked.data is not None:
        raw = sorted((asked.data / "feeds" / "raw").iterdir())
        bodies = [path.read_bytes() for path in raw if path.suffix != ".json"]
    print(f"{'what':16} {'by':26} {'n':>7} {'s':>8} {'n/s':>9} {'rate':>7}")
    with tempfile.TemporaryDirectory() as folder:
        table = measure_feeds(bodies, Path(folder)) + measure_files(asked.rows, Path(folder))
    for what, by, count, cost, base in table:
        print(f"{what:16} {by:26} {count:7,} {cost:8.2f} {count / cost:9,.0f} {base / cost:6.2f}x")
    print("rate: the bare library's time over this one's, on the same bytes")


if __name__ == "__main__":
    main()
