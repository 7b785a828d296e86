"""Evaluation: small files written here, with answers known beforehand."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from nlp._evaluation import evaluate
from renom.errors import RenomError

KEYS = {
    "task",
    "tier",
    "n",
    "macro_f1",
    "macro_recall",
    "accuracy",
    "per_class",
    "ece",
    "texts_per_second",
    "baselines",
}


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_sentiment_of_a_team_s_own_file(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"text": "Service horrible, à fuir", "label": "negative", "lang": "fr"},
        {"text": "Je recommande, au top", "label": "positive"},
        {"text": "The store opens at nine", "label": "neutral", "lang": "en"},
        {"text": "schlecht", "label": "negative", "lang": "de"},
        {"text": "no label"},
    ]
    found = evaluate("sentiment", _write(tmp_path / "own.jsonl", rows))
    assert set(found) >= KEYS
    assert (found["n"], found["skipped"], found["accuracy"]) == (3, 2, 1.0)
    assert set(found["by_language"]) == {"fr", "en"}
    assert set(found["baselines"]) == {"majority", "vader", "french_vader"}
    assert found["baselines"]["majority"]["accuracy"] == pytest.approx(0.3333, abs=1e-3)
    json.dumps(found)


def test_language_of_a_folder_of_files(tmp_path: Path) -> None:
    _write(tmp_path / "a.jsonl", [{"text": "Bonjour tout le monde", "lang": "fr"}])
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"text": "Where is my parcel?", "label": "en"}) + "\n")
        file.write(json.dumps({"text": "¿Dónde está mi paquete?", "label": "es"}) + "\n")
    found = evaluate("language", tmp_path)
    assert set(found) >= KEYS
    assert (found["n"], found["accuracy"]) == (3, 1.0)
    assert set(found["per_class"]) == {"en", "fr", "other"}


def test_entities_beside_bare_spacy(tmp_path: Path) -> None:
    row = {
        "tokens": ["Tim", "Cook", "visited", "London", "on", "Monday", "."],
        "tags": ["B-PER", "I-PER", "O", "B-LOC", "O", "O", "O"],
        "lang": "en",
    }
    found = evaluate("entities", _write(tmp_path / "ner.jsonl", [row]))
    assert set(found) >= KEYS
    assert found["f1"] == 1.0
    assert "spacy" in found["baselines"]


@pytest.mark.parametrize(
    ("task", "content", "words"),
    [
        ("feelings", "{}\n", "Unknown task"),
        ("sentiment", '{"text": "x"}\n', "No text with a label"),
        ("sentiment", "not json\n", "line 1"),
        ("language", "[]\n", "not a JSON object"),
        ("entities", '{"text": "x"}\n', "No tagged text"),
    ],
)
def test_what_cannot_be_measured_is_said(
    tmp_path: Path, task: str, content: str, words: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(content, "utf-8")
    with pytest.raises(RenomError, match=words):
        evaluate(task, path)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(RenomError, match="No labelled file"):
        evaluate("sentiment", tmp_path / "absent.jsonl")
    (tmp_path / "broken.jsonl.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(RenomError, match="cannot be read"):
        evaluate("sentiment", tmp_path / "broken.jsonl.gz")
