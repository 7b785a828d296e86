"""Killing ``renom run`` at any moment loses and doubles no mention and no notification."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest

from renom.app import App, load_config
from renom.demo.inbox import Inbox, Slack
from renom.reading import Selection

KILLS = 32
BRANDS = [f"Marque{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(60)]


class Publisher:
    """A site whose feed grows by an item every ``pace`` seconds and shows only the last 60."""

    def __init__(self, pace: float = 0.2) -> None:
        self.published: list[tuple[str, str]] = []
        self.pace = pace
        self._lock = Lock()
        self._next = time.monotonic()
        self.publishing = True
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = publisher.feed().encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def feed(self) -> str:
        with self._lock:
            while self.publishing and time.monotonic() >= self._next:
                self._next += self.pace
                number = len(self.published)
                brand = BRANDS[min(number // 10, len(BRANDS) - 1)]
                self.published.append((f"item-{number}", brand))
            # Everything is shown: what a feed forgets while Renom is down nobody can collect.
            items = "".join(
                f"<item><guid isPermaLink='false'>{name}</guid><title>{brand} numéro {name}</title>"
                f"<link>{self.base}/{name}</link>"
                f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate>"
                f"<description>{brand} fait parler d'elle, {name}.</description></item>"
                for name, brand in self.published
            )
        return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>"


class SlowSlack(Slack):
    """Accepts at once and answers late, so that kills fall between the two."""

    def post(self, message: dict[str, Any]) -> str:
        ts = super().post(message)
        time.sleep(random.uniform(0.0, 0.15))
        return ts


def written(folder: Path, publisher: Publisher, slack: Slack, inbox: Inbox) -> Path:
    brands = "\n".join(f"  - {{name: {name}, query: {name}}}" for name in BRANDS)
    path = folder / "config.yaml"
    path.write_text(
        f"""\
database: sqlite:///{folder}/renom.db
brands:
{brands}
sources:
  - {{name: site, type: rss, url: "{publisher.base}/feed.xml", every: 300ms}}
nlp:
  - {{type: language}}
  - {{type: vader}}
  - {{type: stories}}
alerts:
  rules:
    - {{name: named, type: keyword, query: "numéro", severity: critical}}
  channels:
    - {{name: crisis, type: slack, channel: C0TEST1234, base_url: "{slack.base}/api/"}}
    - {{name: team, type: email, host: 127.0.0.1, port: {inbox.port}, security: none,
        sender: renom@127.0.0.1.example, to: [team@acme.example]}}
  route:
    channel: team
    group_by: [brand]
    group_wait: 0s
    group_interval: 1h
    repeat_every: 30d
    routes: [{{match: {{severity: critical}}, channel: crisis, continue: true}}]
""",
        "utf-8",
    )
    (folder / ".env").write_text("RENOM_SLACK_TOKEN=xoxb-test\n", "utf-8")
    return path


@pytest.mark.slow
@pytest.mark.timeout(420)
def test_killed_again_and_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    seed = int(os.environ.get("RENOM_SEED", "20260317"))
    # Two worlds side by side, one a core: the test waits for starting processes most of the time.
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(kill_and_check, tmp_path / name, random.Random(seed + number))
            for number, name in enumerate(("one", "two"))
        ]
        published = [future.result() for future in done]
    assert min(published) > 100


def kill_and_check(folder: Path, dice: random.Random) -> int:
    """Kill a run again and again while a site publishes; return how much was published."""
    folder.mkdir()
    inbox = Inbox().start()
    slack = SlowSlack().start()
    publisher = Publisher()
    path = written(folder, publisher, slack, inbox)
    alive = []
    try:
        for _ in range(KILLS // 2):
            process = subprocess.Popen(
                [sys.executable, "-m", "renom", "--config", str(path), "run", "--tick", "150ms"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
            if dice.random() < 0.85:  # the others die while they start
                assert process.stderr is not None
                assert b"running" in process.stderr.readline()
            time.sleep(dice.uniform(0.0, 2.5))
            alive.append(process.poll() is None)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        publisher.publishing = False
        # A clock ahead of every lease: what the last killed run had claimed is free again.
        app = App(load_config(str(path)), now=lambda: datetime.now(UTC) + timedelta(minutes=15))
        drain(app, seconds=60)
        check(app, publisher, slack, inbox)
    finally:
        publisher.server.shutdown()
        slack.stop()
        inbox.stop()
    assert all(alive), "a run ended by itself before it was killed"
    return len(publisher.published)


def drain(app: App, *, seconds: float) -> None:
    """Do what is left, as the next ``renom run`` would; leases must run out by themselves."""
    end = time.monotonic() + seconds
    while True:
        app.collect()
        app.enrich()
        app.evaluate()
        app.deliver()
        waiting = app.store.pending_count() or app.store.deliveries(state="waiting", limit=1)
        if not waiting:
            return
        assert time.monotonic() < end, f"still waiting: {waiting}"
        time.sleep(1.0)


def check(app: App, publisher: Publisher, slack: Slack, inbox: Inbox) -> None:
    published = Counter(name for name, _ in publisher.published)
    stored: Counter[str] = Counter()
    after = None
    while True:
        page = app.store.search(Selection(), limit=500, after=after)
        stored.update(f.mention.text.rsplit(" ", 1)[-1].rstrip(".") for f in page.found)
        after = page.after
        if after is None:
            break
    assert stored == published
    tally = app.store.tally(Selection())
    assert tally.mentions == len(published)
    assert tally.scored == len(published)

    named = {brand for _, brand in publisher.published}
    keys = Counter(str(m["metadata"]["event_payload"]["delivery_id"]) for m in slack.messages)
    assert max(keys.values()) == 1, f"doubled on Slack: {keys.most_common(3)}"
    told = {brand for brand in named for m in slack.messages if brand in str(m)}
    assert told == named
    # SMTP cannot be asked whether a mail arrived: a kill between its 250 and our commit repeats
    # the mail under the same Message-ID, by which the reader's client folds it.
    mails = {mail.message_id for mail in inbox.mails}
    assert len(mails) == len(keys)
    assert len(inbox.mails) - len(mails) <= KILLS
