"""Evaluation: what context words and judgements gain, on labelled texts, brand by brand."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from renom.brand import Brand
from renom.errors import RenomError
from renom.query.text import tokens
from renom.relevance.model import Learner, Model
from renom.relevance.sampling import POOL

LABELS = (20, 50, 100)
SEEDS = 5
MOST_TESTED = 500
"""Texts of the held-out half that are measured on; further ones say nothing new."""

_LEAST = 60
_OTHER = {"irrelevant", "not_relevant", "not relevant", "irrelevante", "hors sujet"}
_CONTEXTS = Path(__file__).with_name("contexts.json")

Texts = list[tuple[str, bool]]
Report = dict[str, Any]


def read(path: Path) -> dict[str, Texts]:
    """Return (text, is about the brand) by brand, from a JSONL file (.gz too) or a folder.

    A line holds ``text``, the brand in ``brand``, ``target`` or ``keyword``, and ``relevant`` or
    ``is_brand``, or a ``label`` of which ``irrelevant`` and ``not_relevant`` mean no. Raises
    RenomError naming what cannot be read.
    """
    files = sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise RenomError(f"No labelled file at {path}.", "Give a .jsonl, a .jsonl.gz or a folder.")
    found: dict[str, Texts] = {}
    for file in files:
        for row in _lines(file):
            brand = row.get("brand") or row.get("target") or row.get("keyword")
            relevant = _relevant(row)
            if brand and row.get("text") and relevant is not None:
                found.setdefault(str(brand), []).append((str(row["text"]), relevant))
    if not found:
        raise RenomError(
            f"No text of {path} says whether it is about a brand.",
            "Each line needs text, brand (or target, keyword) and relevant (or is_brand, label).",
        )
    return found


def _lines(file: Path) -> list[dict[str, Any]]:
    opened = gzip.open if file.suffix == ".gz" else open
    rows: list[dict[str, Any]] = []
    try:
        with opened(file, "rt", encoding="utf-8") as lines:
            rows.extend(json.loads(line) for line in lines if line.strip())
    except (OSError, EOFError, ValueError) as error:
        raise RenomError(f"{file}, after {len(rows)} texts: {error}.") from error
    if not all(isinstance(row, dict) for row in rows):
        raise RenomError(f"{file}: a line is not a JSON object.")
    return rows


def _relevant(row: Mapping[str, Any]) -> bool | None:
    for field in ("relevant", "is_brand"):
        if isinstance(row.get(field), bool):
            return bool(row[field])
    label = row.get("label")
    return None if label is None else str(label).casefold() not in _OTHER


def contexts(path: Path | None = None) -> dict[str, tuple[str, ...]]:
    """Return context words by brand name in lower case: the shipped ones, or a JSON file's.

    Raises RenomError when the file is not an object of lists of words.
    """
    try:
        said = json.loads((path or _CONTEXTS).read_text("utf-8"))
        return {name.casefold(): tuple(map(str, words)) for name, words in said.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise RenomError(
            f"{path}: not context words: {error}.", '{"brand": ["word", ...], ...} in JSON.'
        ) from error


def evaluate(path: Path, *, context: Path | None = None) -> Report:
    """Measure the classifier on the labelled texts at ``path``; see ``docs/relevance.md``.

    Returns ``brands``: by name ``n``, ``relevant`` (the share) and ``stages``; ``mean``: the
    stages over all brands with both kinds of text. A stage has ``precision``, ``recall``, ``f1``
    and ``kept`` (share), as means over five seeds; ``words`` is the query alone, ``context`` no
    labels, ``20`` to ``100`` that many of them, ``labels_only_*`` without context words.
    """
    words = contexts(context)
    started = time.perf_counter()
    brands: dict[str, Report] = {}
    skipped = 0
    for name, texts in read(path).items():
        relevant = sum(label for _, label in texts)
        if len(texts) < _LEAST or not 0 < relevant < len(texts):
            skipped += len(texts)
            continue
        brand = Brand(name, query=f'"{name}"', context=words.get(name.casefold(), ()))
        brands[name] = {
            "n": len(texts),
            "relevant": round(relevant / len(texts), 4),
            "context": list(brand.context),
            "stages": measure(brand, texts),
        }
    if not brands:
        raise RenomError(f"{path}: no brand has {_LEAST} texts of both kinds.")
    return {
        "task": "relevance",
        "n": sum(one["n"] for one in brands.values()),
        "skipped": skipped,
        "seeds": SEEDS,
        "mean": _mean([one["stages"] for one in brands.values()]),
        "brands": brands,
        "seconds": round(time.perf_counter() - started, 1),
    }


def measure(brand: Brand, texts: Texts, *, seeds: int = SEEDS) -> dict[str, Report]:
    """Return the stages of one brand, each a mean over the seeds."""
    found = [_seed(brand, texts, seed) for seed in range(seeds)]
    return {stage: _average([one[stage] for one in found]) for stage in found[0]}


def _seed(brand: Brand, texts: Texts, seed: int) -> dict[str, Report]:
    """Learn on one half and measure on the other; equal texts fall on the same side."""
    halves: tuple[Texts, Texts] = ([], [])
    for text, label in texts:
        said = f"{seed}\0" + " ".join(token.folded for token in tokens(_bare(text)))
        halves[hashlib.blake2b(said.encode(), digest_size=4).digest()[0] & 1].append((text, label))
    order = random.Random(seed)
    for half in halves:
        order.shuffle(half)
    learning, testing = halves[0][:POOL], halves[1][:MOST_TESTED]
    pool = [text for text, _ in learning]
    gold = np.array([label for _, label in testing])
    tested = [text for text, _ in testing]
    stages = {"words": _score(gold, np.ones(len(gold), bool))}
    learner = Learner(brand, pool)
    bare = Learner(Brand(brand.name, query=brand.query), pool) if brand.context else learner
    if brand.context:
        stages["context"] = _stage(learner.learn({}), tested, gold)
    for count in LABELS:
        if count > len(learning):
            continue
        known = {i: learning[i][1] for i in random.Random(count).sample(range(len(pool)), count)}
        stages[str(count)] = _stage(learner.learn(known), tested, gold)
        if brand.context:
            stages[f"labels_only_{count}"] = _stage(bare.learn(known), tested, gold)
    return stages


def _bare(text: str) -> str:
    """Return a text without its links and names: what makes two copies of it differ."""
    return " ".join(w for w in text.split() if not w.startswith(("http", "@")) and w != "RT")


def _stage(model: Model, texts: Sequence[str], gold: np.ndarray) -> Report:
    given = model.probabilities(texts)
    scored = _score(gold, given >= model.threshold)
    scored["silent"] = float(not model.speaks)
    if model.speaks:
        scored["brier"] = float(np.mean((given - gold) ** 2))
    return scored


def _score(gold: np.ndarray, kept: np.ndarray) -> Report:
    right = int((gold & kept).sum())
    precision = right / max(int(kept.sum()), 1)
    recall = right / max(int(gold.sum()), 1)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "kept": float(kept.mean())}


def _average(found: Sequence[Report]) -> Report:
    fields = sorted({field for one in found for field in one})
    return {
        field: round(float(np.mean([one[field] for one in found if field in one])), 4)
        for field in fields
    }


def _mean(brands: Sequence[Mapping[str, Report]]) -> dict[str, Report]:
    """Return each stage's mean over the brands that have it; stages lacking somewhere say so."""
    stages = list(dict.fromkeys(stage for one in brands for stage in one))
    return {
        stage: {
            **_average([one[stage] for one in brands if stage in one]),
            "brands": sum(stage in one for one in brands),
        }
        for stage in stages
    }
