"""``renom collect`` over real feeds and pages, served locally, stores what they contain."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from renom.app import App, load_config
from renom.reading import Selection

pytestmark = pytest.mark.data


class Served:
    """A local server of given bodies; ``put`` returns the address."""

    def __init__(self) -> None:
        bodies: dict[str, tuple[str, bytes]] = {}
        self.bodies = bodies

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, body = bodies.get(self.path, ("text/plain", b""))
                self.send_response(200 if self.path in bodies else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def put(self, path: str, body: bytes, kind: str) -> str:
        self.bodies[path] = (kind, body)
        return self.base + path


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def app_for(folder: Path, sources: list[dict[str, Any]]) -> App:
    config = {
        "database": f"sqlite:///{folder}/renom.db",
        "brands": [{"name": "Tout", "query": "kind:article"}],
        "sources": sources,
        "nlp": [{"type": "language"}],
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config), "utf-8")  # JSON is YAML
    return App(load_config(str(path)))


def test_the_real_feeds_are_stored_and_nothing_twice(
    data: Path, served: Served, tmp_path: Path
) -> None:
    known = lines(data / "feeds" / "index.jsonl.gz")
    sources = []
    for number, feed in enumerate(known):
        body = (data / "feeds" / feed["file"]).read_bytes()
        kind = "application/json" if feed["file"].endswith(".json") else "application/xml"
        url = served.put(f"/{feed['file']}", body, kind)
        sources.append(
            {"name": f"f{number}", "type": "rss", "url": url, "backfill": "9999d", "pace": "1ms"}
        )
    app = app_for(tmp_path, sources)
    results = app.collect()
    read = sum(r.read for r in results)
    assert read > 1300
    # Two of the 88 files carry the same entries under the same addresses.
    assert app.store.counts().mentions == sum(r.saved.stored for r in results) > 1200
    for result, feed in zip(results, known, strict=True):
        if feed["version"] and feed["n_entries"]:
            assert result.error is None, (feed["file"], result.error)
            # A damaged feed has one rejection more: the damage itself.
            assert result.read + result.rejected_count + result.unchanged >= feed["n_entries"]
            assert result.read <= feed["n_entries"]
    titles = {f.mention.title for f in app.store.search(Selection(), limit=5000).found}
    assert any("é" in (title or "") for title in titles)
    again = app.collect()
    assert sum(r.saved.stored for r in again) == 0


def test_the_real_pages_are_stored_with_their_text(
    data: Path, served: Served, tmp_path: Path
) -> None:
    pages = lines(data / "web_pages" / "index.jsonl.gz")
    entries = []
    for page in pages:
        body = gzip.decompress((data / "web_pages" / page["file"]).read_bytes())
        url = served.put("/" + page["file"].removesuffix(".gz"), body, "text/html")
        entries.append(f"<url><loc>{url}</loc><lastmod>2026-11-01</lastmod></url>")
    urlset = (
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">' + "".join(entries)
    ) + "</urlset>"
    sitemap = served.put("/sitemap.xml", urlset.encode(), "application/xml")
    app = app_for(
        tmp_path,
        [
            {
                "name": "pages",
                "type": "web",
                "sitemaps": [sitemap],
                "pace": "1ms",
                "allow_private": True,
                "backfill": "9999d",
            }
        ],
    )
    [result] = app.collect()
    assert result.error is None
    found = app.store.search(Selection(), limit=200).found
    # Some pages are no articles, some say noindex; each of those is counted or named.
    assert len(found) >= 45, result.rejected
    texts = [f.mention.full_text for f in found]
    whole = [p for p in pages if p["ground_truth"] == "article_body"]
    hits = 0
    for page in whole:
        words = page["article_body"].split()
        sample = " ".join(words[len(words) // 3 : len(words) // 3 + 8])
        hits += any(sample in " ".join(text.split()) for text in texts)
    assert hits >= 0.75 * len(whole)
    [again] = app.collect()
    assert again.saved.stored == 0
