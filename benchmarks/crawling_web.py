"""Measure crawling against a local server, beside bare Scrapy with trafilatura in its callback.

``python benchmarks/crawling_web.py [--pages N] [--json]``. Pages are the real ones of the shared
data (``RENOM_DATA``) when present, else written ones; each is served under many addresses. Both
crawl the same addresses without pauses, 8 at a time. ``pages/s`` counts from the first page's
request to the end of the run, ``total s`` includes the start of the process.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "servers"))
from newsroom import Newsroom, article, urlset

BARE = """
import json, sys
import scrapy
from scrapy.crawler import AsyncCrawlerProcess
from trafilatura import bare_extraction
urls = json.loads(sys.stdin.read())
class Bare(scrapy.Spider):
    name = "bare"
    start_urls = urls
    def parse(self, response):
        found = bare_extraction(response.body, url=response.url, with_metadata=True,
                                include_comments=False)
        if found is not None:
            print(json.dumps({"url": response.url, "title": found.title, "text": found.text}))
process = AsyncCrawlerProcess({"ROBOTSTXT_OBEY": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
    "LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False,
    "COOKIES_ENABLED": False})
process.crawl(Bare)
process.start()
"""


def bodies(data: Path) -> list[bytes]:
    """Return the HTML of the real pages, or of written ones."""
    folder = data / "web_pages" / "html"
    if folder.is_dir():
        return [gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.gz"))]
    return [article(f"Plan {n}").encode() for n in range(50)]


def run_bare(site: Newsroom, urls: list[str]) -> tuple[int, float, float]:
    """Crawl with bare Scrapy; return (texts, seconds of crawling, seconds in all)."""
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", BARE], input=json.dumps(urls).encode(), capture_output=True
    )
    end = time.monotonic()
    return done.stdout.count(b"\n"), end - _first_page(site), end - start


def run_renom(site: Newsroom, sitemap: str, pages: int) -> tuple[int, float, float]:
    """Crawl with the web source; return (mentions and rejections, seconds, seconds in all)."""
    from crawlers.web import WebOptions, WebSource

    options = WebOptions(
        sitemaps=(sitemap,),
        max_pages=pages,
        pace="0s",  # type: ignore[arg-type]
        backfill="36500d",  # type: ignore[arg-type]
        allow_private=True,
    )
    start = time.monotonic()
    count = 0
    for batch in WebSource("bench", options).fetch(None, now=datetime(2026, 11, 22, tzinfo=UTC)):
        count += len(batch.mentions) + len(batch.rejected)
    end = time.monotonic()
    return count, end - _first_page(site), end - start


def _first_page(site: Newsroom) -> float:
    return min(seen.at for seen in site.log if seen.path.startswith("/page/"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("RENOM_DATA") or Path(__file__).parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--pages", type=int, default=248)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    html = bodies(given.data)
    best: dict[str, dict[str, Any]] = {}
    with Newsroom() as site:
        urls = []
        for n in range(given.pages):
            body = html[n % len(html)]
            urls.append(site.serve(f"/page/{n}", body, content_type="text/html"))
        sitemap = site.serve("/map.xml", urlset(*((u, "") for u in urls)))
        for _ in range(given.rounds):
            for name in ("bare", "renom"):
                site.log.clear()
                found = run_bare(site, urls) if name == "bare" else _renom(site, sitemap, given)
                row = {
                    "crawler": name,
                    "pages": sum(s.path.startswith("/page/") for s in site.log),
                    "answers": found[0],
                    "pages_per_s": round(given.pages / found[1], 1),
                    "total_s": round(found[2], 1),
                }
                if name not in best or row["pages_per_s"] > best[name]["pages_per_s"]:
                    best[name] = row
    ratio = best["renom"]["pages_per_s"] / best["bare"]["pages_per_s"]
    if given.json:
        print(json.dumps({**best, "ratio": round(ratio, 2)}))
        return
    print(f"{'crawler':10}{'pages':>8}{'answers':>9}{'pages/s':>9}{'total s':>9}")
    for row in best.values():
        print(
            f"{row['crawler']:10}{row['pages']:>8}{row['answers']:>9}"
            f"{row['pages_per_s']:>9}{row['total_s']:>9}"
        )
    print(f"renom / bare: {ratio:.2f}, best of {given.rounds} rounds")


def _renom(site: Newsroom, sitemap: str, given: argparse.Namespace) -> tuple[int, float, float]:
    return run_renom(site, sitemap, given.pages)


if __name__ == "__main__":
    main()
