"""Model: how likely a text is about the brand, from context words, examples and what is around.

Three kinds of knowledge come together:

- The brand's unlabelled texts (the *pool*) tell which words go together: a latent semantic space
  of a few dimensions (Deerwester et al. 1990), in which twenty examples say a lot.
- The context words make some texts of the pool known positives, the others unknown. Elkan and
  Noto (2008), "Learning classifiers from only positive and unlabeled data", turn a classifier of
  *holds a context word* into one of *is relevant*: it serves while nothing is labelled, and as
  the prior mean afterwards, as far as the labels bear it out.
- The labels train a regularised logistic regression in dual form (Laplace approximation of a
  Gaussian process classifier, Rasmussen and Williams 2006, §3.4 and §5.4.2), whose leave-one-out
  probabilities choose the strength of the prior and of the regularisation.

All of it is closed-form or Newton's method: the same input gives the same model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from renom.brand import Brand
from renom.relevance.features import (
    WEIGHTS,
    Groups,
    context_of,
    damped,
    evidence,
    features,
    names_of,
)
from renom.relevance.sampling import POOL

Floats = NDArray[np.float64]
Decision = Literal["relevant", "uncertain", "not relevant"]
Labelled = tuple[str, bool]

DROP = 0.3
DROP_BY_CONTEXT = 0.2
"""A text less probable than this is not relevant; without labels more certainty is asked for."""

SURE = 0.7

_DIMENSIONS = 20
_LEAST_POOL = 40
_LEAST_HITS = 10
_MOST_EVIDENCE = 3
_LATENT, _WORDS, _EVIDENCE = 1.4, 0.3, 0.5  # shares of the kernel
_BIAS = 9.0  # prior variance of the intercept
_SCALES = (1.0, 2.0, 4.0, 16.0)
_PRIORS = (0.0, 0.5, 1.0)
_TUNED = 150
_CLEAR, _LEAST_CLEAR = 0.1, 0.45
_GAIN = 0.97  # of the log loss of guessing: a model that does not beat it stays silent


@dataclass(frozen=True, slots=True)
class Space:
    """The vector space of one brand's texts. ``latent`` is (features, dimensions)."""

    columns: Mapping[int, int]
    weights: Floats
    latent: NDArray[np.floating]

    def row(self, groups: Groups) -> tuple[NDArray[np.int64], Floats]:
        """Return places and values: each group of features weighted, brought to its length."""
        places: list[int] = []
        values: list[Floats] = []
        for length, group in zip(WEIGHTS, groups, strict=True):
            known = [(self.columns[f], n) for f, n in group.items() if f in self.columns]
            if known:
                mine = [place for place, _ in known]
                given = self.weights[mine] * [damped(n) for _, n in known]
                places += mine
                values.append(given * (length / (np.linalg.norm(given) + 1e-9)))
        return np.array(places, np.int64), np.concatenate(values) if values else np.zeros(0)

    def words(self, seen: Sequence[Groups]) -> NDArray[np.float32]:
        """Return one dense row a text."""
        rows = np.zeros((len(seen), len(self.columns)), np.float32)
        for row, groups in zip(rows, seen, strict=True):
            places, values = self.row(groups)
            row[places] = values
        return rows


def _unit(rows: NDArray[Any]) -> Floats:
    rows = rows.astype(float)
    return rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + 1e-9)


def _space(seen: Sequence[Groups]) -> tuple[Space, NDArray[np.float32]]:
    """Return the space that the texts span, and their rows in it."""
    held: dict[int, int] = {}
    for groups in seen:
        for group in groups:
            for feature in group:
                held[feature] = held.get(feature, 0) + 1
    kept = sorted(feature for feature, count in held.items() if count >= 2)
    weights = np.array([math.log((1 + len(seen)) / held[feature]) for feature in kept])
    columns = {feature: place for place, feature in enumerate(kept)}
    words = Space(columns, weights, np.zeros((len(kept), 0), np.float32)).words(seen)
    latent = np.zeros((len(kept), 0), np.float32)
    if len(seen) > 2 and kept:
        values, vectors = np.linalg.eigh((words @ words.T).astype(float))
        # The first dimension is what all texts have in common.
        chosen = np.argsort(-values)[1 : 1 + min(_DIMENSIONS, len(seen) // 3)]
        chosen = chosen[values[chosen] > 1e-6]
        latent = words.T @ (vectors[:, chosen] / np.sqrt(values[chosen])).astype(np.float32)
    return Space(columns, weights, latent), words


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted classifier of one brand. ``labels`` and ``hits`` tell what it was made from.

    ``speaks`` is False when there was too little to learn from, or when it knew no better than
    the share of relevant texts: it then decides nothing.
    """

    names: frozenset[str]
    context: tuple[str, ...]
    space: Space
    words: Floats
    meaning: Floats
    prior: Floats
    evidence: float
    intercept: float
    prior_strength: float
    prior_ceiling: float
    labels: int
    hits: int
    speaks: bool

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Return for each text the probability in 0..1 that it is about the brand."""
        return _logistic(np.array([self._score(text) for text in texts], float))

    def probability(self, text: str) -> float:
        """Return the probability in 0..1 that the text is about the brand."""
        return float(self.probabilities([text])[0])

    @property
    def threshold(self) -> float:
        """The probability below which a text is not relevant; 0 while the model is silent."""
        if not self.speaks:
            return 0.0
        return DROP if self.labels else DROP_BY_CONTEXT

    def decide(self, text: str) -> Decision:
        """Return what is done with the text; of two minds means that it is kept."""
        probability = self.probability(text)
        if probability < self.threshold:
            return "not relevant"
        return "relevant" if probability >= SURE else "uncertain"

    def _score(self, text: str) -> float:
        places, values = self.space.row(features(text, self.names))
        meaning = _unit(values @ self.space.latent[places])
        held = _evidence([text], self.context)
        score = values @ self.words[places] + meaning @ self.meaning + self.intercept
        if self.prior_strength:
            known = _prior(meaning[None], self.prior, self.prior_ceiling, held)
            score += self.prior_strength * known[0]
        return float(score + held[0] * self.evidence)

    def to_arrays(self) -> dict[str, Any]:
        """Return the model as plain arrays, numbers and lists of texts."""
        return {
            "names": sorted(self.names),
            "context": list(self.context),
            "features": np.fromiter(self.space.columns, np.uint32),
            "weights": self.space.weights,
            "latent": self.space.latent,
            "words": self.words,
            "meaning": self.meaning,
            "prior": self.prior,
            "numbers": np.array(
                [self.evidence, self.intercept, self.prior_strength, self.prior_ceiling]
            ),
            "counts": np.array([self.labels, self.hits, self.speaks], np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Model:
        """Return the model that ``to_arrays`` was called on."""
        columns = {int(feature): place for place, feature in enumerate(arrays["features"])}
        labels, hits, speaks = (int(count) for count in arrays["counts"])
        evidence, intercept, strength, ceiling = (float(one) for one in arrays["numbers"])
        return cls(
            names=frozenset(arrays["names"]),
            context=tuple(arrays["context"]),
            space=Space(columns, arrays["weights"], arrays["latent"]),
            words=arrays["words"],
            meaning=arrays["meaning"],
            prior=arrays["prior"],
            evidence=evidence,
            intercept=intercept,
            prior_strength=strength,
            prior_ceiling=ceiling,
            labels=labels,
            hits=hits,
            speaks=bool(speaks),
        )


class Learner:
    """The unlabelled part of learning, done once: the space of the texts and the context's say."""

    def __init__(self, brand: Brand, texts: Sequence[str]) -> None:
        self._names, self._context = names_of(brand), context_of(brand)
        self._space, self._words = _space([features(text, self._names) for text in texts])
        self._meaning = _unit(self._words @ self._space.latent)
        self._held = _evidence(texts, self._context)
        self._theta, self._ceiling = _learn_context(self._meaning, self._held)

    def learn(self, known: Mapping[int, bool]) -> Model:
        """Return the model that knows of the texts at these places whether they are relevant."""
        places = sorted(known)
        target = np.array([known[place] for place in places], float)
        informed = self._ceiling > 0
        n = len(places)
        if n == 0 or target.min() == target.max():
            speaks = informed and n == 0 and self._splits()
            return self._model(n, prior_strength=float(informed), speaks=speaks)
        words, meaning, held = self._words[places], self._meaning[places], self._held[places]
        prior = np.zeros(n)
        if informed:
            prior = _prior(meaning, self._theta, self._ceiling, held)
        kernel = (
            _WORDS * words @ words.T
            + _LATENT * meaning @ meaning.T
            + _EVIDENCE * np.outer(held, held)
        )
        scale, strength = self._tune(kernel, target, prior)
        dual, loss = _regress(scale * kernel + _BIAS, target, strength * prior)
        share = (target.sum() + 1) / (n + 2)
        guessing = -float(np.mean(target * np.log(share) + (1 - target) * np.log(1 - share)))
        return self._model(
            n,
            words=scale * _WORDS * (words.T @ dual),
            meaning=scale * _LATENT * (meaning.T @ dual),
            evidence=float(scale * _EVIDENCE * (held @ dual)),
            intercept=float(_BIAS * dual.sum()),
            prior_strength=strength,
            speaks=loss < _GAIN * guessing,
        )

    def _splits(self) -> bool:
        """Whether the context words alone split the texts into two clear groups.

        Where they do not, what they miss is as often about the brand, and only labels can tell.
        """
        share = _logistic(_prior(self._meaning, self._theta, self._ceiling, self._held))
        return float(np.mean((share < _CLEAR) | (share > 1 - _CLEAR))) >= _LEAST_CLEAR

    def _tune(self, kernel: Floats, target: Floats, prior: Floats) -> tuple[float, float]:
        """Return the scale of the kernel and the strength of the prior that explain most."""
        # A part of many labels tells as much, in a fraction of the time.
        part = np.unique(np.linspace(0, len(target) - 1, min(len(target), _TUNED)).astype(int))
        some, known, said = kernel[np.ix_(part, part)], target[part], prior[part]
        tried = [
            (_regress(scale * some + _BIAS, known, strength * said)[1], scale, strength)
            for strength in (_PRIORS if prior.any() else (0.0,))
            for scale in _SCALES
        ]
        _, scale, strength = min(tried)
        return scale, strength

    def _model(
        self,
        labels: int,
        *,
        words: Floats | None = None,
        meaning: Floats | None = None,
        evidence: float = 0.0,
        intercept: float = 0.0,
        prior_strength: float,
        speaks: bool,
    ) -> Model:
        return Model(
            names=self._names,
            context=self._context,
            space=self._space,
            words=np.zeros(self._words.shape[1]) if words is None else words,
            meaning=np.zeros(self._meaning.shape[1]) if meaning is None else meaning,
            prior=self._theta,
            evidence=evidence,
            intercept=intercept,
            prior_strength=prior_strength,
            prior_ceiling=self._ceiling,
            labels=labels,
            hits=int((self._held > 0).sum()),
            speaks=speaks,
        )


def fit(brand: Brand, labels: Sequence[Labelled], pool: Sequence[str] = ()) -> Model:
    """Return the classifier of ``brand``: from its context words, ``labels`` and the ``pool``.

    ``labels`` are (text, is about the brand); ``pool`` holds other texts that the brand's query
    matches, relevant or not, as they come: the first 600 are used.
    """
    texts = [*(text for text, _ in labels), *pool[:POOL]]
    known = {place: relevant for place, (_, relevant) in enumerate(labels)}
    return Learner(brand, texts).learn(known)


def _evidence(texts: Sequence[str], context: tuple[str, ...]) -> Floats:
    if not context:
        return np.zeros(len(texts))
    return np.array([min(evidence(text, context), _MOST_EVIDENCE) for text in texts], float)


def _logistic(score: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(score, -30, 30)))


def _with_one(rows: Floats) -> Floats:
    return np.hstack([rows, np.ones((len(rows), 1))])


def _learn_context(meaning: Floats, held: Floats) -> tuple[Floats, float]:
    """Fit *holds a context word* on the meaning; return its weights and its mean where one does.

    The mean is 0 when there are too few texts, or too few on one side, to learn from.
    """
    inputs, target = _with_one(meaning), (held > 0).astype(float)
    theta = np.zeros(inputs.shape[1])
    hits = int(target.sum())
    if len(target) < _LEAST_POOL or hits < _LEAST_HITS or len(target) - hits < _LEAST_HITS:
        return theta, 0.0
    ridge = np.eye(len(theta))
    ridge[-1, -1] = 0.01
    for _ in range(25):
        given = _logistic(inputs @ theta)
        slope = inputs.T @ (target - given) - ridge @ theta
        curve = (inputs * (given * (1 - given))[:, None]).T @ inputs + ridge
        step = np.linalg.solve(curve, slope)
        theta = theta + step
        if np.abs(step).max() < 1e-5:
            break
    return theta, float(_logistic(inputs @ theta)[target > 0].mean())


def _prior(meaning: Floats, theta: Floats, ceiling: float, held: Floats) -> Floats:
    """Return the log odds that context words alone give."""
    share = np.clip(_logistic(_with_one(meaning) @ theta) / ceiling, 0.02, 0.98)
    odds = np.log(share / (1 - share))
    return np.where(held > 0, np.maximum(odds, 1.0), odds)


def _regress(kernel: Floats, known: Floats, prior: Floats) -> tuple[Floats, float]:
    """Return the dual weights at the posterior mode and the leave-one-out log loss."""
    score = prior.copy()
    for _ in range(15):
        given = _logistic(score)
        weight = np.maximum(given * (1 - given), 1e-6)
        target = score + (known - given) / weight
        inverse = np.linalg.inv(kernel + np.diag(1 / weight))
        dual = inverse @ (target - prior)
        before, score = score, kernel @ dual + prior
        if np.abs(score - before).max() < 1e-3:
            break
    precision = np.diag(inverse)
    spread = np.maximum(1 / precision - 1 / weight, 0.0)
    # MacKay's approximation of the logistic averaged over a Gaussian.
    left_out = (target - dual / precision) / np.sqrt(1 + math.pi / 8 * spread)
    given = np.clip(_logistic(left_out), 1e-4, 1 - 1e-4)
    return dual, -float(np.mean(known * np.log(given) + (1 - known) * np.log(1 - given)))
