"""Run everything on its schedule until stopped."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer

from renom.commands._output import err, safe
from renom.commands._session import open_app, session
from renom.contracts import parse_duration
from renom.errors import ConfigError


def command(
    tick: Annotated[
        str, typer.Option(help="Pace of understanding and delivery, e.g. 15s.")
    ] = "15s",
) -> None:
    """Run everything on its schedule: sources, understanding, rules, notifications, retention."""
    app = open_app(need_file=True)
    try:
        pace = parse_duration(tick)
    except ValueError as error:
        raise ConfigError(f"--tick: {error}") from None
    if not session.debug:
        logging.getLogger("renom").setLevel(logging.INFO)
        # It warns whenever a job is still at work when its next turn comes; that is by design.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    schedule = app.schedule(tick=pace)
    schedule.start()
    err.print(
        safe(
            f"running {len(app.config.sources)} sources and {len(app.config.rules)} rules; "
            "stop with Ctrl-C"
        )
    )
    stopped.wait()
    err.print("stopping: letting running jobs finish")
    schedule.stop()
