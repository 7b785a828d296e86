"""First steps: what a page says while there is nothing to show yet."""

from __future__ import annotations

import streamlit as st

from dashboard import markup
from dashboard.data import Data
from renom.errors import StorageError


def show(data: Data) -> None:
    """Say how the first mentions get in."""
    say = data.say
    steps = (
        ("renom init", say("writes a configuration file: name your brand and its competitors")),
        ("renom check", say("tells what is wrong in it, if anything")),
        ("renom collect", say("looks once at every source")),
        ("renom import FILE", say("or bring in a CSV, JSONL or Excel file you already have")),
        ("renom run", say("keeps collecting, understanding and warning")),
    )
    items = "".join(
        f"<li><code>{markup.esc(command)}</code> – {markup.esc(text)}</li>"
        for command, text in steps
    )
    title = say("Nothing has been collected yet")
    note = say("This page fills by itself once the first mentions are in.")
    with st.container(key="card-first-steps"):
        st.html(
            f'{markup.heading(title)}<ol class="rn-steps">{items}</ol>'
            f'<div class="rn-note">{markup.esc(note)}</div>'
        )
    _look_again(data)


@st.fragment(run_every="20s")
def _look_again(data: Data) -> None:
    if not data.empty():
        st.rerun()


def no_database(data: Data, error: StorageError) -> None:
    """Say that the database cannot be read, and what to do about it."""
    say = data.say
    hint = error.hint or say("Run `renom check`, then open this page again.")
    with st.container(key="card-no-database"):
        st.html(
            f"{markup.heading(say('The database cannot be read'))}"
            f"<p>{markup.esc(error.message)}</p>"
            f'<div class="rn-note">{markup.esc(hint)}</div>'
        )


def nothing_here(data: Data) -> None:
    """Say that the selection holds nothing, and over which time there is something."""
    say = data.say
    text = say("Choose a longer period, or take filters away.")
    if newest := data.newest():
        text += " " + say("The newest mention held is of {day}.").format(day=say.day(newest))
    with st.container(key="card-nothing-here"):
        st.html(
            f"{markup.heading(say('No mention in this selection'))}"
            f'<div class="rn-note">{markup.esc(text)}</div>'
        )
