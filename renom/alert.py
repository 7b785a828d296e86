"""Alert: a state with a start and an end. Notification: one message said about it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from renom.mention import utc

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""From the mildest to the gravest."""

Reason = Literal["first", "new alerts", "resolved", "repeat"]

MAX_EVIDENCE = 10


@dataclass(frozen=True, slots=True)
class Driver:
    """Something that pushed an alert: ``kind`` topic, entity, source, author or language.

    ``share`` in 0..1 is its part of the excess over the baseline; ``mentions`` its count.
    """

    kind: str
    name: str
    mentions: int
    share: float


@dataclass(frozen=True, slots=True)
class Alert:
    """What is true now, or was until ``ends_at``.

    ``labels`` identify it together with ``rule`` (brand, source, keyword ...); ``value``,
    ``expected`` and ``threshold`` share the unit that ``unit`` names; ``evidence`` holds at most
    10 mention keys, the most telling first; ``starts_at`` is when the state was first seen true;
    ``summary`` is one sentence in English for logs: channels write their own from the numbers.
    ``measures`` holds further numbers by name, which a message may tell (``negative_share`` and
    ``usual_negative_share`` in 0..1, ``record_days``, ``stars``).
    """

    rule: str
    labels: Mapping[str, str]
    severity: Severity
    value: float
    starts_at: datetime
    summary: str
    expected: float | None = None
    threshold: float | None = None
    unit: str = "mentions"
    kind: str = ""
    window_seconds: int | None = None
    ends_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    drivers: tuple[Driver, ...] = field(default=())
    measures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"unknown severity: {self.severity!r}")
        if len(self.evidence) > MAX_EVIDENCE:
            raise ValueError(f"more than {MAX_EVIDENCE} mentions of evidence: {len(self.evidence)}")
        object.__setattr__(self, "starts_at", utc(self.starts_at, "starts_at"))
        if self.ends_at is not None:
            object.__setattr__(self, "ends_at", utc(self.ends_at, "ends_at"))

    @property
    def fingerprint(self) -> str:
        """16 hex digits of a hash over rule and labels: the same state gets the same one."""
        body = json.dumps([self.rule, sorted(self.labels.items())], ensure_ascii=False)
        return hashlib.blake2b(body.encode(), digest_size=8).hexdigest()

    @property
    def firing(self) -> bool:
        """True while the state lasts."""
        return self.ends_at is None


@dataclass(frozen=True, slots=True)
class Notification:
    """One message sent, and why."""

    channel: str
    group_key: str
    fingerprints: tuple[str, ...]
    reason: Reason
    sent_at: datetime
