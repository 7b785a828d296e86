"""Mention: one piece of content by one author, as every room knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args

Kind = Literal["article", "post", "comment", "review", "survey", "email", "call", "chat"]
KINDS: tuple[str, ...] = get_args(Kind)

Stakeholder = Literal[
    "customer", "press", "influencer", "employee", "partner", "supplier", "competitor", "official"
]
STAKEHOLDERS: tuple[str, ...] = get_args(Stakeholder)

_PLATFORM = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def utc(moment: datetime, name: str = "time") -> datetime:
    """Return ``moment`` in UTC; raise ValueError when it has no zone."""
    if moment.tzinfo is None:
        raise ValueError(f"{name} has no time zone: {moment!r}")
    return moment.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a mention. ``handle`` identifies the author on the mention's platform."""

    handle: str
    name: str | None = None
    followers: int | None = None
    stakeholder: Stakeholder | None = None

    def __post_init__(self) -> None:
        if not self.handle.strip():
            raise ValueError(f"author handle is blank: {self.handle!r}")
        if self.followers is not None and self.followers < 0:
            raise ValueError(f"followers is negative: {self.followers!r}")
        if self.stakeholder is not None and self.stakeholder not in STAKEHOLDERS:
            raise ValueError(f"unknown stakeholder: {self.stakeholder!r}")


@dataclass(frozen=True, slots=True)
class Engagement:
    """Interactions counted at ``collected_at``; None means the platform does not tell."""

    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None

    def __post_init__(self) -> None:
        for name in ("likes", "replies", "shares", "views"):
            value = getattr(self, name)
            if value is not None and value < 0:
                raise ValueError(f"{name} is negative: {value!r}")

    @property
    def total(self) -> int | None:
        """Sum of the known interactions, views excluded; None when none is known."""
        known = [v for v in (self.likes, self.replies, self.shares) if v is not None]
        return sum(known) if known else None


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating on its own scale: ``Rating(4, 1, 5)`` is four of five stars."""

    given: float
    worst: float = 1.0
    best: float = 5.0

    def __post_init__(self) -> None:
        if not self.worst < self.best:
            raise ValueError(f"rating scale is empty: {self.worst!r}..{self.best!r}")
        if not self.worst <= self.given <= self.best:
            raise ValueError(f"rating {self.given!r} outside {self.worst!r}..{self.best!r}")

    @property
    def value(self) -> float:
        """The rating in 0..1, 0 the worst and 1 the best of its scale."""
        return (self.given - self.worst) / (self.best - self.worst)


@dataclass(frozen=True, slots=True)
class Mention:
    """One piece of content by one author.

    ``(platform, external_id)`` is its identity; ``text`` and ``title`` are plain text, never
    markup; ``source`` is the configured name of the source that found it; times are aware UTC;
    ``language`` is an ISO 639-1 code; ``place`` is what the platform states, a country code
    (``FR``) first where it is known. None means unknown.
    """

    platform: str
    external_id: str
    source: str
    url: str | None
    kind: Kind
    text: str
    published_at: datetime
    collected_at: datetime
    title: str | None = None
    author: Author | None = None
    language: str | None = None
    rating: Rating | None = None
    engagement: Engagement = field(default_factory=Engagement)
    reach: int | None = None
    place: str | None = None
    parent_id: str | None = None

    def __post_init__(self) -> None:
        if not _PLATFORM.fullmatch(self.platform):
            raise ValueError(f"platform is not a lower-case name: {self.platform!r}")
        if not self.external_id or len(self.external_id) > 500:
            raise ValueError(f"external_id must have 1 to 500 characters: {self.external_id!r}")
        if not self.source:
            raise ValueError("source is blank")
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind: {self.kind!r}")
        if not self.text.strip():
            raise ValueError(f"text is blank: {self.platform}:{self.external_id}")
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise ValueError(f"url is not http(s): {self.url!r}")
        if self.language is not None and not _LANGUAGE.fullmatch(self.language):
            raise ValueError(f"language is not an ISO 639 code: {self.language!r}")
        if self.reach is not None and self.reach < 0:
            raise ValueError(f"reach is negative: {self.reach!r}")
        object.__setattr__(self, "published_at", utc(self.published_at, "published_at"))
        object.__setattr__(self, "collected_at", utc(self.collected_at, "collected_at"))

    @property
    def key(self) -> str:
        """``platform:external_id``, unique over everything collected."""
        return f"{self.platform}:{self.external_id}"

    @property
    def full_text(self) -> str:
        """Title and text as one text, the title first, for matching and understanding."""
        if self.title and not self.text.startswith(self.title):
            return f"{self.title}\n{self.text}"
        return self.text
