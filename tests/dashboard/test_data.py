"""What pages make of the answers of storage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.data import Cause, causes, one_of_each_story
from dashboard.views.sources import health
from renom.enrichment import Enrichment
from renom.mention import Mention
from renom.reading import Found, SourceState
from renom.tally import Tally

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


def found(number: int, story: str | None) -> Found:
    mention = Mention("web", str(number), "s", None, "post", "text", NOW, NOW)
    return Found(mention, Enrichment(mention.key, story=story), ())


def test_near_identical_mentions_are_told_once() -> None:
    rows = [found(1, "web:1"), found(2, None), found(3, "web:1"), found(4, "web:4")]
    kept = [one.mention.external_id for one in one_of_each_story(rows)]
    assert kept == ["1", "2", "4"]


def test_causes_leave_out_the_brands_themselves() -> None:
    tables = {
        "topic": {"retard": Tally(mentions=9, negative=6, neutral=3)},
        "entity": {"LUMEA": Tally(mentions=9, negative=9), "Lyon": Tally(mentions=2, negative=1)},
        "source": {"press": Tally(mentions=9, negative=9)},
    }
    rows = list(causes(tables, "negative", 12, leave_out={"lumea"}))
    assert rows == [Cause("topic", "retard", 6, 9, 0.5), Cause("entity", "Lyon", 1, 1, 1 / 12)]


def test_nothing_negative_has_no_cause() -> None:
    tables = {"topic": {"retard": Tally(mentions=9, positive=9)}}
    assert list(causes(tables, "negative", 0)) == []


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (SourceState("s", "rss", paused=True, failures=3), "paused"),
        (SourceState("s", "rss", failures=1, last_attempt=NOW), "failing"),
        (SourceState("s", "rss"), "new"),
        (SourceState("s", "files", last_success=NOW, last_attempt=NOW), "off"),
        (SourceState("s", "rss", last_success=NOW, next_check=NOW + 5 * MINUTES), "ok"),
        (SourceState("s", "rss", last_success=NOW, next_check=NOW - 20 * MINUTES), "ok"),
        (SourceState("s", "rss", last_success=NOW, next_check=NOW - 40 * MINUTES), "late"),
        (
            SourceState(
                "s",
                "rss",
                last_success=NOW,
                next_check=NOW - 40 * MINUTES,
                every=timedelta(hours=6),
            ),
            "ok",
        ),
    ],
)
def test_health_of_a_source(state: SourceState, word: str) -> None:
    assert health(state, NOW) == word
