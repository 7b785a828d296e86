"""Filters: what the reader chose, kept in the address so that a link shows the same page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard import markup, periods
from dashboard.data import Data
from dashboard.wording import Wording, mark
from renom.enrichment import LABELS, Label
from renom.mention import utc
from renom.reading import Selection

ALL = ""

Scope = Literal["brand", "panel", "mentions", "everything"]
"""What a page looks at: one brand, the whole panel, single mentions, or all there is."""
_LABELS: tuple[Label, ...] = ("negative", "neutral", "positive")
ORDERS = ("newest", "relevance", "telling")

PERIOD_NAMES = {
    "24h": mark("Last 24 hours"),
    "7d": mark("Last 7 days"),
    "30d": mark("Last 30 days"),
    "60d": mark("Last 60 days"),
    "90d": mark("Last 90 days"),
    periods.CUSTOM: mark("Custom period"),
}
LABEL_NAMES = {
    "negative": mark("Negative"),
    "neutral": mark("Neutral"),
    "positive": mark("Positive"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader chose. ``brand`` is empty for all brands; the rest as in Selection."""

    brand: str = ALL
    period: str = periods.DEFAULT
    start: datetime | None = None
    end: datetime | None = None
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    query: str = ""
    topic: str = ""
    entity: str = ""
    order: str = "newest"

    def bounds(self, *, now: datetime) -> tuple[datetime, datetime]:
        """Return start and end of the period, UTC."""
        if self.period == periods.CUSTOM and self.start is not None and self.end is not None:
            return self.start, self.end
        preset = self.period if self.period in periods.PRESETS else periods.DEFAULT
        return periods.bounds(preset, now=now)

    def selection(self, *, now: datetime) -> Selection:
        """Return what every page selects: brand, period, sources and languages."""
        start, end = self.bounds(now=now)
        return Selection(
            brands=(self.brand,) if self.brand else (),
            start=start,
            end=end,
            sources=self.sources,
            languages=self.languages,
        )

    def narrowed(self, *, now: datetime) -> Selection:
        """Return what the mentions page selects: also query, sentiment, topic and entity."""
        return replace(
            self.selection(now=now),
            labels=tuple(label for label in _LABELS if label in self.labels),
            platforms=self.platforms,
            query=self.query.strip(),
            topic=self.topic or None,
            entity=self.entity or None,
        )


@dataclass(frozen=True, slots=True)
class Known:
    """The names that exist and may be chosen."""

    brands: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def from_params(params: Mapping[str, Sequence[str]], default: Choice, known: Known) -> Choice:
    """Return the choice that an address asks for.

    Anybody can write an address: what is unreadable or not among ``known`` leaves the default
    in place.
    """
    choice = default
    first = {name: values[0] for name, values in params.items() if values}
    if "brand" in first and (first["brand"] in known.brands or first["brand"] == ALL):
        choice = replace(choice, brand=first["brand"])
    if first.get("period") in periods.PRESETS:
        choice = replace(choice, period=first["period"])
    start, end = _moment(first.get("from", "")), _moment(first.get("to", ""))
    if start is not None and end is not None and start < end:
        choice = replace(choice, period=periods.CUSTOM, start=utc(start), end=utc(end))
    picked: dict[str, Any] = {
        "sources": _among(params.get("source", ()), known.sources),
        "languages": _among(params.get("language", ()), known.languages),
        "labels": _among(params.get("label", ()), LABELS),
    }
    words: dict[str, Any] = {
        "platforms": tuple(params.get("platform", ()))[:20],
        "query": first.get("q", "")[:2000],
        "topic": first.get("topic", "")[:500],
        "entity": first.get("entity", "")[:500],
    }
    order = first.get("order", "")
    choice = replace(choice, **picked, **words)
    return replace(choice, order=order) if order in ORDERS else choice


def to_params(choice: Choice, *, narrowed: bool = True) -> dict[str, list[str]]:
    """Return the address parameters of a choice; what is at its default is left out."""
    params: dict[str, list[str]] = {"brand": [choice.brand]}
    if choice.period == periods.CUSTOM and choice.start and choice.end:
        params["from"] = [_iso(choice.start)]
        params["to"] = [_iso(choice.end)]
    elif choice.period != periods.DEFAULT:
        params["period"] = [choice.period]
    params["source"] = list(choice.sources)
    params["language"] = list(choice.languages)
    if narrowed:
        params["label"] = list(choice.labels)
        params["platform"] = list(choice.platforms)
        params["q"] = [choice.query] if choice.query else []
        params["topic"] = [choice.topic] if choice.topic else []
        params["entity"] = [choice.entity] if choice.entity else []
        params["order"] = [choice.order] if choice.order != "newest" else []
    return {name: values for name, values in params.items() if values}


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _among(values: Iterable[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value in known))


def current() -> Choice:
    """Return what is chosen in this run, after the sidebar was drawn."""
    choice: Choice = st.session_state.get("choice", Choice())
    return choice


def sidebar(data: Data, *, scope: Scope) -> None:
    """Draw the filters and remember what is chosen, in the address too."""
    say, now = data.say, data.now
    choice = _remembered(data)
    narrowed = scope == "mentions"
    if scope == "everything":
        remember(choice, narrowed=False)
        return
    if scope != "panel":
        choice = _brand(choice, data)
    choice = _period(choice, say, data.settings.zone, now=now)
    sources, languages = data.source_names(), data.languages()
    picked: dict[str, Any] = {}
    if sources:
        picked["sources"] = _several("sources", say("Sources"), sources, choice.sources, say)
    if languages:
        picked["languages"] = _several(
            "languages", say("Languages"), languages, choice.languages, say, say.language_name
        )
    if narrowed:
        picked["labels"] = _several(
            "labels",
            say("Sentiment"),
            LABELS,
            choice.labels,
            say,
            lambda label: say(LABEL_NAMES[label]),
        )
        picked["query"] = st.session_state.get("filter-query", choice.query)
        picked["order"] = st.session_state.get("filter-order") or choice.order
    choice = replace(choice, **picked)
    remember(choice, narrowed=narrowed)


def remember(choice: Choice, *, narrowed: bool) -> None:
    """Keep the choice for the next run and write it into the address."""
    st.session_state["choice"] = choice
    params = to_params(choice, narrowed=narrowed)
    if lang := st.session_state.get("address-lang"):
        params["lang"] = [lang]
    if _params() != params:
        st.query_params.from_dict(params)
    st.session_state["written"] = params


def link(page: str, *, brand: str | None = None, **more: str) -> str:
    """Return the address of one of our pages with what is chosen now, for a quoted attribute.

    ``brand`` replaces the chosen one; ``more`` adds parameters, in place of chosen ones.
    """
    choice = current()
    params = to_params(choice if brand is None else replace(choice, brand=brand), narrowed=False)
    kept = [(name, value) for name, values in params.items() for value in values]
    return href(page, [pair for pair in kept if pair[0] not in more] + list(more.items()))


def href(page: str, params: Sequence[tuple[str, str]] = ()) -> str:
    """Return the address of one of our pages, in the language that the reader switched to."""
    lang = st.session_state.get("address-lang")
    return markup.inward(page, [*params, *([("lang", lang)] if lang else [])])


def _params() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _remembered(data: Data) -> Choice:
    """Return the choice of the last run, unless the address was changed from outside."""
    params = _params()
    own = next((brand.name for brand in data.brands()), ALL)
    default = replace(_usual_period(data), brand=own)
    choice: Choice = st.session_state.get("choice", default)
    if choice.brand and choice.brand not in {brand.name for brand in data.brands()}:
        choice = replace(choice, brand=own)
    asked = {name: values for name, values in params.items() if name != "lang"}
    if not asked or params == st.session_state.get("written"):
        return choice
    known = Known(
        brands=tuple(brand.name for brand in data.brands()),
        sources=data.source_names(),
        languages=data.languages(),
    )
    choice = from_params(params, default, known)
    for key in [key for key in st.session_state if str(key).startswith("filter-")]:
        del st.session_state[key]
    return choice


def _usual_period(data: Data) -> Choice:
    """Return the last 30 days, or the last 30 that hold anything when those are long past."""
    newest, usual = data.newest(), periods.PRESETS[periods.DEFAULT]
    if newest is None or newest > data.now - usual:
        return Choice()
    midnight = newest.astimezone(data.settings.zone).replace(hour=0, minute=0, second=0)
    end = midnight + timedelta(days=1)
    return Choice(period=periods.CUSTOM, start=utc(end - usual), end=utc(end))


def first_value(key: str, value: Any) -> str:
    """Give a widget its first value; later its own state counts. Returns the key."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def _brand(choice: Choice, data: Data) -> Choice:
    say = data.say
    names = [brand.name for brand in data.brands()]
    if not names:
        return choice
    options = [*names, ALL]
    picked = st.selectbox(
        say("Brand"),
        options,
        key=first_value("filter-brand", choice.brand),
        format_func=lambda name: name or say("All brands"),
    )
    return replace(choice, brand=picked or ALL)


def _period(choice: Choice, say: Wording, zone: ZoneInfo, *, now: datetime) -> Choice:
    picked = st.selectbox(
        say("Period"),
        list(PERIOD_NAMES),
        key=first_value("filter-period", choice.period),
        format_func=lambda name: say(PERIOD_NAMES[name]),
    )
    if picked != periods.CUSTOM:
        return replace(choice, period=picked, start=None, end=None)
    start, end = choice.bounds(now=now)
    first = _local(say("From"), "filter-from", start, zone)
    last = _local(say("To"), "filter-to", end, zone)
    if first >= last:
        st.warning(say("The period ends before it starts: showing one day."))
        last = first + timedelta(days=1)
    return replace(choice, period=periods.CUSTOM, start=first, end=last)


def _local(label: str, key: str, moment: datetime, zone: ZoneInfo) -> datetime:
    wall = moment.astimezone(zone).replace(tzinfo=None)
    value = st.datetime_input(
        label, key=first_value(key, wall), format="DD/MM/YYYY", step=timedelta(minutes=1)
    )
    # An emptied field keeps what was chosen before.
    return utc((value or wall).replace(tzinfo=zone))


def _several(
    name: str,
    label: str,
    options: Sequence[str],
    chosen: tuple[str, ...],
    say: Wording,
    named: Any = str,
) -> tuple[str, ...]:
    picked = st.multiselect(
        label,
        list(options),
        key=first_value(f"filter-{name}", list(_among(chosen, options))),
        format_func=named,
        placeholder=say("All"),
    )
    return tuple(picked)
