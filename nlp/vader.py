"""Score feeling by rules and lexicon: VADER for English, its counterpart for French."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from nlp import _vader_english, _vader_french
from renom.contracts import Enricher, Partial, Pending
from renom.enrichment import Label, Sentiment

_READ = 10_000
"""Characters read of one text: the sum of valences is saturated long before."""

_COMPOUND = {"en": _vader_english.compound, "fr": _vader_french.compound}


def score(text: str, language: str) -> float:
    """Return the compound score in -1..1 of a text in ``en`` or ``fr``."""
    return _COMPOUND[language](text[:_READ])


def label_of(compound: float, language: str) -> Label:
    """Return the label of a compound score."""
    if compound >= 0.05:
        return "positive"
    return "negative" if compound <= -0.05 else "neutral"


def sentiment_of_text(text: str, language: str) -> Sentiment:
    """Return the sentiment of a text in ``en`` or ``fr``."""
    compound = score(text, language)
    label = label_of(compound, language)
    strength = abs(compound)
    confidence = 0.5 + 0.4 * strength if label != "neutral" else 0.45
    return Sentiment(compound, label, confidence)


class Vader(Enricher):
    """Set ``sentiment`` of English and French mentions; no answer for other languages."""

    requires: ClassVar[tuple[str, ...]] = ("language",)
    assigns: ClassVar[tuple[str, ...]] = ("sentiment",)
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = frozenset(_COMPOUND)

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"sentiment": Sentiment}`` for each, empty in other languages."""
        return [
            {"sentiment": sentiment_of_text(p.mention.full_text, p.enrichment.language)}
            if p.enrichment.language in _COMPOUND
            else {}
            for p in batch
        ]
