"""Linting: every mistake in plain words, with its place and a correction that can be read."""

from __future__ import annotations

import time

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
        ("a *phone", "starts with a wildcard", 3, "warning", "a phone"),
        ("a* b", "every word that starts with a", 1, "warning", "a b"),
        ("a NEAR/5 b c", "NEAR mixed with AND", 3, "warning", "(a NEAR/5 b) AND c"),
        ("a OR b AND c", "OR mixed with AND", 3, "warning", "a OR (b AND c)"),
        ("a NOT (a OR b)", "a is both wanted and excluded", 1, "warning", "a NOT b"),
        ('"jus orange" NOT jus', "both wanted and excluded", 2, "warning", '"jus orange"'),
        ("“a b”", "typographic quotes", 1, "info", '"a b"'),
        ("a ONEAR/2 b", "ONEAR/2 is read as NEAR/2f", 3, "info", "a NEAR/2f b"),
        ("a -b", "read as NOT", 3, "info", "a NOT b"),
        ("a - b", "- that stands alone is left out", 3, "warning", "a NOT b"),
        ("a near/5 b", "the operator is written NEAR/5", 3, "warning", "a NEAR/5 b"),
        ("a || b", "nothing to search for", 3, "error", "a OR b"),
        ("a && b", "the operator is written AND", 3, "warning", "a AND b"),
        ("a NEAR b", "NEAR needs a distance", 3, "error", "a NEAR/5 b"),
        ("lang:fr a", "lang: is read as language:", 1, "info", "language:fr a"),
        ("hashtag:a", "hashtag:a is read as #a", 1, "info", "#a"),
        ("raw:Orange", "raw:Orange is read as {Orange}", 1, "info", "{Orange}"),
        ('domainurl:"x.fr" a', "domainurl: is read as site:", 1, "info", 'site:"x.fr" a'),
        ("a AND NOT b", "AND NOT is read as NOT", 7, "info", "a NOT b"),
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(a OR b", "cette parenthèse n’est pas fermée : ajoutez ) là où elle finit"),
        ("a et b", "et est cherché comme un mot ; l’opérateur s’écrit AND"),
        (
            "sitee:x.fr",
            "'sitee' n’est pas un champ : vouliez-vous dire site: ? Pour chercher les mots "
            "eux-mêmes, mettez des guillemets",
        ),
        (
            "rating:[2 TO 1]",
            "l’intervalle de rating est vide : vouliez-vous dire rating:[1 TO 2] ?",
        ),
        ("a NEAR/5 b c", "NEAR mêlé à AND demande des parenthèses pour dire ce qui va ensemble"),
    ],
)
def test_findings_are_told_in_french(text: str, message: str) -> None:
    assert [finding.message for finding in lint(text, language="fr")] == [message]


def test_long_query_is_linted_in_bounded_time() -> None:
    started = time.process_time()
    wanted, banned = (" OR ".join(f"{c}{n}" for n in range(1_200)) for c in "ab")
    lint(f"({wanted}) NOT ({banned})")
    lint("*a " * 5_000)
    lint("(" * 90 + "lang:::::::" + "a: " * 3_000, language="fr")
    assert time.process_time() - started < 20


def test_line_and_column_of_a_later_line() -> None:
    (finding,) = lint("orange AND\n  (mobile or fibre)")
    assert (finding.line, finding.column) == (2, 11)


_SOUP = """AND OR NOT and ou NEAR/3 ONEAR/1 NEAR ( ) " { } [ ] * ? - + # <<< >>> title: sitee: http://x
rating:[3 TO 1] kind:pst é l' « » “ a b or* :"""


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([*_SOUP.split(), "\n"]) | st.text(max_size=3), max_size=10))
def test_linter_never_fails_and_its_error_corrections_can_be_read(parts: list[str]) -> None:
    text = " ".join(parts)
    in_french = {finding.message for finding in lint(text, language="fr")}
    for finding in lint(text):
        assert finding.message not in in_french  # the catalogue lacks no sentence
        assert finding.message
        assert finding.line >= 1
        assert finding.column >= 1
        if finding.severity == "error" and finding.proposal:
            parse(finding.proposal)
