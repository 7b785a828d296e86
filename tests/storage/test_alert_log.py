"""The alert memory and the outbox."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from storage_making import NOW, enrich, mention, save

from renom.alert import Alert, Driver
from renom.contracts import Message
from renom.errors import StorageError
from storage.store import Store

LEASE = timedelta(minutes=1)


def _alert(brand: str = "Orange", **changes: object) -> Alert:
    values: dict[str, object] = {
        "rule": "pic",
        "labels": {"brand": brand},
        "severity": "critical",
        "value": 40.0,
        "expected": 10.5,
        "starts_at": NOW,
        "summary": "Orange: 4x",
        "evidence": ("web:m1",),
        "drivers": (Driver("topic", "réseau", 12, 0.4),),
    }
    values.update(changes)
    return Alert(**values)  # type: ignore[arg-type]


def _message(key: str, *, thread: str = "g", channel: str = "slack", opens: bool = True) -> Message:
    return Message(key, channel, thread, "first", (_alert(),), NOW, opens=opens)


def _send(store: Store, *messages: Message) -> None:
    with store.alert_log(now=NOW) as log:
        for alert in messages[0].alerts:
            log.put(alert)
        for message in messages:
            log.enqueue(message, firing=[_alert().fingerprint], resolved=[])


def _claim(store: Store, seconds: float = 0) -> list[str]:
    now = NOW + timedelta(seconds=seconds)
    return [d.message.key for d in store.claim_deliveries(now=now, limit=10, lease=LEASE)]


def test_alert_is_opened_updated_and_ended(store: Store) -> None:
    with store.alert_log(now=NOW) as log:
        first = log.put(_alert())
    later = NOW + timedelta(minutes=5)
    with store.alert_log(now=later) as log:
        again = log.put(_alert(value=80.0))
        assert log.open_alerts() == (again,)
    assert (again.id, again.alert.value, again.opened_at) == (first.id, 80.0, NOW)
    assert again.seen_at == later
    with store.alert_log(now=later) as log:
        log.put(_alert(ends_at=later))
        assert log.open_alerts() == ()
        assert log.put(_alert()).id != first.id
    opened, ended = store.alerts()
    assert opened.alert == _alert()
    assert ended.alert.ends_at == later
    assert store.alerts(open_only=True) == (opened,)


def test_nothing_is_kept_of_a_log_that_breaks(store: Store) -> None:
    def break_off() -> None:
        with store.alert_log(now=NOW) as log:
            log.put(_alert())
            log.enqueue(_message("k"), firing=[], resolved=[])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert store.alerts() == ()
    assert store.deliveries() == ()


def test_what_was_said_last_is_remembered_by_channel_and_group(store: Store) -> None:
    _send(store, _message("k1"))
    with store.alert_log(now=NOW) as log:
        said = log.said("slack", "g")
        assert said is not None
        assert said.firing == (_alert().fingerprint,)
        assert (said.reason, said.at) == ("first", NOW)
        assert log.said("email", "g") is None


def test_message_comes_out_as_it_went_in(store: Store) -> None:
    save(store, mention(1, "x" * 2000, title="Le titre"))
    enrich(store)
    with store.alert_log(now=NOW) as log:
        excerpts = log.excerpts(["web:m1", "web:none"])
        whole = dataclasses.replace(_message("k"), excerpts=excerpts, language="fr")
        log.enqueue(whole, firing=[], resolved=[])
    assert list(excerpts) == ["web:m1"]
    assert excerpts["web:m1"].label == "negative"
    assert len(excerpts["web:m1"].text) == 600
    (delivery,) = store.claim_deliveries(now=NOW, limit=5, lease=LEASE)
    assert delivery.message == whole
    assert (delivery.attempts, delivery.uncertain) == (1, False)


def test_messages_of_a_thread_go_one_after_the_other(store: Store) -> None:
    _send(store, _message("a1"), _message("a2", opens=False), _message("b1", thread="h"))
    assert _claim(store) == ["a1", "b1"]
    assert _claim(store) == []
    store.delivery_sent("a1", now=NOW, receipt="ts-1")
    (delivery,) = store.claim_deliveries(now=NOW, limit=5, lease=LEASE)
    assert delivery.message.key == "a2"
    assert delivery.message.thread_receipt == "ts-1"


def test_same_group_on_two_channels_is_two_threads(store: Store) -> None:
    _send(store, _message("a"), _message("b", channel="email"))
    assert _claim(store) == ["a", "b"]


def test_failed_message_waits_and_holds_its_thread(store: Store) -> None:
    _send(store, _message("a1"), _message("a2", opens=False))
    _claim(store)
    store.delivery_failed("a1", now=NOW, error="busy", retry_at=NOW + timedelta(seconds=30))
    assert _claim(store, 29) == []
    assert _claim(store, 30) == ["a1"]
    store.delivery_failed("a1", now=NOW, error="refused", retry_at=None)
    assert _claim(store, 30) == ["a2"]
    (dead,) = store.deliveries(state="dead")
    assert (dead.message.key, dead.error, dead.attempts) == ("a1", "refused", 2)
    store.delivery_sent("a2", now=NOW, receipt="")
    store.resend("a1", now=NOW)
    assert _claim(store, 40) == ["a1"]
    with pytest.raises(StorageError):
        store.resend("a2", now=NOW)


def test_lease_that_ran_out_comes_back_uncertain(store: Store) -> None:
    _send(store, _message("a"))
    _claim(store)
    assert _claim(store, 59) == []
    (delivery,) = store.claim_deliveries(now=NOW + LEASE, limit=5, lease=LEASE)
    assert delivery.uncertain
    assert delivery.attempts == 2
    store.delivery_sent("a", now=NOW, receipt="r")
    store.delivery_failed("a", now=NOW, error="late", retry_at=NOW)
    assert store.deliveries()[0].state == "sent"


def test_alert_lists_what_was_sent_about_it(store: Store) -> None:
    _send(store, _message("a"), _message("b", channel="email"))
    store.delivery_sent("a", now=NOW, receipt="r")
    (record,) = store.alerts()
    assert [(n.channel, n.group_key, n.sent_at) for n in record.notifications] == [
        ("slack", "g", NOW)
    ]


def test_acknowledging_names_who_and_when(store: Store) -> None:
    with store.alert_log(now=NOW) as log:
        number = log.put(_alert()).id
    store.acknowledge(number, by="ana", now=NOW)
    (record,) = store.alerts()
    assert (record.acknowledged_by, record.acknowledged_at) == ("ana", NOW)
    with pytest.raises(StorageError):
        store.acknowledge(99, by="ana", now=NOW)


def test_silence_holds_from_start_to_end(store: Store) -> None:
    day = timedelta(days=1)
    number = store.silence({"rule": "pic"}, starts_at=NOW, ends_at=NOW + day, author="ana")
    assert [s.id for s in store.silences(NOW)] == [number]
    assert store.silences(NOW - day) == store.silences(NOW + day) == ()
    with store.alert_log(now=NOW) as log:
        assert log.silences()[0].matchers == {"rule": "pic"}
        record = log.put(_alert())
        log.mark_silenced(record.id, number)
        assert log.open_alerts()[0].silenced_by == number
    store.end_silence(number, now=NOW + day / 2)
    assert store.silences(NOW + day / 2) == ()
    with pytest.raises(ValueError):
        store.silence({}, starts_at=NOW, ends_at=NOW + day)
