"""The search box explains mistakes in the language of the interface and offers corrections."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from dashboard.queryhelp import explain, proposals, remark, remarks
from dashboard.wording import Wording
from renom.errors import QueryError
from renom.query import parse

SAY = {language: Wording(language, ZoneInfo("UTC")) for language in ("en", "fr")}


@pytest.mark.parametrize(
    ("language", "message"),
    [("en", "this parenthesis is not closed"), ("fr", "cette parenthèse n’est pas fermée")],
)
def test_error_is_told_in_the_language_of_the_interface(language: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse("(a <b>")
    shown = explain(caught.value, "(a <b>", SAY[language])
    assert message in shown
    assert "<b>" not in shown.replace("<b>This", "").replace("<b>Cette", "")


def test_remarks_are_told_in_french_without_obeying_the_query() -> None:
    (finding,) = remarks("<script> et x", SAY["fr"])
    shown = remark(finding, SAY["fr"])
    assert "et est cherché comme un mot" in shown
    assert "<script>" not in shown


def test_corrections_are_offered_once_and_only_where_something_is_wrong() -> None:
    assert proposals("a and b") == ["a AND b"]
    assert proposals("(a") == ["(a)"]
    assert proposals("lang:fr a -b") == []
    assert proposals("") == []
