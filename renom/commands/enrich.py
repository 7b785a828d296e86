"""Understand the mentions that wait for it."""

from __future__ import annotations

from typing import Annotated

import typer

from renom.commands._output import err, out, print_json, progress, safe
from renom.commands._session import Json, open_app
from renom.reading import Selection


def command(
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after this many.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Understand everything anew (a new model, new brands).")
    ] = False,
    json: Json = False,
) -> None:
    """Understand the mentions that wait for it: language, sentiment, entities, stories."""
    app = open_app()
    if again:
        app.store.mark_pending(Selection())
    waiting = app.store.pending_count()
    with progress(total=True) as shown:
        total = waiting if limit is None else min(limit, waiting)
        task = shown.add_task("understanding", total=total, detail="")
        done = app.enrich(limit=limit, progress=lambda n: shown.update(task, completed=n))
    left = app.store.pending_count()
    if json:
        print_json(
            {
                "enriched": done.mentions,
                "pending": left,
                "errors": done.errors,
                "seconds": {name: round(s, 3) for name, s in done.seconds.items()},
            }
        )
        return
    out.print(f"{done.mentions} mentions understood, {left} waiting")
    for name, count in done.errors.items():
        err.print(safe(f"{name} failed on {count} mentions; they are kept without it"))
