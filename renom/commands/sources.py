"""Show how every source is doing; let a paused one run again."""

from __future__ import annotations

from typing import Annotated

import typer

from renom.commands._output import ago, out, print_json, safe, table
from renom.commands._session import Json, open_app

app = typer.Typer(help="How every source is doing.", invoke_without_command=True)


@app.callback()
def show(context: typer.Context, json: Json = False) -> None:
    """Show last success, next check, mentions of the last 24 h and the error of every source."""
    if context.invoked_subcommand is not None:
        return
    renom = open_app()
    now = renom.now()
    states = {state.name: state for state in renom.store.sources(now=now)}
    if json:
        print_json(list(states.values()))
        return
    shown = table(
        "source",
        "state",
        "last success",
        "next check",
        "24 h",
        "usual",
        "error",
        right=("24 h", "usual"),
    )
    names = [*states, *(s.name for s in renom.config.sources if s.name not in states)]
    for name in names:
        state = states.get(name)
        if state is None:
            shown.add_row(safe(name), "new", "never", "at start", "0", "", "")
            continue
        word = "paused" if state.paused else "failing" if state.failures else "ok"
        usual = f"{state.usual_daily:.0f}" if state.usual_daily is not None else ""
        trouble = f"{state.error} {state.hint}".strip()
        shown.add_row(
            safe(name),
            word,
            ago(state.last_success, now),
            ago(state.next_check, now) if state.next_check else "",
            str(state.mentions_24h),
            usual,
            safe(trouble, width=80),
        )
    out.print(shown)


@app.command("resume")
def resume(name: Annotated[str, typer.Argument(help="The paused source.")]) -> None:
    """Let a paused source run again."""
    renom = open_app()
    renom.store.resume_source(name)
    out.print(safe(f"{name} runs again at its next turn"))
