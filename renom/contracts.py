"""Contracts: what a source, an enricher, a rule and a channel must be.

A component is one class in one file of its room; the file's name is its ``type``. Its options
and its secrets are two pydantic models nested in the class. The constructor stores what it is
given and does no work.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, BeforeValidator, ConfigDict

from renom.alert import Alert, Reason
from renom.brand import Brand
from renom.enrichment import Aspect, Enrichment, Sentiment
from renom.mention import Mention
from renom.reading import AlertRecord, Reader, Said, Silence, SourceState

Cursor = dict[str, Any]
"""What a source needs to continue: small and JSON-able."""

Partial = dict[str, object]
"""Enrichment fields by name, as one enricher found them."""

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def parse_duration(value: object) -> timedelta:
    """Read ``500ms``, ``90s``, ``15m``, ``1h30m``, ``7d``, ``2w``, or pass a timedelta through.

    Raises ValueError on anything else, a bare number included: its unit would be a guess.
    """
    if isinstance(value, timedelta):
        return value
    text = value.strip().lower() if isinstance(value, str) else ""
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise ValueError(f"not a duration: {value!r}; write 90s, 15m, 2h, 7d or 2w")
    return timedelta(seconds=sum(float(n) * _SECONDS[unit] for n, unit in parts))


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]


class Options(BaseModel):
    """Base of every component's options. Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Secrets(BaseModel):
    """Base of every component's secrets: fields of type ``SecretStr`` (or optional ones).

    Field ``token`` of type ``slack`` is read from ``RENOM_SLACK_TOKEN``; with ``secrets: crisis``
    in the configuration, from ``RENOM_CRISIS_TOKEN``. A field's description tells where to get it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


ModelClass = type[BaseModel]


class Component(ABC):  # noqa: B024
    """What all four kinds share. ``type`` is set by the registry from the file name."""

    type: ClassVar[str] = ""
    Options: ClassVar[ModelClass] = Options
    Secrets: ClassVar[ModelClass] = Secrets

    def __init__(
        self,
        name: str,
        options: BaseModel,
        secrets: BaseModel | None = None,
        *,
        brands: Sequence[Brand] = (),
    ) -> None:
        self.name = name
        self.options: Any = options
        self.secrets: Any = secrets
        self.brands = tuple(brands)

    def check(self) -> str:
        """Ask the real service whether this component can work; return a reader's sentence.

        Called by ``renom check --live`` only. Raises the room's error when it cannot.
        """
        return "nothing to ask"


# -- sources ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something a source read but could not take. ``item`` names it (URL, id, ``line 7``)."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Given:
    """What the source itself says about a mention, beyond the mention.

    ``brands`` names the brands it is filed under; matching is then skipped, unless ``also_match``
    says that the queries may add others (a whole mailbox is ours, a mail in it may name a
    competitor). ``sentiment`` and ``aspects`` are labels that came with it; they outrank what
    enrichers find, not a person.
    """

    brands: tuple[str, ...] = ()
    sentiment: Sentiment | None = None
    aspects: tuple[Aspect, ...] = ()
    also_match: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """A mention that the brand's query matches and that is not about it, with how likely it is.

    ``probability`` in 0..1 is None where a person decided.
    """

    mention: Mention
    brand: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a source found, and how to continue after it.

    ``cursor`` covers exactly this and all earlier batches of the run; ``deleted`` holds keys
    (``platform:external_id``) that the platform withdrew; ``given`` is keyed by mention key;
    ``unchanged`` counts items skipped because an earlier run has seen them.
    """

    mentions: tuple[Mention, ...] = ()
    cursor: Cursor | None = None
    deleted: tuple[str, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    given: Mapping[str, Given] = field(default_factory=dict)
    unchanged: int = 0
    next_check: timedelta | None = None


class SourceOptions(Options):
    """Options that every source has.

    ``backfill`` is how far the first run looks back; ``lag`` is the overlap re-read each run
    because remote lists reorder and arrive late.
    """

    backfill: Duration = timedelta(days=7)
    lag: Duration = timedelta(hours=2)


class Source(Component):
    """A place to look. ``platform`` is where its content lives, unless an option says otherwise.

    ``fetch`` yields batches until it has caught up. It never writes state, never logs a secret
    and raises only SourceError for what the remote side did. ``cursor is None`` means first run:
    look back ``backfill`` and no further. Saving is idempotent: read an overlap, skip nothing.
    """

    Options: ClassVar[ModelClass] = SourceOptions
    platform: ClassVar[str] = ""

    @abstractmethod
    def fetch(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Yield what is new since ``cursor``, oldest batches first where the platform allows."""


# -- enrichers -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pending:
    """A stored mention that waits for enrichment, with the brands it matched."""

    id: int
    mention: Mention
    brands: tuple[str, ...]
    enrichment: Enrichment


class Enricher(Component):
    """A step of understanding.

    ``requires`` and ``assigns`` name fields of Enrichment; order and conflicts are checked when
    the configuration is loaded. ``version`` changes whenever results do. ``languages`` limits
    what it is given (None: all); a mention in another language gets an empty partial.
    """

    requires: ClassVar[tuple[str, ...]] = ()
    assigns: ClassVar[tuple[str, ...]] = ()
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = None

    @abstractmethod
    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return one partial per mention, same length and order.

        Raises EnrichmentError naming the mention when one cannot be understood: the pipeline
        then asks again one by one, so that only that mention stays without.
        """


# -- rules -----------------------------------------------------------------------------------


class RuleOptions(Options):
    """Options that every rule has."""

    severity: Literal["info", "warning", "critical"] = "warning"


class Rule(Component):
    """A condition. ``evaluate`` says what is true now and knows nothing of having said it."""

    Options: ClassVar[ModelClass] = RuleOptions

    @abstractmethod
    def evaluate(self, reader: Reader, *, now: datetime) -> list[Alert]:
        """Return the alerts that are true at ``now``; their ``rule`` is ``self.name``."""


# -- channels --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A mention as a message quotes it. Every text in it comes from outside: escape it."""

    key: str
    text: str
    platform: str
    published_at: datetime
    author: str | None = None
    url: str | None = None
    label: str | None = None
    title: str | None = None
    rating: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What one notification says, frozen when it was decided.

    ``key`` is unique per delivery and the same on every retry; ``thread`` is the same for all
    messages of one group, ``opens`` says that this one is its first; ``excerpts`` are keyed by
    mention key; ``language`` is ``fr`` or ``en``; ``dashboard_url`` has no trailing slash or is
    empty; ``thread_receipt`` is the receipt of the group's first message, when there was one;
    ``recipient`` is one of the channel's ``recipients``: each has its own messages and thread.
    """

    key: str
    channel: str
    thread: str
    reason: Reason
    alerts: tuple[Alert, ...]
    created_at: datetime
    excerpts: Mapping[str, Excerpt] = field(default_factory=dict)
    opens: bool = True
    language: str = "en"
    timezone: str = "UTC"
    dashboard_url: str = ""
    thread_receipt: str = ""
    recipient: str = ""


class ChannelOptions(Options):
    """Options that every channel has."""

    language: Literal["en", "fr"] | None = None


class Channel(Component):
    """Where notifications go. ``timeout`` bounds one ``send``; the lease is three times as long."""

    Options: ClassVar[ModelClass] = ChannelOptions
    timeout: ClassVar[timedelta] = timedelta(seconds=20)

    @abstractmethod
    def send(self, message: Message) -> str:
        """Deliver once and return a receipt (an id by which the far side knows it, or "").

        Raises ChannelUnavailable (will be retried) or ChannelDenied (will not).
        """

    def recipients(self) -> tuple[str, ...]:
        """Return whom it writes to one by one; ``("",)`` where the channel is one place."""
        return ("",)

    def find(self, message: Message) -> str | None:
        """Look up whether ``message.key`` has arrived, after a crash left that unknown.

        Returns its receipt, "" if it certainly did not arrive, None if the far side cannot be
        asked (the message is then sent again: at most one duplicate per crash).
        """
        return None


# -- storage, as the pipeline and the alert engine need it -----------------------------------


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a batch: new mentions, known ones, ones no brand's query matched."""

    stored: int = 0
    already_known: int = 0
    unmatched: int = 0
    updated: int = 0
    deleted: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            self.stored + other.stored,
            self.already_known + other.already_known,
            self.unmatched + other.unmatched,
            self.updated + other.updated,
            self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message in the outbox. ``uncertain``: an earlier try may have arrived; ask first."""

    message: Message
    attempts: int
    uncertain: bool
    created_at: datetime


class AlertLog(Protocol):
    """The alert memory inside one transaction: all of it is kept, or nothing."""

    def open_alerts(self) -> tuple[AlertRecord, ...]:
        """Return the alerts that have not ended."""

    def put(self, alert: Alert) -> AlertRecord:
        """Insert the alert, or update the open one of the same fingerprint (``ends_at`` too)."""

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences in force at the log's ``now``."""

    def mark_silenced(self, record_id: int, silence_id: int | None) -> None:
        """Remember which silence holds an alert back, or None."""

    def said(self, channel: str, group_key: str) -> Said | None:
        """Return what the channel was last told about the group."""

    def enqueue(self, message: Message, *, firing: Sequence[str], resolved: Sequence[str]) -> None:
        """Write the message to the outbox and what it says to the notification log."""

    def excerpts(self, keys: Sequence[str]) -> dict[str, Excerpt]:
        """Return excerpts of the mentions with these keys."""


class Store(Reader, Protocol):
    """Everything that the pipeline and the engine ask of storage."""

    def cursor(self, source: str) -> Cursor | None:
        """Return the source's cursor, None before the first batch was kept."""

    def save_batch(
        self,
        source: str,
        batch: Batch,
        matches: Mapping[str, Sequence[str]],
        *,
        now: datetime,
        type: str = "",
        aside: Sequence[SetAside] = (),
    ) -> Saved:
        """Keep the mentions that ``matches`` (mention key -> brand names) gives a brand, what is
        given with them, deletions, rejections and the cursor, in one transaction; ``aside`` is
        what a brand's classifier held back."""

    def source_succeeded(
        self, source: str, *, type: str, now: datetime, next_check: datetime | None
    ) -> None:
        """Record a finished run and forget earlier errors."""

    def source_failed(
        self,
        source: str,
        *,
        type: str,
        now: datetime,
        error: str,
        hint: str = "",
        paused: bool = False,
        next_check: datetime | None = None,
    ) -> SourceState:
        """Record a failed run; returns the state with its count of failures in a row."""

    def schedule_source(
        self, source: str, *, next_check: datetime | None, paused: bool = False
    ) -> None:
        """Set when the source is due again, and whether it waits for a person."""

    def resume_source(self, source: str) -> None:
        """Take a pause back."""

    def claim_pending(self, *, now: datetime, limit: int, lease: timedelta) -> list[Pending]:
        """Lease the newest mentions that wait for enrichment. A lease that runs out frees them."""

    def save_enrichments(self, done: Sequence[tuple[Pending, Enrichment]], *, now: datetime) -> int:
        """Keep enrichments, stories, tallies and full text in one transaction; returns how many
        were kept (a mention deleted meanwhile is not)."""

    def pending_count(self) -> int:
        """Return how many mentions wait for enrichment."""

    def alert_log(self, *, now: datetime) -> AbstractContextManager[AlertLog]:
        """Open the alert memory; leaving the block normally keeps everything, else nothing."""

    def claim_deliveries(self, *, now: datetime, limit: int, lease: timedelta) -> list[Delivery]:
        """Lease messages that are due, in order within a thread, at most one a thread."""

    def delivery_sent(self, key: str, *, now: datetime, receipt: str) -> None:
        """Record that the message arrived."""

    def delivery_failed(
        self, key: str, *, now: datetime, error: str, retry_at: datetime | None
    ) -> None:
        """Record a failed try; ``retry_at`` None makes it a dead letter."""
