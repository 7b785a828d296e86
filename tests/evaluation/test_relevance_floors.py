"""Floors of relevance: what context words and judgements gain on real ambiguous names.

Measured with one seed; docs/relevance.md has the figures of five
and how they are made. Half the texts are learned from, the other half measured on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from renom.brand import Brand
from renom.relevance.evaluation import Report, contexts, measure, read


def stages(data: Path, folder: str, name: str) -> dict[str, Report]:
    brand = Brand(name, query=name, context=contexts()[name])
    return measure(brand, read(data / folder)[name], seeds=1)


@pytest.mark.data
@pytest.mark.parametrize("name", ["apple", "arm"])
def test_company_or_common_noun(data: Path, name: str) -> None:
    found = stages(data, "coarsewsd_brand", name)
    assert found["20"]["f1"] > found["words"]["f1"] + 0.05
    assert found["100"]["f1"] >= 0.92
    assert found["100"]["recall"] >= 0.95
    assert found["100"]["f1"] >= found["20"]["f1"]
    assert found["labels_only_100"]["f1"] >= 0.90


@pytest.mark.data
@pytest.mark.parametrize("name", ["twitter", "google"])
def test_tweets_gain_from_judgements_and_lose_few(data: Path, name: str) -> None:
    found = stages(data, "sanders_brand_tweets", name)
    assert found["100"]["f1"] > found["words"]["f1"] + 0.08
    assert found["100"]["recall"] >= 0.95


@pytest.mark.data
def test_where_nothing_can_be_learned_nothing_is_lost(data: Path) -> None:
    found = stages(data, "apple_tweets", "apple")
    for stage, row in found.items():
        assert row["f1"] >= found["words"]["f1"] - 0.01, stage
