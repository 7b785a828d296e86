"""The demo's run: collect, understand, alert and deliver on the stage, saying what happened."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from renom.app import App, load_config
from renom.demo.stage import Stage
from renom.pipeline import Collected
from renom.reading import Selection


@dataclass(slots=True)
class Report:
    """What the demo did, stage by stage; ``missing`` names stages that delivered nothing."""

    collected: dict[str, dict[str, Any]] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    mentions: int = 0
    enriched: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    sentiment: dict[str, int] = field(default_factory=dict)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    slack: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    seconds: float = 0.0


Say = Callable[[str], None]


def perform(
    stage: Stage,
    *,
    say: Say,
    enriching: Callable[[int, int], None] | None = None,
) -> tuple[App, Report]:
    """Run every step of Renom on the stage once; return the wired app and the report."""
    started = time.monotonic()
    app = App(load_config(str(stage.config_path)))
    report = Report()
    for spec in app.config.sources:
        say(f"collecting {spec.name} ({spec.type})")
        [result] = app.collect([spec.name])
        report.collected[spec.name] = _collected(result)
    total = app.store.pending_count()
    say(f"understanding {total} mentions")
    progress = (lambda done: enriching(done, total)) if enriching is not None else None
    enriched = app.enrich(progress=progress)
    report.enriched, report.errors = enriched.mentions, enriched.errors
    say("evaluating the rules")
    app.evaluate()
    say("delivering notifications")
    for _ in range(5):
        if app.deliver().sent == 0:
            break
    _summarise(app, stage, report)
    report.seconds = time.monotonic() - started
    return app, report


def _collected(result: Collected) -> dict[str, Any]:
    return {
        "type": result.source,
        "read": result.read,
        "stored": result.saved.stored,
        "unmatched": result.saved.unmatched,
        "rejected": result.rejected_count,
        "rejections": [f"{r.item}: {r.reason}" for r in result.rejected[:5]],
        "error": result.error.message if result.error is not None else None,
        "seconds": round(result.seconds, 1),
    }


def _summarise(app: App, stage: Stage, report: Report) -> None:
    own = tuple(brand.name for brand in app.brands if brand.role == "own")
    tally = app.store.tally(Selection(brands=own))
    report.sentiment = {
        "positive": tally.positive,
        "neutral": tally.neutral,
        "negative": tally.negative,
    }
    report.kinds = {k: t.mentions for k, t in app.store.by("kind", Selection()).items()}
    report.mentions = app.store.counts().mentions
    for record in app.store.alerts(open_only=True):
        report.alerts.append(
            {
                "rule": record.alert.rule,
                "labels": dict(record.alert.labels),
                "severity": record.alert.severity,
                "value": record.alert.value,
                "expected": record.alert.expected,
                "summary": record.alert.summary,
            }
        )
    report.mails = [mail.subject for mail in stage.inbox.mails]
    report.slack = [str(message.get("text", "")) for message in stage.slack.messages]
    missing = {
        f"source {name}": not result["stored"] or result["error"]
        for name, result in report.collected.items()
    }
    missing |= {
        "understanding": not report.enriched or not sum(report.sentiment.values()),
        "alerts": not report.alerts,
        "incident": not any(a["rule"] in ("negatif", "volume") for a in report.alerts),
        "e-mail": not report.mails,
        "slack": not report.slack,
    }
    report.missing = [name for name, empty in missing.items() if empty]
