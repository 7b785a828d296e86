"""Query help: what is wrong with a query, shown under the place where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard import markup
from dashboard.wording import Wording
from renom.errors import QueryError


def explain(error: QueryError, query: str, say: Wording) -> str:
    """Return the error in words with the query and a sign under the column."""
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


def hints(query: str, say: Wording) -> Iterator[str]:
    """Yield what the linter would write otherwise."""
    return iter(())
