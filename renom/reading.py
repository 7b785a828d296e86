"""Reading: what may be asked of storage, and the forms its answers take.

Rules, the dashboard, exports and the CLI ask in these words; storage is the only one to answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from renom.alert import Alert, Driver, Notification, Reason
from renom.enrichment import Enrichment, Label
from renom.mention import Mention
from renom.tally import Series, Tally

Health = Literal["ok", "late", "failing", "paused", "new", "off"]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which mentions are meant. Empty tuples and None leave a dimension open.

    ``start`` (included) and ``end`` (excluded) bound ``published_at``; ``collected_from``
    bounds when it was stored; ``query`` is Boolean text of ``renom.query``; ``labels`` are
    sentiment labels toward the brand; ``ratings_below`` is a normalised rating in 0..1,
    excluded; ``topic`` and ``entity`` are exact names; ``stories`` keeps one mention a story.
    """

    brands: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    collected_from: datetime | None = None
    sources: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    query: str = ""
    ratings_below: float | None = None
    topic: str | None = None
    entity: str | None = None
    stories: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One mention found, with what is known of it.

    ``brands`` are its matches; ``spans`` are (start, end) characters of ``mention.full_text``
    that the query matched; ``label`` is the sentiment shown (a person's correction first);
    ``story_size`` counts the mentions of its story.
    """

    mention: Mention
    enrichment: Enrichment
    brands: tuple[str, ...]
    spans: tuple[tuple[int, int], ...] = ()
    story_size: int = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """A person's word on whether a mention is about a brand.

    ``text`` is the mention's full text, None when the mention is gone.
    """

    mention_key: str
    brand: str
    relevant: bool
    by: str
    at: datetime
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page of results. ``after`` asks for the next one; None says that this was the last."""

    found: tuple[Found, ...]
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SourceState:
    """How a source is doing.

    ``usual_daily`` is its median count of mentions a day over the last four weeks, None when it
    is too young to tell; ``error`` is a reader's sentence; ``paused`` says a person must act.
    """

    name: str
    type: str
    last_success: datetime | None = None
    last_attempt: datetime | None = None
    next_check: datetime | None = None
    last_mention: datetime | None = None
    mentions_24h: int = 0
    mentions_total: int = 0
    usual_daily: float | None = None
    rejected_total: int = 0
    failures: int = 0
    error: str = ""
    hint: str = ""
    paused: bool = False
    created_at: datetime | None = None
    every: timedelta | None = None


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert with its life so far. ``id`` is stable; ``seen_at`` is when it was last true."""

    id: int
    alert: Alert
    opened_at: datetime
    seen_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    silenced_by: int | None = None
    notifications: tuple[Notification, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """A promise to keep quiet. ``matchers`` maps label names (and ``rule``) to exact values."""

    id: int
    matchers: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime
    author: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """What a channel was last told about a group: the memory that stops repeats.

    ``firing`` and ``resolved`` are fingerprints as of that message.
    """

    channel: str
    group_key: str
    firing: tuple[str, ...]
    resolved: tuple[str, ...]
    reason: Reason
    at: datetime


class Reader(Protocol):
    """What rules and pages may ask. All moments are aware UTC; all reads are snapshots."""

    def tally(self, selection: Selection) -> Tally:
        """Return the tally of what was selected. Without ``query``, answered from tallies."""

    def series(self, selection: Selection, *, step: timedelta, now: datetime) -> Series:
        """Return tallies per bucket of ``step`` (a divisor or multiple of 1 h).

        ``selection.start`` and ``end`` are required and are rounded outward to whole buckets.
        """

    def by(self, dimension: str, selection: Selection, *, limit: int = 20) -> dict[str, Tally]:
        """Return tallies by ``brand``, ``source``, ``platform``, ``language``, ``kind``,
        ``entity`` or ``topic``, the most mentioned first."""

    def drivers(
        self, selection: Selection, baseline: Selection, *, limit: int = 8
    ) -> tuple[Driver, ...]:
        """Return what pushed ``selection`` above ``baseline`` (rates compared per unit time):
        topics, entities and sources with their share of the excess, greatest first."""

    def search(
        self,
        selection: Selection,
        *,
        limit: int = 50,
        after: str | None = None,
        order: Literal["newest", "relevance", "telling"] = "newest",
    ) -> Page:
        """Return mentions page by page. ``telling``: strongest feeling x engagement first.

        Raises QueryError when ``selection.query`` cannot be read.
        """

    def found(self, keys: Sequence[str]) -> tuple[Found, ...]:
        """Return the mentions with these keys, in this order, leaving out unknown ones."""

    def sources(self, *, now: datetime) -> tuple[SourceState, ...]:
        """Return every source ever collected or configured, by name."""

    def alerts(self, *, open_only: bool = False, limit: int = 200) -> tuple[AlertRecord, ...]:
        """Return alerts, open ones first, then newest first."""
