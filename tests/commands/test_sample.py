"""Judging from the command line: what is drawn, what is counted, what is said of the query."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from renom.commands.main import app
from renom.contracts import Batch
from renom.mention import Mention
from storage.store import open_store

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)
CONFIG = """
database: sqlite:///{folder}/renom.db
brands:
  - {{name: Orange, query: 'orange NOT jus', context: [fibre, forfait]}}
  - {{name: Free, role: competitor, query: free}}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(folder=tmp_path), "utf-8")
    said = {f"web:o{n}": ("Orange", f"la fibre orange numéro {n}") for n in range(12)}
    said |= {f"web:f{n}": ("Free", f"free coupe ma fibre depuis {n} jours") for n in range(4)}
    mentions = tuple(
        Mention("web", key[4:], "presse", None, "post", text, NOW - timedelta(minutes=n), NOW)
        for n, (key, (_, text)) in enumerate(said.items())
    )
    with open_store(f"sqlite:///{tmp_path}/renom.db") as store:
        matches = {key: (brand,) for key, (brand, _) in said.items()}
        store.save_batch("presse", Batch(mentions, cursor=None), matches, now=NOW)
    return path


def sample(config: Path, *arguments: str) -> dict[str, Any]:
    given = ["--config", str(config), "query", "sample", "Orange", "--json", *arguments]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_draw_is_the_same_every_time_and_its_judgements_give_precision(config: Path) -> None:
    first = sample(config, "--n", "8")
    keys = [one["key"] for one in first["sample"] if one["kind"] == "matched"]
    assert len(keys) == 8
    assert first["precision"]["share"] is None
    labels = [f"--label={key}={'no' if n < 2 else 'yes'}" for n, key in enumerate(keys)]
    second = sample(config, "--n", "8", *labels)
    assert [one["key"] for one in second["sample"]][:8] == keys
    assert (second["precision"]["relevant"], second["precision"]["judged"]) == (6, 8)
    assert second["precision"]["low"] < 0.75 < second["precision"]["high"]
    assert second["mentions"] == 10


def test_what_is_missed_is_estimated_from_other_brands_mentions(config: Path) -> None:
    near = [one["key"] for one in sample(config)["sample"] if one["kind"] == "near"]
    assert sorted(near) == [f"web:f{n}" for n in range(4)]
    assert sample(config)["recall"] is None
    said = sample(config, "--label=web:f0=no", "--label=web:f1=no", "--label=web:o1=yes")
    assert (said["near"]["mentions"], said["near"]["relevant"]["share"]) == (4, 0.0)
    assert said["recall"] == 1.0


def test_judgements_come_from_a_file(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("key,relevant\nweb:o1,oui\nweb:o2,non\nweb:o3,\n", "utf-8")
    report = sample(config, "--file", str(file))
    assert (report["judged_now"], report["judged"], report["mentions"]) == (2, 2, 11)


def test_a_pool_shows_what_the_query_leaves_out(config: Path, tmp_path: Path) -> None:
    pool = tmp_path / "pool.txt"
    pool.write_text("jus d'orange\nla fibre est lente\nrien\norange en panne\n", "utf-8")
    report = sample(config, "--pool", str(pool))["pool"]
    assert (report["texts"], report["matched"], report["near"]) == (4, 1, 2)


@pytest.mark.parametrize("wrong", ["--label=web:o1", "--label=web:o1=peut-être", "--file=nothing"])
def test_what_cannot_be_read_is_said(config: Path, wrong: str) -> None:
    from renom.errors import RenomError

    result = CliRunner().invoke(app, ["--config", str(config), "query", "sample", "Orange", wrong])
    assert isinstance(result.exception, RenomError)
