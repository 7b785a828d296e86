"""Blocks: lay a rendered message out in Slack's Block Kit, within its limits.

Every text is cut before it is escaped, so that no entity is cut in two. Marks that Slack would
read as formatting are replaced by look-alikes, so that a quote cannot pose as the message.
"""

from __future__ import annotations

import json
from typing import Any

from alerts.message import AlertLetter, Letter, one_line

BUDGET = 10_000
"""Characters of JSON for all blocks together."""

MAX_BLOCKS = 50
_HEADER = 150
_URL = 500  # a longer address is left out: with the quote it might pass a section's 3000
_MARKS = str.maketrans({"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"})
_DOTS = {
    "critical": "\U0001f534",
    "warning": "\U0001f7e0",
    "info": "\U0001f535",
    "resolved": "\U0001f7e2",
}

# How much is laid out: alerts, quotes and drivers of each; the first that fits is taken.
_SIZES = ((8, 3, 5), (6, 2, 3), (4, 2, 3), (4, 1, 2), (4, 0, 0), (2, 0, 0), (1, 0, 0))


def escape(text: str) -> str:
    """Escape what Slack reads as markup: & < > as entities, * _ ~ ` as look-alikes."""
    text = text.translate(_MARKS)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks_for(letter: Letter) -> list[dict[str, Any]]:
    """Return at most 50 blocks whose JSON has at most 10 000 characters."""
    blocks: list[dict[str, Any]] = []
    for alerts, quotes, causes in _SIZES:
        blocks = _blocks(letter, alerts=alerts, quotes=quotes, causes=causes)
        if len(blocks) <= MAX_BLOCKS and _size(blocks) <= BUDGET:
            break
    return blocks


def _blocks(letter: Letter, *, alerts: int, quotes: int, causes: int) -> list[dict[str, Any]]:
    dot = _DOTS[letter.severity]
    blocks: list[dict[str, Any]] = [
        {
            "type": "header",
            "text": {
                "type": "plain_text",
                "text": one_line(f"{dot} {letter.subject}", _HEADER),
                "emoji": False,
            },
        },
        _context(escape(letter.lead)),
    ]
    for index, alert in enumerate(letter.alerts[:alerts]):
        if index:
            blocks.append({"type": "divider"})
        blocks += _alert(
            alert,
            title=len(letter.alerts) > 1,
            quotes=quotes,
            causes=causes,
            colon=letter.words.say("colon"),
        )
    hidden = len(letter.alerts) - alerts
    if hidden > 0:
        blocks.append(_context(escape(letter.words.say("more_alerts", count=hidden))))
    elif letter.more:
        blocks.append(_context(escape(letter.more)))
    blocks.append(_context(escape(letter.footer)))
    return blocks


def _alert(
    alert: AlertLetter, *, title: bool, quotes: int, causes: int, colon: str
) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    head = [f"{_DOTS[alert.severity]} *{escape(alert.title)}*"] if title else []
    if alert.detail:
        head.append(escape(alert.detail))
    head += [f"{escape(fact.name)}{colon} *{escape(fact.value)}*" for fact in alert.facts]
    blocks.append(_section("\n".join(head)))
    if alert.causes and causes:
        lines = [f"*{escape(alert.why)}*"]
        lines += [
            f"• {escape(cause.name)} ({escape(cause.kind)}){colon} {escape(cause.text)}"
            for cause in alert.causes[:causes]
        ]
        blocks.append(_section("\n".join(lines)))
    for quote in alert.quotes[:quotes]:
        where = escape(quote.where)
        if quote.label_text:
            where += f" · {escape(quote.label_text)}"
        if quote.url and len(quote.url) <= _URL:
            where += f" · <{quote.url.replace('&', '&amp;')}|{escape(quote.link_text)}>"
        blocks.append(_section(f"> {escape(quote.text)}\n> {where}"))
    if alert.link:
        blocks.append(
            {
                "type": "actions",
                "elements": [
                    {
                        "type": "button",
                        "text": {"type": "plain_text", "text": alert.link_text[:75]},
                        "url": alert.link[:3000],
                    }
                ],
            }
        )
    blocks.append(_context(escape(alert.rule)))
    return blocks


def _size(blocks: list[dict[str, Any]]) -> int:
    return len(json.dumps(blocks, ensure_ascii=False))


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _markdown(text)}


def _context(text: str) -> dict[str, Any]:
    return {"type": "context", "elements": [_markdown(text)]}


def _markdown(text: str) -> dict[str, Any]:
    # verbatim: Slack makes no links, channels or people of bare words
    return {"type": "mrkdwn", "text": text, "verbatim": True}
