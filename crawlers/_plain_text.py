"""Turn what the web and its exports hold into plain, bounded, readable text."""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST = 200_000
"""Characters of a text that are kept; the rest of a longer one is cut."""

TITLE = 500
"""Characters of a title that are kept."""

_MARKUP_LIMIT = 8 * LONGEST
_DROPPED = (
    "script", "style", "noscript", "template", "iframe", "object", "embed", "svg", "canvas",
    "audio", "video", "head", "select", "textarea",
)  # fmt: skip
_PARAGRAPHS = (
    "address", "article", "blockquote", "br", "fieldset", "figcaption", "figure", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "hr", "p", "pre", "section", "table",
)  # fmt: skip
_LINES = ("dd", "div", "dl", "dt", "footer", "header", "li", "main", "nav", "ol", "tr", "ul")
_BREAK = "\ue000"  # private use; stands for a line break while white space is folded
_TAG = re.compile(
    r"<(?:/?(?:a|abbr|article|b|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|embed|"
    r"figure|font|footer|form|h[1-6]|head|header|hr|html|i|iframe|img|input|ins|li|link|main|meta|"
    r"nav|object|ol|p|picture|pre|q|s|script|section|small|span|strike|strong|style|sub|sup|svg|"
    r"table|tbody|td|tfoot|th|thead|time|title|tr|tt|u|ul|video)\b[^<>]{0,5000}>|!--|!\[CDATA\[)",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
# Control and direction characters, byte order marks, soft hyphens. The joiners that emoji and
# many scripts need stay; direction overrides can make a text read as what it is not.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e"
                     "\u2060-\u2069\ue000\ufeff\ufff9-\ufffb]|[\ud800-\udfff]")  # fmt: skip
_SPACES = re.compile(r"[^\S\n]+")
_AROUND_BREAK = re.compile(r" ?\n ?")
_MANY_BREAKS = re.compile(r"\n{3,}")
_MARKED_BREAKS = re.compile(rf"[ {_BREAK}]*{_BREAK}[ {_BREAK}]*")


def from_html(markup: str, limit: int = LONGEST) -> str:
    """Return the readable text of hostile HTML, at most ``limit`` characters.

    Scripts, styles, frames and forms' choices are dropped, block elements and ``<br>`` become
    line breaks, entities are decoded once. Nesting is bounded by the parser.
    """
    if "<" not in markup:
        return tidy(html.unescape(markup), limit)
    from lxml import etree

    markup = _UNSEEN.sub("", markup[:_MARKUP_LIMIT])
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, recover=True
    )
    try:
        root = etree.fromstring(f"<div>{markup}</div>".encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None:
        return tidy(html.unescape(re.sub(r"<[^<>]{0,5000}>?", " ", markup)), limit)
    etree.strip_elements(root, *_DROPPED, with_tail=False)
    for element in root.iter(*_LINES):
        element.text = f"{_BREAK}{element.text or ''}"
        element.tail = f"{_BREAK}{element.tail or ''}"
    for element in root.iter(*_PARAGRAPHS):
        if element.tag != "br":
            element.text = f"{_BREAK * 2}{element.text or ''}"
        element.tail = f"{_BREAK * 2}{element.tail or ''}"
    for element in root.iter("td", "th"):
        element.tail = f" {element.tail or ''}"
    text = re.sub(r"\s+", " ", "".join(root.itertext()))
    text = _MARKED_BREAKS.sub(lambda run: "\n\n" if run[0].count(_BREAK) > 2 else "\n", text)
    return tidy(text, limit)


def from_any(value: str, limit: int = LONGEST) -> str:
    """Return plain text of a value that may or may not hold HTML (titles, exports, posts).

    ``a < b & c`` and ``<3`` stay as they are; ``&amp;`` and ``<p>`` do not.
    """
    if "<" in value and _TAG.search(value[:_MARKUP_LIMIT]):
        return from_html(value, limit)
    if "&" in value and _ENTITY.search(value[:_MARKUP_LIMIT]):
        value = html.unescape(value[:_MARKUP_LIMIT])
    return tidy(value, limit)


def tidy(text: str, limit: int = LONGEST) -> str:
    """Return ``text`` in NFC with white space folded, unseen characters gone, cut at ``limit``."""
    text = text[: limit * 2]
    if not text.isascii() or not text.isprintable():
        text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = unicodedata.normalize("NFC", text)
    text = _AROUND_BREAK.sub("\n", _SPACES.sub(" ", text))
    return _MANY_BREAKS.sub("\n\n", text).strip()[:limit].rstrip()


def one_line(text: str, limit: int = TITLE) -> str | None:
    """Return a title or a name on one line, without markup; None when nothing is left."""
    line = " ".join(from_any(text[: limit * 20], limit * 2).split())
    if len(line) > limit:
        line = f"{line[: limit - 1].rstrip()}…"
    return line or None
