"""Short ways to make, save and enrich mentions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from renom.contracts import Batch, Given, Saved
from renom.enrichment import Enrichment, sentiment_of
from renom.mention import Mention
from storage.store import Store

NOW = datetime(2026, 5, 20, 14, 37, 12, tzinfo=UTC)


def mention(number: int = 1, text: str = "", **changes: object) -> Mention:
    """Return a mention published ``number`` minutes before NOW, unless told otherwise."""
    values: dict[str, object] = {
        "platform": "web",
        "external_id": f"m{number}",
        "source": "presse",
        "url": f"https://example.org/{number}",
        "kind": "article",
        "text": text or f"Le réseau Orange est en panne, numéro {number}",
        "published_at": NOW - timedelta(minutes=number),
        "collected_at": NOW,
    }
    values.update(changes)
    return Mention(**values)  # type: ignore[arg-type]


def save(
    store: Store,
    *mentions: Mention,
    brands: tuple[str, ...] = ("Orange",),
    source: str = "presse",
    now: datetime = NOW,
    given: dict[str, Given] | None = None,
    **batch: object,
) -> Saved:
    """Save mentions that all match ``brands``."""
    made = Batch(mentions=mentions, given=given or {}, **batch)  # type: ignore[arg-type]
    return store.save_batch(source, made, {m.key: brands for m in mentions}, now=now)


def enrich(store: Store, *, label: str = "negative", now: datetime = NOW, **fields: object) -> int:
    """Enrich everything that waits with one label and the same fields."""
    done = 0
    while pending := store.claim_pending(now=now, limit=500, lease=timedelta(minutes=5)):
        pairs = [
            (
                item,
                Enrichment(
                    item.mention.key,
                    sentiment=sentiment_of(label),  # type: ignore[arg-type]
                    **fields,  # type: ignore[arg-type]
                ),
            )
            for item in pending
        ]
        done += store.save_enrichments(pairs, now=now)
    return done
