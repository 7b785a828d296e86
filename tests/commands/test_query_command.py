"""``renom query``: check a query, try it on a file, see how it is understood."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Renom = Callable[..., Any]

TEXTS = ["L’Orange est mûre", "il pleut", "chez ORANGE, orange", "jus d'orange", ""]


@pytest.fixture(params=["texts.txt", "texts.txt.gz"])
def texts(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / request.param
    body = "\r\n".join(TEXTS).encode()
    file.write_bytes(gzip.compress(body) if file.suffix == ".gz" else body)
    return file


def test_query_is_tried_on_a_file(renom: Renom, texts: Path) -> None:
    done = renom("query", "test", "orange NOT jus", texts, "--json")
    assert done.code == 0
    assert done.json == {
        "texts": 4,
        "matched": 2,
        "matches": [{"line": 1, "spans": [[2, 8]]}, {"line": 3, "spans": [[5, 11], [13, 19]]}],
    }


def test_matches_are_shown_with_their_line(renom: Renom, texts: Path) -> None:
    done = renom("query", "test", "orange NOT jus", texts, "--limit", "1")
    assert done.out.splitlines() == [
        "1: L’Orange est mûre",
        "2 of 4 texts match (1 more not shown)",
    ]


@pytest.mark.parametrize(
    ("name", "body"),
    [("absent.txt", None), ("cut.gz", gzip.compress(b"orange" * 999, mtime=0)[:20])],
)
def test_unreadable_file_is_one_line(
    renom: Renom, tmp_path: Path, name: str, body: bytes | None
) -> None:
    if body is not None:
        (tmp_path / name).write_bytes(body)
    done = renom("query", "test", "orange", tmp_path / name)
    assert done.code == 2
    assert "can't be read" in done.err.replace("\n", " ")


@pytest.mark.parametrize("command", ["test", "explain"])
def test_unreadable_query_is_told_with_its_column(renom: Renom, texts: Path, command: str) -> None:
    done = renom("query", command, "a AND (b", *([texts] if command == "test" else []))
    assert done.code == 2
    assert "column 7: this parenthesis is not closed" in done.err


def test_tree_is_drawn(renom: Renom) -> None:
    done = renom("query", "explain", "{Orange} NEAR/3f (a OR #b) NOT title:c language:fr")
    assert done.out.splitlines() == [
        "all of",
        "  near each other, in this order, at most 3 words between",
        "    {Orange}  (case and accents as written)",
        "    any of",
        "      a",
        "      #b  (hashtag)",
        "  not",
        "    in the title",
        "      c",
        "  language:fr",
    ]


def test_tree_as_json(renom: Renom) -> None:
    done = renom("query", "explain", "a rating:[1 TO *]", "--json")
    assert done.json == {
        "query": "a AND rating:[1 TO *]",
        "tree": {
            "is": "and",
            "items": [
                {"is": "term", "text": "a"},
                {"is": "range", "field": "rating", "low": 1.0, "high": None},
            ],
        },
    }


def test_mistakes_are_shown_in_their_line(renom: Renom) -> None:
    done = renom("query", "lint", "orange AND\n  (mobile or fibre)")
    assert done.code == 0
    assert done.out.splitlines() == [
        "2:11 warning: or is searched as a word; the operator is written OR",
        "      (mobile or fibre)",
        "              ^",
        "    write: orange AND",
        "  (mobile OR fibre)",
        "0 errors, 1 warnings",
    ]


def test_error_is_an_exit_code_and_told_in_french_too(renom: Renom) -> None:
    done = renom("query", "lint", "(a OR b", "--language", "fr", "--json")
    assert done.code == 1
    ((finding,),) = [one["findings"] for one in done.json]
    assert finding["message"].startswith("cette parenthèse n’est pas fermée")
    assert (finding["severity"], finding["proposal"]) == ("error", "(a OR b)")


def test_queries_of_the_configuration_are_checked(renom: Renom, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "brands:\n  - {name: Acme, query: 'acme and co'}\n"
        "alerts: {rules: [{name: risk, type: keyword, query: 'prix -fruit'}]}\n"
    )
    done = renom("query", "lint", "--config", "--json")
    assert done.code == 0
    assert {
        one["name"]: [finding["severity"] for finding in one["findings"]] for one in done.json
    } == {"brand Acme": ["warning"], "rule risk": ["info"]}


@pytest.mark.parametrize("arguments", [[], ["a", "--config"], ["a", "--language", "de"]])
def test_lint_asks_for_one_thing(renom: Renom, arguments: list[str]) -> None:
    assert renom("query", "lint", *arguments).code == 2


def test_outside_text_cannot_drive_the_terminal(renom: Renom, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("orange \x1b[2J[bold]x[/bold]\n")
    done = renom("query", "test", "orange", tmp_path / "texts.txt")
    assert "\x1b" not in done.out
    assert "[bold]x[/bold]" in done.out
