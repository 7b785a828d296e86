"""Exports open in a spreadsheet without running anything."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboard.export import COLUMNS, cell, csv_of
from renom.enrichment import Enrichment, sentiment_of
from renom.mention import Author, Mention
from renom.reading import Found


def found(text: str, brands: tuple[str, ...] = ("Lumea",)) -> Found:
    moment = datetime(2026, 3, 5, 12, tzinfo=UTC)
    mention = Mention(
        platform="web",
        external_id="1",
        source="s",
        url=None,
        kind="post",
        text=text,
        published_at=moment,
        collected_at=moment,
        author=Author("@handle"),
    )
    return Found(mention, Enrichment(mention.key, sentiment=sentiment_of("neutral")), brands)


def rows(*mentions: Found) -> list[dict[str, str]]:
    data = csv_of(mentions, ZoneInfo("Europe/Paris"))
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize(
    "text", ["=1+1", "+33 6", "-2", "@SUM(A1)", "  =cmd|' /C calc'!A0", "\t=1", "＝1"]
)
def test_formula_becomes_text(text: str) -> None:
    assert str(cell(text)).startswith("'")


def test_every_text_cell_is_guarded() -> None:
    (row,) = rows(found("=HYPERLINK(1)"))
    assert row["text"] == "'=HYPERLINK(1)"
    assert row["author"] == "'@handle"


def test_line_breaks_and_quotes_come_back_unchanged() -> None:
    text = 'il dit "non",\npuis s\'en va; été'
    assert rows(found(text))[0]["text"] == text


def test_one_line_per_match_with_local_time() -> None:
    lines = rows(found("a", ("Lumea", "Noctis")), found("b"))
    assert [line["brand"] for line in lines] == ["Lumea", "Noctis", "Lumea"]
    assert lines[0]["published_at"] == "2026-03-05T13:00:00+01:00"
    assert tuple(lines[0]) == COLUMNS
