"""Score feeling by rules and lexicon: VADER for English, its counterpart for French."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from nlp import _vader_english, _vader_french
from renom.contracts import Enricher, Partial, Pending
from renom.enrichment import Label, Sentiment

_READ = 10_000
"""Characters read of one text: the sum of valences is saturated long before."""

LANGUAGES = frozenset({"en", "fr"})
_COMPOUND = {"en": _vader_english.compound, "fr": _vader_french.compound}

# Chosen on the training parts of tweeteval_sentiment (English) and umsab_sentiment (French);
# VADER's own +-0.05 calls too many English tweets positive.
_NEGATIVE = {"en": -0.05, "fr": -0.1}
_POSITIVE = {"en": 0.35, "fr": 0.1}

# Share of right labels by strength of the score, measured on the same parts.
_CONFIDENCE = ((0.0, 0.35), (0.2, 0.42), (0.4, 0.55), (0.6, 0.68), (0.75, 0.77), (1.0, 0.95))
_CALM, _FAINT = 0.65, 0.35
"""Confidence of a neutral label when no word of feeling was found, and when some were."""


def score(text: str, language: str) -> float:
    """Return the compound score in -1..1 of a text in ``en`` or ``fr``."""
    return _COMPOUND[language](text[:_READ])


def label_of(compound: float, language: str) -> Label:
    """Return the label of a compound score."""
    if compound >= _POSITIVE[language]:
        return "positive"
    return "negative" if compound <= _NEGATIVE[language] else "neutral"


def _confidence(compound: float, label: Label) -> float:
    strength = abs(compound)
    if label == "neutral":
        return _FAINT if strength else _CALM
    for (low, left), (high, right) in pairwise(_CONFIDENCE):
        if strength <= high:
            return left + (right - left) * (strength - low) / (high - low)
    return _CONFIDENCE[-1][1]


def sentiment_of_text(text: str, language: str) -> Sentiment:
    """Return the sentiment of a text in ``en`` or ``fr``; confidence grows with the score."""
    compound = score(text, language)
    label = label_of(compound, language)
    return Sentiment(compound, label, _confidence(compound, label))


class Vader(Enricher):
    """Set ``sentiment`` of English and French mentions; no answer for other languages."""

    requires: ClassVar[tuple[str, ...]] = ("language",)
    assigns: ClassVar[tuple[str, ...]] = ("sentiment",)
    version: ClassVar[str] = "2"
    languages: ClassVar[frozenset[str] | None] = LANGUAGES

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"sentiment": Sentiment}`` for each, empty in other languages."""
        return [
            {"sentiment": sentiment_of_text(p.mention.full_text, language)}
            if (language := p.enrichment.language) in LANGUAGES
            else {}
            for p in batch
        ]
