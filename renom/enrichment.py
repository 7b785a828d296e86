"""Enrichment: what understanding adds to a mention, and which component said it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

Label = Literal["negative", "neutral", "positive"]
LABELS: tuple[str, ...] = get_args(Label)


@dataclass(frozen=True, slots=True)
class Sentiment:
    """Feeling of a text: ``score`` in -1..1, ``label``, ``confidence`` in 0..1.

    The label may be neutral at any score; a positive label needs a score >= 0, a negative one
    a score <= 0.
    """

    score: float
    label: Label
    confidence: float = 1.0

    def __post_init__(self) -> None:
        if not -1.0 <= self.score <= 1.0:
            raise ValueError(f"score outside -1..1: {self.score!r}")
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence outside 0..1: {self.confidence!r}")
        if self.label not in LABELS:
            raise ValueError(f"unknown label: {self.label!r}")
        if (self.label == "positive" and self.score < 0) or (
            self.label == "negative" and self.score > 0
        ):
            raise ValueError(f"label {self.label!r} disagrees with score {self.score!r}")


def sentiment_of(label: Label, confidence: float = 1.0) -> Sentiment:
    """Return the sentiment a bare label stands for: -1, 0 or 1."""
    return Sentiment({"negative": -1.0, "neutral": 0.0, "positive": 1.0}[label], label, confidence)


@dataclass(frozen=True, slots=True)
class BrandSentiment:
    """What is said about one brand in a text that may name several."""

    brand: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class Entity:
    """A named thing in the text. ``name`` is the folded form, ``brand`` the brand it is, if any.

    ``start`` and ``end`` count characters of ``Mention.full_text``, end excluded.
    """

    name: str
    type: Literal["person", "organisation", "place", "product", "other"]
    surface: str
    start: int
    end: int
    brand: str | None = None


@dataclass(frozen=True, slots=True)
class Aspect:
    """A feature judged (price, delivery) and the feeling about it."""

    name: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class Emotion:
    """An emotion and its strength in 0..1."""

    name: str
    strength: float


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What near-identical texts share.

    ``exact`` hashes the normalised text; ``bands`` are LSH band hashes (signed 64-bit, empty for
    texts too short to shingle); ``signature`` is the MinHash signature as little-endian uint32;
    ``algorithm`` names method, permutations and seed: unlike ones cannot be compared.
    """

    exact: int
    bands: tuple[int, ...] = ()
    signature: bytes = b""
    algorithm: str = ""


@dataclass(frozen=True, slots=True)
class Enrichment:
    """Everything understood about one mention. A field is set only by who declares it.

    ``story`` is the key of the story's first mention and is set by storage from ``fingerprint``;
    ``topics`` are key phrases, most telling first; ``risk`` is in 0..1; ``made_by`` maps field to
    ``component/version``, ``import`` or ``person``.
    """

    mention_key: str
    language: str | None = None
    sentiment: Sentiment | None = None
    brand_sentiments: tuple[BrandSentiment, ...] = ()
    entities: tuple[Entity, ...] = ()
    aspects: tuple[Aspect, ...] = ()
    emotions: tuple[Emotion, ...] = ()
    touchpoint: str | None = None
    intent: str | None = None
    topics: tuple[str, ...] = ()
    fingerprint: Fingerprint | None = None
    story: str | None = None
    risk: float | None = None
    made_by: Mapping[str, str] = field(default_factory=dict)


ENRICHMENT_FIELDS: tuple[str, ...] = tuple(
    f.name for f in fields(Enrichment) if f.name not in ("mention_key", "made_by", "story")
)
"""The fields an enricher may declare in ``assigns``."""
