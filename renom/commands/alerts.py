"""Alerts: list them, acknowledge and silence them, test a channel, look at the outbox."""

from __future__ import annotations

import getpass
import json as jsonlib
from datetime import timedelta
from typing import Annotated

import typer

from renom.alert import Alert
from renom.commands._output import ago, err, out, print_json, safe, table
from renom.commands._session import EXIT_FAILED, Json, open_app
from renom.contracts import Channel, Message, parse_duration
from renom.errors import ChannelError, ConfigError

app = typer.Typer(help="Alerts: list, acknowledge, silence, test a channel.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="Who; default: the account's name.")]


@app.command("list")
def list_(
    every: Annotated[bool, typer.Option("--all", help="Past ones too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    json: Json = False,
) -> None:
    """List open alerts, with --all past ones too."""
    renom = open_app()
    now = renom.now()
    records = renom.store.alerts(open_only=not every, limit=limit)
    if json:
        print_json(
            [{"fingerprint": r.alert.fingerprint, **_plain(r)} for r in records]  # type: ignore[arg-type]
        )
        return
    shown = table("id", "severity", "rule", "since", "state", "what", right=("id",))
    for r in records:
        state = "open" if r.alert.firing else "ended"
        if r.acknowledged_by:
            state = f"acknowledged by {r.acknowledged_by}"
        elif r.silenced_by is not None and r.alert.firing:
            state = f"silenced ({r.silenced_by})"
        style = {"critical": "red", "warning": "yellow"}.get(r.alert.severity, "")
        shown.add_row(
            str(r.id),
            safe(r.alert.severity, style=style),
            safe(r.alert.rule),
            ago(r.alert.starts_at, now),
            safe(state),
            safe(r.alert.summary, width=90),
        )
    out.print(shown if records else "no open alert" if not every else "no alert yet")


def _plain(record: object) -> dict[str, object]:
    from renom.commands._output import jsonable

    return dict(jsonable(record))


@app.command("evaluate")
def evaluate(
    deliver: Annotated[
        bool, typer.Option("--deliver/--no-deliver", help="Also send what is due.")
    ] = True,
    json: Json = False,
) -> None:
    """Evaluate every rule once, as `renom run` does every minute, and send what is due."""
    renom = open_app(need_file=True)
    result = renom.evaluate()
    report = renom.deliver() if deliver else None
    if json:
        print_json(
            {
                "firing": len(result.firing),
                "opened": [a.summary for a in result.opened],
                "ended": [a.summary for a in result.ended],
                "enqueued": len(result.enqueued),
                "failures": result.failures,
                "delivery": report,
            }
        )
        return
    out.print(
        f"{len(result.firing)} firing, {len(result.opened)} new, {len(result.ended)} ended, "
        f"{len(result.enqueued)} messages written"
    )
    if report is not None:
        out.print(
            f"{report.sent} sent, {report.found} had arrived already, {report.retried} to be tried "
            f"again, {report.dead} given up"
        )
        for text in report.errors:
            err.print(safe(text, style="red"))
    for failure in result.failures:
        err.print(safe(f"{failure.rule}: {failure.message}", style="red"))


@app.command("test")
def send_test(
    channel: Annotated[str | None, typer.Argument(help="The channel; default: all.")] = None,
    json: Json = False,
) -> None:
    """Send a test message through a channel, marked as a test."""
    renom = open_app(need_file=True)
    known = renom.channels
    if channel is not None and channel not in known:
        raise ConfigError(f"no channel is named `{channel}`", "known: " + ", ".join(known))
    answers = []
    for name, made in known.items():
        if channel in (None, name):
            answers += [(name, who, *_sent(renom, made, who)) for who in made.recipients()]
    if json:
        print_json([{"channel": n, "recipient": w, "ok": ok, "text": t} for n, w, ok, t in answers])
    else:
        for name, who, ok, text in answers:
            mark = "[green]sent[/green]" if ok else "[red]not sent[/red]"
            out.print(mark, safe(f"{name} {who}  {text}"))
    if not all(ok for _, _, ok, _ in answers):
        raise SystemExit(EXIT_FAILED)


def _sent(renom: object, channel: Channel, recipient: str) -> tuple[bool, str]:
    from renom.app import App

    assert isinstance(renom, App)
    now = renom.now()
    own = next((b.name for b in renom.brands if b.role == "own"), "Renom")
    alert = Alert(
        rule="test",
        labels={"brand": own},
        severity="info",
        value=1,
        starts_at=now,
        summary="This is a test message; nothing happened",
        kind="test",
    )
    stamp = now.strftime("%Y%m%d%H%M%S%f")
    message = Message(
        key=f"test-{stamp}",
        channel=channel.name,
        thread=f"test-{stamp}",
        reason="first",
        alerts=(alert,),
        created_at=now,
        language=channel.options.language or renom.config.language,
        timezone=renom.config.timezone,
        dashboard_url=renom.config.dashboard_url,
        recipient=recipient,
    )
    try:
        return True, channel.send(message)
    except ChannelError as error:
        return False, error.message + (f" ({error.hint})" if error.hint else "")


@app.command("ack")
def ack(
    alert: Annotated[int, typer.Argument(help="The alert's id, from `renom alerts list`.")],
    by: By = "",
) -> None:
    """Acknowledge an alert: somebody is on it, no more reminders."""
    renom = open_app()
    renom.store.acknowledge(alert, by=by or _me(), now=renom.now())
    out.print(f"alert {alert} acknowledged")


@app.command("silence")
def silence(
    matchers: Annotated[
        list[str] | None,
        typer.Argument(help="label=value pairs: brand=Acme, rule=volume, source=presse."),
    ] = None,
    during: Annotated[str, typer.Option("--for", help="How long, e.g. 2h.")] = "2h",
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    by: By = "",
    end: Annotated[int | None, typer.Option("--end", help="End this silence now.")] = None,
    json: Json = False,
) -> None:
    """Keep quiet about alerts with these labels for a while; without any, list the silences."""
    renom = open_app()
    now = renom.now()
    if end is not None:
        renom.store.end_silence(end, now=now)
        out.print(f"silence {end} ended")
        return
    if not matchers:
        found = renom.store.silences(now=now)
        if json:
            print_json(list(found))
            return
        shown = table("id", "matchers", "until", "by", "why", right=("id",))
        for s in found:
            shown.add_row(
                str(s.id),
                safe(jsonlib.dumps(dict(s.matchers), ensure_ascii=False)),
                ago(s.ends_at, now),
                safe(s.author),
                safe(s.comment, width=60),
            )
        out.print(shown if found else "no silence")
        return
    pairs = dict(_matcher(text) for text in matchers)
    try:
        length = parse_duration(during)
    except ValueError as error:
        raise ConfigError(f"--for: {error}") from None
    if length <= timedelta(0):
        raise ConfigError("--for must be longer than nothing")
    made = renom.store.silence(
        matchers=pairs,
        starts_at=now,
        ends_at=now + length,
        author=by or _me(),
        comment=comment,
    )
    if json:
        print_json({"silence": made})
        return
    out.print(f"silence {made} for {during}; end it with `renom alerts silence --end {made}`")


@app.command("deliveries")
def deliveries(
    state: Annotated[str | None, typer.Option(help="waiting, sent or dead.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    resend: Annotated[str | None, typer.Option(help="Send this dead letter again.")] = None,
    json: Json = False,
) -> None:
    """Show the outbox: what was sent, what waits, what could not be delivered and why."""
    renom = open_app()
    if resend is not None:
        renom.store.resend(resend, now=renom.now())
        out.print(f"{resend} will be sent again")
        return
    rows = renom.store.deliveries(limit=limit, state=state)
    if json:
        print_json(list(rows))
        return
    now = renom.now()
    shown = table("key", "channel", "state", "tries", "written", "error", right=("tries",))
    for row in rows:
        shown.add_row(
            safe(row.message.key),
            safe(row.message.channel),
            safe(row.state),
            str(row.attempts),
            ago(row.created_at, now),
            safe(row.error, width=70),
        )
    out.print(shown if rows else "nothing")


def _matcher(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise ConfigError(f"`{text}` is no label=value pair", "e.g. brand=Acme rule=volume")
    return name.strip(), value.strip()


def _me() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "cli"
