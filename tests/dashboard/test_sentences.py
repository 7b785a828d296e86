"""An alert is one plain sentence in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard.alertrows import gravest_first
from dashboard.sentences import sentence, why
from dashboard.wording import Wording
from renom.alert import Alert, Driver
from renom.reading import AlertRecord

FR, EN = (Wording(language, ZoneInfo("Europe/Paris")) for language in ("fr", "en"))
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def alert(kind: str, **more: object) -> Alert:
    fields: dict[str, object] = {
        "rule": "r",
        "kind": kind,
        "labels": {"brand": "Lumea"},
        "severity": "warning",
        "value": 23.0,
        "starts_at": NOW,
        "summary": "its own words",
    }
    return Alert(**(fields | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "french"),
    [
        (
            alert("volume_spike", expected=4.2, window_seconds=7200),
            "Lumea : 23 mentions en 2 heures, contre 4,2 d'habitude.",
        ),
        (
            alert("volume_spike", expected=0.2, window_seconds=3600),
            "Lumea : 23 mentions en 1 heure, contre presque rien d'habitude.",
        ),
        (
            alert("low_rating", value=1.0, measures={"stars": 2.0}),
            "Lumea : 1 nouvel avis d'au plus 2 étoiles.",
        ),
        (
            alert("silent_source", labels={"source": "forum"}, value=30.0, threshold=6.0),
            "La source forum n'a rien apporté depuis 30 heures.",
        ),
        (
            alert("silent_source", labels={"source": "forum"}),
            "La source forum est en pause tant que personne n'intervient.",
        ),
        (alert("another_kind"), "its own words"),
    ],
)
def test_alert_is_told_in_french(state: Alert, french: str) -> None:
    assert sentence(state, FR).replace("\u202f", " ").replace("\xa0", " ") == french


def test_negative_surge_tells_the_share() -> None:
    shares = {"negative_share": 0.61, "usual_negative_share": 0.2}
    state = alert("negative_surge", expected=4.0, window_seconds=3600, measures=shares)
    assert sentence(state, EN) == (
        "Lumea: 23 negative mentions in 1 hour, where 4 are usual. "
        "61% of what is said is negative, usually 20%."
    )


def test_what_stands_before_where() -> None:
    drivers = (Driver("source", "forum", 9, 0.9), Driver("topic", "refund", 5, 0.5))
    assert why(alert("volume_spike", drivers=drivers), EN) == "Mostly about: refund, forum"


def test_gravest_alert_nobody_has_taken_on_stands_first() -> None:
    def record(number: int, severity: str, taken: bool = False) -> AlertRecord:
        state = alert("keyword", severity=severity, starts_at=NOW - timedelta(hours=number))
        return AlertRecord(number, state, NOW, NOW, acknowledged_at=NOW if taken else None)

    rows = [record(1, "info"), record(2, "critical", taken=True), record(3, "critical")]
    assert [row.id for row in gravest_first(rows)] == [3, 1, 2]
