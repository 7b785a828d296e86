"""Check the configuration; with --live, ask every component whether it can work."""

from __future__ import annotations

from typing import Annotated

import typer

from renom.commands._output import out, print_json, safe, table
from renom.commands._session import EXIT_CONFIG, EXIT_FAILED, Json, open_app
from renom.errors import ConfigError


def command(
    live: Annotated[
        bool, typer.Option("--live", help="Also ask every component; opens sockets.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the configuration file: every problem at once, with its line. Opens no socket."""
    try:
        app = open_app(need_file=True)
    except ConfigError as error:
        if not json:
            raise
        print_json({"ok": False, "problems": error.problems, "hint": error.hint})
        raise SystemExit(EXIT_CONFIG) from None
    config = app.config
    summary = {
        "ok": True,
        "config": config.path,
        "brands": [brand.name for brand in config.brands],
        "sources": [spec.name for spec in config.sources],
        "nlp": [spec.name for spec in config.enrichers],
        "rules": [spec.name for spec in config.rules],
        "channels": [spec.name for spec in config.channels],
        "problems": [],
    }
    answers = app.health() if live else []
    failed = [answer for answer in answers if not answer.ok]
    if json:
        summary["ok"] = not failed
        print_json({**summary, "live": answers})
    else:
        out.print(
            safe(
                f"{config.path}: good. {len(config.brands)} brands, {len(config.sources)} sources, "
                f"{len(config.enrichers)} steps of understanding, {len(config.rules)} rules, "
                f"{len(config.channels)} channels."
            )
        )
        if answers:
            shown = table("", "room", "name", "answer")
            for answer in answers:
                mark = "[green]ok[/green]" if answer.ok else "[red]no[/red]"
                text = answer.text + (f" ({answer.hint})" if answer.hint else "")
                shown.add_row(mark, answer.room, safe(answer.name), safe(text))
            out.print(shown)
    if failed:
        raise SystemExit(EXIT_FAILED)
