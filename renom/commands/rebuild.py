"""Rebuild what is kept beside the mentions: tallies and full text."""

from __future__ import annotations

from renom.commands._output import out, print_json
from renom.commands._session import Json, open_app


def command(json: Json = False) -> None:
    """Rebuild the tallies from the mentions and say whether anything had drifted."""
    app = open_app()
    report = app.store.rebuild_tallies()
    if json:
        print_json({"rebuilt": True, "report": report})
        return
    out.print(f"tallies rebuilt: {report}" if report is not None else "tallies rebuilt")
