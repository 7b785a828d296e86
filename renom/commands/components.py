"""List every source, enricher, rule and channel that this installation knows."""

from __future__ import annotations

from renom import registry
from renom.commands._output import out, print_json, safe, table
from renom.commands._session import Json


def command(json: Json = False) -> None:
    """List every source, enricher, rule and channel."""
    found = registry.listing()
    if json:
        print_json([{"room": c.room, "type": c.type, "description": c.description} for c in found])
        return
    for room in registry.ROOMS:
        shown = table("type", "what it does", title="")
        for component in found:
            if component.room == room:
                shown.add_row(component.type, safe(component.description))
        out.print(f"[bold]{room}[/bold]")
        out.print(shown)
        out.print()
