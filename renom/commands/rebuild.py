"""Rebuild what is kept beside the mentions: tallies and full text."""

from __future__ import annotations

from renom.commands._output import out, print_json
from renom.commands._session import Json, open_app
from renom.reading import Selection


def command(json: Json = False) -> None:
    """Rebuild the tallies from the mentions and say whether anything had drifted."""
    store = open_app().store
    before = store.by("brand", Selection(), limit=10_000)
    store.rebuild_tallies()
    after = store.by("brand", Selection(), limit=10_000)
    drifted = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    if json:
        print_json({"rebuilt": True, "drifted": drifted, "brands": after})
        return
    out.print("tallies rebuilt; " + (f"they had drifted for {drifted}" if drifted else "no drift"))
