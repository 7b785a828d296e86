"""Train the n-gram model of ``nlp.language`` and write ``nlp/resources/language.npz``.

Run ``python -m nlp.training.language_model DATA`` where DATA holds the folders ``langid_short``,
``umsab_sentiment``, ``goemotions``, ``xed_emotion`` and ``app_reviews_minibar`` in the plain form
of one JSON object a line. The seed is fixed; one run takes about a minute on one core.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nlp import _text
from nlp._ngrams import SIZE, buckets

RESOURCE = Path(__file__).parents[1] / "resources" / "language.npz"
_SEED = 7
_EPOCHS = 5
_BATCH = 128
_RATE = 0.25
_WORDS = 60

Example = tuple[list[str], str]


def _rows(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def labelled(data: Path, rng: random.Random) -> list[tuple[str, str]]:
    """Return (text, language) pairs; short texts of many languages count twice."""
    short = _rows(data / "langid_short" / "texts.jsonl.gz")
    rng.shuffle(short)
    found = [(row["text"], row["label"]) for row in short[: int(len(short) * 0.8)]] * 2
    found += [(r["text"], r["lang"]) for r in _rows(data / "umsab_sentiment" / "train.jsonl.gz")]
    english = rng.sample(_rows(data / "goemotions" / "train.jsonl.gz"), 6_000)
    english += rng.sample(_rows(data / "xed_emotion" / "en.jsonl.gz"), 3_000)
    found += [(row["text"], "en") for row in english]
    found += [(row["text"], "fr") for row in _rows(data / "xed_emotion" / "fr.jsonl.gz")]
    reviews = _rows(data / "app_reviews_minibar" / "reviews.jsonl.gz")
    rng.shuffle(reviews)
    return found + [(row["text"], row["lang"]) for row in reviews[:5_000]]


def examples(pairs: list[tuple[str, str]], rng: random.Random) -> Iterator[Example]:
    """Yield the words of each text and, of longer ones, a few words in a row: short texts."""
    for text, language in pairs:
        words = _text.WORD.findall(_text.plain(text[:1_000]).lower())
        if not words:
            continue
        yield words[:_WORDS], language
        # Romanised Hindi mixes with English: a few of its words prove nothing.
        if len(words) > 4 and language != "hi":
            count = rng.randint(1, 4)
            start = rng.randrange(len(words) - count)
            yield words[start : start + count], language


def train(found: list[Example], rng: random.Random) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Fit multinomial logistic regression by AdaGrad; return weights, bias and languages."""
    languages = sorted({language for _, language in found})
    number = {language: i for i, language in enumerate(languages)}
    known: dict[str, list[int]] = {}
    weights = np.zeros((SIZE, len(languages)), np.float32)
    bias = np.zeros(len(languages), np.float32)
    squares = np.full(SIZE, 0.3, np.float32)
    for epoch in range(_EPOCHS):
        rng.shuffle(found)
        rate = _RATE * (1 - 0.8 * epoch / _EPOCHS)
        for start in range(0, len(found), _BATCH):
            batch = found[start : start + _BATCH]
            hashed = [
                [b for word in words for b in known.setdefault(word, buckets(word))]
                for words, _ in batch
            ]
            lengths = np.array([len(one) for one in hashed])
            flat = np.concatenate([np.array(one) for one in hashed])
            scale = (1 / np.sqrt(lengths)).astype(np.float32)[:, None]
            ends = np.cumsum(lengths)
            scores = np.add.reduceat(weights[flat], ends - lengths, axis=0) * scale + bias
            chances = np.exp(scores - scores.max(axis=1, keepdims=True))
            chances /= chances.sum(axis=1, keepdims=True)
            chances[np.arange(len(batch)), [number[language] for _, language in batch]] -= 1
            slope = np.repeat(chances * scale, lengths, axis=0)
            np.add.at(squares, flat, (slope * slope).sum(axis=1))
            np.subtract.at(weights, flat, rate * slope / np.sqrt(squares[flat])[:, None])
            bias -= 0.002 * chances.sum(axis=0)
        print(f"epoch {epoch + 1} of {_EPOCHS}", flush=True)
    return weights, bias, languages


def main() -> None:
    """Train and write the model, weights rounded to 8 bits."""
    rng = random.Random(_SEED)
    weights, bias, languages = train(list(examples(labelled(Path(sys.argv[1]), rng), rng)), rng)
    step = float(np.percentile(np.abs(weights), 99.99)) / 127
    rounded = np.clip(np.round(weights / step), -127, 127).astype(np.int8)
    np.savez_compressed(
        RESOURCE, weights=rounded, bias=bias, step=np.float32(step), languages=np.array(languages)
    )
    print(f"{RESOURCE.name}: {RESOURCE.stat().st_size / 1e6:.2f} MB, step {step:.5f}")


if __name__ == "__main__":
    main()
