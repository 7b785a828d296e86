"""Mentions: search, read, open the source and correct the sentiment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from dashboard import filters, firststeps, markup
from dashboard.alertrows import reader_name, told
from dashboard.data import PAGE_SIZE, Data, Order
from dashboard.export import csv_of
from dashboard.queryhelp import explain, proposals, remark, remarks
from dashboard.wording import Wording, mark
from renom.enrichment import Label
from renom.errors import QueryError
from renom.reading import Found, Page, Selection

TITLE = mark("Mentions")
ICON = ":material/forum:"
ORDER = 20
SCOPE = "mentions"

ORDER_NAMES = {
    "newest": mark("Newest"),
    "relevance": mark("Relevance"),
    "telling": mark("Most telling"),
}
_SIBLINGS = 10
_LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")


def render(selection: Selection, data: Data) -> None:
    """Draw the search box and one page of what it finds."""
    order = _search_box(data)
    _narrowings(selection, data.say)
    after = _pages(selection, order)
    try:
        page = data.mentions(selection, order=order, after=after[-1])
    except QueryError as error:
        st.html(explain(error, selection.query, data.say))
        _proposals(selection.query, data.say)
        return
    for finding in remarks(selection.query, data.say):
        st.html(remark(finding, data.say))
    _proposals(selection.query, data.say)
    _taken_out(data)
    if not page.found and page.after is None and len(after) == 1:
        firststeps.nothing_here(data)
        return
    _bar(selection, page, len(after), data)
    for index, found in enumerate(page.found):
        _row(index, found, selection, data)
    _paging(page, after, data.say, key="bottom")


def _search_box(data: Data) -> Order:
    say, choice = data.say, filters.current()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            say("Search"),
            key=filters.first_value("filter-query", choice.query),
            placeholder=say('(delivery OR livraison) AND late* NOT "free delivery"'),
            label_visibility="collapsed",
            icon=":material/search:",
            max_chars=2000,
            help=say(
                "AND, OR, NOT, parentheses, exact phrases in quotation marks, * and ? for any "
                "letters. Accents and capitals do not matter."
            ),
        )
        st.segmented_control(
            say("Sort"),
            list(filters.ORDERS),
            key=filters.first_value("filter-order", choice.order),
            format_func=lambda name: say(ORDER_NAMES[name]),
            label_visibility="collapsed",
            required=True,
        )
    orders: dict[str, Order] = {o: o for o in ("newest", "relevance", "telling")}
    return orders[choice.order]


def _narrowings(selection: Selection, say: Wording) -> None:
    """Show what a link narrowed the page to, each with a button that takes it away."""
    named = {
        "topic": (say("topic"), selection.topic),
        "entity": (say("entity"), selection.entity),
        "platforms": (say("platform"), say.listing(selection.platforms)),
    }
    if not any(value for _, value in named.values()):
        return
    with st.container(horizontal=True):
        for field, (name, value) in named.items():
            if value:
                st.button(
                    say("{kind}: {name}").format(kind=name, name=markup.plain(value)),
                    key=f"drop-{field}",
                    icon=":material/close:",
                    on_click=_drop,
                    args=(field,),
                )


def _proposals(query: str, say: Wording) -> None:
    """Offer the corrected query as a button."""
    for index, proposal in enumerate(proposals(query)):
        st.button(
            say("Search instead: {query}").format(query=markup.plain(proposal)),
            key=f"proposal-{index}",
            icon=":material/auto_fix:",
            on_click=_ask,
            args=(proposal,),
        )


def _ask(query: str) -> None:
    st.session_state["filter-query"] = query


def _drop(field: str) -> None:
    choice = filters.current()
    empty = {"topic": "", "entity": "", "platforms": ()}[field]
    filters.remember(replace(choice, **{field: empty}), narrowed=True)  # type: ignore[arg-type]


def _pages(selection: Selection, order: Order) -> list[str | None]:
    """Return where the pages seen so far begin, the current one last."""
    shown = (selection, order)
    if st.session_state.get("pages-of") != shown:
        st.session_state["pages-of"] = shown
        st.session_state["pages"] = [None]
        st.session_state.pop("reading", None)
    pages: list[str | None] = st.session_state["pages"]
    return pages


def _bar(selection: Selection, page: Page, number: int, data: Data) -> None:
    say = data.say
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<span class="rn-note">{markup.esc(_counted(selection, page, number, data))}</span>',
            width="stretch",
        )
        st.download_button(
            say("Export CSV"),
            data=lambda: csv_of(data.every(selection), data.settings.zone),
            file_name=f"renom-{data.now:%Y%m%d-%H%M}.csv",
            mime="text/csv",
            key="export",
            icon=":material/download:",
            on_click="ignore",
            help=say("Everything selected, at most 5,000 mentions."),
        )


def _counted(selection: Selection, page: Page, number: int, data: Data) -> str:
    say = data.say
    if not page.found:
        return say("None among the mentions looked at so far: go on with Next.")
    first = (number - 1) * PAGE_SIZE + 1
    shown = f"{say.number(first)}–{say.number(first + len(page.found) - 1)}"
    tally = data.count(selection)
    if tally is not None:
        return say("{shown} of {total}").format(shown=shown, total=say.number(tally.mentions))
    if number == 1 and page.after is None:
        return say.plural("{n} mention", "{n} mentions", len(page.found))
    return say("{shown} of many").format(shown=shown) if page.after else shown


def _paging(page: Page, pages: list[str | None], say: Wording, *, key: str) -> None:
    if len(pages) == 1 and page.after is None:
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        st.button(
            say("Previous"),
            key=f"previous-{key}",
            icon=":material/chevron_left:",
            disabled=len(pages) == 1,
            on_click=_turn,
            args=(None,),
        )
        st.button(
            say("Next"),
            key=f"next-{key}",
            icon=":material/chevron_right:",
            disabled=page.after is None,
            on_click=_turn,
            args=(page.after,),
        )


def _turn(after: str | None) -> None:
    pages: list[str | None] = st.session_state["pages"]
    st.session_state["pages"] = [*pages, after] if after is not None else pages[:-1]
    st.session_state.pop("reading", None)


def _row(index: int, found: Found, selection: Selection, data: Data) -> None:
    say, key = data.say, found.mention.key
    reading = st.session_state.get("reading") == key
    brand = selection.brands[0] if selection.brands else ""
    with st.container(key=f"card-mention-{index}"):
        with st.container(horizontal=True, wrap=False, vertical_alignment="bottom"):
            st.html(markup.card(found, say, whole=reading, brand=brand), width="stretch")
            st.button(
                say("Close") if reading else say("Read and correct"),
                key=f"read-{index}",
                type="tertiary",
                icon=":material/expand_less:" if reading else ":material/expand_more:",
                on_click=_read,
                args=(None if reading else key,),
            )
        if reading:
            _relevance(index, found, data)
            _correction(index, found, data)
            _story(found, data)


def _read(key: str | None) -> None:
    st.session_state["reading"] = key


def _relevance(index: int, found: Found, data: Data) -> None:
    """Ask of each brand whether the mention is about it; the answer counts at once."""
    say = data.say
    for place, brand in enumerate(found.brands):
        with st.container(horizontal=True, vertical_alignment="center"):
            asked = say("Is this about {brand}?").format(brand=brand)
            st.html(f'<span class="rn-note">{markup.esc(asked)}</span>', width="content")
            for relevant, name in ((True, say("Relevant")), (False, say("Not relevant"))):
                st.button(
                    name,
                    key=f"judge-{index}-{place}-{'yes' if relevant else 'no'}",
                    icon=":material/check:" if relevant else ":material/block:",
                    on_click=_judge,
                    args=(data, found.mention.key, brand, relevant),
                    help=None
                    if relevant
                    else say(
                        "It no longer counts for the brand and does not come back. The team's "
                        "answers teach Renom to tell such mentions apart."
                    ),
                )


def _judge(data: Data, key: str, brand: str, relevant: bool) -> None:
    done = data.say("Noted: relevant.") if relevant else data.say("Noted: it no longer counts.")
    with told(done):
        data.judge(key, brand, relevant, by=reader_name(), now=datetime.now(UTC))
        st.session_state["taken-out"] = None if relevant else (key, brand)


def _taken_out(data: Data) -> None:
    """Offer to take the last answer back: the mention itself is no longer on the page."""
    last = st.session_state.get("taken-out")
    if last is None:
        return
    key, brand = last
    with st.container(horizontal=True, vertical_alignment="center"):
        said = data.say("A mention no longer counts for {brand}.").format(brand=brand)
        st.html(f'<span class="rn-note">{markup.esc(said)}</span>', width="content")
        st.button(
            data.say("Undo"),
            key="undo-judge",
            type="tertiary",
            icon=":material/undo:",
            on_click=_judge,
            args=(data, key, brand, True),
        )


def _correction(index: int, found: Found, data: Data) -> None:
    say = data.say
    for place, brand in enumerate(found.brands):
        with st.container(horizontal=True, vertical_alignment="center"):
            asked = say("Sentiment toward {brand}:").format(brand=brand)
            st.html(f'<span class="rn-note">{markup.esc(asked)}</span>', width="content")
            known = markup.label_of(found, brand)
            for label in _LABELS:
                st.button(
                    say(filters.LABEL_NAMES[label]),
                    key=f"correct-{index}-{place}-{label}",
                    type="primary" if label == known else "secondary",
                    on_click=_correct,
                    args=(data, found.mention.key, brand, label),
                )


def _correct(data: Data, key: str, brand: str, label: Label) -> None:
    done = data.say("Corrected. Figures follow at once.")
    with told(done):
        data.correct(key, brand, label, by=reader_name(), now=datetime.now(UTC))


def _story(found: Found, data: Data) -> None:
    if found.story_size < 2:
        return
    say = data.say
    others = data.story(found.mention.key)
    rows = "".join(
        f"<li>{markup.esc(other.mention.platform)} · "
        f"{markup.esc(say.moment(other.mention.published_at))} · "
        f"{markup.esc(other.mention.source)} "
        f"{markup.outward(other.mention.url, say('Open the source'))}</li>"
        for other in others[:_SIBLINGS]
    )
    title = say.plural(
        "{n} near-identical mention, one story with this one",
        "{n} near-identical mentions, one story with this one",
        len(others),
    )
    st.html(f'<div class="rn-note">{markup.esc(title)}<ul>{rows}</ul></div>')
