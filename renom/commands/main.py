"""The ``renom`` command: global options and the list of commands."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from renom import __version__
from renom.commands import (
    alerts,
    check,
    collect,
    components,
    dashboard,
    demo,
    enrich,
    evaluate,
    import_,
    init,
    query,
    rebuild,
    run,
    search,
    sources,
    version,
)
from renom.commands._session import errors_told, session

app = typer.Typer(
    name="renom",
    help="Listen to what people say about your brand, in French and English.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode="rich",
)


@app.callback()
def options(
    config: Annotated[
        str | None,
        typer.Option("--config", "-c", help="Configuration file (or RENOM_CONFIG)."),
    ] = None,
    database: Annotated[
        str | None, typer.Option("--database", help="Database URL (or RENOM_DATABASE).")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show traces and debug logs.")] = False,
) -> None:
    """Listen to what people say about your brand, in French and English."""
    session.config, session.database, session.debug = config, database, debug
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    # These libraries log request URLs and bodies, which may hold tokens.
    for noisy in ("httpx", "httpcore", "slack_sdk", "urllib3", "prawcore", "tweepy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


app.command("init")(init.command)
app.command("check")(check.command)
app.command("collect")(collect.command)
app.command("enrich")(enrich.command)
app.command("import")(import_.command)
app.command("search")(search.command)
app.add_typer(query.app, name="query")
app.add_typer(alerts.app, name="alerts")
app.add_typer(sources.app, name="sources")
app.command("run")(run.command)
app.command("dashboard")(dashboard.command)
app.command("demo")(demo.command)
app.command("components")(components.command)
app.command("rebuild")(rebuild.command)
app.command("evaluate")(evaluate.command)
app.command("version")(version.command)

__all__ = ["__version__", "app", "run_cli"]


def run_cli() -> None:
    """Run the command line; every error is one line and one hint."""
    with errors_told():
        app()
