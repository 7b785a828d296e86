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

import codecs
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


def spread(text: str) -> str:
    """Return the folded tokens of ``text`` in order, each between spaces, one at both ends.

    ``spread(text).split()`` are the tokens. Western texts, most of what is collected, go through
    byte tables (some 10 times faster); the rest, and rare characters, through the patterns that
    define a token.
    """
    if _SYMBOL_SIGN in text:
        return _spread_any(text)
    try:
        western = text.encode() if text.isascii() else text.encode("cp1252", "renom-symbols")
    except UnicodeEncodeError:
        return _spread_any(text)
    western = western.translate(_WESTERN)
    if _RARE in western:
        return _spread_any(text)
    for sign, letters in _DOUBLE:
        if sign in western:
            western = western.replace(sign, letters)
    if len(western) == len(western.translate(None, _JOINTS)):
        return f" {western.decode('ascii')} "
    found = _SPREAD.findall(western.decode("cp1252"))
    if _SYMBOL in western:
        found = [chr(int(one[1:], 16)) if one[0] == _SYMBOL_SIGN else one for one in found]
    return f" {' '.join(found)} "


def _spread_any(text: str) -> str:
    text = _plain(text)
    return f" {' '.join([fold_token(token) for token in _finder(text).findall(text)])} "


_RARE, _SYMBOL = b"\x00", b"\x05"
_SYMBOL_SIGN = _SYMBOL.decode()
_DOUBLE = ((b"\x01", b"oe"), (b"\x02", b"ae"), (b"\x03", b"ss"))
_JOINTS = "_+&$€£\x05".encode("cp1252")
_SPREAD = re.compile("[a-z0-9]+(?:_+[a-z0-9]+)*|[+&$€£]|\x05[0-9a-f]+")


def _western() -> bytes:
    """Return the table that folds a cp1252 byte to a letter, digit, joint, sign or space."""
    signs = {letters: sign for sign, letters in _DOUBLE}
    table = bytearray(b" " * 256)
    for code in range(256):
        try:
            char = bytes([code]).decode("cp1252")
        except UnicodeDecodeError:
            continue
        folded = fold(char).encode("cp1252", "ignore")
        if code in _JOINTS:
            table[code] = code
        elif char.isalnum() and len(folded) == 1 and folded.isalnum():
            table[code] = folded[0]
        elif char.isalnum() or char == "\u00ad":
            table[code] = signs.get(folded, _RARE)[0]
    return bytes(table)


_WESTERN = _western()
_no_letters = re.compile(rf"[^\w{INNER}{IDEOGRAPHS}][^\w{IDEOGRAPHS}]*").fullmatch
_symbols = re.compile(f"[{SYMBOLS}]").findall


def _keep_symbols(error: UnicodeError) -> tuple[bytes, int]:
    """Encode a run that cp1252 lacks when it holds no letters: emoji as signs, rest as spaces."""
    assert isinstance(error, UnicodeEncodeError)
    run = error.object[error.start : error.end]
    signs = b""
    for char in _symbols(run):
        if fold(char) != char:
            raise error
        signs += b"\x05%x " % ord(char)
    if not _no_letters(run):
        raise error
    return b" " + signs, error.end


codecs.register_error("renom-symbols", _keep_symbols)


def folded_tokens(text: str) -> list[str]:
    """Return the folded tokens of ``text`` in order: the fast form of :func:`tokens`."""
    return spread(text).split()


def places(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) in characters of each token, in the order of :func:`folded_tokens`."""
    if text.isascii():
        found = _ASCII.finditer(text.lower())
    else:
        text = _plain(text)
        found = _finder(text).finditer(text)
    return (match.span() for match in found)


def sigil_before(text: str, start: int) -> str:
    """Return ``#`` or ``@`` when the token at ``start`` is a hashtag or handle, else nothing."""
    if start == 0 or text[start - 1] not in "#@＃＠":
        return ""
    if start > 1 and (text[start - 2].isalnum() or text[start - 2] == "_"):
        return ""  # me@example.org is no handle, C#net no hashtag
    return "#" if text[start - 1] in "#＃" else "@"


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


def normalise(text: str) -> str:
    """Return the tokens of ``text`` for a full-text index: index forms joined by one space.

    FTS5's ``unicode61`` and PostgreSQL's ``simple`` split it into exactly our tokens, one
    position each. Tokens longer than ``LONGEST_TOKEN`` are cut to keep their position.
    """
    return " ".join([index_form(token[:LONGEST_TOKEN]) for token in folded_tokens(text)])
