"""The life of an alert in a real database: what is said, to whom, why, and what is withheld."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.engine import Engine, Evaluation
from alerts.outbox import deliver
from alerts.route import Route
from renom.alert import Alert
from renom.contracts import Channel, ChannelOptions, Message
from renom.errors import StorageError
from storage.store import Store

AlertOf = Callable[..., Alert]
MINUTE = timedelta(minutes=1)


class Ear(Channel):
    """Keeps what it is told."""

    def __init__(self, name: str, to: tuple[str, ...] = ("",)) -> None:
        super().__init__(name, ChannelOptions())
        self.heard: list[Message] = []
        self.to = to

    def recipients(self) -> tuple[str, ...]:
        return self.to

    def send(self, message: Message) -> str:
        self.heard.append(message)
        return f"receipt-{len(self.heard)}"


class Desk:
    """An engine, its one scripted rule and the clock of the test."""

    def __init__(self, store: Store, rule: Any, now: datetime) -> None:
        self.store, self.rule, self.now = store, rule, now
        self.channels = {"team": Ear("team"), "crisis": Ear("crisis")}
        self.tree: Mapping[str, Any] = {"channel": "team", "group_wait": "0s"}

    def engine(self) -> Engine:
        return Engine([self.rule], self.channels, Route.parse(self.tree), language="fr")

    def see(self, *alerts: Alert, after: timedelta = MINUTE) -> Evaluation:
        """Let time pass, let the rule find the alerts, evaluate and deliver."""
        self.now += after
        self.rule.finds = list(alerts)
        found = self.engine().evaluate(self.store, now=self.now)
        deliver(self.store, self.channels, now=self.now)
        return found

    def silence(self, matchers: dict[str, str], length: timedelta) -> None:
        """Keep quiet from now on."""
        self.store.silence(
            matchers,
            starts_at=self.now,
            ends_at=self.now + length,
            author="Ana",
            comment="known",
        )

    def said(self, channel: str = "team") -> list[str]:
        return [message.reason for message in self.channels[channel].heard]


@pytest.fixture
def desk(store: Store, scripted: Any, now: datetime) -> Desk:
    return Desk(store, scripted(), now)


def test_first_then_nothing_then_repeat_then_resolved_then_nothing(
    desk: Desk, alert_of: AlertOf
) -> None:
    alert = alert_of(rule="scripted")
    assert [a.fingerprint for a in desk.see(alert).opened] == [alert.fingerprint]
    for _ in range(20):
        quiet = desk.see(alert, after=30 * MINUTE)
        assert quiet.opened == ()
        assert [w.why for w in quiet.withheld] == ["told already"]
    assert desk.said() == ["first"]
    desk.see(alert, after=timedelta(hours=3))
    assert desk.said() == ["first", "repeat"]
    assert len(desk.see().ended) == 1
    desk.see(after=10 * MINUTE)
    assert desk.said() == ["first", "repeat", "resolved"]
    for _ in range(5):
        assert desk.see(after=timedelta(hours=13)).enqueued == ()
    last = desk.channels["team"].heard[-1]
    assert last.alerts[0].ends_at is not None
    assert not last.opens
    assert last.thread_receipt == "receipt-1"


def test_a_new_incident_opens_a_new_thread(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    desk.see(after=timedelta(hours=1))
    desk.see(alert_of(rule="scripted"), after=timedelta(hours=30))
    desk.see(after=timedelta(hours=1))
    assert desk.said() == ["first", "resolved", "first", "resolved"]
    heard = desk.channels["team"].heard
    assert [m.opens for m in heard] == [True, False, True, False]
    assert heard[3].thread_receipt == "receipt-3"
    assert len({m.key for m in heard}) == 4


def test_a_new_alert_in_the_group_is_told_after_the_interval(desk: Desk, alert_of: AlertOf) -> None:
    one, two = (
        alert_of(rule="scripted"),
        alert_of(rule="scripted", labels={"brand": "Solvéa", "x": "2"}),
    )
    desk.see(one)
    assert [w.why for w in desk.see(one, two).withheld] == ["told just now"]
    desk.see(one, two, after=5 * MINUTE)
    assert desk.said() == ["first", "new alerts"]
    assert len(desk.channels["team"].heard[1].alerts) == 2


def test_one_of_two_ending_is_told_and_the_other_goes_on(desk: Desk, alert_of: AlertOf) -> None:
    one, two = (
        alert_of(rule="scripted"),
        alert_of(rule="scripted", labels={"brand": "Solvéa", "x": "2"}),
    )
    desk.see(one, two)
    desk.see(two, after=10 * MINUTE)
    assert desk.said() == ["first", "resolved"]
    assert [a.firing for a in desk.channels["team"].heard[1].alerts] == [True, False]
    desk.see(two, after=10 * MINUTE)
    assert desk.said() == ["first", "resolved"]
    desk.see(after=10 * MINUTE)
    assert desk.said() == ["first", "resolved", "resolved"]


def test_companions_are_waited_for_and_told_together(desk: Desk, alert_of: AlertOf) -> None:
    desk.tree = {"channel": "team", "group_wait": "2m"}
    one, two = (
        alert_of(rule="scripted"),
        alert_of(rule="scripted", labels={"brand": "Solvéa", "x": "2"}),
    )
    assert [w.why for w in desk.see(one).withheld] == ["waiting for companions"]
    desk.see(one, two)
    assert desk.said() == []
    desk.see(one, two)
    assert desk.said() == ["first"]
    assert len(desk.channels["team"].heard[0].alerts) == 2


def test_what_ends_before_it_was_told_is_never_told(desk: Desk, alert_of: AlertOf) -> None:
    desk.tree = {"channel": "team", "group_wait": "10m"}
    desk.see(alert_of(rule="scripted"))
    desk.see()
    desk.see(after=60 * MINUTE)
    assert desk.said() == []


def test_a_short_lull_is_not_told_twice(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    desk.see()  # gone, too soon to tell
    desk.see(alert_of(rule="scripted"))  # and back
    desk.see(alert_of(rule="scripted"), after=30 * MINUTE)
    assert desk.said() == ["first"]


def test_the_start_of_an_alert_never_moves(desk: Desk, alert_of: AlertOf) -> None:
    early = alert_of(rule="scripted")
    desk.see(early)
    desk.see(alert_of(rule="scripted", starts_at=early.starts_at + timedelta(hours=2)))
    (record,) = desk.store.alerts()
    assert record.alert.starts_at == early.starts_at


def test_silenced_alerts_are_kept_but_not_told(desk: Desk, alert_of: AlertOf) -> None:
    desk.silence({"brand": "Solvéa"}, timedelta(hours=2))
    found = desk.see(alert_of(rule="scripted"), alert_of("Norda", rule="scripted"))
    assert [a.labels["brand"] for a in found.silenced] == ["Solvéa"]
    assert [m.alerts[0].labels["brand"] for m in desk.channels["team"].heard] == ["Norda"]
    held = {r.alert.labels["brand"]: r.silenced_by for r in desk.store.alerts(open_only=True)}
    assert held["Norda"] is None
    assert held["Solvéa"] is not None
    desk.see(
        alert_of(rule="scripted"), alert_of("Norda", rule="scripted"), after=timedelta(hours=3)
    )
    told = [m.alerts[0].labels["brand"] for m in desk.channels["team"].heard]
    assert told == ["Norda", "Solvéa"]


def test_what_was_told_and_then_silenced_still_gets_its_end(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    desk.silence({"rule": "scripted"}, timedelta(hours=9))
    desk.see(alert_of(rule="scripted"), after=timedelta(hours=1))
    desk.see(after=timedelta(hours=1))
    assert desk.said() == ["first", "resolved"]


def test_a_graver_alert_of_the_brand_inhibits_the_lesser(desk: Desk, alert_of: AlertOf) -> None:
    lesser = alert_of(rule="scripted")
    grave = alert_of(
        rule="scripted",
        kind="negative_surge",
        severity="critical",
        labels={"brand": "Solvéa", "k": "n"},
    )
    found = desk.see(lesser, grave)
    assert [a.fingerprint for a in found.inhibited] == [lesser.fingerprint]
    (message,) = desk.channels["team"].heard
    assert [a.fingerprint for a in message.alerts] == [grave.fingerprint]


def test_acknowledged_alerts_are_not_repeated(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    (record,) = desk.store.alerts()
    desk.store.acknowledge(record.id, by="Ana", now=desk.now)
    quiet = desk.see(alert_of(rule="scripted"), after=timedelta(hours=13))
    assert desk.said() == ["first"]
    assert [w.why for w in quiet.withheld] == ["acknowledged"]


def test_routes_send_each_severity_to_its_channel(desk: Desk, alert_of: AlertOf) -> None:
    desk.tree = {
        "channel": "team",
        "group_wait": "0s",
        "routes": [{"match": {"severity": "critical"}, "channel": "crisis"}],
    }
    desk.see(alert_of(rule="scripted"), alert_of("Norda", rule="scripted", severity="critical"))
    assert desk.said("team") == ["first"]
    assert desk.said("crisis") == ["first"]
    assert desk.channels["crisis"].heard[0].alerts[0].labels["brand"] == "Norda"


def test_every_recipient_has_its_own_message_and_thread(desk: Desk, alert_of: AlertOf) -> None:
    desk.channels["team"] = Ear("team", ("a@x.example", "b@x.example"))
    desk.see(alert_of(rule="scripted"))
    heard = desk.channels["team"].heard
    assert [m.recipient for m in heard] == ["a@x.example", "b@x.example"]
    assert len({m.thread for m in heard}) == len({m.key for m in heard}) == 2
    desk.channels["team"].to = ("a@x.example", "c@x.example")
    desk.see(alert_of(rule="scripted"), after=30 * MINUTE)
    assert [m.recipient for m in heard] == ["a@x.example", "b@x.example", "c@x.example"]


def test_a_failing_rule_is_reported_and_ends_nothing(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    desk.rule.fails = StorageError("the database is locked", "wait")
    found = desk.see(after=timedelta(hours=1))
    assert [(f.rule, f.message, f.hint) for f in found.failures] == [
        ("scripted", "the database is locked", "wait")
    ]
    assert found.ended == ()
    assert len(found.firing) == 1
    desk.rule.fails = None
    assert len(desk.see().ended) == 1


def test_alerts_of_a_rule_no_longer_configured_end(
    desk: Desk, alert_of: AlertOf, scripted: Any
) -> None:
    desk.see(alert_of(rule="scripted"))
    desk.rule = scripted("another")
    assert len(desk.see().ended) == 1


def test_a_channel_not_configured_is_said_not_raised(desk: Desk, alert_of: AlertOf) -> None:
    desk.tree = {"channel": "nowhere", "group_wait": "0s"}
    found = desk.see(alert_of(rule="scripted"))
    assert found.enqueued == ()
    assert [w.why for w in found.withheld] == ["the channel is not configured"]


def test_replaying_the_same_moments_writes_the_same_keys(
    desk: Desk, alert_of: AlertOf, tmp_path: Any, scripted: Any, now: datetime
) -> None:
    from storage.store import open_store

    desk.see(alert_of(rule="scripted"))
    desk.see(after=timedelta(hours=1))
    with open_store(f"sqlite:///{tmp_path / 'again.db'}") as other:
        again = Desk(other, scripted(), now)
        again.see(alert_of(rule="scripted"))
        again.see(after=timedelta(hours=1))
    keys = [[m.key for m in one.channels["team"].heard] for one in (desk, again)]
    assert keys[0] == keys[1]


def test_language_comes_from_channel_then_route_then_default(desk: Desk, alert_of: AlertOf) -> None:
    desk.see(alert_of(rule="scripted"))
    assert desk.channels["team"].heard[0].language == "fr"
    desk.tree = {"channel": "team", "group_wait": "0s", "language": "en"}
    desk.see(alert_of("Norda", rule="scripted"), alert_of(rule="scripted"))
    assert desk.channels["team"].heard[-1].language == "en"
