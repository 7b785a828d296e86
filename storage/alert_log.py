"""The alert memory: which states are open, what was said about them, who keeps them quiet."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from renom.alert import Alert, Notification
from renom.contracts import Excerpt, Message
from renom.errors import StorageError
from renom.mention import Mention
from renom.reading import AlertRecord, Found, Said, Silence
from storage import outbox, tables
from storage.codec import decode, encode
from storage.database import Database
from storage.moments import maybe_micros, maybe_moment, micros, moment

EXCERPT_CHARACTERS = 600


class Log:
    """``renom.contracts.AlertLog`` inside one writing transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        database: Database,
        find: Any,
        *,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._database = database
        self._find = find
        self._now = now

    def open_alerts(self) -> tuple[AlertRecord, ...]:
        """Return the alerts that have not ended."""
        table = tables.alert
        return read(self._connection, self._database, table.c.ends_at.is_(None), limit=None)

    def put(self, alert: Alert) -> AlertRecord:
        """Insert the alert, or update the open one of the same fingerprint.

        The start of an open alert never moves; an alert not open any more is not opened twice
        by its end.
        """
        table = tables.alert
        row = self._connection.execute(
            sa.select(table.c.id, table.c.body).where(
                table.c.fingerprint == alert.fingerprint, table.c.ends_at.is_(None)
            )
        ).first()
        values: dict[str, Any] = {
            "body": encode(alert),
            "ends_at": maybe_micros(alert.ends_at),
        }
        if row is None:
            number = _next(self._connection, table.c.id)
            values.update(
                id=number,
                fingerprint=alert.fingerprint,
                opened_at=micros(self._now),
                seen_at=micros(self._now),
            )
            self._connection.execute(sa.insert(table).values(values))
        else:
            number = row.id
            if alert.ends_at is None:
                values["seen_at"] = micros(self._now)
            self._connection.execute(sa.update(table).where(table.c.id == number).values(values))
        return read(self._connection, self._database, table.c.id == number, limit=1)[0]

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences in force at the log's ``now``."""
        return silences(self._connection, now=self._now)

    def mark_silenced(self, record_id: int, silence_id: int | None) -> None:
        """Remember which silence holds an alert back, or None."""
        table = tables.alert
        self._connection.execute(
            sa.update(table).where(table.c.id == record_id).values(silenced_by=silence_id)
        )

    def said(self, channel: str, group_key: str) -> Said | None:
        """Return what the channel was last told about the group: ``Message.thread``."""
        table = tables.outbox
        row = self._connection.execute(
            sa.select(table)
            .where(table.c.channel == channel, table.c.thread == group_key)
            .order_by(table.c.seq.desc())
            .limit(1)
        ).first()
        if row is None:
            return None
        return Said(
            channel=channel,
            group_key=group_key,
            firing=tuple(json.loads(row.firing)),
            resolved=tuple(json.loads(row.resolved)),
            reason=row.reason,
            at=moment(row.created_at),
        )

    def enqueue(self, message: Message, *, firing: Sequence[str], resolved: Sequence[str]) -> None:
        """Write the message to the outbox, which is the notification log too."""
        seq = outbox.put(self._connection, message, firing=firing, resolved=resolved)
        table = tables.alert
        prints = sorted({alert.fingerprint for alert in message.alerts} | {*firing, *resolved})
        if not prints:
            return
        rows = self._connection.execute(
            sa.select(sa.func.max(table.c.id))
            .where(self._database.among(table.c.fingerprint, prints))
            .group_by(table.c.fingerprint)
        )
        self._database.insert(
            self._connection,
            tables.notified,
            ("alert_id", "seq"),
            [(number, seq) for number in rows.scalars()],
        )

    def excerpts(self, keys: Sequence[str]) -> dict[str, Excerpt]:
        """Return excerpts of the mentions with these keys."""
        return {
            found.mention.key: excerpt_of(found) for found in self._find(self._connection, keys)
        }


def excerpt_of(found: Found) -> Excerpt:
    """Return a mention as a message quotes it: at most 600 characters of its text."""
    mention: Mention = found.mention
    sentiment = found.enrichment.sentiment
    text = mention.text
    if len(text) > EXCERPT_CHARACTERS:
        text = text[: EXCERPT_CHARACTERS - 1].rstrip() + "…"
    author = mention.author
    rating = mention.rating
    return Excerpt(
        key=mention.key,
        text=text,
        platform=mention.platform,
        published_at=mention.published_at,
        author=(author.name or author.handle) if author else None,
        url=mention.url,
        label=sentiment.label if sentiment else None,
        title=mention.title,
        rating=None if rating is None else f"{rating.given:g}/{rating.best:g}",
    )


def read(
    connection: sa.Connection, database: Database, where: Any, *, limit: int | None
) -> tuple[AlertRecord, ...]:
    """Return alerts, open ones first, then newest first."""
    table = tables.alert
    asked = sa.select(table).order_by(
        sa.case((table.c.ends_at.is_(None), 0), else_=1),
        table.c.opened_at.desc(),
        table.c.id.desc(),
    )
    if where is not None:
        asked = asked.where(where)
    rows = connection.execute(asked.limit(limit)).all()
    sent = _notifications(connection, database, [row.id for row in rows])
    return tuple(
        AlertRecord(
            id=row.id,
            alert=decode(Alert, row.body),
            opened_at=moment(row.opened_at),
            seen_at=moment(row.seen_at),
            acknowledged_by=row.acknowledged_by,
            acknowledged_at=maybe_moment(row.acknowledged_at),
            silenced_by=row.silenced_by,
            notifications=tuple(sent.get(row.id, ())),
        )
        for row in rows
    )


def _notifications(
    connection: sa.Connection, database: Database, ids: Sequence[int]
) -> dict[int, list[Notification]]:
    if not ids:
        return {}
    link, table = tables.notified, tables.outbox
    rows = connection.execute(
        sa.select(
            link.c.alert_id,
            table.c.channel,
            table.c.thread,
            table.c.firing,
            table.c.resolved,
            table.c.reason,
            table.c.sent_at,
        )
        .join(table, table.c.seq == link.c.seq)
        .where(database.among(link.c.alert_id, list(ids)), table.c.sent_at.is_not(None))
        .order_by(table.c.seq)
    )
    sent: dict[int, list[Notification]] = {}
    for row in rows:
        prints = (*json.loads(row.firing), *json.loads(row.resolved))
        sent.setdefault(row.alert_id, []).append(
            Notification(row.channel, row.thread, prints, row.reason, moment(row.sent_at))
        )
    return sent


def acknowledge(connection: sa.Connection, alert_id: int, *, by: str, now: datetime) -> None:
    """Record who has taken note of an alert; raises StorageError when there is no such alert."""
    table = tables.alert
    done = connection.execute(
        sa.update(table)
        .where(table.c.id == alert_id)
        .values(acknowledged_by=by, acknowledged_at=micros(now))
    )
    if done.rowcount == 0:
        raise StorageError(f"there is no alert {alert_id}", "renom alerts list shows them")


def silence(
    connection: sa.Connection,
    matchers: Mapping[str, str],
    *,
    starts_at: datetime,
    ends_at: datetime,
    author: str,
    comment: str,
) -> int:
    """Keep alerts quiet for a time; returns the number of the silence."""
    if not matchers:
        raise ValueError("a silence without matchers would silence everything")
    if ends_at <= starts_at:
        raise ValueError(f"a silence ends before it starts: {ends_at!r}")
    number = _next(connection, tables.silence.c.id)
    connection.execute(
        sa.insert(tables.silence).values(
            id=number,
            matchers=json.dumps(dict(matchers), ensure_ascii=False),
            starts_at=micros(starts_at),
            ends_at=micros(ends_at),
            author=author,
            comment=comment,
        )
    )
    return number


def end_silence(connection: sa.Connection, number: int, *, now: datetime) -> None:
    """End a silence now; raises StorageError when there is no such silence."""
    table = tables.silence
    done = connection.execute(
        sa.update(table)
        .where(table.c.id == number)
        .values(
            ends_at=sa.case((table.c.ends_at < micros(now), table.c.ends_at), else_=micros(now))
        )
    )
    if done.rowcount == 0:
        raise StorageError(f"there is no silence {number}")


def silences(connection: sa.Connection, *, now: datetime) -> tuple[Silence, ...]:
    """Return the silences in force at ``now``, by number."""
    table = tables.silence
    rows = connection.execute(
        sa.select(table)
        .where(table.c.starts_at <= micros(now), table.c.ends_at > micros(now))
        .order_by(table.c.id)
    )
    return tuple(
        Silence(
            id=row.id,
            matchers=json.loads(row.matchers),
            starts_at=moment(row.starts_at),
            ends_at=moment(row.ends_at),
            author=row.author,
            comment=row.comment,
        )
        for row in rows
    )


def _next(connection: sa.Connection, column: sa.Column[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.max(column))).scalar() or 0) + 1
