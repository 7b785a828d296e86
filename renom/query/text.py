"""Fold and tokenise text: the one definition that matcher, search index and queries share.

A *token* is a run of letters, digits and inner underscores, or one symbol that brands are made
of (``+ & $ € £``, an emoji). Apostrophes, hyphens, dots and all other marks separate tokens, so
that ``l'Orange``, ``d’Orange``, ``Orange-Bank``, ``Orange's`` and ``#orange`` all hold the token
``orange``, while ``#OrangeFail`` is the one token ``orangefail``. Ideographs are a token each.

Three forms of a token, from most to least forgiving:

- :func:`fold`: case, accents, ligatures and look-alike forms (full width, mathematical) removed;
- :func:`fold_case`: case, ligatures and look-alike forms removed, accents kept;
- :func:`exact`: composed (NFC), nothing removed but invisible characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

LONGEST_TOKEN = 200
"""A longer run of letters (base64, a tracking code) is a token that no query matches."""

_INVISIBLE = "\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff"
_ACCENTS = (
    "\u0300-\u034e\u0350-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a"
    "\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
_LIGATURES = {ord("œ"): "oe", ord("æ"): "ae"}
_STROKES = {
    ord("ø"): "o",
    ord("đ"): "d",
    ord("ħ"): "h",
    ord("ł"): "l",
    ord("ı"): "i",
    ord("ŧ"): "t",
}
_APOSTROPHE_LETTERS = re.compile("[\u02bb\u02bc\u02bd]")


def _marks() -> str:
    """Return the combining marks of all scripts as ranges for a character class."""
    ranges: list[list[int]] = []
    for code in range(0x300, 0x1F000):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"{chr(low)}-{chr(high)}" for low, high in ranges)


IDEOGRAPHS = "\u3041-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
SYMBOLS = "+&$€£\u231a-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001f3fa\U0001f400-\U0001faff"
INNER = _marks() + _INVISIBLE

_INVISIBLE_CHARS = frozenset(
    char for char in map(chr, range(0xAD, 0xFF00)) if re.match(f"[{_INVISIBLE}]", char)
)
_SIGILS = re.compile(f"[#@＃＠][{_INVISIBLE}]*")
_strip_invisible = re.compile(f"[{_INVISIBLE}]").sub
_strip_accents = re.compile(f"[{_ACCENTS}{_INVISIBLE}]").sub
_has_ideograph = re.compile(f"[{IDEOGRAPHS}]").search


def _pattern(letter: str) -> str:
    """Return the token pattern over ``letter``; every part is unambiguous, hence linear."""
    run = f"{letter}+(?:[{INNER}]+{letter}*)*"
    return f"{run}(?:_+{run})*|[{SYMBOLS}]"


_ASCII = re.compile(r"[a-z0-9]+(?:_+[a-z0-9]+)*|[+&$]")
_GENERAL = re.compile(_pattern(r"[^\W_]"))
_WITH_IDEOGRAPHS = re.compile(f"[{IDEOGRAPHS}]|" + _pattern(rf"(?:(?![{IDEOGRAPHS}])[^\W_])"))


class Token(NamedTuple):
    """One token: its characters, its folded form, its place and the ``#`` or ``@`` before it."""

    text: str
    folded: str
    start: int
    end: int
    sigil: str


def fold_case(text: str) -> str:
    """Return ``text`` without case, ligatures and look-alike forms, accents kept (NFKD)."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", text).casefold()
    text = unicodedata.normalize("NFKD", text)
    return _strip_invisible("", text).translate(_LIGATURES)


def fold(text: str) -> str:
    """Return ``text`` without case and accents: ``Été`` and ``ete`` give ``ete``; idempotent."""
    if text.isascii():
        return text.lower()
    text = _strip_accents("", unicodedata.normalize("NFKD", text))
    if text.isascii():
        return text.lower()
    text = _strip_accents("", unicodedata.normalize("NFKD", text.casefold()))
    return text if text.isascii() else text.translate(_LIGATURES).translate(_STROKES)


def exact(text: str) -> str:
    """Return ``text`` composed (NFC) and without invisible characters, case and accents kept."""
    if text.isascii():
        return text
    return _strip_invisible("", unicodedata.normalize("NFC", text))


@lru_cache(maxsize=1 << 16)
def _fold_short(token: str) -> str:
    return _unspaced(token)


def _unspaced(token: str) -> str:
    # Single letters may fold to a phrase (U+FDFA) or to nothing (U+037A).
    return fold(token).replace(" ", "") or index_form(token)


def fold_token(token: str) -> str:
    """Return the folded form of one token: :func:`fold`, but never blank nor with a space."""
    if token.isascii():
        return token.lower()
    return _fold_short(token) if len(token) <= 40 else _unspaced(token)  # long ones rarely repeat


def _plain(text: str) -> str:
    """Return ``text``, same length, with the letters that are written for apostrophes replaced."""
    return _APOSTROPHE_LETTERS.sub("'", text)


def _finder(text: str) -> re.Pattern[str]:
    return _WITH_IDEOGRAPHS if _has_ideograph(text) else _GENERAL


def any_tokens(text: str) -> list[str]:
    """Return the folded tokens of ``text`` by the patterns that define them."""
    text = _plain(text)
    return [fold_token(token) for token in _finder(text).findall(text)]


def places(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) in characters of each token, in the order of ``folded_tokens``."""
    if text.isascii():
        found = _ASCII.finditer(text.lower())
    else:
        text = _plain(text)
        found = _finder(text).finditer(text)
    return (match.span() for match in found)


def sigil_before(text: str, start: int) -> str:
    """Return ``#`` or ``@`` when the token at ``start`` is a hashtag or handle, else nothing."""
    sign = _visible_before(text, start)
    if sign < 0 or text[sign] not in "#@＃＠":
        return ""
    before = _visible_before(text, sign)
    if before >= 0 and (text[before].isalnum() or text[before] == "_"):
        return ""  # me@example.org is no handle, C#net no hashtag
    return "#" if text[sign] in "#＃" else "@"


def _visible_before(text: str, at: int) -> int:
    """Return the place of the last visible character before ``at``, or -1."""
    at -= 1
    while at >= 0 and text[at] in _INVISIBLE_CHARS:
        at -= 1
    return at


def sigils(text: str) -> dict[str, str]:
    """Return the ``#`` and ``@`` that stand before each folded token of ``text``, if any.

    Asks for the tokens after such signs only, as hashtags are rare beside words.
    """
    found: dict[str, str] = {}
    text = _plain(text)
    finder = _finder(text)
    for sign in _SIGILS.finditer(text):
        match = finder.match(text, sign.end())
        if match and (sigil := sigil_before(text, match.start())):
            token = fold_token(match.group())
            found[token] = found.get(token, "") + sigil
    return found


def tokens(text: str) -> list[Token]:
    """Return the tokens of ``text`` in order; positions count characters, end excluded."""
    found = []
    for start, end in places(text):
        surface = text[start:end]
        sigil = sigil_before(text, start)
        found.append(Token(surface, fold_token(surface), start, end, sigil))
    return found


def index_form(folded: str) -> str:
    """Return a folded token as the full-text index holds it: only ``a-z`` and ``0-9``.

    Other characters become ``u`` and their hexadecimal number (``+`` is ``u2b``), so that no
    database's own tokeniser can split, fold or drop what we call a token. A prefix of a token
    has a prefix as its index form. Two tokens may share an index form: search re-checks.
    """
    if folded.isascii() and folded.isalnum():
        return folded
    return "".join(c if c.isascii() and c.isalnum() else f"u{ord(c):x}" for c in folded)
