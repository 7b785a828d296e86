"""Warn when new mentions of a brand match a Boolean query, such as risk words.

Each mention counts; there is no baseline. One alert per brand and rule gathers them and ends when
nothing new came for ``window``.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field, field_validator

from alerts.incident import chosen
from alerts.recent import RecentOptions, alert_for, recent
from renom.alert import Alert
from renom.contracts import Rule
from renom.errors import QueryError
from renom.query import parse
from renom.reading import Reader, Selection


class KeywordOptions(RecentOptions):
    """Options of ``keyword``: ``query`` is Boolean text as in brand definitions."""

    query: str = Field(min_length=1)

    @field_validator("query")
    @classmethod
    def _readable(cls, value: str) -> str:
        try:
            parse(value)
        except QueryError as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise ValueError(f"column {error.column}: {error.message}{hint}") from error
        return value


class Keyword(Rule):
    """One alert per brand while new mentions match the query."""

    Options = KeywordOptions

    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return an alert for each watched brand with enough new matching mentions."""
        options = self.options
        alerts = []
        for brand in chosen(self.brands, brand=options.brand, names=options.brands):
            alert = alert_for(
                reader,
                recent(Selection(brands=(brand,), query=options.query), options, now=now),
                rule=self.name,
                kind="keyword",
                labels={"brand": brand},
                severity=options.severity,
                minimum=options.minimum,
                now=now,
                what=f"mentions match {self.name}",
            )
            if alert is not None:
                alerts.append(alert)
        return alerts
