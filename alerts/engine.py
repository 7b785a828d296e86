"""Engine: from what is true now to the messages that are due, in one transaction.

rules -> merge with the open alerts -> ended -> inhibit -> silence -> route -> group -> dedup
against what was said -> outbox. The model is Alertmanager's (dispatch, inhibit, silence, nflog).
A rule that fails is reported and leaves its open alerts as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.message import message_for
from alerts.route import DEFAULT_INHIBITIONS, Inhibition, Route, value_of
from renom.alert import SEVERITIES, Alert, Reason
from renom.contracts import AlertLog, Channel, Message, Rule, Store
from renom.errors import RenomError
from renom.reading import AlertRecord, Said, Silence

OUTBOX_RULE = "channel_denied"
"""The outbox's own alerts: the engine neither ends nor routes them."""

_MEMORY = timedelta(days=7)
"""How long an ended alert may wait for its end to be told."""


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """A rule that could not be evaluated, in a reader's words."""

    rule: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Withheld:
    """A group about which a channel was told nothing this time, and why."""

    channel: str
    group: str
    why: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation found and did.

    ``firing`` are all open alerts, silenced and inhibited ones included; ``enqueued`` the messages
    written to the outbox.
    """

    firing: tuple[AlertRecord, ...] = ()
    opened: tuple[Alert, ...] = ()
    ended: tuple[Alert, ...] = ()
    silenced: tuple[Alert, ...] = ()
    inhibited: tuple[Alert, ...] = ()
    enqueued: tuple[Message, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    failures: tuple[RuleFailure, ...] = ()


@dataclass(slots=True)
class _Group:
    """Alerts that share a message: ``firing`` may be told, ``muted`` may not, ``ended`` ended."""

    route: Route
    key: str
    firing: list[AlertRecord] = field(default_factory=list)
    muted: list[AlertRecord] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)


@dataclass(slots=True)
class _Merged:
    """The alert memory after the rules have spoken."""

    records: list[AlertRecord] = field(default_factory=list)
    opened: list[Alert] = field(default_factory=list)
    ended: list[Alert] = field(default_factory=list)


class Engine:
    """Evaluates rules and decides what is said to whom."""

    def __init__(
        self,
        rules: Sequence[Rule],
        channels: Mapping[str, Channel],
        route: Route,
        *,
        dashboard_url: str = "",
        timezone: str = "UTC",
        language: str = "en",
        inhibitions: Sequence[Inhibition] = DEFAULT_INHIBITIONS,
    ) -> None:
        self.rules = tuple(rules)
        self.channels = dict(channels)
        self.route = route
        self.dashboard_url = dashboard_url.rstrip("/")
        self.timezone = timezone
        self.language = language
        self.inhibitions = tuple(inhibitions)

    def evaluate(self, store: Store, *, now: datetime) -> Evaluation:
        """Evaluate every rule at ``now`` and write the messages that are due to the outbox."""
        found, failures = self._ask(store, now)
        recent = [r for r in store.alerts(limit=500) if r.alert.kind != OUTBOX_RULE]
        with store.alert_log(now=now) as log:
            merged = self._merge(log, found, {failure.rule for failure in failures}, now)
            inhibited = self._inhibited([record.alert for record in merged.records])
            silenced = self._silence(log, merged.records)
            muted = inhibited | set(silenced)
            groups = self._groups(merged, recent, muted, now)
            enqueued, withheld = self._tell(log, groups, now)
        return Evaluation(
            firing=tuple(merged.records),
            opened=tuple(merged.opened),
            ended=tuple(merged.ended),
            silenced=tuple(r.alert for r in merged.records if r.alert.fingerprint in silenced),
            inhibited=tuple(r.alert for r in merged.records if r.alert.fingerprint in inhibited),
            enqueued=tuple(enqueued),
            withheld=tuple(withheld),
            failures=tuple(failures),
        )

    # -- what is true

    def _ask(self, store: Store, now: datetime) -> tuple[dict[str, Alert], list[RuleFailure]]:
        found: dict[str, Alert] = {}
        failures = []
        for rule in self.rules:
            try:
                for alert in rule.evaluate(store, now=now):
                    found[alert.fingerprint] = alert
            except RenomError as error:
                failures.append(RuleFailure(rule.name, error.message, error.hint))
        return found, failures

    def _merge(
        self, log: AlertLog, found: Mapping[str, Alert], failed: set[str], now: datetime
    ) -> _Merged:
        merged = _Merged()
        before = {
            record.alert.fingerprint: record
            for record in log.open_alerts()
            if record.alert.kind != OUTBOX_RULE
        }
        for fingerprint, alert in found.items():
            known = before.get(fingerprint)
            if known is not None and known.alert.starts_at < alert.starts_at:
                # what let it begin may have left the rule's sight: its start stays
                alert = replace(alert, starts_at=known.alert.starts_at)
            merged.records.append(log.put(alert))
            if known is None:
                merged.opened.append(alert)
        for fingerprint, record in before.items():
            if fingerprint in found:
                continue
            if record.alert.rule in failed:
                merged.records.append(record)
                continue
            ended = replace(record.alert, ends_at=max(now, record.alert.starts_at))
            log.put(ended)
            merged.ended.append(ended)
        return merged

    # -- what may be said

    def _inhibited(self, alerts: Sequence[Alert]) -> set[str]:
        return {
            target.fingerprint
            for target in alerts
            for source in alerts
            if any(rule.mutes(source, target) for rule in self.inhibitions)
        }

    def _silence(self, log: AlertLog, records: Sequence[AlertRecord]) -> dict[str, int]:
        """Remember for every open alert which silence holds it back; return those held back."""
        silences = log.silences()
        held: dict[str, int] = {}
        for record in records:
            by = next((s.id for s in silences if _silences(s, record.alert)), None)
            if by is not None:
                held[record.alert.fingerprint] = by
            if by != record.silenced_by:
                log.mark_silenced(record.id, by)
        return held

    def _groups(
        self,
        merged: _Merged,
        recent: Sequence[AlertRecord],
        muted: set[str],
        now: datetime,
    ) -> list[_Group]:
        groups: dict[str, _Group] = {}

        def groups_of(alert: Alert) -> list[_Group]:
            found = {}
            for route in self.route.takers(alert):
                key = route.group_of(alert)
                name = f"{route.channel}\n{key}"
                found[name] = groups.setdefault(name, _Group(route, key))
            return list(found.values())

        for record in merged.records:
            silent = record.alert.fingerprint in muted
            for group in groups_of(record.alert):
                (group.muted if silent else group.firing).append(record)
        past = [
            record.alert
            for record in recent
            if record.alert.ends_at is not None and record.alert.ends_at > now - _MEMORY
        ]
        seen = {record.alert.fingerprint for record in merged.records}
        for alert in [*merged.ended, *past]:
            if alert.fingerprint not in seen:
                seen.add(alert.fingerprint)
                for group in groups_of(alert):
                    group.ended.append(alert)
        return list(groups.values())

    # -- what is said

    def _tell(
        self, log: AlertLog, groups: Sequence[_Group], now: datetime
    ) -> tuple[list[Message], list[Withheld]]:
        enqueued: list[Message] = []
        withheld: list[Withheld] = []
        for group in groups:
            channel = self.channels.get(group.route.channel)
            if channel is None:
                if group.firing:
                    why = "the channel is not configured"
                    withheld.append(Withheld(group.route.channel, group.key, why))
                continue
            for recipient in channel.recipients():
                thread = f"{group.key}#{recipient}" if recipient else group.key
                said = log.said(channel.name, thread)
                reason, why = decide(group.firing, group.ended, said, group.route, now)
                if reason is None:
                    if group.firing or group.muted:
                        why = why if group.firing else "silenced or inhibited"
                        withheld.append(Withheld(channel.name, thread, why))
                    continue
                message = self._message(log, group, channel, recipient, thread, said, reason, now)
                enqueued.append(message)
        return enqueued, withheld

    def _message(
        self,
        log: AlertLog,
        group: _Group,
        channel: Channel,
        recipient: str,
        thread: str,
        said: Said | None,
        reason: Reason,
        now: datetime,
    ) -> Message:
        told = set(said.firing) if said is not None else set()
        ended = [alert for alert in group.ended if alert.fingerprint in told]
        firing = sorted((record.alert for record in group.firing), key=_gravest_first)
        message = message_for(
            (*firing, *ended),
            channel=channel.name,
            thread=thread,
            recipient=recipient,
            reason=reason,
            opens=not told,
            language=(
                getattr(channel.options, "language", None) or group.route.language or self.language
            ),
            timezone=self.timezone,
            dashboard_url=self.dashboard_url,
            excerpts=log.excerpts,
            now=now,
        )
        # what is muted but was told before is still owed its end
        owed = [r.alert.fingerprint for r in group.muted if r.alert.fingerprint in told]
        log.enqueue(
            message,
            firing=[*(alert.fingerprint for alert in firing), *owed],
            resolved=[alert.fingerprint for alert in ended],
        )
        return message


def decide(
    firing: Sequence[AlertRecord],
    ended: Sequence[Alert],
    said: Said | None,
    route: Route,
    now: datetime,
) -> tuple[Reason | None, str]:
    """Return why a message about the group is due; or None, and why not.

    ``first``: nothing was said, and the oldest alert has waited ``group_wait`` for companions.
    ``new alerts`` and ``resolved``: news, ``group_interval`` after the last message. ``repeat``:
    no news for ``repeat_every`` and somebody has yet to acknowledge. An end is told only to who
    was told of the beginning.
    """
    told = set(said.firing) if said is not None else set()
    if said is None or not told:
        if not firing:
            return None, "nothing to say"
        if now - min(record.opened_at for record in firing) < route.group_wait:
            return None, "waiting for companions"
        return "first", ""
    quiet = now - said.at
    if any(record.alert.fingerprint not in told for record in firing):
        return ("new alerts", "") if quiet >= route.group_interval else (None, "told just now")
    if any(alert.fingerprint in told for alert in ended):
        return ("resolved", "") if quiet >= route.group_interval else (None, "told just now")
    if firing and quiet >= route.repeat_every:
        if all(record.acknowledged_at is not None for record in firing):
            return None, "acknowledged"
        return "repeat", ""
    return None, "told already"


def _silences(silence: Silence, alert: Alert) -> bool:
    return all(value_of(alert, name) == value for name, value in silence.matchers.items())


def _gravest_first(alert: Alert) -> tuple[int, datetime]:
    return -SEVERITIES.index(alert.severity), alert.starts_at
