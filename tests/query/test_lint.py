"""Linting: every mistake in plain words, with its place and a correction that can be read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renom.query import lint, parse


@pytest.mark.parametrize(
    ("text", "message", "column", "severity", "proposal"),
    [
        ("(a OR b", "not closed", 1, "error", "(a OR b)"),
        ("a ((b", "not closed", 4, "error", "a ((b))"),
        ("a)", "never opened", 2, "error", "a"),
        ('"abc', "not closed", 1, "error", '"abc"'),
        ("a AND", "missing after AND", 3, "error", "a"),
        ("OR a", "missing before OR", 1, "error", "a"),
        ("sitee:x.fr", "did you mean site:", 1, "error", "site:x.fr"),
        ("a http://x.fr", "'http' is not a field", 3, "error", 'a "http://x.fr"'),
        ("rating:[2 TO 1]", "range of rating is empty", 8, "error", "rating:[1 TO 2]"),
        ("a and b", "the operator is written AND", 3, "warning", "a AND b"),
        ("orange ou free", "the operator is written OR", 8, "warning", "orange OR free"),
        ("NOT a", "only says what must be missing", 1, "warning", ""),
        ("a *phone", "starts with a wildcard", 3, "warning", ""),
        ("a* b", "every word that starts with a", 1, "warning", ""),
        ("a NEAR/5 b c", "NEAR mixed with AND", 3, "warning", "(a NEAR/5 b) AND c"),
        ("a OR b AND c", "OR mixed with AND", 3, "warning", "a OR (b AND c)"),
        ("a NOT (a OR b)", "a is both wanted and excluded", 1, "warning", ""),
        ('"jus orange" NOT jus', "both wanted and excluded", 2, "warning", ""),
        ("“a b”", "typographic quotes", 1, "info", '"a b"'),
        ("a ONEAR/2 b", "ONEAR/2 is read as NEAR/2f", 3, "info", "a NEAR/2f b"),
        ("a -b", "read as NOT", 3, "info", ""),
        ("a AND NOT b", "AND NOT is read as NOT", 7, "info", ""),
    ],
)
def test_finding(text: str, message: str, column: int, severity: str, proposal: str) -> None:
    (finding,) = lint(text)
    assert message in finding.message
    assert (finding.line, finding.column) == (1, column)
    assert (finding.severity, finding.proposal) == (severity, proposal)


@pytest.mark.parametrize(
    "text",
    [
        "{Orange} AND (mobile OR forfait) NOT (fruit OR jus)",
        '"service client" OR (orange NEAR/5 panne)',
        "language:fr rating:[1 TO 2]",
        "title:(a OR b) NOT c",
        "orange NOT {ORANGE}",
        "or not",
        "orange <<< and this is only a comment >>> banque",
        '"sel and poivre"',
        "site:*.gouv.fr impots",
    ],
)
def test_good_query_has_no_finding(text: str) -> None:
    assert [finding for finding in lint(text) if finding.severity != "info"] == []


def test_line_and_column_of_a_later_line() -> None:
    (finding,) = lint("orange AND\n  (mobile or fibre)")
    assert (finding.line, finding.column) == (2, 11)


_SOUP = """AND OR NOT and ou NEAR/3 ONEAR/1 NEAR ( ) " { } [ ] * ? - + # <<< >>> title: sitee: http://x
rating:[3 TO 1] kind:pst é l' « » “ a b or* :"""


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*_SOUP.split(), "\n"]) | st.text(max_size=3), max_size=10))
def test_linter_never_fails_and_its_error_corrections_can_be_read(parts: list[str]) -> None:
    for finding in lint(" ".join(parts)):
        assert finding.message
        assert finding.line >= 1
        assert finding.column >= 1
        if finding.severity == "error" and finding.proposal:
            parse(finding.proposal)
