"""Sieve: hold back what a brand's query matches and is clearly not about the brand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from renom.brand import Brand

if TYPE_CHECKING:
    from renom.relevance.model import Labelled, Model

log = logging.getLogger("renom.relevance")

LEAST_LABELS = 20
"""Judgements from which a brand without context words gets a classifier."""

LOOK = timedelta(minutes=1)
"""How often new judgements are looked for while collecting."""

LEARN = timedelta(hours=6)
"""How often the classifier learns again from what was collected meanwhile."""

LEARN_SOON = timedelta(minutes=10)
"""The same while the classifier is silent: the first texts may have come in meanwhile."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What there is to learn from: judged texts, and texts the query matches as they come."""

    labels: tuple[Labelled, ...]
    pool: Callable[[], Sequence[str]]


@dataclass(slots=True)
class _Learned:
    model: Model | None
    labels: tuple[Labelled, ...]
    looked: datetime
    until: datetime


class Sieve:
    """The classifiers of those brands that have context words or enough judgements.

    ``lessons`` is asked for a brand's lessons at most once a minute, and only when one of its
    mentions comes in. Safe to share between threads.
    """

    def __init__(self, brands: Sequence[Brand], lessons: Callable[[Brand], Lessons]) -> None:
        self._brands = {brand.name: brand for brand in brands}
        self._lessons = lessons
        self._learned: dict[str, _Learned] = {}
        self._lock = threading.Lock()

    def held_back(self, text: str, brands: Sequence[str], *, now: datetime) -> dict[str, float]:
        """Return the brands that the text is clearly not about, with its probability in 0..1."""
        held = {}
        for name in brands:
            model = self.model(name, now=now)
            if model is not None and model.speaks:
                probability = model.probability(text)
                if probability < model.threshold:
                    held[name] = probability
        return held

    def model(self, name: str, *, now: datetime) -> Model | None:
        """Return the brand's classifier, learned anew when there is something new to learn."""
        brand = self._brands.get(name)
        if brand is None:
            return None
        with self._lock:
            learned = self._learned.get(name)
            if learned is not None and now - learned.looked < LOOK:
                return learned.model
            lessons = self._lessons(brand)
            if learned is not None and lessons.labels == learned.labels and now < learned.until:
                learned.looked = now
                return learned.model
            from renom.relevance.model import fit  # loads numpy

            model = None
            if brand.context or len(lessons.labels) >= LEAST_LABELS:
                model = fit(brand, lessons.labels, lessons.pool())
                log.info(
                    "%s: relevance learned from %d judgements, %s",
                    name,
                    len(lessons.labels),
                    "in use" if model.speaks else "not certain enough to be used",
                )
            wait = LEARN if model is None or model.speaks else LEARN_SOON
            self._learned[name] = _Learned(model, lessons.labels, now, now + wait)
            return model
