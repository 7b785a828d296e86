"""The outbox: messages wait here until they are sent; it is the notification log as well.

A message is claimed (leased), sent outside any transaction, and marked. A lease that ran out
means that nobody knows whether it arrived: it comes back ``uncertain``. Within a thread of one
channel the next message waits until the one before it is sent or dead.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from renom.contracts import Delivery, Message
from renom.errors import StorageError
from storage import tables
from storage.codec import decode, encode
from storage.database import Database
from storage.moments import maybe_moment, micros, moment
from storage.rows import storable

WAITING, SENDING, SENT, DEAD = "waiting", "sending", "sent", "dead"
STATES = (WAITING, SENDING, SENT, DEAD)


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """A message of the outbox with its life so far. ``state``: waiting, sending, sent, dead."""

    message: Message
    state: str
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None = None
    receipt: str = ""
    error: str = ""


def put(
    connection: sa.Connection, message: Message, *, firing: Sequence[str], resolved: Sequence[str]
) -> int:
    """Write a message; returns its place in the order of the outbox."""
    table = tables.outbox
    seq = int(connection.execute(sa.select(sa.func.max(table.c.seq))).scalar() or 0) + 1
    connection.execute(
        sa.insert(table).values(
            seq=seq,
            key=message.key,
            channel=message.channel,
            thread=message.thread,
            reason=message.reason,
            opens=int(message.opens),
            state=WAITING,
            message=encode(message),
            firing=json.dumps(list(firing)),
            resolved=json.dumps(list(resolved)),
            created_at=micros(message.created_at),
            due_at=micros(message.created_at),
        )
    )
    return seq


def anything(connection: sa.Connection) -> bool:
    """Tell whether any message is not done; cheap, so that an idle worker never takes the lock."""
    table = tables.outbox
    found = connection.execute(
        sa.select(table.c.seq).where(table.c.state.in_((WAITING, SENDING))).limit(1)
    )
    return found.first() is not None


def claim(
    connection: sa.Connection,
    database: Database,
    *,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> list[Delivery]:
    """Lease messages that are due; see ``Store.claim_deliveries``."""
    table = tables.outbox
    undone = table.c.state.in_((WAITING, SENDING))
    first = (
        sa.select(sa.func.min(table.c.seq)).where(undone).group_by(table.c.channel, table.c.thread)
    )
    rows = connection.execute(
        sa.select(table)
        .where(
            table.c.seq.in_(first),
            sa.or_(
                sa.and_(table.c.state == WAITING, table.c.due_at <= micros(now)),
                sa.and_(table.c.state == SENDING, table.c.leased_until <= micros(now)),
            ),
        )
        .order_by(table.c.due_at, table.c.seq)
        .limit(limit)
    ).all()
    if not rows:
        return []
    connection.execute(
        sa.update(table)
        .where(database.among(table.c.seq, [row.seq for row in rows]))
        .values(state=SENDING, leased_until=micros(now + lease), attempts=table.c.attempts + 1)
    )
    return [
        Delivery(
            message=_with_receipt(connection, row),
            attempts=row.attempts + 1,
            uncertain=row.state == SENDING,
            created_at=moment(row.created_at),
        )
        for row in rows
    ]


def _with_receipt(connection: sa.Connection, row: Any) -> Message:
    """Return the message with the receipt of the first one sent in its thread."""
    message = decode(Message, row.message)
    if row.opens:
        return message
    table = tables.outbox
    receipt = connection.execute(
        sa.select(table.c.receipt)
        .where(
            table.c.channel == row.channel,
            table.c.thread == row.thread,
            table.c.seq < row.seq,
            table.c.state == SENT,
        )
        # The last message that opened the thread; without one, the first that arrived at all.
        .order_by(
            table.c.opens.desc(), sa.case((table.c.opens == 1, -table.c.seq), else_=table.c.seq)
        )
        .limit(1)
    ).scalar()
    return dataclasses.replace(message, thread_receipt=receipt or message.thread_receipt)


def sent(connection: sa.Connection, key: str, *, now: datetime, receipt: str) -> None:
    """Record that the message arrived."""
    _mark(connection, key, state=SENT, sent_at=micros(now), receipt=storable(receipt), error="")


def failed(connection: sa.Connection, key: str, *, error: str, retry_at: datetime | None) -> None:
    """Record a failed try; without ``retry_at`` it was the last one."""
    text = storable(error)[:1000]
    if retry_at is None:
        _mark(connection, key, state=DEAD, error=text)
    else:
        _mark(connection, key, state=WAITING, due_at=micros(retry_at), error=text)


def resend(connection: sa.Connection, key: str, *, now: datetime) -> None:
    """Put a dead message back; raises StorageError when there is no such dead message."""
    table = tables.outbox
    done = connection.execute(
        sa.update(table)
        .where(table.c.key == key, table.c.state == DEAD)
        .values(state=WAITING, due_at=micros(now), attempts=0)
    )
    if done.rowcount == 0:
        raise StorageError(f"there is no dead message {key}", "only dead messages are sent again")


def records(
    connection: sa.Connection, *, limit: int, state: str | None
) -> tuple[DeliveryRecord, ...]:
    """Return messages of the outbox, newest first."""
    table = tables.outbox
    asked = sa.select(table).order_by(table.c.seq.desc()).limit(limit)
    if state is not None:
        asked = asked.where(table.c.state == state)
    return tuple(
        DeliveryRecord(
            message=decode(Message, row.message),
            state=row.state,
            attempts=row.attempts,
            created_at=moment(row.created_at),
            due_at=moment(row.due_at),
            sent_at=maybe_moment(row.sent_at),
            receipt=row.receipt,
            error=row.error,
        )
        for row in connection.execute(asked)
    )


def _mark(connection: sa.Connection, key: str, **values: Any) -> None:
    table = tables.outbox
    # What has arrived stays so, whatever a late worker believes.
    done = connection.execute(
        sa.update(table).where(table.c.key == key, table.c.state != SENT).values(**values)
    )
    if done.rowcount == 0:
        known = connection.execute(sa.select(table.c.seq).where(table.c.key == key)).first()
        if known is None:
            raise StorageError(f"there is no message {key} in the outbox")
