"""Metrics: known answers by hand."""

from __future__ import annotations

import pytest

from nlp._evaluation import spans
from nlp._metrics import calibration_error, classification, prf


def test_scores_worked_out_by_hand() -> None:
    found = classification(["a", "a", "b", "b"], ["a", "b", "b", None])
    assert found["accuracy"] == 0.5
    assert found["macro_recall"] == 0.5
    assert found["per_class"]["a"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "n": 2}
    assert found["per_class"]["b"]["f1"] == 0.5
    assert found["macro_f1"] == pytest.approx(0.5833, abs=1e-4)
    assert prf(0, 0, 0)["f1"] == 0.0


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="0 labels"):
        classification([], [])


def test_calibration_is_zero_when_confidence_is_the_share_right() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == 0.0
    assert calibration_error([1.0, 1.0], [False, False]) == 1.0


def test_spans_of_tagged_tokens() -> None:
    text, found = spans(
        ["Tim", "Cook", "of", "Apple", "in", "Paris"],
        ["B-PER", "I-PER", "O", "B-corporation", "O", "I-LOC"],
    )
    assert text == "Tim Cook of Apple in Paris"
    assert {text[s:e]: kind for s, e, kind in found} == {
        "Tim Cook": "person",
        "Apple": "organisation",
        "Paris": "place",
    }
