"""From stored mentions to mails: rules, engine and outbox on a real database, no fakes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.channels.console import Console
from alerts.engine import Engine
from alerts.outbox import deliver
from alerts.route import Route
from alerts.rules.keyword import Keyword, KeywordOptions
from alerts.rules.low_rating import LowRating, LowRatingOptions
from alerts.rules.negative_surge import NegativeSurge, SurgeOptions
from alerts.rules.silent_source import SilentOptions, SilentSource
from alerts.rules.volume_spike import SpikeOptions, VolumeSpike
from renom.brand import Brand
from renom.contracts import Batch, ChannelOptions, Rule
from renom.enrichment import Enrichment, sentiment_of
from renom.mention import Mention, Rating
from storage.store import Store

HOUR = timedelta(hours=1)
Brands = tuple[Brand, Brand]


def keep(store: Store, mentions: Sequence[tuple[Mention, str]], *, now: datetime) -> None:
    """Store mentions of the brand, each with its sentiment label."""
    batch = Batch(mentions=tuple(mention for mention, _ in mentions))
    labels = {mention.key: label for mention, label in mentions}
    store.save_batch("presse", batch, {key: ["Solvéa"] for key in labels}, now=now, type="rss")
    while pending := store.claim_pending(now=now, limit=500, lease=HOUR):
        done = [
            (
                one,
                Enrichment(
                    one.mention.key,
                    language="fr",
                    sentiment=sentiment_of(labels[one.mention.key]),  # type: ignore[arg-type]
                    topics=("colis",) if labels[one.mention.key] == "negative" else ("soldes",),
                    made_by={"sentiment": "test/1"},
                ),
            )
            for one in pending
        ]
        store.save_enrichments(done, now=now)


def mention(number: int, at: datetime, text: str = "Solvéa", stars: int | None = None) -> Mention:
    return Mention(
        platform="press",
        external_id=str(number),
        source="presse",
        url=f"https://presse.example/{number}",
        kind="article" if stars is None else "review",
        text=f"{text} numéro {number}",
        published_at=at,
        collected_at=at,
        rating=None if stars is None else Rating(stars),
    )


@pytest.fixture
def filled(store: Store, now: datetime) -> Store:
    """Four quiet weeks of about 4 mentions an hour by day, a fifth of them negative."""
    rng = random.Random(7)
    mentions: list[tuple[Mention, str]] = []
    for hour in range(28 * 24):
        at = now - timedelta(days=28) + hour * HOUR
        for n in range(rng.randint(2, 6) if 7 <= at.hour < 21 else rng.randint(0, 1)):
            label = "negative" if rng.random() < 0.2 else "neutral"
            mentions.append((mention(len(mentions), at + n * HOUR / 8), label))
    keep(store, mentions, now=now - HOUR)
    store.source_succeeded("presse", type="rss", now=now, next_check=now + HOUR)
    return store


def rules(brands: Brands) -> list[Rule]:
    return [
        VolumeSpike("pic", SpikeOptions(), brands=brands),
        NegativeSurge("negatif", SurgeOptions(severity="critical"), brands=brands),
        Keyword("risque", KeywordOptions(query="rappel* OR fraude"), brands=brands),
        LowRating("notes", LowRatingOptions(), brands=brands),
        SilentSource("muet", SilentOptions(), brands=brands),
    ]


def engine(brands: Brands, **tree: Any) -> Engine:
    channels = {"team": Console("team", ChannelOptions())}
    route = Route.parse({"channel": "team", "group_wait": "0s", **tree})
    return Engine(rules(brands), channels, route, language="fr", timezone="Europe/Paris")


def test_quiet_weeks_say_nothing(filled: Store, brands: Brands, now: datetime) -> None:
    found = engine(brands).evaluate(filled, now=now)
    assert found.failures == ()
    assert [alert.summary for alert in found.opened] == []
    assert filled.claim_deliveries(now=now, limit=5, lease=HOUR) == []


def test_an_incident_is_found_explained_told_once_and_resolved(
    filled: Store, brands: Brands, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    burst = [
        (mention(100_000 + n, now - HOUR + n * HOUR / 61, "Colis perdus, rappelés ?"), "negative")
        for n in range(60)
    ]
    low = [(mention(200_000, now - HOUR / 2, "Nul", stars=1), "negative")]
    keep(filled, [*burst, *low], now=now)
    desk = engine(brands)
    found = desk.evaluate(filled, now=now)
    assert found.failures == ()
    kinds = {alert.kind: alert for alert in found.opened}
    assert set(kinds) == {"volume_spike", "negative_surge", "keyword", "low_rating"}
    surge = kinds["negative_surge"]
    assert surge.measures["negative_share"] > 0.8
    assert any(driver.name == "colis" and driver.share > 0.5 for driver in surge.drivers)
    assert [a.kind for a in found.inhibited] == ["volume_spike"]
    channels = desk.channels
    assert deliver(filled, channels, now=now).sent == 1
    printed = capsys.readouterr().out.replace("\u00a0", " ")
    assert "plus de mentions négatives que d’habitude" in printed
    assert "Colis perdus, rappelés ?" in printed
    assert "https://presse.example/1000" in printed

    again = desk.evaluate(filled, now=now + timedelta(minutes=10))
    assert (again.opened, again.enqueued) == ((), ())
    quiet = [
        (mention(300_000 + n, now + n * HOUR / 4, "Solvéa va bien"), "neutral") for n in range(40)
    ]
    later = now + timedelta(hours=12)
    keep(filled, quiet, now=later)
    ended = desk.evaluate(filled, now=later).ended
    assert {"volume_spike", "negative_surge"} <= {alert.kind for alert in ended}
    assert deliver(filled, channels, now=later).sent == 1


def test_evaluating_again_from_the_same_data_finds_the_same_alerts(
    filled: Store, brands: Brands, now: datetime
) -> None:
    burst = [(mention(100_000 + n, now - 2 * HOUR + n * HOUR / 61), "negative") for n in range(100)]
    keep(filled, burst, now=now)
    found = [
        [rule.evaluate(filled, now=at) for rule in rules(brands)[:2]]
        for at in (now, now, now + timedelta(minutes=30))
    ]
    assert found[0] == found[1]
    starts = [[alert.starts_at for alerts in one for alert in alerts] for one in found]
    assert starts[0] == starts[2] != []


def test_a_source_that_fell_silent_is_told_with_its_name(
    filled: Store, brands: Brands, now: datetime
) -> None:
    later = now + timedelta(days=3)
    filled.source_succeeded("presse", type="rss", now=later, next_check=later + HOUR)
    found = engine(brands).evaluate(filled, now=later)
    (alert,) = [alert for alert in found.opened if alert.kind == "silent_source"]
    assert alert.labels["source"] == "presse"
    assert "gave no mention since" in alert.summary
