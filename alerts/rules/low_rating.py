"""Warn when a brand gets reviews at or below a rating.

``stars`` is counted of five; other scales are converted (two of five is a quarter of the way from
the worst to the best rating). Each review counts; one alert per brand gathers them.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from alerts.incident import chosen
from alerts.recent import RecentOptions, alert_for, recent
from renom.alert import Alert
from renom.contracts import Rule
from renom.reading import Reader, Selection

_JUST_ABOVE = 1e-6  # Selection.ratings_below excludes its bound


class LowRatingOptions(RecentOptions):
    """Options of ``low_rating``: ``stars`` in 1..5 is the highest rating that counts as low."""

    stars: float = Field(default=2.0, ge=1.0, le=5.0)


class LowRating(Rule):
    """One alert per brand while new low ratings come in."""

    Options = LowRatingOptions

    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return an alert for each watched brand with enough new low ratings."""
        options = self.options
        below = (options.stars - 1.0) / 4.0 + _JUST_ABOVE
        alerts = []
        for brand in chosen(self.brands, brand=options.brand, names=options.brands):
            alert = alert_for(
                reader,
                recent(Selection(brands=(brand,), ratings_below=below), options, now=now),
                rule=self.name,
                kind="low_rating",
                labels={"brand": brand},
                severity=options.severity,
                minimum=options.minimum,
                now=now,
                what=f"reviews with {options.stars:g} of 5 stars or fewer",
                unit="reviews",
                measures={"stars": options.stars},
            )
            if alert is not None:
                alerts.append(alert)
        return alerts
