"""Query help: what is wrong with a query, shown under the place where it is wrong."""

from __future__ import annotations

from dashboard import markup
from dashboard.wording import Wording
from renom.errors import QueryError
from renom.query import Finding, lint, say_error

_MOST = 4


def explain(error: QueryError, query: str, say: Wording) -> str:
    """Return the error in words with the query and a sign under the column."""
    error = say_error(error, say.language)
    lines = query.splitlines() or [""]
    line = lines[min(error.line, len(lines)) - 1]
    at = max(0, min(error.column - 1, len(line)))
    shown = (
        f"{markup.esc(line[:at])}"
        f"<mark>{markup.esc(line[at : at + 1]) or '&nbsp;'}</mark>{markup.esc(line[at + 1 :])}"
    )
    place = say("column {n}").format(n=say.number(error.column))
    return (
        f'<div class="rn-query" role="alert"><b>{markup.esc(say("This search cannot be read"))}'
        f"</b> ({markup.esc(place)}): {markup.esc(error.message)}"
        f"<pre>{shown}</pre>"
        + (f'<div class="rn-note">{markup.esc(error.hint)}</div>' if error.hint else "")
        + "</div>"
    )


def remarks(query: str, say: Wording) -> list[Finding]:
    """Return what the linter has to say beyond errors: likely mistakes and how it was read."""
    found = lint(query, language=say.language) if query.strip() else []
    return [finding for finding in found if finding.severity != "error"][:_MOST]


def remark(finding: Finding, say: Wording) -> str:
    """Return one remark in words."""
    place = say("column {n}").format(n=say.number(finding.column))
    return (
        f'<div class="rn-hints" role="note">{markup.esc(finding.message)} '
        f'<span class="rn-note">({markup.esc(place)})</span></div>'
    )


def proposals(query: str) -> list[str]:
    """Return corrected queries that the linter proposes, each once; none that means the same."""
    found = lint(query) if query.strip() else []
    better = (f.proposal for f in found if f.severity != "info" and f.proposal not in ("", query))
    return list(dict.fromkeys(better))[:3]
