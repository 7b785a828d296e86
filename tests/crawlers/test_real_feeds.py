"""The real feeds and the conformance feeds, served by a local server."""

from __future__ import annotations

import gzip
import json
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crawlers._plain_text import one_line
from crawlers._urls import canonical_url
from crawlers.files import FilesOptions, FilesSource
from crawlers.rss import RssOptions, RssSource
from renom.brand import Brand
from renom.contracts import Batch
from renom.errors import SourceChanged

pytestmark = pytest.mark.data
Run = Callable[..., list[Batch]]


def source(url: str) -> RssSource:
    return RssSource("f", RssOptions(url=url, pace=timedelta(0), backfill="9999d"))


def lines(path: Path) -> list[Any]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_all_real_feeds_give_their_entries(data: Path, site: Any, run: Run) -> None:
    total = 0
    for known in lines(data / "feeds" / "index.jsonl.gz"):
        body = (data / "feeds" / known["file"]).read_bytes()
        url = site.put(f"/{known['file']}", body)
        if known["n_entries"] == 0 and not known["file"].endswith(".json"):
            if known["version"]:
                assert run(source(url))[-1].mentions == ()
            else:  # no feed at all: fragments without a root
                with pytest.raises(SourceChanged):
                    run(source(url))
            continue
        batches = run(source(url))
        found = [mention for batch in batches for mention in batch.mentions]
        undated = [r for batch in batches for r in batch.rejected if "date" in r.reason]
        empty = [r for batch in batches for r in batch.rejected if "neither" in r.reason]
        unchanged = sum(batch.unchanged for batch in batches)
        count = len(found) + len(undated) + len(empty) + unchanged
        if known["file"].endswith(".json"):
            expected = json.loads(body)["items"]
            assert len(found) == len(expected), known["file"]
            assert {m.title for m in found} == {one_line(i.get("title") or "") for i in expected}
            assert min(len(m.text) for m in found) > 20
        else:
            assert count == known["n_entries"], known["file"]
        by_link = {(m.url, m.title): m for m in found}
        for entry in known["entries"]:
            if not entry["published_utc"] or not (entry["title"] or "").strip():
                continue
            link = canonical_url(entry["link"]) if entry["link"] else None
            mention = by_link[link, one_line(entry["title"])]
            assert mention.published_at.strftime("%Y-%m-%dT%H:%M:%SZ") == entry["published_utc"]
        total += len(found)
        again = run(source(url), batches[-1].cursor)
        assert sum(len(batch.mentions) for batch in again) == 0
    assert total > 1300


def test_every_conformance_feed_gives_a_result_or_a_name(data: Path, site: Any, run: Run) -> None:
    urls = []
    with tarfile.open(data / "feeds" / "feedparser_conformance.tar.gz") as archive:
        for member in archive:
            part = archive.extractfile(member) if member.isfile() else None
            if part is not None:
                urls.append(site.put(f"/{len(urls)}", part.read()))
    assert len(urls) == 2107
    options = RssOptions(urls=urls, pace=timedelta(0), backfill="9999d")
    batches = run(RssSource("f", options))
    rejected = [rejection for batch in batches for rejection in batch.rejected]
    assert all(rejection.item and rejection.reason for rejection in rejected)
    refused = {r.item for r in rejected if "web page" in r.reason or "neither RSS" in r.reason}
    assert len(refused) == 9
    cursor = batches[-1].cursor
    assert cursor is not None
    assert sum("checked" in state for state in cursor["feeds"].values()) == 2107 - 9


def test_airline_tweets_keep_their_counts(data: Path, run: Run) -> None:
    path = data / "airline_tweets" / "tweets.jsonl.gz"
    rows = lines(path)
    names = sorted({row["brand"] for row in rows})
    brands = [Brand(name, f'"{name}"') for name in names]
    batches = run(FilesSource("import", FilesOptions(path=str(path)), brands=brands))
    counts: dict[tuple[str, str], int] = {}
    for batch in batches:
        for mention in batch.mentions:
            said = batch.given[mention.key]
            assert said.sentiment is not None
            pair = said.brands[0], said.sentiment.label
            counts[pair] = counts.get(pair, 0) + 1
    expected: dict[tuple[str, str], int] = {}
    for row in rows:
        expected[row["brand"], row["label"]] = expected.get((row["brand"], row["label"]), 0) + 1
    assert counts == expected
    assert sum(counts.values()) == 7242
    assert [r for batch in batches for r in batch.rejected] == []


@pytest.mark.parametrize(
    ("file", "rows"),
    [("nps_verbatims/verbatims", 1130), ("services_publics_fr/verbatims", 586),
     ("tripadvisor_lyon_fr/reviews", 7586), ("hotel_reviews/booking_segments", 2264),
     ("allocine_reviews_fr/reviews", 750), ("french_media_tweets/tweets", 3952)],
)  # fmt: skip
def test_plain_form_is_read_whole(data: Path, run: Run, file: str, rows: int) -> None:
    path = data / f"{file}.jsonl.gz"
    batches = run(FilesSource("import", FilesOptions(path=str(path))))
    keys = {mention.key for batch in batches for mention in batch.mentions}
    assert len(keys) == rows
    assert [r for batch in batches for r in batch.rejected] == []
