"""Floors: measured quality that no change may fall below. Raise them, never lower them.

Figures of the day they were set stand beside each floor; what separates the two leaves room for
nothing but rounding and library versions.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from nlp._evaluation import evaluate


@pytest.mark.parametrize(
    ("path", "language", "key", "floor"),
    [
        ("umsab_sentiment/val.jsonl.gz", "fr", "macro_f1", 0.580),  # .591
        ("umsab_sentiment/val.jsonl.gz", "en", "macro_f1", 0.630),  # .639
        ("tweeteval_sentiment/val.jsonl.gz", "en", "macro_recall", 0.605),  # .612
        ("airline_tweets/tweets.jsonl.gz", "en", "macro_f1", 0.470),  # .479
        ("trustpilot_bank/reviews.jsonl.gz", "fr", "macro_f1", 0.655),  # .674
        ("services_publics_fr", "fr", "macro_f1", 0.505),  # .515
    ],
)
def test_sentiment_by_rules(data: Path, path: str, language: str, key: str, floor: float) -> None:
    assert evaluate("sentiment", data / path)["by_language"][language][key] >= floor


@pytest.mark.parametrize("path", ["umsab_sentiment/val.jsonl.gz", "trustpilot_bank"])
def test_sentiment_beats_every_baseline(data: Path, path: str) -> None:
    found = evaluate("sentiment", data / path)
    for name, baseline in found["baselines"].items():
        assert found["macro_f1"] > baseline["macro_f1"], name


@pytest.mark.parametrize(
    ("path", "floor"),
    [("langid_tweets", 0.965), ("umsab_sentiment/val.jsonl.gz", 0.945), ("trustpilot_bank", 0.98)],
)
def test_language(data: Path, path: str, floor: float) -> None:
    found = evaluate("language", data / path)
    assert found["accuracy"] >= floor
    assert found["accuracy"] >= found["baselines"]["fasttext"]["accuracy"] - 0.005
    assert found["ece"] < 0.05


def test_entities_on_social_text_are_cleaner_than_bare_spacy(data: Path) -> None:
    found = evaluate("entities", data / "wnut17_ner" / "dev.jsonl.gz")
    bare = found["baselines"]["spacy"]
    assert found["f1"] >= bare["f1"]
    assert found["precision"] >= bare["precision"] + 0.05
