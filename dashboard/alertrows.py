"""Alert rows: an alert in one plain sentence with what a reader can do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import streamlit as st

from dashboard import filters, markup
from dashboard.data import Data
from dashboard.sentences import sentence, why
from dashboard.wording import Wording, mark
from renom.alert import SEVERITIES
from renom.errors import StorageError
from renom.reading import AlertRecord

SEVERITY_NAMES = {
    "info": mark("Info"),
    "warning": mark("Warning"),
    "critical": mark("Critical"),
}
_UNNAMED = mark("dashboard")
_MARKS = {"info": "●", "warning": "▲", "critical": "◆"}


def reader_name() -> str:
    """Return who is reading: what stands in the sidebar, else that it was this dashboard."""
    return str(st.session_state.get("reader-name") or "").strip() or _UNNAMED


def gravest_first(records: Iterable[AlertRecord]) -> list[AlertRecord]:
    """Return alerts nobody has taken on first, then by severity, then the newest."""
    return sorted(
        records,
        key=lambda r: (
            r.acknowledged_at is not None,
            -SEVERITIES.index(r.alert.severity),
            -r.alert.starts_at.timestamp(),
        ),
    )


def show_open(data: Data, *, limit: int) -> None:
    """Draw the open alerts, at most ``limit``; nothing when there is none."""
    records = gravest_first(r for r in data.alerts(open_only=True) if r.alert.firing)
    for record in records[:limit]:
        row(record, data)
    if len(records) > limit:
        more = data.say.plural("{n} more open alert", "{n} more open alerts", len(records) - limit)
        st.html(f'<a class="rn-out" href="{filters.href("alerts")}">{markup.esc(more)}</a>')


def row(record: AlertRecord, data: Data, *, actions: bool = True) -> None:
    """Draw one alert; an open one can be acknowledged and silenced."""
    say, alert = data.say, record.alert
    tone = alert.severity if alert.firing else "past"
    with st.container(
        key=f"alert-row-{tone}-{record.id}",
        horizontal=True,
        wrap=False,
        vertical_alignment="center",
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
                name=say(_UNNAMED)
                if record.acknowledged_by in (_UNNAMED, None)
                else record.acknowledged_by,
                moment=say.moment(record.acknowledged_at, now=data.now),
            )
        )
    if record.silenced_by is not None:
        bits.append(say("silenced"))
    bits.append(say("rule {rule}").format(rule=alert.rule))
    reason = why(alert, say)
    link = _link(record, say)
    return (
        f'<div class="rn-alert"><b>{_MARKS[alert.severity]} '
        f"{markup.esc(say(SEVERITY_NAMES[alert.severity]))}</b> "
        f"{markup.esc(sentence(alert, say))}"
        + (f' <span class="rn-dim">{markup.esc(reason)}</span>' if reason else "")
        + f'<div class="rn-note">{markup.esc(" · ".join(bits))}{link}</div></div>'
    )


def _link(record: AlertRecord, say: Wording) -> str:
    """Return a link to what the alert is about, over the time it lasted."""
    alert = record.alert
    if alert.kind == "silent_source":
        href, text = filters.href("sources"), say("See the sources")
    elif alert.labels.get("brand"):
        href, text = filters.href("mentions", _address(record)), say("See the mentions")
    else:
        return ""
    return f' · <a class="rn-out" href="{href}">{markup.esc(text)}</a>'


def _address(record: AlertRecord) -> list[tuple[str, str]]:
    alert = record.alert
    start = alert.starts_at
    if alert.window_seconds and alert.kind in ("volume_spike", "negative_surge"):
        start -= timedelta(seconds=alert.window_seconds)
    end = max(alert.ends_at or record.seen_at, start + timedelta(hours=1))
    params = [
        ("brand", alert.labels["brand"]),
        ("from", start.isoformat()),
        ("to", (end + timedelta(minutes=1)).isoformat()),
    ]
    if alert.kind == "negative_surge":
        params.append(("label", "negative"))
    return params


@contextmanager
def told(done: str) -> Iterator[None]:
    """Do what is inside and tell the reader that it is done, or why it cannot be."""
    try:
        yield
    except StorageError as error:
        st.toast(markup.plain(f"{error.message} {error.hint}"), icon=":material/error:")
    else:
        st.toast(done, icon=":material/check:")


def _acknowledge(data: Data, alert_id: int) -> None:
    with told(data.say("Acknowledged.")):
        data.acknowledge(alert_id, by=reader_name(), now=datetime.now(UTC))


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
    with told(data.say("Silenced.")):
        until = now + timedelta(hours=hours)
        data.silence(record, until=until, by=reader_name(), now=now)
