"""Sampling: which texts to judge, and what the judgements say about all of them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from renom.measures import wilson

if TYPE_CHECKING:
    from renom.relevance.model import Model

POOL = 600
"""Unlabelled texts that a classifier uses at most: its time grows with their square."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share in 0..1 estimated from ``judged`` texts, with its 95 % interval (Wilson 1927)."""

    share: float | None
    low: float
    high: float
    judged: int
    relevant: int


def share(relevant: int, judged: int) -> Estimate:
    """Return the estimate of a share; unknown when nothing was judged."""
    low, high = wilson(relevant, judged)
    return Estimate(relevant / judged if judged else None, low, high, judged, relevant)


def rank(key: str) -> int:
    """Return a number that orders keys as if shuffled, always the same way.

    The first n in this order are a uniform sample, the first 2n contain them: judgements made
    today count in tomorrow's larger sample, and clicks elsewhere do not bias it. Storage draws
    its samples in the same order.
    """
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def uncertain(model: Model, texts: Sequence[str], n: int) -> list[int]:
    """Return the places of the ``n`` texts whose judgement teaches the model most."""
    given = model.probabilities(texts)
    return sorted(range(len(texts)), key=lambda place: (abs(given[place] - 0.5), place))[:n]
