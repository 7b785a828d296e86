"""Open the dashboard."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from renom.app import App, dashboard_environment
from renom.commands._session import open_app


def command(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; the default is this machine only.")
    ] = "127.0.0.1",
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
) -> None:
    """Open the dashboard in the browser."""
    app = open_app()
    app.store  # noqa: B018 - migrates the database before the page opens it
    raise SystemExit(
        subprocess.call(
            dashboard_command(port, address=address, headless=headless),
            env=dict(dashboard_environment(app)),
        )
    )


def dashboard_command(port: int, *, address: str = "127.0.0.1", headless: bool) -> list[str]:
    """Return the command line that serves the dashboard."""
    from dashboard.launch import script, streamlit_flags

    return [
        sys.executable, "-m", "streamlit", "run", str(script()),
        *streamlit_flags(port=port, headless=headless, address=address),
    ]  # fmt: skip


def start(
    app: App, port: int, *, notice: str = "", env: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start the dashboard in the background and return its process."""
    return subprocess.Popen(
        dashboard_command(port, headless=True),
        env={**os.environ, **dashboard_environment(app, notice=notice), **(env or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
