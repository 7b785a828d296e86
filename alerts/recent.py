"""Recent: rules that have no baseline, where a single mention is news.

Such a rule is true while something new was collected lately. A mention counts when it was
published no longer ago than ``late`` and stored within ``window``: an article found two days
after it appeared is news, an archive read for the first time is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from pydantic import Field

from renom.alert import MAX_EVIDENCE, Alert, Severity
from renom.contracts import Duration, RuleOptions
from renom.reading import Reader, Selection


class RecentOptions(RuleOptions):
    """Options that these rules share.

    ``brand`` or ``brands`` default to every own brand; the alert needs ``minimum`` mentions and
    ends once nothing new came for ``window``; mentions older than ``late`` are no news.
    """

    brand: str | None = None
    brands: tuple[str, ...] = ()
    window: Duration = timedelta(hours=24)
    late: Duration = timedelta(days=3)
    minimum: int = Field(default=1, ge=1)


def recent(selection: Selection, options: RecentOptions, *, now: datetime) -> Selection:
    """Return the selection narrowed to what is news at ``now``."""
    return replace(
        selection,
        start=now - max(options.late, options.window),
        end=now,
        collected_from=now - options.window,
    )


def alert_for(
    reader: Reader,
    news: Selection,
    *,
    rule: str,
    kind: str,
    labels: Mapping[str, str],
    severity: Severity,
    minimum: int,
    now: datetime,
    what: str,
    unit: str = "mentions",
    measures: Mapping[str, float] | None = None,
) -> Alert | None:
    """Return the alert if at least ``minimum`` mentions are news, else None.

    ``what`` ends the English sentence for logs: "3 new ``what``".
    """
    newest = reader.search(news, limit=50).found
    if len(newest) < minimum:
        return None
    count = len(newest) if len(newest) < 50 else max(50, reader.tally(news).mentions)
    telling = reader.search(news, limit=MAX_EVIDENCE, order="telling").found
    assert news.start is not None
    return Alert(
        rule=rule,
        kind=kind,
        labels=labels,
        severity=severity,
        value=float(count),
        threshold=float(minimum),
        unit=unit,
        window_seconds=int((now - news.start).total_seconds()),
        starts_at=min(found.mention.published_at for found in newest),
        summary=f"{labels.get('brand', '')}: {count} new {what}",
        evidence=tuple(found.mention.key for found in telling),
        measures=dict(measures or {}),
    )
