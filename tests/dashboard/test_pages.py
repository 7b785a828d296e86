"""Every page on an empty and on a full database, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.frame import pages

PAGES = [name for name, _ in pages()]
OpenPage = Callable[..., AppTest]


def shown(app: AppTest) -> str:
    """Return all HTML that the page wrote."""
    return "\n".join(str(element.proto.body) for element in app.get("html"))


def test_pages_are_found_by_their_file() -> None:
    assert PAGES == ["overview", "mentions", "competitors", "sources", "alerts"]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("page", PAGES)
def test_page_of_an_empty_database_says_what_to_do(
    open_page: OpenPage, empty_url: str, page: str, lang: str
) -> None:
    app = open_page(empty_url, page, lang=lang)
    assert not app.exception
    assert "renom init" in shown(app)
    assert {"en": "Nothing has been collected", "fr": "Rien n'a encore"}[lang].replace(
        "'", "&#x27;"
    ) in shown(app)


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("page", PAGES)
def test_page_of_a_full_database_shows_something(
    open_page: OpenPage, filled_url: str, page: str, lang: str
) -> None:
    app = open_page(filled_url, page, lang=lang)
    assert not app.exception
    assert not app.error
    assert "renom init" not in shown(app)
    assert "rn-h1" in shown(app)


def test_root_and_overview_are_the_same_page(open_page: OpenPage, filled_url: str) -> None:
    figures = [shown(open_page(filled_url, page)).count("rn-tile") for page in ("", "overview")]
    assert figures[0] == figures[1] > 0


def test_own_brand_is_chosen_first(open_page: OpenPage, filled_url: str) -> None:
    assert open_page(filled_url).selectbox(key="filter-brand").value == "Lumea"


def test_period_without_mentions_says_so(open_page: OpenPage, filled_url: str) -> None:
    address = {"from": "2001-01-01T00:00:00Z", "to": "2001-01-02T00:00:00Z"}
    for page in ("overview", "mentions", "competitors"):
        app = open_page(filled_url, page, **address)
        assert not app.exception
        assert "No mention in this selection" in shown(app)


def test_language_switch_changes_every_word(open_page: OpenPage, filled_url: str) -> None:
    app = open_page(filled_url)
    assert "Net sentiment" in shown(app)
    app.button_group(key="language-switch").set_value("fr").run()
    assert not app.exception
    assert "Sentiment net" in shown(app)
    assert "Net sentiment" not in shown(app)


def test_unreadable_database_is_said_in_words(open_page: OpenPage, tmp_path: object) -> None:
    broken = f"{tmp_path}/broken.db"
    with open(broken, "w") as file:
        file.write("this is no database" * 1000)
    app = open_page(f"sqlite:///{broken}")
    assert not app.exception
    assert "The database cannot be read" in shown(app)


def test_demo_notice_is_a_banner(
    open_page: OpenPage, filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENOM_DEMO_NOTICE", "Fictional <data>")
    assert "Fictional &lt;data&gt;" in shown(open_page(filled_url))


def test_old_data_is_shown_without_being_asked_for(
    open_page: OpenPage,
    fill_database: Callable[[str, datetime], None],
    tmp_path: Path,
    now: datetime,
) -> None:
    url = f"sqlite:///{tmp_path}/old.db"
    fill_database(url, now - timedelta(days=400))
    page = shown(open_page(url))
    assert "No mention in this selection" not in page
    assert str((now - timedelta(days=400)).year) in page
