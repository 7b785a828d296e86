"""Measures: pure, documented formulas on tallies. None means that nothing can be said."""

from __future__ import annotations

import math
from collections.abc import Mapping

from renom.tally import Tally


def net_sentiment(tally: Tally) -> float | None:
    """Return (positive - negative) / scored in points -100..100, or None when nothing is scored.

    Neutral mentions stay in the divisor, so a mostly neutral brand lies near 0.
    """
    if tally.scored == 0:
        return None
    return 100.0 * (tally.positive - tally.negative) / tally.scored


def negative_share(tally: Tally) -> float | None:
    """Return negative / scored in 0..1, or None when nothing is scored."""
    return tally.negative / tally.scored if tally.scored else None


def mean_rating(tally: Tally) -> float | None:
    """Return the mean normalised rating in 0..1, or None when nothing is rated."""
    return tally.rating_sum / tally.rating_count if tally.rating_count else None


def share_of_voice(tallies: Mapping[str, Tally], *, by: str = "mentions") -> dict[str, float]:
    """Return each brand's part in 0..1 of the panel's mentions (or stories, ``by="stories"``).

    Empty when the whole panel is silent.
    """
    counts = {brand: getattr(tally, by) for brand, tally in tallies.items()}
    total = sum(counts.values())
    return {brand: count / total for brand, count in counts.items()} if total else {}


def wilson(successes: int, n: int, *, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson score interval of a share (Wilson 1927); (0, 1) when n is 0."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)
    return max(0.0, low), min(1.0, high)
