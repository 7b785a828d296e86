"""Alerts: what is firing, what is over, and what keeps quiet."""

from __future__ import annotations

import streamlit as st

from dashboard import markup
from dashboard.alertrows import gravest_first, row
from dashboard.data import Data
from dashboard.wording import mark
from renom.reading import Selection

TITLE = mark("Alerts")
ICON = ":material/notifications_active:"
ORDER = 50
SCOPE = "everything"
_PAST_SHOWN = 30


def render(selection: Selection, data: Data) -> None:
    """Draw open alerts, silences in force and past alerts of all brands."""
    say = data.say
    records = data.alerts()
    firing = gravest_first(record for record in records if record.alert.firing)
    past = [record for record in records if not record.alert.firing]
    st.html(markup.heading(say("Open"), say.plural("{n} alert", "{n} alerts", len(firing))))
    for record in firing:
        row(record, data)
    if not firing:
        st.html(f'<div class="rn-note">{markup.esc(say("Nothing is firing."))}</div>')
    _silences(data)
    if past:
        st.html(markup.heading(say("Over"), say.plural("{n} alert", "{n} alerts", len(past))))
        for record in past[:_PAST_SHOWN]:
            row(record, data, actions=False)


def _silences(data: Data) -> None:
    say = data.say
    silences = data.silences()
    if not silences:
        return
    head = (say("What keeps quiet"), say("Until"), say("By"), say("Why"))
    rows = [
        (
            markup.esc(say.listing(f"{name}: {value}" for name, value in s.matchers.items())),
            markup.esc(say.moment(s.ends_at, now=data.now)),
            markup.esc(s.author),
            markup.esc(s.comment),
        )
        for s in silences
    ]
    with st.container(key="card-silences"):
        st.html(markup.heading(say("Silences in force")) + markup.table(head, rows))
