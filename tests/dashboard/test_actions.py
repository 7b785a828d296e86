"""What a reader can do: search, page, correct, acknowledge, silence. Each test its own database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from renom.reading import Selection
from storage.store import open_store

OpenPage = Callable[..., AppTest]


def shown(app: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in app.get("html"))


@pytest.fixture
def own_url(filled_url: str, tmp_path: Path) -> str:
    """A copy of the full database, to write in."""
    source = Path(filled_url.removeprefix("sqlite:///"))
    target = tmp_path / "own.db"
    for suffix in ("", "-wal", "-shm"):
        if (file := source.with_name(source.name + suffix)).exists():
            target.with_name(target.name + suffix).write_bytes(file.read_bytes())
    return f"sqlite:///{target}"


def test_search_marks_what_it_found(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", period="60d")
    app.text_input(key="filter-query").set_value("boutique AND Lumea").run()
    assert not app.exception
    assert "<mark>boutique</mark>" in shown(app)
    assert app.query_params["q"] == "boutique AND Lumea"


def test_hostile_mention_is_text(open_page: OpenPage, filled_url: str) -> None:
    page = shown(open_page(filled_url, "mentions"))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(" in page
    assert "<img" not in page
    assert "![i](https://evil.example" in page


def test_unreadable_search_is_explained(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", q="(lampe AND <b>")
    assert not app.exception
    assert "This search cannot be read" in shown(app)
    assert "&lt;" in shown(app)
    assert "<article" not in shown(app)


def test_likely_mistake_is_pointed_out_and_mended(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", q="boutique and Lumea", period="60d")
    assert not app.exception
    assert 'class="rn-hints"' in shown(app)
    app.button(key="proposal-0").click().run()
    assert app.text_input(key="filter-query").value == "boutique AND Lumea"
    assert "<mark>" in shown(app)


def test_link_of_an_alert_opens_what_it_is_about(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", brand="Noctis", label="negative", period="60d")
    page = shown(app)
    assert "Noctis" in page
    assert 'rn-chip rn-negative"' in page
    assert 'rn-chip rn-positive"' not in page


def test_pages_follow_each_other_and_come_back(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", period="60d")
    first = shown(app)
    assert app.button(key="previous-bottom").disabled
    app.button(key="next-bottom").click().run()
    second = shown(app)
    assert "21–40 of" in second
    assert second != first
    app.button(key="previous-bottom").click().run()
    assert "1–20 of" in shown(app)


def test_last_page_has_no_next(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", brand="Noctis", period="60d")
    for _ in range(3):
        app.button(key="next-bottom").click().run()
    assert app.button(key="next-bottom").disabled


def test_correction_is_seen_at_once_and_counted(open_page: OpenPage, own_url: str) -> None:
    before = open_store(own_url).tally(Selection(brands=("Lumea",)))
    app = open_page(own_url, "mentions")
    assert 'rn-chip rn-negative"' in shown(app).split("<article")[1]
    app.text_input(key="reader-name").set_value("Zoé").run()
    app.button(key="read-0").click().run()
    app.button(key="correct-0-0-positive").click().run()
    assert not app.exception
    assert 'rn-chip rn-positive"' in shown(app).split("<article")[1]
    store = open_store(own_url)
    after = store.tally(Selection(brands=("Lumea",)))
    assert (after.negative, after.positive) == (before.negative - 1, before.positive + 1)
    (correction,) = store.corrections()
    assert "Zoé" in str(correction)


def test_correcting_a_mention_deleted_meanwhile_is_said(open_page: OpenPage, own_url: str) -> None:
    app = open_page(own_url, "mentions")
    app.button(key="read-0").click().run()
    open_store(own_url).delete_mentions(["forum:hostile"])
    app.button(key="correct-0-0-positive").click().run()
    assert not app.exception
    assert any("no mention" in toast.value for toast in app.toast)


def test_alert_is_acknowledged_by_name(open_page: OpenPage, own_url: str) -> None:
    app = open_page(own_url)
    (record,) = open_store(own_url).alerts(open_only=True)
    assert "23 negative mentions in 2 hours" in shown(app)
    app.text_input(key="reader-name").set_value("Zoé <b>").run()
    app.button(key=f"ack-{record.id}").click().run()
    assert not app.exception
    assert "acknowledged by Zoé &lt;b&gt;" in shown(app)
    (record,) = open_store(own_url).alerts(open_only=True)
    assert record.acknowledged_by == "Zoé <b>"


def test_alert_is_silenced(open_page: OpenPage, own_url: str) -> None:
    app = open_page(own_url, "alerts")
    (record,) = open_store(own_url).alerts(open_only=True)
    app.button(key=f"silence-{record.id}-8").click().run()
    assert not app.exception
    (silence,) = open_store(own_url).silences(datetime.now(UTC))
    assert silence.matchers == {"brand": "Lumea", "rule": "negative-lumea"}
    assert "Silences in force" in shown(app)


def test_a_mention_judged_not_relevant_goes_and_can_be_taken_back(
    open_page: OpenPage, own_url: str
) -> None:
    store = open_store(own_url)
    before = store.tally(Selection(brands=("Lumea",))).mentions
    app = open_page(own_url, "mentions", brand="Lumea", period="60d", lang="fr")
    app.button(key="read-0").click().run()
    app.button(key="judge-0-0-no").click().run()
    assert not app.exception
    assert store.tally(Selection(brands=("Lumea",))).mentions == before - 1
    assert "ne compte plus pour Lumea" in shown(app)
    app.button(key="undo-judge").click().run()
    assert store.tally(Selection(brands=("Lumea",))).mentions == before
    [judged] = store.judgements("Lumea")
    assert judged.relevant


def test_overview_figures_are_those_of_storage(
    open_page: OpenPage, filled_url: str, now: datetime
) -> None:
    page = shown(open_page(filled_url, brand="Rivale & Fils", period="90d"))
    tally = open_store(filled_url).tally(Selection(brands=("Rivale & Fils",)))
    assert f'<div class="rn-value">{tally.mentions} ' in page
    assert f"{tally.scored} scored mentions" in page


def test_export_is_offered(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url, "mentions", brand="Noctis", period="60d")
    assert [button.label for button in app.get("download_button")] == ["Export CSV"]


def test_paused_source_says_what_to_do(open_page: OpenPage, filled_url: str) -> None:
    page = shown(open_page(filled_url, "sources"))
    assert "403 &lt;b&gt;Forbidden&lt;/b&gt;" in page
    assert "Ask for access." in page
    assert "line &lt;7&gt;" in page
    assert page.index("shop-reviews") < page.index("press-fr")


def test_own_brand_stands_first_among_competitors(open_page: OpenPage, filled_url: str) -> None:
    page = shown(open_page(filled_url, "competitors", period="60d"))
    assert page.index("<b>Lumea</b>") < page.index("<b>Rivale &amp; Fils</b>")
    assert "95 % interval" in page
