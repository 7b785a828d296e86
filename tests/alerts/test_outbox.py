"""The outbox: once, in order, again when it did not arrive, never for good when refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.outbox import LIFE, backoff, deliver
from renom.alert import Alert
from renom.contracts import Channel, ChannelOptions, Message
from renom.errors import ChannelDenied, ChannelUnavailable
from storage.store import Store

MINUTE = timedelta(minutes=1)


class Killed(BaseException):
    """What a SIGKILL looks like from inside."""


class Far(Channel):
    """A far side that does what the test says: names of what happens at each try."""

    def __init__(self, name: str = "team", *plan: str, findable: bool = True) -> None:
        super().__init__(name, ChannelOptions())
        self.plan = list(plan)
        self.arrived: list[str] = []
        self.asked: list[str] = []
        self.findable = findable

    def send(self, message: Message) -> str:
        step = self.plan.pop(0) if self.plan else "ok"
        if step == "busy":
            raise ChannelUnavailable("busy", channel=self.name)
        if step == "wait":
            raise ChannelUnavailable("busy", channel=self.name, retry_after=timedelta(minutes=40))
        if step == "denied":
            raise ChannelDenied("the login is refused", "check it", channel=self.name)
        if step == "killed before":
            raise Killed
        self.arrived.append(message.key)
        if step == "killed after":
            raise Killed
        if step == "late":
            raise ChannelUnavailable("no answer in time", channel=self.name)
        return f"r{len(self.arrived)}"

    def find(self, message: Message) -> str | None:
        self.asked.append(message.key)
        if not self.findable:
            return None
        return "found" if message.key in self.arrived else ""


@pytest.fixture
def put(
    store: Store, message_of: Callable[..., Message], alert_of: Callable[..., Alert], now: datetime
) -> Callable[..., str]:
    def write(thread: str = "group", **given: Any) -> str:
        alert = alert_of()
        with store.alert_log(now=now) as log:
            log.put(alert)
            message = message_of(alert, thread=thread, **given)
            log.enqueue(message, firing=[alert.fingerprint], resolved=[])
        return message.key

    return write


def test_a_message_is_sent_once_and_marked(store: Store, put: Any, now: datetime) -> None:
    key, far = put(), Far()
    assert deliver(store, {"team": far}, now=now).sent == 1
    assert deliver(store, {"team": far}, now=now + MINUTE).sent == 0
    assert far.arrived == [key]


def test_nothing_is_sent_for_what_was_not_committed(
    store: Store, message_of: Any, alert_of: Any, now: datetime
) -> None:
    far = Far()

    def write_and_die() -> None:
        with store.alert_log(now=now) as log:
            log.enqueue(message_of(alert_of()), firing=["f"], resolved=[])
            raise Killed

    with pytest.raises(Killed):
        write_and_die()
    assert deliver(store, {"team": far}, now=now + MINUTE).sent == 0


def test_failures_are_tried_again_with_growing_waits(store: Store, put: Any, now: datetime) -> None:
    key, far = put(), Far("team", "busy", "busy", "ok")
    assert deliver(store, {"team": far}, now=now).retried == 1
    assert deliver(store, {"team": far}, now=now + timedelta(seconds=20)).retried == 0
    assert deliver(store, {"team": far}, now=now + timedelta(seconds=40)).retried == 1
    assert deliver(store, {"team": far}, now=now + timedelta(seconds=80)).sent == 0
    assert deliver(store, {"team": far}, now=now + timedelta(seconds=150)).sent == 1
    assert far.arrived == [key]


def test_the_far_sides_wait_is_respected(store: Store, put: Any, now: datetime) -> None:
    put()
    far = Far("team", "wait")
    deliver(store, {"team": far}, now=now)
    assert deliver(store, {"team": far}, now=now + 39 * MINUTE).sent == 0
    assert deliver(store, {"team": far}, now=now + 41 * MINUTE).sent == 1


def test_after_a_day_it_is_a_dead_letter(store: Store, put: Any, now: datetime) -> None:
    key = put()
    far = Far("team", *["busy"] * 200)
    at, tries, report = now, 0, None
    while at < now + LIFE + timedelta(hours=2):
        report = deliver(store, {"team": far}, now=at)
        tries += report.retried + report.dead
        if report.dead:
            break
        at += 5 * MINUTE
    assert report is not None
    assert report.dead == 1
    assert 20 <= tries <= 40
    assert now + LIFE - timedelta(hours=2) < at <= now + LIFE
    store.resend(key, now=at)
    assert deliver(store, {"team": Far()}, now=at).sent == 1


def test_backoff_grows_to_an_hour_and_differs_by_key() -> None:
    waits = [backoff(n, "k").total_seconds() for n in range(1, 12)]
    assert 30 <= waits[0] <= 36
    assert 60 <= waits[1] <= 72
    assert waits[-1] == 3600
    assert backoff(1, "a") != backoff(1, "b")


def test_killed_after_arriving_is_found_and_not_doubled(
    store: Store, put: Any, now: datetime
) -> None:
    key, far = put(), Far("team", "killed after")
    with pytest.raises(Killed):
        deliver(store, {"team": far}, now=now)
    assert deliver(store, {"team": far}, now=now + timedelta(seconds=30)).sent == 0, "leased"
    report = deliver(store, {"team": far}, now=now + 2 * MINUTE)
    assert (report.found, report.sent) == (1, 0)
    assert far.arrived == [key]


def test_killed_before_arriving_is_sent_again(store: Store, put: Any, now: datetime) -> None:
    key, far = put(), Far("team", "killed before")
    with pytest.raises(Killed):
        deliver(store, {"team": far}, now=now)
    assert deliver(store, {"team": far}, now=now + 2 * MINUTE).sent == 1
    assert far.asked == [key]
    assert far.arrived == [key]


def test_a_late_answer_is_looked_up_before_the_next_try(
    store: Store, put: Any, now: datetime
) -> None:
    key, far = put(), Far("team", "late")
    deliver(store, {"team": far}, now=now)
    assert deliver(store, {"team": far}, now=now + 2 * MINUTE).found == 1
    assert far.arrived == [key]


def test_who_cannot_be_asked_gets_at_most_one_duplicate(
    store: Store, put: Any, now: datetime
) -> None:
    key, far = put(), Far("team", "killed after", findable=False)
    with pytest.raises(Killed):
        deliver(store, {"team": far}, now=now)
    deliver(store, {"team": far}, now=now + 2 * MINUTE)
    assert far.arrived == [key, key]


def test_order_within_a_thread_is_kept(store: Store, put: Any, now: datetime) -> None:
    first = put(reason="first")
    second = put(reason="resolved", opens=False)
    other = put(thread="another")
    far = Far("team", "busy")
    deliver(store, {"team": far}, now=now)
    assert far.arrived == [other]
    deliver(store, {"team": far}, now=now + 5 * MINUTE)
    assert far.arrived == [other, first, second]


def test_a_refusal_is_dead_at_once_and_said_on_the_default_channel(
    store: Store, put: Any, now: datetime
) -> None:
    put(channel="crisis")
    crisis, team = Far("crisis", "denied", "denied"), Far("team")
    channels = {"crisis": crisis, "team": team}
    report = deliver(store, channels, now=now, default_channel="team")
    assert report.dead == 1
    assert report.errors == ("crisis: the login is refused",)
    assert len(team.arrived) == 1
    (record,) = [r for r in store.alerts(open_only=True) if r.alert.kind == "channel_denied"]
    assert record.alert.summary == "the login is refused check it"
    put(channel="crisis", thread="next")
    deliver(store, channels, now=now + MINUTE, default_channel="team")
    assert len(team.arrived) == 1, "said once a day at most"
    put(channel="crisis", thread="third")
    deliver(store, channels, now=now + 2 * MINUTE, default_channel="team")
    assert not [r for r in store.alerts(open_only=True) if r.alert.kind == "channel_denied"]


def test_a_refusing_default_channel_does_not_tell_itself(
    store: Store, put: Any, now: datetime
) -> None:
    put()
    far = Far("team", "denied")
    report = deliver(store, {"team": far}, now=now, default_channel="team")
    assert report.dead == 1
    assert deliver(store, {"team": far}, now=now + MINUTE, default_channel="team").sent == 0


def test_a_channel_no_longer_configured_is_a_dead_letter(
    store: Store, put: Any, now: datetime
) -> None:
    put(channel="gone")
    report = deliver(store, {"team": Far()}, now=now)
    assert report.errors == ("channel `gone` is not configured",)
    assert report.dead == 1
