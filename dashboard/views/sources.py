"""Sources: whether every place we look at still answers, and what it brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from dashboard import markup
from dashboard.data import Data
from dashboard.wording import Wording, mark
from renom.reading import Health, Selection, SourceState

TITLE = mark("Sources")
ICON = ":material/sensors:"
ORDER = 40
SCOPE = "everything"

_GRAVEST_FIRST: tuple[Health, ...] = ("failing", "paused", "late", "new", "ok", "off")
_GLYPHS: dict[Health, str] = {
    "ok": "●",
    "late": "◐",
    "failing": "▲",
    "paused": "❚❚",
    "new": "○",
    "off": "–",
}
_GRACE = timedelta(minutes=30)
_QUIET = 0.25
_TOLD = 20


def health(state: SourceState, now: datetime) -> Health:
    """Return how a source is doing at ``now``.

    ``off`` is one that was never scheduled (a file imported by hand); ``late`` one whose next
    check is overdue by more than its own rhythm, and by half an hour at least.
    """
    if state.paused:
        return "paused"
    if state.failures:
        return "failing"
    if state.last_success is None and state.last_attempt is None:
        return "off" if state.mentions_total else "new"
    if state.next_check is None:
        return "off"
    grace = max(_GRACE, state.every or timedelta(0))
    return "late" if now > state.next_check + grace else "ok"


def render(selection: Selection, data: Data) -> None:
    """Draw the health of every source; brand and period do not matter here."""
    say = data.say
    states = data.sources()
    if not states:
        text = say("No source has been collected yet: run `renom collect`.")
        st.html(f'<div class="rn-note">{markup.esc(text)}</div>')
        return
    st.html(markup.tiles(_tiles(states, data)))
    ranked = sorted(states, key=lambda s: (_GRAVEST_FIRST.index(health(s, data.now)), s.name))
    with st.container(key="card-sources"):
        st.html(markup.heading(say("Health of the sources")) + _table(ranked, data))
    _rejections(data)


def _tiles(states: Sequence[SourceState], data: Data) -> list[str]:
    say = data.say
    known = [health(state, data.now) for state in states]
    well = sum(1 for word in known if word in ("ok", "new", "off"))
    day = sum(state.mentions_24h for state in states)
    usual = sum(state.usual_daily or 0 for state in states)
    last = max((s.last_success for s in states if s.last_success), default=None)
    return [
        markup.tile(
            say("Sources doing well"),
            say("{n} of {total}").format(n=say.number(well), total=say.number(len(states))),
            note=say("all answer") if well == len(states) else say("see the first lines below"),
        ),
        markup.tile(
            say("Mentions in 24 hours"),
            say.compact(day),
            note=say("usually {n} a day").format(n=say.number(usual)) if usual else "",
        ),
        markup.tile(
            say("Mentions held"),
            say.compact(sum(state.mentions_total for state in states)),
        ),
        markup.tile(
            say("Rejected"),
            say.compact(sum(state.rejected_total for state in states)),
            note=say("items read but not taken"),
            help=say("Without date or id, unreadable or too large. The good ones were kept."),
        ),
        markup.tile(say("Last success"), say.ago(last, now=data.now), note=say.moment(last)),
    ]


def _table(states: Sequence[SourceState], data: Data) -> str:
    say = data.say
    head = (
        say("Source"),
        say("State"),
        say("Last success"),
        say("Next check"),
        say("24 hours"),
        say("All together"),
        say("Rejected"),
        say("What is wrong, and what to do"),
    )
    return markup.table(head, [_row(state, data) for state in states], css="rn-sources")


def _row(state: SourceState, data: Data) -> tuple[str, ...]:
    say, now = data.say, data.now
    word = health(state, now)
    names = {
        "ok": say("well"),
        "late": say("late"),
        "failing": say("failing"),
        "paused": say("paused"),
        "new": say("new"),
        "off": say("not scheduled"),
    }
    checked = "" if state.next_check is None else markup.esc(say.ago(state.next_check, now=now))
    return (
        f'<b><bdi>{markup.esc(state.name)}</bdi></b><span class="rn-sub">'
        f"{markup.esc(state.type)}</span>",
        f'<span class="rn-state rn-{word}">{_GLYPHS[word]} {markup.esc(names[word])}</span>',
        f'<span title="{markup.esc(say.moment(state.last_success))}">'
        f"{markup.esc(say.ago(state.last_success, now=now))}</span>",
        checked or '<span class="rn-dim">–</span>',
        _day(state, say),
        markup.esc(say.number(state.mentions_total)),
        markup.esc(say.number(state.rejected_total)),
        _trouble(state, word, say),
    )


def _day(state: SourceState, say: Wording) -> str:
    count = markup.esc(say.number(state.mentions_24h))
    if state.usual_daily is None:
        return f'{count}<span class="rn-sub">{markup.esc(say("too young to compare"))}</span>'
    usual = say("usually {n}").format(n=say.number(state.usual_daily))
    quiet = state.usual_daily >= 4 and state.mentions_24h < _QUIET * state.usual_daily
    sign = f' <span class="rn-late">◐ {markup.esc(say("quiet"))}</span>' if quiet else ""
    return f'{count}{sign}<span class="rn-sub">{markup.esc(usual)}</span>'


def _trouble(state: SourceState, word: Health, say: Wording) -> str:
    if not state.error:
        return ""
    text = f'<span class="rn-error">{markup.esc(state.error)}</span>'
    hint = state.hint
    if not hint and word == "paused":
        hint = say("Mend the cause, then `renom sources resume {name}`.").format(name=state.name)
    if hint:
        text += f'<span class="rn-sub">{markup.esc(hint)}</span>'
    if state.failures > 1:
        times = say.plural("{n} failure in a row", "{n} failures in a row", state.failures)
        text += f'<span class="rn-sub">{markup.esc(times)}</span>'
    return text


def _rejections(data: Data) -> None:
    say = data.say
    rejected = data.rejections(_TOLD)
    if not rejected:
        return
    rows = [
        (
            markup.esc(say.moment(one.at, now=data.now)),
            f"<bdi>{markup.esc(one.source)}</bdi>",
            f'<bdi class="rn-break">{markup.esc(one.item[:300])}</bdi>',
            markup.esc(one.reason[:300]),
        )
        for one in rejected
    ]
    head = (say("When"), say("Source"), say("Item"), say("Why it was not taken"))
    with st.container(key="card-rejections"):
        st.html(markup.heading(say("Rejected lately")) + markup.table(head, rows))
