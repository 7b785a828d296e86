"""Measure answers against labels: precision, recall, F1, accuracy, calibration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

_BINS = 10


def prf(true: int, given: int, gold: int) -> dict[str, float]:
    """Return precision, recall and F1 of ``true`` right ones among ``given`` and ``gold``."""
    precision = true / given if given else 0.0
    recall = true / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if true else 0.0
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "n": gold,
    }


def classification(gold: Sequence[str], given: Sequence[str | None]) -> dict[str, Any]:
    """Return ``macro_f1``, ``macro_recall``, ``accuracy`` and ``per_class``.

    Macro means are over the classes that occur in ``gold``; None is a missing answer, which is
    wrong. Raises ValueError on unequal or no data.
    """
    if not gold or len(gold) != len(given):
        raise ValueError(f"{len(gold)} labels, {len(given)} answers")
    right = Counter(a for a, b in zip(gold, given, strict=True) if a == b)
    in_gold, in_given = Counter(gold), Counter(given)
    per_class = {name: prf(right[name], in_given[name], in_gold[name]) for name in sorted(in_gold)}
    return {
        "macro_f1": _mean([one["f1"] for one in per_class.values()]),
        "macro_recall": _mean([one["recall"] for one in per_class.values()]),
        "accuracy": round(sum(right.values()) / len(gold), 4),
        "per_class": per_class,
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Return the expected calibration error in 0..1 over ten equal bins of confidence.

    Guo et al. (2017), On Calibration of Modern Neural Networks, equation 3.
    """
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, ok in zip(confidences, right, strict=True):
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, ok))
    gap = sum(
        abs(sum(confidence for confidence, _ in one) - sum(ok for _, ok in one)) for one in bins
    )
    return round(gap / len(confidences), 4) if confidences else 0.0
