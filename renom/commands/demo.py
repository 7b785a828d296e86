"""Show the whole program at work on a fictional world, on this machine only."""

from __future__ import annotations

import dataclasses
import signal
import socket
import subprocess
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renom.app import clock
from renom.commands._output import err, out, print_json, progress, safe, table
from renom.commands._session import EXIT_FAILED, Json
from renom.commands.dashboard import start

if TYPE_CHECKING:
    from renom.demo.show import Report
    from renom.demo.stage import Stage


def command(
    headless: Annotated[
        bool, typer.Option("--headless", help="No dashboard: print what was done and stop.")
    ] = False,
    folder: Annotated[
        Path, typer.Option(help="Where the demo's database and files go; begun anew each time.")
    ] = Path("demo-data"),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the dashboard.")] = 8501,
    open_browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the dashboard in a browser.")
    ] = True,
    json: Json = False,
) -> None:
    """Crawl, understand, alert and show a fictional world; nothing leaves this machine."""
    from renom.demo.show import perform
    from renom.demo.stage import set_up
    from renom.demo.world import load_world

    world = load_world()
    port = port if headless else _free(port)
    err.print(safe(world.disclaimer_en, style="yellow"))
    err.print(safe(world.disclaimer_fr, style="yellow"))
    stage = set_up(folder.resolve(), world, now=clock(), dashboard_url=f"http://127.0.0.1:{port}")
    try:
        with progress(total=True) as shown:
            task = shown.add_task("demo", total=None, detail="")

            def say(text: str) -> None:
                shown.update(task, description=text, total=None, completed=0)
                if not err.is_terminal:
                    err.print(safe(f"... {text}"))

            app, report = perform(
                stage,
                say=say,
                enriching=lambda done, total: shown.update(task, completed=done, total=total),
            )
        if json:
            print_json(dataclasses.asdict(report))
        else:
            _print(report, stage)
        if report.missing:
            err.print(safe("nothing came of: " + ", ".join(report.missing), style="red"))
        if not headless:
            notice = world.disclaimer_fr.strip() + " / " + world.disclaimer_en.strip()
            process = start(app, port, notice=notice)
            _serve(process, port, stage, open_browser=open_browser)
    finally:
        stage.stop()
    if report.missing:
        raise SystemExit(EXIT_FAILED)


def _free(port: int) -> int:
    """Return ``port``, or a free one where it is taken."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return port


def _serve(
    process: subprocess.Popen[bytes], port: int, stage: Stage, *, open_browser: bool
) -> None:
    url = f"http://127.0.0.1:{port}"
    out.print()
    out.print(f"[bold]dashboard[/bold]       {url}")
    out.print(f"[bold]mail and Slack[/bold]  {stage.slack.base}")
    out.print(f"[bold]local web[/bold]       {stage.site.base}")
    out.print("stop with Ctrl-C")
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    _wait_for(port)
    if open_browser:
        webbrowser.open(url)
    try:
        process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, *, seconds: float = 20.0) -> None:
    """Wait until something listens on ``port``."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)


def _print(report: Report, stage: Stage) -> None:
    out.print()
    shown = table(
        "source", "read", "stored", "no brand", "rejected", "seconds",
        right=("read", "stored", "no brand", "rejected", "seconds"),
    )  # fmt: skip
    for name, result in report.collected.items():
        shown.add_row(
            safe(name),
            str(result["read"]),
            str(result["stored"]),
            str(result["unmatched"]),
            str(result["rejected"]),
            str(result["seconds"]),
        )
        if result["error"]:
            err.print(safe(f"{name}: {result['error']}", style="red"))
    out.print(shown)
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds.items())
    out.print(safe(f"\n{report.mentions} mentions ({kinds}); {report.enriched} understood"))
    feeling = ", ".join(f"{count} {label}" for label, count in report.sentiment.items())
    out.print(safe(f"toward the own brand: {feeling}"))
    out.print("\n[bold]Alerts[/bold]")
    for alert in report.alerts:
        style = {"critical": "red", "warning": "yellow"}.get(alert["severity"], "")
        out.print(safe(f"{alert['severity']:<9}{alert['rule']}: {alert['summary']}", style=style))
    out.print("\n[bold]E-mail inbox[/bold]")
    for mail in stage.inbox.mails:
        out.print(safe(f"To: {mail.to}\nSubject: {mail.subject}", style="cyan"))
        out.print(safe(mail.text.strip()[:1600]))
        out.print()
    out.print("[bold]Slack[/bold]")
    for text in report.slack:
        out.print(safe(text))
    out.print(safe(f"\n{report.seconds:.0f} s in all", style="dim"))
