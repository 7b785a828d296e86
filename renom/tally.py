"""Tally and Series: the only aggregates that travel between rooms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of mentions. Tallies add; the empty tally is the unit.

    ``stories`` counts mentions that opened a story; ``positive + neutral + negative`` is the
    number scored, which may be less than ``mentions``; ``rating_sum`` adds normalised ratings
    (0..1) of ``rating_count`` mentions.
    """

    mentions: int = 0
    stories: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    engagement: int = 0
    reach: int = 0
    rating_sum: float = 0.0
    rating_count: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.mentions + other.mentions,
            self.stories + other.stories,
            self.positive + other.positive,
            self.neutral + other.neutral,
            self.negative + other.negative,
            self.engagement + other.engagement,
            self.reach + other.reach,
            self.rating_sum + other.rating_sum,
            self.rating_count + other.rating_count,
        )

    @property
    def scored(self) -> int:
        """Mentions that have a sentiment."""
        return self.positive + self.neutral + self.negative


@dataclass(frozen=True, slots=True)
class Series:
    """Tallies in equal-width buckets, oldest first.

    Bucket ``i`` covers ``start + i * step`` up to, excluding, ``start + (i + 1) * step``;
    ``open_last`` says that the last bucket is still filling.
    """

    start: datetime
    step: timedelta
    tallies: tuple[Tally, ...]
    open_last: bool = False

    def __post_init__(self) -> None:
        if self.step <= timedelta(0):
            raise ValueError(f"step is not positive: {self.step!r}")
        if self.start.tzinfo is None:
            raise ValueError(f"start has no time zone: {self.start!r}")

    def __len__(self) -> int:
        return len(self.tallies)

    def __iter__(self) -> Iterator[tuple[datetime, Tally]]:
        for index, tally in enumerate(self.tallies):
            yield self.start + index * self.step, tally

    @property
    def total(self) -> Tally:
        """All buckets added."""
        return sum(self.tallies, Tally())
