"""Letter: lay a rendered message out as plain text and as HTML for mail.

Templates lie in ``alerts/templates``. HTML is escaped by Jinja2; styles are inline and the
layout is tables, because mail clients drop style sheets.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from alerts.message import AlertLetter, Letter

MAX_HTML = 100_000
"""Bytes of HTML; Gmail cuts a mail at 102 KB."""

_COLOURS = {
    "critical": "#b3261e",
    "warning": "#a85b00",
    "info": "#1f5fa8",
    "resolved": "#2b7a4b",
}


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("alerts", "templates"),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def plain_text(letter: Letter, *, unsubscribe: str = "") -> str:
    """Return the message as plain text of at most 78 columns where words allow."""
    template = _environment().get_template("mail.txt.j2")
    return template.render(letter=letter, words=letter.words, unsubscribe=unsubscribe)


def html(letter: Letter, *, unsubscribe: str = "") -> str:
    """Return the message as an HTML document of less than 100 kB: quotes go first, then alerts."""
    template = _environment().get_template("mail.html.j2")
    smaller = letter
    while True:
        text = template.render(
            letter=smaller,
            words=smaller.words,
            colours=_COLOURS,
            unsubscribe=unsubscribe,
            language=smaller.words.language,
        )
        if len(text.encode()) <= MAX_HTML or not smaller.alerts:
            return text
        smaller = _smaller(smaller)


def _smaller(letter: Letter) -> Letter:
    for index in range(len(letter.alerts) - 1, -1, -1):
        if letter.alerts[index].quotes:
            bare: AlertLetter = replace(letter.alerts[index], quotes=())
            alerts = (*letter.alerts[:index], bare, *letter.alerts[index + 1 :])
            return replace(letter, alerts=alerts)
    return replace(letter, alerts=letter.alerts[:-1])
