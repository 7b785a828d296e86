"""A reader over plain lists, a store, and messages for the alert tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.message import message_for
from renom.alert import Alert, Driver
from renom.brand import Brand
from renom.contracts import Excerpt, Message, Rule
from renom.enrichment import Enrichment, sentiment_of
from renom.mention import Mention, Rating
from renom.query import Document, matches, parse
from renom.reading import AlertRecord, Found, Page, Selection, SourceState
from renom.tally import Series, Tally
from storage.store import Store, open_store

HOUR = timedelta(hours=1)
OWN = Brand(name="Solvéa", query="solvéa")
RIVAL = Brand(name="Norda", query="norda", role="competitor")


@dataclass
class Plain:
    """One mention as the tests write it."""

    at: datetime
    brand: str = "Solvéa"
    label: str | None = "neutral"
    text: str = "Solvéa"
    source: str = "presse"
    rating: float | None = None
    collected: datetime | None = None
    key: str = ""


@dataclass
class ListReader:
    """Answers what rules ask from a plain list: slow, simple, right."""

    mentions: list[Plain] = field(default_factory=list)
    states: list[SourceState] = field(default_factory=list)
    watched_since: datetime | None = None

    def _chosen(self, s: Selection) -> list[tuple[int, Plain]]:
        query = parse(s.query) if s.query else None
        out = []
        for index, m in enumerate(self.mentions):
            if s.brands and m.brand not in s.brands:
                continue
            if (s.start and m.at < s.start) or (s.end and m.at >= s.end):
                continue
            if s.collected_from and (m.collected or m.at) < s.collected_from:
                continue
            if s.labels and m.label not in s.labels:
                continue
            if s.ratings_below is not None and (
                m.rating is None or not Rating(m.rating).value < s.ratings_below
            ):
                continue
            if query is not None and not matches(query, Document.of(self._mention(index, m))):
                continue
            out.append((index, m))
        return out

    def _mention(self, index: int, m: Plain) -> Mention:
        return Mention(
            platform="test",
            external_id=m.key or str(index),
            source=m.source,
            url=None,
            kind="post",
            text=m.text,
            published_at=m.at,
            collected_at=m.collected or m.at,
            rating=Rating(m.rating) if m.rating is not None else None,
        )

    def tally(self, selection: Selection) -> Tally:
        return sum((self._one(m) for _, m in self._chosen(selection)), Tally())

    def _one(self, m: Plain) -> Tally:
        labels = {m.label: 1} if m.label else {}
        return Tally(mentions=1, **labels)  # type: ignore[arg-type]

    def series(self, selection: Selection, *, step: timedelta, now: datetime) -> Series:
        assert selection.start is not None
        assert selection.end is not None
        start = selection.start.replace(minute=0, second=0, microsecond=0)
        size = -int((start - selection.end) // step)
        counts = [[0, 0, 0, 0] for _ in range(size)]
        place = {"positive": 1, "neutral": 2, "negative": 3}
        for _, m in self._chosen(selection):
            bucket = counts[int((m.at - start) // step)]
            bucket[0] += 1
            if m.label:
                bucket[place[m.label]] += 1
        tallies = tuple(
            Tally(mentions=a, positive=b, neutral=c, negative=d) for a, b, c, d in counts
        )
        return Series(start, step, tallies, open_last=start + size * step > now)

    def by(self, dimension: str, selection: Selection, *, limit: int = 20) -> dict[str, Tally]:
        found: dict[str, Tally] = {}
        for _, m in self._chosen(selection):
            name = getattr(m, dimension)
            found[name] = found.get(name, Tally()) + self._one(m)
        return dict(sorted(found.items(), key=lambda pair: -pair[1].mentions)[:limit])

    def drivers(
        self, selection: Selection, baseline: Selection, *, limit: int = 8
    ) -> tuple[Driver, ...]:
        now = self.by("source", selection)
        total = max(1, sum(t.mentions for t in now.values()))
        return tuple(
            Driver("source", name, tally.mentions, tally.mentions / total)
            for name, tally in now.items()
        )[:limit]

    def search(
        self,
        selection: Selection,
        *,
        limit: int = 50,
        after: str | None = None,
        order: str = "newest",
    ) -> Page:
        chosen = sorted(self._chosen(selection), key=lambda pair: pair[1].at, reverse=True)
        if order == "telling":
            chosen.sort(key=lambda pair: pair[1].label != "negative")
        return Page(tuple(self._found(index, m) for index, m in chosen[:limit]))

    def _found(self, index: int, m: Plain) -> Found:
        mention = self._mention(index, m)
        sentiment = sentiment_of(m.label) if m.label else None  # type: ignore[arg-type]
        return Found(mention, Enrichment(mention.key, sentiment=sentiment), (m.brand,))

    def found(self, keys: Sequence[str]) -> tuple[Found, ...]:
        every = {f"test:{m.key or i}": self._found(i, m) for i, m in enumerate(self.mentions)}
        return tuple(every[key] for key in keys if key in every)

    def sources(self, *, now: datetime) -> tuple[SourceState, ...]:
        if self.watched_since is None:
            return tuple(self.states)
        return (
            *self.states,
            SourceState("always", "rss", created_at=self.watched_since),
        )

    def alerts(self, *, open_only: bool = False, limit: int = 200) -> tuple[AlertRecord, ...]:
        return ()


class Scripted(Rule):
    """A rule that finds what the test tells it to, or fails."""

    def __init__(self, name: str = "scripted") -> None:
        super().__init__(name, Rule.Options())
        self.finds: list[Alert] = []
        self.fails: Exception | None = None

    def evaluate(self, reader: Any, *, now: datetime) -> list[Alert]:
        if self.fails is not None:
            raise self.fails
        return list(self.finds)


@pytest.fixture
def plain() -> type[Plain]:
    return Plain


@pytest.fixture
def list_reader() -> type[ListReader]:
    return ListReader


@pytest.fixture
def scripted() -> type[Scripted]:
    return Scripted


@pytest.fixture
def brands() -> tuple[Brand, Brand]:
    return OWN, RIVAL


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'renom.db'}") as opened:
        yield opened


@pytest.fixture
def reader_from_hours() -> Callable[..., ListReader]:
    """Build a reader from hourly counts: ``counts[i]`` neutral, ``negative[i]`` negative ones."""

    def build(
        counts: Sequence[int],
        *,
        end: datetime,
        negative: Sequence[int] | None = None,
        brand: str = "Solvéa",
    ) -> ListReader:
        start = end - len(counts) * HOUR
        mentions = []
        for index, count in enumerate(counts):
            bad = negative[index] if negative else 0
            for n in range(count):
                at = start + index * HOUR + n * HOUR / (count + 1)
                mentions.append(Plain(at, brand, "negative" if n < bad else "neutral"))
        return ListReader(mentions)

    return build


@pytest.fixture
def alert_of() -> Callable[..., Alert]:
    """Build an alert with the fields that do not matter filled in."""

    def build(brand: str = "Solvéa", **given: Any) -> Alert:
        values: dict[str, Any] = {
            "rule": "pic",
            "kind": "volume_spike",
            "labels": {"brand": brand},
            "severity": "warning",
            "value": 412.0,
            "expected": 120.3,
            "threshold": 266.0,
            "window_seconds": 3600,
            "starts_at": datetime(2026, 3, 17, 7, 0, tzinfo=UTC),
            "summary": "412 mentions",
            **given,
        }
        return Alert(**values)

    return build


@pytest.fixture
def message_of(now: datetime) -> Callable[..., Message]:
    """Build a message about alerts, with the excerpts given."""

    def build(*alerts: Alert, excerpts: Sequence[Excerpt] = (), **given: Any) -> Message:
        known = {excerpt.key: excerpt for excerpt in excerpts}
        values: dict[str, Any] = {
            "channel": "team",
            "thread": "group",
            "reason": "first",
            "opens": True,
            "language": "en",
            "timezone": "Europe/Paris",
            "dashboard_url": "https://renom.example",
            "excerpts": lambda keys: {key: known[key] for key in keys if key in known},
            "now": now,
            **given,
        }
        receipt = values.pop("thread_receipt", "")
        return replace(message_for(alerts, **values), thread_receipt=receipt)

    return build
