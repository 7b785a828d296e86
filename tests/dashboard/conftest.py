"""A database with some three hundred mentions of three fictional brands, filled through Store."""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import launch
from renom.alert import Alert, Driver
from renom.contracts import Batch, Rejection
from renom.enrichment import BrandSentiment, Entity, sentiment_of
from renom.mention import Author, Engagement, Mention, Rating

BRANDS = [
    {"name": "Rivale & Fils", "role": "competitor"},
    {"name": "Lumea", "role": "own"},
    {"name": "Noctis", "role": "competitor"},
]
SOURCES = ("press-fr", "shop-reviews", "forum")
TEXTS = {
    "negative": (
        "Livraison en retard chez {}, et le service client ne répond pas.",
        "The {} lamp broke after two days and nobody refunds me.",
    ),
    "neutral": ("{} ouvre une boutique à Lyon.", "{} publishes its yearly figures."),
    "positive": (
        "Très content de ma lampe {}, la livraison était parfaite !",
        "Love the new {} lamp, wonderful light.",
    ),
}
TOPICS = {"negative": "service client", "neutral": "boutique", "positive": "livraison"}

HOSTILE = (
    "Lumea <script>alert('x')</script> ![i](https://evil.example/p.png) "
    "[click](javascript:alert(1)) <img src=x onerror=alert(1)> **bold** lampe"
)


def mentions(now: datetime) -> list[tuple[Mention, str, str]]:
    """Return (mention, brand, label), the same ones every time."""
    chance = random.Random(7)
    rows = []
    for number in range(300):
        brand = chance.choices(["Lumea", "Rivale & Fils", "Noctis"], [5, 3, 2])[0]
        label = chance.choices(["negative", "neutral", "positive"], [3, 4, 3])[0]
        text = TEXTS[label][number % 2].format(brand) + f" ({number})"
        source = SOURCES[number % 3]
        mention = Mention(
            platform={"press-fr": "web", "shop-reviews": "shop", "forum": "forum"}[source],
            external_id=f"id-{number}",
            source=source,
            url=f"https://example.org/{number}",
            kind="review" if source == "shop-reviews" else "post",
            title=f"Titre {number}" if number % 4 == 0 else None,
            text=text,
            published_at=now - timedelta(minutes=20 + chance.randrange(58 * 1440)),
            collected_at=now,
            author=Author(handle=f"u{number % 40}", name="Zoé <b>" if number % 7 == 0 else None),
            language="fr" if number % 2 == 0 else "en",
            rating=Rating(1 + number % 5) if source == "shop-reviews" else None,
            engagement=Engagement(likes=number % 50),
        )
        rows.append((mention, brand, label))
    hostile = Mention(
        platform="forum",
        external_id="hostile",
        source="forum",
        url="https://example.org/hostile?a=1&b=<2>",
        kind="post",
        title="<h1>=cmd</h1>",
        text=HOSTILE,
        published_at=now - timedelta(minutes=5),
        collected_at=now,
        author=Author(handle="<script>alert(2)</script>"),
        language="fr",
        engagement=Engagement(likes=999),
    )
    return [*rows, (hostile, "Lumea", "negative")]


def fill(url: str, now: datetime) -> None:
    """Put everything into a new database, as the pipeline would."""
    from storage.store import open_store

    store = open_store(url)
    rows = mentions(now)
    brand_of = {m.key: (brand, label) for m, brand, label in rows}
    for source in SOURCES:
        batch = Batch(
            mentions=tuple(m for m, _, _ in rows if m.source == source),
            cursor={"at": 1},
            rejected=(Rejection("line <7>", "no date"),) if source == "forum" else (),
        )
        matches = {m.key: (brand_of[m.key][0],) for m in batch.mentions}
        store.save_batch(source, batch, matches, now=now, type="rss")
        store.source_succeeded(source, type="rss", now=now, next_check=now + timedelta(minutes=15))
    store.source_failed(
        "shop-reviews",
        type="web",
        now=now,
        error="The shop answered 403 <b>Forbidden</b>.",
        hint="Ask for access.",
        paused=True,
    )
    while pending := store.claim_pending(now=now, limit=200, lease=timedelta(minutes=5)):
        done = []
        for one in pending:
            brand, label = brand_of[one.mention.key]
            feeling = sentiment_of(label)  # type: ignore[arg-type]
            done.append(
                (
                    one,
                    dataclasses.replace(
                        one.enrichment,
                        language=one.mention.language,
                        sentiment=feeling,
                        brand_sentiments=(BrandSentiment(brand, feeling),),
                        topics=(TOPICS[label],),
                        entities=(Entity("Lyon", "place", "Lyon", 0, 4),),
                        made_by={"sentiment": "test/1"},
                    ),
                )
            )
        store.save_enrichments(done, now=now)
    with store.alert_log(now=now) as log:
        log.put(
            Alert(
                rule="negative-lumea",
                kind="negative_surge",
                labels={"brand": "Lumea"},
                severity="critical",
                value=23,
                expected=4.2,
                unit="negative mentions",
                window_seconds=7200,
                starts_at=now - timedelta(hours=3),
                summary="Lumea: 23 negative mentions in 2 h",
                drivers=(Driver("topic", "service client", 12, 0.6),),
                measures={"negative_share": 0.61, "usual_negative_share": 0.2},
            )
        )
        past = Alert(
            rule="spike",
            kind="volume_spike",
            labels={"brand": "Noctis"},
            severity="warning",
            value=40,
            expected=6.1,
            window_seconds=3600,
            starts_at=now - timedelta(days=3),
            summary="Noctis: 40 mentions in 1 h",
        )
        log.put(past)
        log.put(dataclasses.replace(past, ends_at=now - timedelta(days=2)))


@pytest.fixture(scope="session")
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def filled_url(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('full')}/renom.db"
    fill(url, now)
    return url


@pytest.fixture(scope="session")
def fill_database() -> Callable[[str, datetime], None]:
    return fill


@pytest.fixture
def empty_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/empty.db"


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that opens the dashboard at an address and runs it once."""

    def opened(url: str, page: str = "", *, lang: str = "en", **params: Any) -> AppTest:
        monkeypatch.setenv("RENOM_DATABASE", url)
        monkeypatch.setenv("RENOM_BRANDS", json.dumps(BRANDS))
        monkeypatch.setenv("RENOM_TIMEZONE", "Europe/Paris")
        monkeypatch.setenv("RENOM_DASHBOARD_LANGUAGE", lang)
        monkeypatch.setenv("RENOM_CONFIG", "")
        app = AppTest.from_file(str(launch.script().resolve()), default_timeout=30)
        for name, value in params.items():
            app.query_params[name] = value
        if page:
            # AppTest.switch_page knows only pages that are files.
            app._page_hash = calc_hash(page)
        return app.run()

    return opened
