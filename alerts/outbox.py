"""Outbox: send what was decided, once, in order, and again only when it did not arrive.

claim (with a lease) -> if an earlier try may have arrived, ask the far side -> send -> mark. No
transaction is held while sending. What cannot be delivered now is tried again after 30 s x 2^n
with jitter, at most an hour apart, for a day; then it is a dead letter. What is refused for good is
dead at once, and that is said on the default channel.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.message import message_for
from renom.alert import Alert
from renom.contracts import Channel, Delivery, Message, Store
from renom.errors import ChannelDenied, ChannelError, ChannelUnavailable

LIFE = timedelta(hours=24)
"""How long a message is worth delivering."""

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)
_LEASES = 3  # a lease is this many times the longest timeout
_KIND = "channel_denied"
_NOTICE_EVERY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of the messages that were due.

    ``found`` counts those an earlier, interrupted try had delivered; ``errors`` are reader's
    sentences, one for each failed try.
    """

    sent: int = 0
    found: int = 0
    retried: int = 0
    dead: int = 0
    errors: tuple[str, ...] = ()


def deliver(
    store: Store,
    channels: Mapping[str, Channel],
    *,
    now: datetime,
    limit: int = 50,
    default_channel: str = "",
    language: str = "en",
    timezone: str = "UTC",
    dashboard_url: str = "",
) -> DeliveryReport:
    """Send up to ``limit`` due messages, one at a time, and return what became of them.

    ``now`` is when it begins; leases and marks count on from it as sending takes its time.
    Unexpected errors leave the message leased: it is looked up and tried again later.
    """
    begun = time.monotonic()
    timeout = max((c.timeout for c in channels.values()), default=Channel.timeout)
    report = DeliveryReport()
    desk = _Desk(store, channels, default_channel, language, timezone, dashboard_url)
    for _ in range(limit):
        moment = now + timedelta(seconds=time.monotonic() - begun)
        claimed = store.claim_deliveries(now=moment, limit=1, lease=_LEASES * timeout)
        if not claimed:
            break
        outcome = desk.handle(claimed[0], started=moment, begun=time.monotonic())
        report = DeliveryReport(
            report.sent + outcome.sent,
            report.found + outcome.found,
            report.retried + outcome.retried,
            report.dead + outcome.dead,
            report.errors + outcome.errors,
        )
    return report


def backoff(attempts: int, key: str, *, asked: timedelta | None = None) -> timedelta:
    """Return how long to wait after the ``attempts``-th try: 30 s x 2^(attempts-1), at most 1 h.

    Up to a fifth is added by the message's key, so that many messages do not return at once;
    ``asked`` is the least that the far side wants.
    """
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(max(attempts, 1) - 1, 10))
    digest = hashlib.blake2b(f"{key}:{attempts}".encode(), digest_size=2).digest()
    wait = min(_LONGEST_WAIT, wait * (1 + int.from_bytes(digest, "big") / 65535 / 5))
    return max(wait, asked) if asked is not None else wait


@dataclass(frozen=True, slots=True)
class _Desk:
    """Hands one delivery to its channel and records the outcome."""

    store: Store
    channels: Mapping[str, Channel]
    default_channel: str
    language: str
    timezone: str
    dashboard_url: str

    def handle(self, delivery: Delivery, *, started: datetime, begun: float) -> DeliveryReport:
        message = delivery.message
        channel = self.channels.get(message.channel)

        def moment() -> datetime:
            return started + timedelta(seconds=time.monotonic() - begun)

        if channel is None:
            error = f"channel `{message.channel}` is not configured"
            self.store.delivery_failed(message.key, now=moment(), error=error, retry_at=None)
            return DeliveryReport(dead=1, errors=(error,))
        try:
            known = None
            if delivery.uncertain or delivery.attempts > 1:
                # a try that timed out may have arrived as well as one cut short by a crash
                known = channel.find(message)
            receipt = known or channel.send(message)
        except ChannelDenied as error:
            return self._denied(delivery, error, moment())
        except ChannelError as error:
            return self._unavailable(delivery, error, moment())
        self.store.delivery_sent(message.key, now=moment(), receipt=receipt)
        self._works_again(message, moment())
        return DeliveryReport(found=1) if known else DeliveryReport(sent=1)

    def _unavailable(
        self, delivery: Delivery, error: ChannelError, now: datetime
    ) -> DeliveryReport:
        asked = error.retry_after if isinstance(error, ChannelUnavailable) else None
        retry_at = now + backoff(delivery.attempts, delivery.message.key, asked=asked)
        late = retry_at - delivery.created_at > LIFE
        text = f"{delivery.message.channel}: {error.message}"
        self.store.delivery_failed(
            delivery.message.key,
            now=now,
            error=error.message,
            retry_at=None if late else retry_at,
        )
        return DeliveryReport(retried=not late, dead=late, errors=(text,))

    def _denied(self, delivery: Delivery, error: ChannelDenied, now: datetime) -> DeliveryReport:
        message = delivery.message
        self.store.delivery_failed(message.key, now=now, error=error.message, retry_at=None)
        self._say_denied(message, error, now)
        return DeliveryReport(dead=1, errors=(f"{message.channel}: {error.message}",))

    def _say_denied(self, message: Message, error: ChannelDenied, now: datetime) -> None:
        """Open an alert about the channel and tell the default channel, once a day at most."""
        summary = " ".join(part for part in (error.message, error.hint) if part)
        alert = Alert(
            rule=_KIND,
            kind=_KIND,
            labels={"channel": message.channel},
            severity="critical",
            value=1.0,
            unit="messages",
            starts_at=now,
            summary=summary,
        )
        elsewhere = self.channels.get(self.default_channel)
        with self.store.alert_log(now=now) as log:
            before = {r.alert.fingerprint: r.alert for r in log.open_alerts()}
            known = before.get(alert.fingerprint)
            if known is not None:
                alert = replace(alert, starts_at=known.starts_at)
            log.put(alert)
            if elsewhere is None or elsewhere.name == message.channel:
                return
            for recipient in elsewhere.recipients():
                thread = f"{_KIND}:{message.channel}#{recipient}"
                said = log.said(elsewhere.name, thread)
                if said is not None and said.firing and now - said.at < _NOTICE_EVERY:
                    continue
                notice = message_for(
                    (alert,),
                    channel=elsewhere.name,
                    thread=thread,
                    recipient=recipient,
                    reason="first",
                    opens=True,
                    language=getattr(elsewhere.options, "language", None) or self.language,
                    timezone=self.timezone,
                    dashboard_url=self.dashboard_url,
                    excerpts=log.excerpts,
                    now=now,
                )
                log.enqueue(notice, firing=[alert.fingerprint], resolved=[])

    def _works_again(self, message: Message, now: datetime) -> None:
        """End the alert about a channel that has just delivered."""
        for record in self.store.alerts(open_only=True):
            about = record.alert
            if about.kind == _KIND and about.labels.get("channel") == message.channel:
                with self.store.alert_log(now=now) as log:
                    log.put(replace(about, ends_at=max(now, about.starts_at)))
