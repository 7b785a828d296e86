"""Overview: how a brand is doing, what drives it and what needs a person now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from dashboard import charts, filters, firststeps, markup
from dashboard.alertrows import show_open
from dashboard.data import Cause, Data, Overview, length
from dashboard.wording import Wording, mark
from renom.measures import mean_rating, negative_share, net_sentiment, share_of_voice
from renom.reading import Selection
from renom.tally import Tally

TITLE = mark("Overview")
ICON = ":material/monitoring:"
ORDER = 10
SCOPE = "brand"

KIND_NAMES = {
    "topic": mark("topic"),
    "entity": mark("entity"),
    "source": mark("source"),
}


def render(selection: Selection, data: Data) -> None:
    """Draw the page for the selected brand (or all) and period."""
    show_open(data, limit=3)
    view = data.overview(selection)
    brand = selection.brands[0] if selection.brands else ""
    st.html(markup.tiles(_tiles(view, brand, length(selection), data.say)))
    if not view.tally.mentions:
        firststeps.nothing_here(data)
        return
    _charts(view, data)
    _drivers(view, brand, data)
    _telling(view, brand, data)


def _tiles(view: Overview, brand: str, period: timedelta, say: Wording) -> Sequence[str]:
    tally, before = view.tally, view.before
    than = say("than the {span} before").format(span=say.span(period))
    tiles = [_volume_tile(tally, before, than, say), _net_tile(tally, before, than, say)]
    tiles.append(_negative_tile(tally, before, say))
    if brand and len(view.panel) > 1:
        tiles.append(_voice_tile(view.panel, brand, say))
    if (rating := mean_rating(tally)) is not None:
        stars = 1 + 4 * rating
        tiles.append(
            markup.tile(
                say("Mean rating"),
                f"★ {say.number(stars, digits=2)}",
                note=say.plural("of 5, {n} rating", "of 5, {n} ratings", tally.rating_count),
                help=say("Ratings of every scale brought to 1 to 5 stars."),
            )
        )
    return tiles


def _volume_tile(tally: Tally, before: Tally, than: str, say: Wording) -> str:
    change = ""
    note = say("nothing to compare with")
    if before.mentions:
        ratio = tally.mentions / before.mentions - 1
        arrow = "▲" if ratio > 0 else "▼" if ratio < 0 else "＝"
        change = f"{arrow} {say.percent(abs(ratio))}"
        note = f"{than} ({say.number(before.mentions)})"
    return markup.tile(
        say("Volume"),
        say.compact(tally.mentions),
        note=note,
        change=change,
        help=say("Mentions published in the period, near-identical ones included."),
    )


def _net_tile(tally: Tally, before: Tally, than: str, say: Wording) -> str:
    name, meaning = say("Net sentiment"), net_meaning(say)
    net, earlier = net_sentiment(tally), net_sentiment(before)
    if net is None:
        return markup.tile(name, nothing_scored(say), help=meaning)
    change, good = "", None
    if earlier is not None:
        delta = round(net) - round(earlier)
        change, good = say.signed(delta), (delta > 0) if delta else None
    note = say.plural("{n} scored mention", "{n} scored mentions", tally.scored)
    return markup.tile(name, say.signed(net), note=note, change=change, good=good, help=meaning)


def nothing_scored(say: Wording) -> str:
    """Return what stands where a figure would be while no mention has a sentiment."""
    return say("nothing scored yet")


def net_meaning(say: Wording) -> str:
    """Return what net sentiment means, for a tooltip."""
    return say(
        "Positive minus negative mentions, divided by all scored mentions, neutral ones "
        "included: −100 when all are negative, +100 when all are positive."
    )


def _negative_tile(tally: Tally, before: Tally, say: Wording) -> str:
    share, earlier = negative_share(tally), negative_share(before)
    if share is None:
        return markup.tile(say("Negative share"), nothing_scored(say))
    change, good = "", None
    if earlier is not None:
        delta = round(100 * share) - round(100 * earlier)
        change = say("{points} pts").format(points=say.signed(delta))
        good = (delta < 0) if delta else None
    note = say("{n} of {total} scored mentions").format(
        n=say.number(tally.negative), total=say.number(tally.scored)
    )
    return markup.tile(
        say("Negative share"), say.percent(share), note=note, change=change, good=good
    )


def _voice_tile(panel: dict[str, Tally], brand: str, say: Wording) -> str:
    mentions = share_of_voice(panel).get(brand)
    stories = share_of_voice(panel, by="stories").get(brand)
    total = sum(tally.mentions for tally in panel.values())
    return markup.tile(
        say("Share of voice"),
        say.percent(mentions),
        note=say("{stories} by stories, n = {n}").format(
            stories=say.percent(stories), n=say.number(total)
        ),
        help=say(
            "This brand's matches divided by the matches of all brands watched. By stories, "
            "near-identical mentions count once."
        ),
    )


def _charts(view: Overview, data: Data) -> None:
    say = data.say
    left, right = st.columns([3, 2])
    still = say("pale: still filling") if any(b.open for b in view.buckets) else ""
    with left, st.container(key="card-volume"):
        st.html(markup.heading(say("Volume by sentiment"), still))
        st.vega_lite_chart(
            spec=charts.volume(view.buckets, say), width="stretch", key="chart-volume"
        )
    with right, st.container(key="card-net"):
        note = say("line: seven periods together") if view.tally.scored else ""
        st.html(markup.heading(say("Net sentiment"), note, help=net_meaning(say)))
        if view.tally.scored:
            spec = charts.net_line(view.buckets, say)
            st.vega_lite_chart(spec=spec, width="stretch", key="chart-net")
        else:
            st.html(f'<div class="rn-note">{markup.esc(nothing_scored(say))}</div>')


def _drivers(view: Overview, brand: str, data: Data) -> None:
    say = data.say
    columns = st.columns(3)
    lists = (
        ("negative", say("What is behind the negative"), view.negative, view.tally.negative),
        ("positive", say("What is behind the positive"), view.positive, view.tally.positive),
    )
    for column, (label, title, found, total) in zip(columns, lists, strict=False):
        with column, st.container(key=f"card-drivers-{label}"):
            note = say.plural("{n} mention", "{n} mentions", total)
            bars = "".join(_driver(cause, label, say) for cause in found)
            nothing = f'<div class="rn-note">{markup.esc(say("Nothing stands out."))}</div>'
            st.html(markup.heading(title, note) + (bars or nothing))
    with columns[2], st.container(key="card-voice"):
        st.html(_voice(view.panel, brand, data))


def _driver(cause: Cause, label: str, say: Wording) -> str:
    return markup.bar(
        cause.name,
        cause.share,
        f"{say.number(cause.mentions)} · {say.percent(cause.share)}",
        tone=label,
        href=filters.link("mentions", label=label, **{cause.kind: cause.name}),
        kind=say(KIND_NAMES[cause.kind]),
    )


def _voice(panel: dict[str, Tally], brand: str, data: Data) -> str:
    say = data.say
    shares = share_of_voice(panel)
    stories = share_of_voice(panel, by="stories")
    total = sum(tally.mentions for tally in panel.values())
    note = say.plural("{n} mention", "{n} mentions", total)
    bars = "".join(
        markup.bar(
            name,
            share,
            f"{say.percent(share)} · {say.percent(stories.get(name))}",
            tone="own" if name == brand or data.role(name) == "own" else "other",
            href=filters.link("overview", brand=name),
        )
        for name, share in sorted(shares.items(), key=lambda row: -row[1])
    )
    title = markup.heading(
        say("Share of voice"),
        note,
        help=say("First figure: share of mentions. Second: near-identical mentions count once."),
    )
    return title + (bars or f'<div class="rn-note">{markup.esc(say("nobody was mentioned"))}</div>')


def _telling(view: Overview, brand: str, data: Data) -> None:
    if not view.telling:
        return
    say = data.say
    with st.container(key="card-telling"):
        st.html(
            markup.heading(
                say("Most telling mentions"),
                help=say("Strong feeling and much engagement first, one of each story."),
            )
            + '<hr class="rn-rule">'.join(markup.card(f, say, brand=brand) for f in view.telling)
        )
