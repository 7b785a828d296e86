"""Markup: the pieces of HTML that pages are made of. Every text from outside is escaped here.

Pages hand these strings to ``st.html``, which sanitises once more in the browser. Outside text
never goes through Markdown; where a widget's label is Markdown, ``plain`` takes its teeth out.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode, urlsplit

from dashboard.wording import Wording
from renom.enrichment import Label
from renom.mention import Mention
from renom.reading import Found

Spans = Sequence[tuple[int, int]]

# Characters that turn the direction of what follows could make a text read as another one.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])")
_GLYPH = {"negative": "▼", "neutral": "●", "positive": "▲", None: "○"}


def esc(text: object) -> str:
    """Return text safe inside an element or a quoted attribute."""
    return html.escape(_CONTROL.sub(" ", _TURNING.sub("", str(text))), quote=True)


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(_CONTROL.sub(" ", _TURNING.sub("", text)).split()))


def safe_url(url: str | None) -> str | None:
    """Return the URL if it is http(s) with a host and no credentials, else None."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        return None
    if any(unicodedata.category(c).startswith("C") or c.isspace() for c in url):
        return None
    return url


def outward(url: str | None, label: str) -> str:
    """Return a link that opens a foreign page in a new tab, or nothing when it is not http(s)."""
    safe = safe_url(url)
    if safe is None:
        return ""
    return (
        f'<a class="rn-out" href="{esc(safe)}" target="_blank" '
        f'rel="noopener noreferrer nofollow">{esc(label)} ↗</a>'
    )


def inward(page: str, params: Iterable[tuple[str, str]]) -> str:
    """Return the address of one of our pages, relative, safe inside a quoted attribute."""
    asked = urlencode(list(params))
    return esc(f"{quote(page)}?{asked}" if asked else quote(page))


def highlight(text: str, spans: Spans) -> str:
    """Return escaped text with the spans (start, end in characters) marked.

    Spans may overlap, come in any order or lie outside the text.
    """
    pieces: list[str] = []
    at = 0
    for start, end in sorted(spans):
        start, end = max(start, at), min(end, len(text))
        if start >= end:
            continue
        pieces.append(esc(text[at:start]))
        pieces.append(f"<mark>{esc(text[start:end])}</mark>")
        at = end
    pieces.append(esc(text[at:]))
    return "".join(pieces)


def parts(mention: Mention) -> tuple[str, str, int]:
    """Return title, text and where the text begins in ``mention.full_text``."""
    if mention.title and not mention.text.startswith(mention.title):
        return mention.title, mention.text, len(mention.title) + 1
    return mention.title or "", mention.text, 0


def shifted(spans: Spans, by: int) -> list[tuple[int, int]]:
    """Return spans counted from ``by``."""
    return [(start - by, end - by) for start, end in spans if end > by]


def excerpt(text: str, spans: Spans, *, length: int = 300) -> str:
    """Return about ``length`` characters around the first span, marked and escaped."""
    if len(text) <= length:
        return highlight(text, spans)
    first = min((start for start, end in spans if 0 <= start < len(text)), default=0)
    begin = 0 if first < length * 2 // 3 else text.rfind(" ", 0, first - length // 3) + 1
    end = min(len(text), begin + length)
    if end < len(text):
        end = max(text.rfind(" ", begin, end), begin + length // 2)
    cut = highlight(text[begin:end], shifted(spans, begin))
    return f"{'… ' if begin else ''}{cut}{' …' if end < len(text) else ''}"


def tip(text: str) -> str:
    """Return a small sign that explains itself on hover and on focus."""
    return f'<span class="rn-tip" tabindex="0" role="note" data-tip="{esc(text)}">?</span>'


def chip(label: Label | None, say: Wording, *, prefix: str = "") -> str:
    """Return a sentiment as shape, colour and word: never by colour alone."""
    names = {
        "negative": say("Negative"),
        "neutral": say("Neutral"),
        "positive": say("Positive"),
        None: say("Not scored"),
    }
    lead = f"{esc(prefix)} " if prefix else ""
    return (
        f'<span class="rn-chip rn-{label or "unscored"}">'
        f'{lead}<i aria-hidden="true">{_GLYPH[label]}</i> {esc(names[label])}</span>'
    )


def tile(
    name: str,
    value: str,
    *,
    note: str = "",
    change: str = "",
    good: bool | None = None,
    help: str = "",
) -> str:
    """Return one figure with its name. ``change`` is coloured by ``good``; None is neither."""
    tone = {True: "good", False: "bad", None: "even"}[good]
    moved = f'<span class="rn-change rn-{tone}">{esc(change)}</span>' if change else ""
    return (
        f'<div class="rn-tile"><div class="rn-name">{esc(name)}{tip(help) if help else ""}</div>'
        f'<div class="rn-value">{esc(value)} {moved}</div>'
        f'<div class="rn-note">{esc(note)}</div></div>'
    )


def tiles(items: Iterable[str]) -> str:
    """Return tiles side by side."""
    return f'<div class="rn-tiles">{"".join(items)}</div>'


def heading(title: str, note: str = "", help: str = "") -> str:
    """Return the heading of a card. ``note`` says what is counted."""
    extra = f'<span class="rn-note">{esc(note)}</span>' if note else ""
    return f'<h3 class="rn-h">{esc(title)}{tip(help) if help else ""}{extra}</h3>'


def page_title(title: str, note: str) -> str:
    """Return the heading of a page."""
    return f'<h1 class="rn-h1">{esc(title)}<span class="rn-note">{esc(note)}</span></h1>'


def bar(name: str, share: float, figures: str, *, tone: str, href: str = "", kind: str = "") -> str:
    """Return one line of a bar list; ``share`` in 0..1 is its length; ``href`` is escaped."""
    label = f'<bdi title="{esc(name)}">{esc(name)}</bdi>'
    if href:
        label = f'<a href="{href}">{label}</a>'
    tag = f'<span class="rn-kind">{esc(kind)}</span>' if kind else ""
    width = max(0.0, min(1.0, share)) * 100
    return (
        f'<div class="rn-bar"><div class="rn-bar-name">{tag}{label}</div>'
        f'<div class="rn-bar-track"><div class="rn-bar-fill rn-fill-{tone}" '
        f'style="width:{width:.1f}%"></div></div><div class="rn-bar-n">{esc(figures)}</div></div>'
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "") -> str:
    """Return a table. The cells are HTML already; heads are text."""
    top = "".join(f"<th>{esc(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="rn-scroll"><table class="rn-table {esc(css)}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def card(found: Found, say: Wording, *, whole: bool = False, brand: str = "") -> str:
    """Return a mention as a card: what, who, where, when, toward whom, how it feels."""
    mention = found.mention
    title, text, offset = parts(mention)
    body = shifted(found.spans, offset)
    shown = highlight(text, body) if whole else excerpt(text, body)
    head = highlight(title, found.spans if offset else ()) if title else ""
    return (
        '<article class="rn-card" dir="auto">'
        f'<div class="rn-meta">{_meta(found, say)}</div>'
        + (f'<div class="rn-title">{head}</div>' if head else "")
        + f'<div class="rn-text{" rn-whole" if whole else ""}">{shown}</div>'
        f'<div class="rn-foot">{"".join(_chips(found, say, brand))}'
        f"{outward(mention.url, say('Open the source'))}</div></article>"
    )


def _meta(found: Found, say: Wording) -> str:
    mention = found.mention
    author = mention.author
    who = (author.name or author.handle) if author else ""
    bits = [f'<b class="rn-platform">{esc(mention.platform)}</b>']
    if who:
        bits.append(f"<bdi>{esc(who)}</bdi>")
    bits.append(
        f'<time title="{esc(say.exact(mention.published_at))}">'
        f"{esc(say.moment(mention.published_at))}</time>"
    )
    language = found.enrichment.language or mention.language
    if language:
        bits.append(f'<span title="{esc(say.language_name(language))}">{esc(language)}</span>')
    bits.append(f'<span class="rn-dim">{esc(mention.source)}</span>')
    if mention.rating is not None:
        rating = mention.rating
        stars = f"{say.number(rating.given, digits=1)}/{say.number(rating.best, digits=1)}"
        bits.append(f'<span class="rn-rating">★ {esc(stars)}</span>')
    if mention.engagement.total:
        bits.append(
            esc(say.plural("{n} interaction", "{n} interactions", mention.engagement.total))
        )
    if found.story_size > 1:
        others = found.story_size - 1
        bits.append(
            f'<span class="rn-story">'
            f"{esc(say.plural('{n} near-identical', '{n} near-identical', others))}</span>"
        )
    return " · ".join(bits)


def _chips(found: Found, say: Wording, brand: str) -> Iterable[str]:
    for name in found.brands:
        if not brand or name == brand or len(found.brands) <= 3:
            yield chip(label_of(found, name), say, prefix=name)
    if not found.brands:
        yield chip(label_of(found, ""), say)


def label_of(found: Found, brand: str) -> Label | None:
    """Return the sentiment toward a brand, of the whole text when none is known for it."""
    for toward in found.enrichment.brand_sentiments:
        if toward.brand == brand:
            return toward.sentiment.label
    sentiment = found.enrichment.sentiment
    return sentiment.label if sentiment else None
