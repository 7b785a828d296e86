"""Data: everything pages read from storage, cached as what a page shows, and the few writes.

Answers live for half a minute (names for five), so that many readers cost what one does. A
reader's own change empties the cache at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Literal

import streamlit as st

from dashboard import periods
from dashboard.periods import Bucket
from dashboard.settings import Settings, Watched, own_first
from dashboard.wording import Wording
from renom.enrichment import Label
from renom.reading import AlertRecord, Found, Page, Selection, Silence, SourceState
from renom.tally import Tally
from storage.store import Store, open_store

Order = Literal["newest", "relevance", "telling"]

FRESH = 30.0
NAMES_FRESH = 300.0
PAGE_SIZE = 20
EXPORT_LIMIT = 5000
_WIDE = 200
_PANEL_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Cause:
    """A topic, an entity or a source, and how much of one feeling it carries.

    ``mentions`` of ``scored`` mentions under this name have the feeling; ``share`` in 0..1 is
    its part of all mentions with that feeling in the selection.
    """

    kind: str
    name: str
    mentions: int
    scored: int
    share: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """Something a source read but could not take, and when."""

    source: str
    at: datetime
    item: str
    reason: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the overview shows of one brand (or all) over one period."""

    tally: Tally
    before: Tally
    panel: dict[str, Tally]
    buckets: tuple[Bucket, ...]
    negative: tuple[Cause, ...]
    positive: tuple[Cause, ...]
    telling: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Rival:
    """One brand of the panel beside the others."""

    name: str
    role: str
    tally: Tally
    before: Tally
    buckets: tuple[Bucket, ...]
    topics: tuple[tuple[str, int], ...]
    platforms: tuple[tuple[str, int], ...]


class Data:
    """The window through which every page looks. ``now`` is when this run began."""

    def __init__(self, settings: Settings, say: Wording, *, now: datetime) -> None:
        self.settings = settings
        self.say = say
        self.now = now

    @property
    def url(self) -> str:
        """Where the database is: the key under which answers are cached."""
        return self.settings.database

    @property
    def store(self) -> Store:
        """The open store, one per server process. Raises StorageError when it cannot open."""
        return _open(self.url)

    # -- names ---------------------------------------------------------------------------

    def brands(self) -> tuple[Watched, ...]:
        """Return the panel, our own brands first; without configuration, what storage holds."""
        return self.settings.brands or _stored_brands(self.url, self.empty())

    def role(self, brand: str) -> str:
        """Return the role of a brand of the panel."""
        return next((b.role for b in self.brands() if b.name == brand), "competitor")

    def source_names(self) -> tuple[str, ...]:
        """Return the names of all sources."""
        return _source_names(self.url, self.empty())

    def languages(self) -> tuple[str, ...]:
        """Return the codes of the languages found, the most frequent first."""
        return _languages(self.url, self.empty())

    def empty(self) -> bool:
        """Return whether nothing was ever collected."""
        return self.newest() is None

    def newest(self) -> datetime | None:
        """Return when the newest mention held was published."""
        return _newest(self.url)

    # -- pages ---------------------------------------------------------------------------

    def overview(self, selection: Selection) -> Overview:
        """Return what the overview shows."""
        names = tuple(brand.name for brand in self.brands())
        return _overview(self.url, selection, names, self.settings.timezone, _minute(self.now))

    def rivals(self, selection: Selection) -> tuple[Rival, ...]:
        """Return the panel side by side, at most eight: our own brands, then the most mentioned."""
        panel = tuple((b.name, b.role) for b in self.brands()[:_PANEL_SHOWN])
        return _rivals(self.url, selection, panel, self.settings.timezone, _minute(self.now))

    def mentions(self, selection: Selection, *, order: Order, after: str | None) -> Page:
        """Return one page of mentions. Raises QueryError when the query cannot be read."""
        return _mentions(self.url, selection, order, after)

    def count(self, selection: Selection) -> Tally | None:
        """Return how many are selected, None when only a scan could tell."""
        return None if selection.query else _tally(self.url, selection)

    def every(self, selection: Selection) -> Iterator[Found]:
        """Return the selected mentions for an export, newest first, at most 5,000."""
        return islice(self.store.export(selection), EXPORT_LIMIT)

    def story(self, key: str) -> tuple[Found, ...]:
        """Return the other mentions of the same story."""
        return tuple(found for found in self.store.story(key) if found.mention.key != key)

    def sources(self) -> tuple[SourceState, ...]:
        """Return how every source is doing."""
        return _sources(self.url, _minute(self.now))

    def rejections(self, limit: int = 20) -> tuple[Rejected, ...]:
        """Return what was refused lately, the newest first."""
        names = tuple(state.name for state in self.sources() if state.rejected_total)
        return _rejections(self.url, names, limit)

    def alerts(self, *, open_only: bool = False) -> tuple[AlertRecord, ...]:
        """Return alerts, open ones first."""
        return _alerts(self.url, open_only)

    def silences(self) -> tuple[Silence, ...]:
        """Return the silences in force."""
        return self.store.silences(self.now)

    # -- the few writes ------------------------------------------------------------------

    def correct(self, key: str, brand: str, label: Label, *, by: str, now: datetime) -> None:
        """Record what a person says the sentiment toward a brand is."""
        self.store.correct(key, brand, label, by=by, now=now)
        forget()

    def judge(self, key: str, brand: str, relevant: bool, *, by: str, now: datetime) -> None:
        """Record whether a person says that a mention is about a brand."""
        self.store.judge(key, brand, relevant, by=by, now=now)
        forget()

    def acknowledge(self, alert_id: int, *, by: str, now: datetime) -> None:
        """Record that a person has taken an alert on."""
        self.store.acknowledge(alert_id, by=by, now=now)
        forget()

    def silence(self, record: AlertRecord, *, until: datetime, by: str, now: datetime) -> None:
        """Keep quiet about one alert until a moment."""
        matchers = {**record.alert.labels, "rule": record.alert.rule}
        self.store.silence(matchers, starts_at=now, ends_at=until, author=by)
        forget()


def forget() -> None:
    """Empty the cache of answers: something was changed."""
    st.cache_data.clear()


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


@st.cache_resource(show_spinner=False)
def _open(url: str) -> Store:
    return open_store(url)


@st.cache_data(ttl=FRESH, show_spinner=False)
def _newest(url: str) -> datetime | None:
    found = _open(url).search(Selection(), limit=1).found
    return found[0].mention.published_at if found else None


# ``empty`` stands in the key: names asked for before the first mention must not last.
@st.cache_data(ttl=NAMES_FRESH, show_spinner=False)
def _stored_brands(url: str, empty: bool) -> tuple[Watched, ...]:
    return own_first([Watched(name) for name in _open(url).brands()])


@st.cache_data(ttl=NAMES_FRESH, show_spinner=False)
def _languages(url: str, empty: bool) -> tuple[str, ...]:
    return tuple(name for name in _open(url).by("language", Selection(), limit=30) if name)


@st.cache_data(ttl=NAMES_FRESH, show_spinner=False)
def _source_names(url: str, empty: bool) -> tuple[str, ...]:
    return tuple(_open(url).by("source", Selection(), limit=_WIDE))


@st.cache_data(ttl=FRESH, max_entries=500, show_spinner=False)
def _tally(url: str, selection: Selection) -> Tally:
    return _open(url).tally(selection)


@st.cache_data(ttl=FRESH, max_entries=200, show_spinner=False)
def _mentions(url: str, selection: Selection, order: Order, after: str | None) -> Page:
    return _open(url).search(selection, limit=PAGE_SIZE, after=after, order=order)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def _sources(url: str, minute: datetime) -> tuple[SourceState, ...]:
    return _open(url).sources(now=minute)


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def _rejections(url: str, sources: tuple[str, ...], limit: int) -> tuple[Rejected, ...]:
    store = _open(url)
    found = [
        Rejected(name, at, rejection.item, rejection.reason)
        for name in sources
        for at, rejection in store.rejections(name)
    ]
    return tuple(sorted(found, key=lambda one: one.at, reverse=True)[:limit])


@st.cache_data(ttl=FRESH, max_entries=20, show_spinner=False)
def _alerts(url: str, open_only: bool) -> tuple[AlertRecord, ...]:
    return _open(url).alerts(open_only=open_only)


@st.cache_data(ttl=FRESH, max_entries=200, show_spinner=False)
def _overview(
    url: str, selection: Selection, panel: tuple[str, ...], timezone: str, minute: datetime
) -> Overview:
    store = _open(url)
    by_brand = store.by("brand", replace(selection, brands=panel), limit=len(panel) or 20)
    tables = {
        kind: store.by(kind, selection, limit=_WIDE) for kind in ("topic", "entity", "source")
    }
    tally = store.tally(selection)
    own_names = {name.casefold() for name in panel}
    return Overview(
        tally=tally,
        before=store.tally(periods.earlier(selection)),
        panel={name: by_brand.get(name, Tally()) for name in panel},
        buckets=_buckets(store, selection, timezone, minute),
        negative=tuple(causes(tables, "negative", tally.negative, leave_out=own_names)),
        positive=tuple(causes(tables, "positive", tally.positive, leave_out=own_names)),
        telling=one_of_each_story(store.search(selection, limit=30, order="telling").found)[:5],
    )


@st.cache_data(ttl=FRESH, max_entries=100, show_spinner=False)
def _rivals(
    url: str,
    selection: Selection,
    panel: tuple[tuple[str, str], ...],
    timezone: str,
    minute: datetime,
) -> tuple[Rival, ...]:
    store = _open(url)

    def rival(name: str, role: str) -> Rival:
        mine = replace(selection, brands=(name,))
        return Rival(
            name=name,
            role=role,
            tally=store.tally(mine),
            before=store.tally(periods.earlier(mine)),
            buckets=_buckets(store, mine, timezone, minute),
            topics=_most(store, "topic", mine, 3),
            platforms=_most(store, "platform", mine, 3),
        )

    rivals = [rival(name, role) for name, role in panel]
    return tuple(sorted(rivals, key=lambda r: (r.role != "own", -r.tally.mentions)))


def one_of_each_story(found: Iterable[Found]) -> tuple[Found, ...]:
    """Return the mentions, of near-identical ones the first; cheaper than asking storage to."""
    kept: dict[str, Found] = {}
    for one in found:
        kept.setdefault(one.enrichment.story or one.mention.key, one)
    return tuple(kept.values())


def _most(
    store: Any, dimension: str, selection: Selection, limit: int
) -> tuple[tuple[str, int], ...]:
    tallies = store.by(dimension, selection, limit=limit)
    return tuple((name, tally.mentions) for name, tally in tallies.items())


def _buckets(store: Any, selection: Selection, timezone: str, now: datetime) -> tuple[Bucket, ...]:
    step, width = periods.grain(selection)
    series = store.series(selection, step=step, now=now)
    return periods.regroup(series, width, zone=periods.ZoneInfo(timezone), now=now)


def causes(
    tables: dict[str, dict[str, Tally]],
    feeling: Literal["positive", "negative"],
    total: int,
    *,
    leave_out: Iterable[str] = (),
    limit: Sequence[tuple[str, int]] = (("topic", 5), ("entity", 3), ("source", 3)),
) -> Iterator[Cause]:
    """Yield what carries a feeling: topics, entities, sources, each the most telling first.

    ``total`` is the number of mentions with that feeling; names in ``leave_out`` (folded) are
    the brands themselves and explain nothing.
    """
    hidden = set(leave_out)
    for kind, most in limit:
        if kind == "source" and len(tables.get(kind, {})) < 2:
            continue  # the only source explains nothing
        rows = [
            Cause(kind, name, count, tally.scored, count / total)
            for name, tally in tables.get(kind, {}).items()
            if (count := getattr(tally, feeling)) and total and name.casefold() not in hidden
        ]
        rows.sort(key=lambda row: (-row.mentions, row.name))
        yield from rows[:most]


def length(selection: Selection) -> timedelta:
    """Return how long the selected period is."""
    if selection.start is None or selection.end is None:
        raise ValueError("the selection has no period")
    return selection.end - selection.start
