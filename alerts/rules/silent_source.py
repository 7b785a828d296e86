"""Warn when a source gives nothing any more: paused, failing, or silent far longer than usual.

An empty source must not look like a calm brand. Silent means that the time since the last mention
exceeds a multiple of the usual gap between mentions (24 h / usual mentions a day; 3 gaps at high,
5 at normal, 10 at low sensitivity) and never less than a day, or the time that ``after`` names.
Failing means no success for that many times its own pace, at least six hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from renom.alert import Alert
from renom.contracts import Duration, Rule, RuleOptions
from renom.reading import Reader, SourceState

_GAPS = {"low": 10.0, "normal": 5.0, "high": 3.0}
_LEAST_SILENT = timedelta(days=1)
_LEAST_FAILING = timedelta(hours=6)
_PAST = timedelta(days=7)  # not even tried for so long: no longer configured
_PACE = timedelta(hours=1)  # taken for a source whose own pace is not known


class SilentOptions(RuleOptions):
    """``sources`` defaults to all; ``after`` replaces the estimate of how long is too long."""

    sources: tuple[str, ...] = ()
    sensitivity: Literal["low", "normal", "high"] = "normal"
    after: Duration | None = None


class SilentSource(Rule):
    """One alert per source while it is paused, failing or silent."""

    Options = SilentOptions

    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return an alert for each source that gives nothing."""
        wanted = {name.casefold() for name in self.options.sources}
        alerts = []
        for state in reader.sources(now=now):
            named = state.name.casefold() in wanted
            if state.last_attempt is None or (wanted and not named):
                continue
            if not named and not self._watched(state, now):
                continue
            alert = self._paused(state) or self._failing(state, now) or self._silent(state, now)
            if alert is not None:
                alerts.append(alert)
        return alerts

    def _watched(self, state: SourceState, now: datetime) -> bool:
        """Say whether the source is collected on a schedule, and not one of the past."""
        if state.paused:
            return True
        scheduled = state.next_check is not None or state.failures > 0
        return scheduled and state.last_attempt is not None and now - state.last_attempt < _PAST

    def _paused(self, state: SourceState) -> Alert | None:
        if not state.paused:
            return None
        since = state.last_success or state.created_at or state.last_attempt
        assert since is not None
        why = " ".join(part for part in (state.error, state.hint) if part)
        return self._alert(state, since, None, None, f"{state.name} is paused. {why}".strip())

    def _failing(self, state: SourceState, now: datetime) -> Alert | None:
        since = state.last_success or state.created_at
        if not state.failures or since is None:
            return None
        pace = state.every or _PACE
        limit = self.options.after or max(_LEAST_FAILING, pace * _GAPS[self.options.sensitivity])
        if now - since <= limit:
            return None
        text = f"{state.name} could not be collected since {since:%Y-%m-%d %H:%M} UTC."
        return self._alert(state, since, None, (limit, now), f"{text} {state.error}".strip())

    def _silent(self, state: SourceState, now: datetime) -> Alert | None:
        if state.last_mention is None:
            return None
        if self.options.after is not None:
            limit, gap = self.options.after, None
        elif state.usual_daily:
            gap = timedelta(days=1) / state.usual_daily
            limit = max(_LEAST_SILENT, gap * _GAPS[self.options.sensitivity])
        else:
            return None  # too young or too rare to tell
        if now - state.last_mention <= limit:
            return None
        text = f"{state.name} works but gave no mention since {state.last_mention:%Y-%m-%d %H:%M}"
        return self._alert(state, state.last_mention, gap, (limit, now), f"{text} UTC.")

    def _alert(
        self,
        state: SourceState,
        since: datetime,
        gap: timedelta | None,
        silent: tuple[timedelta, datetime] | None,
        summary: str,
    ) -> Alert:
        hour = timedelta(hours=1)
        limit, now = silent if silent is not None else (None, None)
        return Alert(
            rule=self.name,
            kind="silent_source",
            labels={"source": state.name},
            severity=self.options.severity,
            value=(now - since) / hour if now is not None else 0.0,
            expected=round(gap / hour, 2) if gap is not None else None,
            threshold=limit / hour if limit is not None else None,
            unit="hours",
            starts_at=since,
            summary=summary,
        )
