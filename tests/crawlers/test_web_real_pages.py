"""62 real pages served locally: each becomes a mention or a named rejection, and reads well."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "servers"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import extraction as benchmark
from newsroom import Newsroom, urlset

from crawlers.web import WebSource

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.data
def test_real_pages_are_collected_and_none_is_lost(data: Path):
    rows = list(benchmark.pages(data))
    with Newsroom() as site:
        urls = [
            site.serve(f"/{n}", html, content_type="text/html") for n, (_, html) in enumerate(rows)
        ]
        sitemap = site.serve("/map.xml", urlset(*((url, "") for url in urls)))
        options = {"sitemaps": [sitemap], "allow_private": True, "pace": "0s", "backfill": "36500d"}
        source = WebSource("real", WebSource.Options(**options))
        batches = list(source.fetch(None, now=NOW))
    mentions = [m for b in batches for m in b.mentions if m.kind == "article"]
    rejected = {r.item: r.reason for b in batches for r in b.rejected}
    found = {m.url: m for m in mentions}
    lost = [url for url in urls if url not in found and url not in rejected]
    assert lost == []
    assert len(found) >= 48
    score = benchmark.Score()
    for (row, _), url in zip(rows, urls, strict=True):
        if url in found:
            benchmark._score_text(score, row, found[url].text)
    assert mean(score.f1) >= 0.94
    assert mean(score.wanted) >= 0.9
