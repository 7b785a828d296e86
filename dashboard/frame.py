"""Frame: what surrounds every page: navigation, filters, language, banners and footer."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Literal

import streamlit as st

from dashboard import filters, firststeps, markup, settings, views
from dashboard.data import Data
from dashboard.wording import NAMES, Wording
from renom import __version__
from renom.errors import StorageError

_ICON = Path(__file__).with_name("favicon.svg")


@cache
def pages() -> tuple[tuple[str, ModuleType], ...]:
    """Return (address, module) of every page: the files of ``dashboard/views`` by ORDER."""
    names = [m.name for m in pkgutil.iter_modules(views.__path__) if not m.name.startswith("_")]
    found = [(name, importlib.import_module(f"dashboard.views.{name}")) for name in names]
    return tuple(sorted(found, key=lambda page: page[1].ORDER))


@cache
def _style() -> str:
    return f"<style>{Path(__file__).with_name('style.css').read_text('utf-8')}</style>"


def language(chosen: settings.Settings) -> str:
    """Return the language to speak: the address, then the environment, then the browser."""
    asked = st.query_params.get("lang", "")
    if asked in NAMES and asked != st.session_state.get("address-lang"):
        st.session_state["address-lang"] = asked
        st.session_state["language"] = asked
    browser = (st.context.locale or "")[:2]
    default = chosen.language or (browser if browser in NAMES else chosen.usual_language)
    return str(st.session_state.get("language") or default)


def _switch(current: str, say: Wording) -> None:
    picked = st.segmented_control(
        say("Language"),
        list(NAMES),
        key=filters.first_value("language-switch", current),
        format_func=lambda code: NAMES[code],
        required=True,
        width="stretch",
    )
    if picked and picked != current:
        st.session_state["language"] = picked
        st.session_state["address-lang"] = picked
        st.query_params["lang"] = picked
        st.rerun()


def _show(module: ModuleType, data: Data) -> None:
    say = data.say
    choice = filters.current()
    scope: filters.Scope = module.SCOPE
    selection = (choice.narrowed if scope == "mentions" else choice.selection)(now=data.now)
    st.html(markup.page_title(say(module.TITLE), _scope_note(scope, choice, data)))
    try:
        if data.empty():
            firststeps.show(data)
        else:
            module.render(selection, data)
    except StorageError as error:
        firststeps.no_database(data, error)
    st.html(f'<div class="rn-footer">Renom {markup.esc(__version__)} · {_clock(data)}</div>')


def _scope_note(scope: filters.Scope, choice: filters.Choice, data: Data) -> str:
    say = data.say
    if scope == "everything":
        return say("all brands, all periods")
    brand = say("All brands") if scope == "panel" else choice.brand or say("All brands")
    return f"{brand} · {_period_note(choice, say, data.now)}"


def _period_note(choice: filters.Choice, say: Wording, now: datetime) -> str:
    if choice.period != filters.periods.CUSTOM:
        return say(filters.PERIOD_NAMES[choice.period])
    start, end = choice.bounds(now=now)
    return f"{say.moment(start)} – {say.moment(end)}"


def _clock(data: Data) -> str:
    say = data.say
    shown = say("as of {moment}, times in {zone}").format(
        moment=say.moment(data.now), zone=data.settings.timezone
    )
    return markup.esc(shown)


def _banners(chosen: settings.Settings, say: Wording) -> None:
    if chosen.notice:
        st.html(f'<div class="rn-banner" role="note">{markup.esc(chosen.notice)}</div>')
    if chosen.problem:
        text = say("The configuration cannot be read: {problem}").format(problem=chosen.problem)
        st.html(f'<div class="rn-banner" role="alert">{markup.esc(text)}</div>')


def _sidebar(data: Data, module: ModuleType) -> None:
    say = data.say
    st.html('<div class="rn-logo">Ren<b>o</b>m</div>')
    try:
        filters.sidebar(data, scope=module.SCOPE)
    except StorageError:
        st.caption(say("The database cannot be read"))
    _switch(say.language, say)
    st.text_input(
        say("Your name"),
        key="reader-name",
        max_chars=80,
        help=say("Written beside what you correct or acknowledge."),
    )


def _navigation(data: Data) -> dict[str, tuple[st.Page, ModuleType]]:
    """Return the pages by address; the first stands at the root and under its own name."""
    entries: dict[str, tuple[st.Page, ModuleType]] = {}
    for index, (name, module) in enumerate(pages()):
        title = data.say(module.TITLE)
        body = partial(_show, module, data)
        if index == 0:
            root = st.Page(body, title=title, icon=module.ICON, url_path="home", default=True)
            entries[root.url_path] = (root, module)
        visibility: Literal["visible", "hidden"] = "hidden" if index == 0 else "visible"
        page = st.Page(body, title=title, icon=module.ICON, url_path=name, visibility=visibility)
        entries[name] = (page, module)
    return entries


def main() -> None:
    """Draw the page that the address names."""
    # An icon by name would be fetched from a font server: this one comes from our folder.
    st.set_page_config(page_title="Renom", page_icon=str(_ICON), layout="wide")
    chosen = settings.read()
    now = datetime.now(UTC)
    say = Wording(language(chosen), chosen.zone, now.astimezone(chosen.zone).year)
    data = Data(chosen, say, now=now)
    st.html(_style())
    entries = _navigation(data)
    page = st.navigation([entry for entry, _ in entries.values()], position="top")
    _banners(chosen, say)
    with st.sidebar:
        _sidebar(data, entries[page.url_path][1])
    page.run()
