"""Alert rows: an alert in one plain sentence with what a reader can do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import markup
from dashboard.data import Data
from dashboard.sentences import sentence, why
from dashboard.wording import Wording, mark
from renom.reading import AlertRecord

SEVERITY_NAMES = {
    "info": mark("Info"),
    "warning": mark("Warning"),
    "critical": mark("Critical"),
}
_MARKS = {"info": "●", "warning": "▲", "critical": "◆"}


def reader_name(say: Wording) -> str:
    """Return who is reading: what stands in the sidebar, else that it was this dashboard."""
    name = str(st.session_state.get("reader-name") or "").strip()
    return name or say("dashboard")


def show_open(data: Data, *, limit: int) -> None:
    """Draw the open alerts, at most ``limit``; nothing when there is none."""
    records = [r for r in data.alerts(open_only=True) if r.alert.firing]
    for record in records[:limit]:
        row(record, data)
    if len(records) > limit:
        more = data.say.plural("{n} more open alert", "{n} more open alerts", len(records) - limit)
        st.html(f'<a class="rn-out" href="alerts">{markup.esc(more)}</a>')


def row(record: AlertRecord, data: Data, *, actions: bool = True) -> None:
    """Draw one alert; an open one can be acknowledged and silenced."""
    say, alert = data.say, record.alert
    tone = alert.severity if alert.firing else "past"
    with st.container(
        key=f"alert-row-{tone}-{record.id}", horizontal=True, vertical_alignment="center"
    ):
        st.html(_sentence(record, data), width="stretch")
        if not (actions and alert.firing):
            return
        if record.acknowledged_at is None:
            st.button(
                say("Acknowledge"),
                key=f"ack-{record.id}",
                on_click=_acknowledge,
                args=(data, record.id),
                help=say("Says that somebody is looking into it; reminders stop."),
            )
        _silence(record, data)


def _sentence(record: AlertRecord, data: Data) -> str:
    say, alert = data.say, record.alert
    bits = [say("since {moment}").format(moment=say.moment(alert.starts_at, now=data.now))]
    if alert.ends_at is not None:
        bits = [f"{say.moment(alert.starts_at)} – {say.moment(alert.ends_at)}", say("over")]
    if record.acknowledged_at is not None:
        bits.append(
            say("acknowledged by {name} at {moment}").format(
                name=record.acknowledged_by or say("somebody"),
                moment=say.moment(record.acknowledged_at, now=data.now),
            )
        )
    if record.silenced_by is not None:
        bits.append(say("silenced"))
    bits.append(say("rule {rule}").format(rule=alert.rule))
    reason = why(alert, say)
    link = ""
    if alert.labels.get("brand") or alert.labels.get("source"):
        link = (
            f' · <a class="rn-out" href="{markup.inward("mentions", _address(record))}">'
            f"{markup.esc(say('See the mentions'))}</a>"
        )
    return (
        f'<div class="rn-alert"><b>{_MARKS[alert.severity]} '
        f"{markup.esc(say(SEVERITY_NAMES[alert.severity]))}</b> "
        f"{markup.esc(sentence(alert, say))}"
        + (f' <span class="rn-dim">{markup.esc(reason)}</span>' if reason else "")
        + f'<div class="rn-note">{markup.esc(" · ".join(bits))}{link}</div></div>'
    )


def _address(record: AlertRecord) -> list[tuple[str, str]]:
    alert = record.alert
    window = timedelta(seconds=alert.window_seconds or 86400)
    end = alert.ends_at or record.seen_at
    params = [
        ("brand", alert.labels.get("brand", "")),
        ("from", min(alert.starts_at, end - window).isoformat()),
        ("to", (end + timedelta(minutes=1)).isoformat()),
    ]
    if alert.labels.get("source"):
        params.append(("source", alert.labels["source"]))
    if alert.labels.get("keyword"):
        params.append(("q", alert.labels["keyword"]))
    if alert.kind == "negative_surge":
        params.append(("label", "negative"))
    return params


def _acknowledge(data: Data, alert_id: int) -> None:
    data.acknowledge(alert_id, by=reader_name(data.say), now=datetime.now(UTC))
    st.toast(data.say("Acknowledged."), icon=":material/check:")


def _silence(record: AlertRecord, data: Data) -> None:
    say = data.say
    with st.popover(say("Silence"), key=f"silence-menu-{record.id}"):
        st.html(
            f'<div class="rn-note">'
            f"{markup.esc(say('Nothing more is sent about this alert for:'))}</div>"
        )
        for hours in (1, 8, 24, 168):
            st.button(
                say.span(timedelta(hours=hours)),
                key=f"silence-{record.id}-{hours}",
                on_click=_keep_quiet,
                args=(data, record, hours),
                width="stretch",
            )


def _keep_quiet(data: Data, record: AlertRecord, hours: int) -> None:
    now = datetime.now(UTC)
    data.silence(record, until=now + timedelta(hours=hours), by=reader_name(data.say), now=now)
    st.toast(data.say("Silenced."), icon=":material/notifications_off:")
