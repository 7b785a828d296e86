"""Filters live in the address: links from alerts open what they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.filters import Choice, Known, from_params, to_params

NOW = datetime(2026, 3, 5, 12, 20, tzinfo=UTC)
DEFAULT = Choice(brand="Lumea")
KNOWN = Known(brands=("Lumea", "Noctis"), sources=("press", "forum"), languages=("fr", "en"))


def test_link_of_an_alert_is_understood() -> None:
    params = {
        "brand": ["Noctis"],
        "from": ["2026-03-05T09:00:00+00:00"],
        "to": ["2026-03-05T11:00:00Z"],
        "label": ["negative"],
        "q": ["retard*"],
        "source": ["forum"],
    }
    selection = from_params(params, DEFAULT, KNOWN).narrowed(now=NOW)
    assert selection.brands == ("Noctis",)
    assert selection.start == datetime(2026, 3, 5, 9, tzinfo=UTC)
    assert selection.end == datetime(2026, 3, 5, 11, tzinfo=UTC)
    assert selection.labels == ("negative",)
    assert selection.query == "retard*"
    assert selection.sources == ("forum",)


def test_plus_sign_lost_in_an_address_is_put_back() -> None:
    params = {"from": ["2026-03-05T09:00:00 01:00"], "to": ["2026-03-05T11:00:00 01:00"]}
    choice = from_params(params, DEFAULT, KNOWN)
    assert choice.start == datetime(2026, 3, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "params",
    [
        {"brand": ["<script>"]},
        {"period": ["1000y"]},
        {"from": ["yesterday"], "to": ["now"]},
        {"from": ["2026-03-05T11:00:00Z"], "to": ["2026-03-05T09:00:00Z"]},
        {"from": ["2026-03-05T11:00:00"], "to": ["2026-03-06T11:00:00"]},
        {"source": ["unknown"]},
        {"label": ["angry"]},
        {"order": ["cheapest"]},
        {"brand": []},
    ],
)
def test_nonsense_in_an_address_changes_nothing(params: dict[str, list[str]]) -> None:
    assert from_params(params, DEFAULT, KNOWN) == DEFAULT


def test_address_of_a_choice_leads_back_to_it() -> None:
    choice = Choice(
        brand="Noctis",
        period="custom",
        start=NOW - timedelta(days=1),
        end=NOW,
        sources=("press", "forum"),
        languages=("fr",),
        labels=("negative", "neutral"),
        query='"service client" & co',
        topic="délai",
        order="telling",
    )
    assert from_params(to_params(choice), DEFAULT, KNOWN) == choice


def test_page_without_search_has_a_short_address() -> None:
    choice = Choice(brand="Lumea", query="retard", labels=("negative",))
    assert to_params(choice, narrowed=False) == {"brand": ["Lumea"]}


def test_all_brands_leave_the_dimension_open() -> None:
    assert from_params({"brand": [""]}, DEFAULT, KNOWN).selection(now=NOW).brands == ()
