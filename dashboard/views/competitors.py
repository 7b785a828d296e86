"""Competitors: the brands of the panel side by side, our own first."""

from __future__ import annotations

import streamlit as st

from dashboard import charts, filters, firststeps, markup
from dashboard.data import Data, Rival
from dashboard.periods import coarser
from dashboard.views.overview import net_meaning, nothing_scored
from dashboard.wording import Wording, mark
from renom.measures import mean_rating, negative_share, net_sentiment, share_of_voice, wilson
from renom.reading import Selection

TITLE = mark("Competitors")
ICON = ":material/groups:"
ORDER = 30
SCOPE = "panel"


def render(selection: Selection, data: Data) -> None:
    """Draw the comparison over the selected period, whatever brand is selected."""
    say = data.say
    rivals = data.rivals(selection)
    if not any(rival.tally.mentions for rival in rivals):
        firststeps.nothing_here(data)
        return
    # Colours go with the panel, not with the ranking: a brand keeps its own over every period.
    panel = data.brands()
    colours = charts.palette([b.name for b in panel], [b.name for b in panel if b.role == "own"])
    with st.container(key="card-panel"):
        st.html(_table(rivals, colours, say))
    series = {rival.name: rival.buckets for rival in rivals}
    coarse = {name: coarser(buckets) for name, buckets in series.items()}
    left, right = st.columns(2)
    with left, st.container(key="card-voice-time"):
        open_ones = any(bucket.open for buckets in coarse.values() for bucket in buckets)
        note = say("pale: still filling") if open_ones else ""
        st.html(markup.heading(say("Share of voice over time"), note))
        spec = charts.voice_over_time(coarse, colours, say)
        st.vega_lite_chart(spec=spec, width="stretch", key="chart-voice")
    with right, st.container(key="card-net-time"):
        note = say("seven periods together")
        st.html(markup.heading(say("Net sentiment over time"), note, help=net_meaning(say)))
        spec = charts.net_over_time(series, colours, say)
        st.vega_lite_chart(spec=spec, width="stretch", key="chart-net-brands")
    with st.container(key="card-negative"):
        st.html(
            markup.heading(
                say("Share of negative mentions"),
                say("with its 95 % interval"),
                help=say(
                    "The bar shows where the share may lie given how few or many mentions were "
                    "scored (Wilson interval). Bars that overlap much: no clear difference."
                ),
            )
        )
        tallies = {rival.name: rival.tally for rival in rivals if rival.tally.scored}
        if tallies:
            spec = charts.negative_intervals(tallies, colours, say)
            st.vega_lite_chart(spec=spec, width="stretch", key="chart-negative")
        else:
            st.html(f'<div class="rn-note">{markup.esc(nothing_scored(say))}</div>')


def _table(rivals: tuple[Rival, ...], colours: dict[str, str], say: Wording) -> str:
    tallies = {rival.name: rival.tally for rival in rivals}
    voice = share_of_voice(tallies)
    stories = share_of_voice(tallies, by="stories")
    head = (
        say("Brand"),
        say("Mentions"),
        say("Share of voice"),
        say("Net sentiment"),
        say("Negative share"),
        say("Mean rating"),
        say("Talked about"),
        say("Where"),
    )
    rows = [
        (
            _name(rival, colours[rival.name], say),
            _mentions(rival, say),
            _with(
                say.percent(voice.get(rival.name)),
                say("{share} by stories").format(share=say.percent(stories.get(rival.name))),
            ),
            _net(rival, say),
            _negative(rival, say),
            _rating(rival, say),
            _names(rival.topics, say),
            _names(rival.platforms, say),
        )
        for rival in rivals
    ]
    return markup.table(head, rows, css="rn-panel")


def _with(value: str, note: str) -> str:
    return f'{markup.esc(value)}<span class="rn-sub">{markup.esc(note)}</span>'


def _name(rival: Rival, colour: str, say: Wording) -> str:
    role = {
        "own": say("our brand"),
        "competitor": say("competitor"),
        "product": say("product"),
        "person": say("person"),
        "partner": say("partner"),
    }.get(rival.role, rival.role)
    swatch = f'<span class="rn-swatch" style="background:{colour}"></span>'
    return f"{swatch}<b>{markup.esc(rival.name)}</b>" + (
        f'<span class="rn-sub">{markup.esc(role)}</span>'
    )


def _mentions(rival: Rival, say: Wording) -> str:
    href = filters.link("mentions", brand=rival.name)
    before = rival.before.mentions
    note = say("nothing before")
    if before:
        change = rival.tally.mentions / before - 1
        sign = "+" if change > 0 else "−" if change < 0 else ""
        note = say("{change} than before").format(change=sign + say.percent(abs(change)))
    link = f'<a class="rn-out" href="{href}">{markup.esc(say.number(rival.tally.mentions))}</a>'
    return f'{link}<span class="rn-sub">{markup.esc(note)}</span>'


def _net(rival: Rival, say: Wording) -> str:
    net = net_sentiment(rival.tally)
    if net is None:
        return f'<span class="rn-dim">{markup.esc(nothing_scored(say))}</span>'
    earlier = net_sentiment(rival.before)
    note = say("n = {n}").format(n=say.number(rival.tally.scored))
    if earlier is not None:
        delta = say.signed(round(net) - round(earlier))
        note = say("{delta} than before, n = {n}").format(
            delta=delta, n=say.number(rival.tally.scored)
        )
    return _with(say.signed(net), note)


def _negative(rival: Rival, say: Wording) -> str:
    share = negative_share(rival.tally)
    if share is None:
        return f'<span class="rn-dim">{markup.esc(nothing_scored(say))}</span>'
    low, high = wilson(rival.tally.negative, rival.tally.scored)
    note = say("{low} to {high}").format(low=say.percent(low), high=say.percent(high))
    return _with(say.percent(share), note)


def _rating(rival: Rival, say: Wording) -> str:
    rating = mean_rating(rival.tally)
    if rating is None:
        return f'<span class="rn-dim">{markup.esc(say("no rating"))}</span>'
    note = say("n = {n}").format(n=say.number(rival.tally.rating_count))
    return _with(f"★ {say.number(1 + 4 * rating, digits=2)}", note)


def _names(counts: tuple[tuple[str, int], ...], say: Wording) -> str:
    if not counts:
        return f'<span class="rn-dim">{markup.esc("–")}</span>'
    return " · ".join(
        f'<bdi>{markup.esc(name)}</bdi> <span class="rn-dim">{markup.esc(say.number(n))}</span>'
        for name, n in counts
    )
