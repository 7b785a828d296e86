"""The reference tells the truth: every example of docs/query.md is run."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from renom.mention import Author, Engagement, Rating
from renom.query import FIELDS, Document, Matcher, lint, parse
from renom.query.fields import ALIASES
from renom.query.parser import SPELLINGS

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text("utf-8")


def rows(header: str) -> list[list[list[str]]]:
    """Return the code pieces of each cell of each row of the tables with this header."""
    found = []
    for table in re.findall(rf"^{re.escape(header)}\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        for line in table.splitlines():
            found.append([re.findall(r"`([^`]+)`", cell) for cell in line.strip("|").split("|")])
    return found


TEXTS = [(one, yes, no) for query, yes, no in rows("| query | finds | not |") for one in query]
ASKED = rows("| matches | doesn't |")


@pytest.mark.parametrize(("query", "yes", "no"), TEXTS)
def test_example_finds_what_it_says(query: str, yes: list[str], no: list[str]) -> None:
    assert yes
    assert no
    matcher = Matcher({"query": parse(query, refuse_negative=True)})
    assert [text for text in yes if not matcher.names(Document(text))] == []
    assert [text for text in no if matcher.names(Document(text))] == []


def mention() -> Document:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block
    given = json.loads(block.group(1))
    return Document(
        text=given["text"],
        title=given["title"],
        author=Author(given["author"], given["name"], given["followers"]),
        url=given["url"],
        language=given["language"],
        country=given["country"],
        platform=given["platform"],
        source=given["source"],
        kind=given["kind"],
        rating=Rating(given["rating"]),
        engagement=Engagement(likes=given["likes"]),
        published=datetime.fromisoformat(given["published"]),
        sentiment=given["sentiment"],
        brands=(given["brand"],),
        aspects=(given["aspect"],),
        emotions=(given["emotion"],),
        touchpoint=given["touchpoint"],
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [(q, True) for yes, _ in ASKED for q in yes] + [(q, False) for _, no in ASKED for q in no],
)
def test_field_example_matches_as_it_says(query: str, expected: bool) -> None:
    assert ("q" in Matcher({"q": parse(query)}).match(mention())) is expected


def test_examples_are_not_faulted_by_the_linter() -> None:
    errors = [f for query, _, _ in TEXTS for f in lint(query) if f.severity == "error"]
    assert errors == []


def test_every_name_of_other_tools_is_described() -> None:
    for name in (*ALIASES, *SPELLINGS):
        assert f"`{name}:" in PAGE.replace("authorFollowers", "authorfollowers")


def test_every_field_is_described_and_shown() -> None:
    shown = " ".join(query for yes, no in ASKED for query in yes + no)
    for name in FIELDS:
        assert f"`{name}:`" in PAGE
        assert f"{name}:" in shown
    assert len(TEXTS) > 30
