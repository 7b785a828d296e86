"""Fold and split many texts at once: the fast form of what ``renom.query.text`` defines.

A *spread* text holds its folded tokens in order, each between spaces: ``L’Été, ok`` gives
``" l ete ok "`` (spaces may be doubled). Many texts are joined, folded by one byte table and cut
again, so that a text costs a share of a few calls rather than a dozen of its own.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from functools import lru_cache

from renom.query.text import (
    IDEOGRAPHS,
    INNER,
    LONGEST_TOKEN,
    SYMBOLS,
    any_tokens,
    fold,
    index_form,
)

END = b"\n"
"""What separates spread texts that stand in one piece; no token holds it."""

_CUT, _EURO, _SYMBOL = "\x06", "\x04", "\x05"
_RARE = b"\x00"
_RARE_SIGN = b"\x80"
_LONGEST_RUN = 40
_DOUBLE = ((b"\x01", b"oe"), (b"\x02", b"ae"), (b"\x03", b"ss"))
_JOINTS = (("+", b" + "), ("&", b" & "), ("$", b" $ "), ("£", " £ ".encode()))
# What French and English texts hold beyond Latin-1, as plain characters of the same meaning.
_TYPED = (
    ("’", " "), ("‘", " "), ("“", " "), ("”", " "), ("…", " "), ("–", " "), ("—", " "),
    ("•", " "), ("\u202f", " "), ("œ", "oe"), ("Œ", "oe"), ("€", _EURO),
)  # fmt: skip


def spread(text: str) -> str:
    """Return the folded tokens of ``text`` in order, each between spaces, one at both ends.

    ``spread(text).split()`` are the tokens.
    """
    return spread_joined([text]).decode()


def spread_joined(texts: Sequence[str]) -> bytes:
    """Return the spread ``texts`` in UTF-8, joined by :data:`END`.

    Western texts, most of what is collected, go through byte tables; other scripts and rare
    characters, text by text, through the patterns that define a token.
    """
    joined = _joined(texts)
    if joined.isascii():
        folded = joined.encode().translate(_TABLE)
    else:
        for typed, plain in _TYPED:
            if typed in joined:
                joined = joined.replace(typed, plain)
        folded = joined.encode("latin-1", "renom-symbols").translate(_TABLE)
        for sign, letters in _DOUBLE:
            if sign in folded:
                folded = folded.replace(sign, letters)
    if b"_" in folded:
        folded = _UNDERSCORES.sub(_inner, folded)
    for joint, between in _SIGNS:
        if joint in folded:
            folded = folded.replace(joint, between)
    if _SYMBOL.encode() in folded:
        folded = _SIGN.sub(lambda match: chr(int(match[1], 16)).encode(), folded)
    if _RARE in folded:
        pieces = folded.split(END)
        for number, piece in enumerate(pieces):
            if _RARE in piece:
                pieces[number] = f" {' '.join(any_tokens(texts[number]))} ".encode()
        folded = END.join(pieces)
    return folded


def _joined(texts: Sequence[str]) -> str:
    """Return the texts with a sign between, free of the control characters that mean something."""
    between = f" {_CUT} "
    joined = between.join(texts)
    if joined.count(_CUT) != len(texts) - 1:
        joined = between.join([text.replace(_CUT, " ") for text in texts])
    for sign in (_EURO, _SYMBOL):
        if sign in joined:
            joined = joined.replace(sign, " ")
    return f" {joined} "


def folded_tokens(text: str) -> list[str]:
    """Return the folded tokens of ``text`` in order: the fast form of ``tokens``."""
    return spread(text).split()


def normalise(text: str) -> str:
    """Return the tokens of ``text`` for a full-text index: index forms joined by one space.

    FTS5's ``unicode61`` and PostgreSQL's ``simple`` split it into exactly our tokens, one
    position each. Tokens longer than ``LONGEST_TOKEN`` are cut to keep their position.
    """
    return " ".join([index_form(token[:LONGEST_TOKEN]) for token in folded_tokens(text)])


def _table() -> bytes:
    """Return the table that folds a Latin-1 byte to a letter, digit, joint, sign or space."""
    signs = {letters: sign for sign, letters in _DOUBLE}
    kept = "".join(joint for joint, _ in _JOINTS) + "_" + _EURO + _SYMBOL
    table = bytearray(b" " * 256)
    for code in range(256):
        char = chr(code)
        folded = fold(char).encode("latin-1", "ignore")
        if char in kept:
            table[code] = code
        elif char.isalnum() and len(folded) == 1 and folded.isalnum():
            table[code] = folded[0]
        elif char.isalnum() or char == "\u00ad":
            table[code] = signs.get(folded, _RARE)[0]
    table[ord(_CUT)] = END[0]
    table[_RARE_SIGN[0]] = _RARE[0]
    return bytes(table)


_TABLE = _table()
_SIGNS = [(joint.encode("latin-1"), between) for joint, between in _JOINTS]
_SIGNS.append((_EURO.encode(), " € ".encode()))
_UNDERSCORES = re.compile(rb"__*")  # a literal first is searched for at the speed of memory
_SIGN = re.compile(rb"\x05([0-9a-f]+)")


def _inner(match: re.Match[bytes]) -> bytes:
    """Keep underscores between letters or digits of one token; others separate."""
    text = match.string
    start, end = match.span()
    inside = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    return match[0] if inside else b" "


_no_letters = re.compile(rf"[^\w{INNER}{IDEOGRAPHS}][^\w{IDEOGRAPHS}]*").fullmatch
_symbols = re.compile(f"[{SYMBOLS}]").findall


@lru_cache(maxsize=4096)
def _symbols_of(run: str) -> bytes:
    """Return what stands for a run beyond Latin-1: signs of its emoji, spaces, or rare."""
    if not _no_letters(run):
        return _RARE_SIGN
    signs = b" "
    for char in _symbols(run):
        if fold(char) != char:
            return _RARE_SIGN
        signs += b"\x05%x " % ord(char)
    return signs


def _keep_symbols(error: UnicodeError) -> tuple[bytes, int]:
    """Encode a run beyond Latin-1: emoji as signs, other marks as spaces, letters as rare."""
    assert isinstance(error, UnicodeEncodeError)
    start, end = error.start, error.end
    if end - start > _LONGEST_RUN:
        return _RARE_SIGN, end
    return _symbols_of(error.object[start:end]), end


codecs.register_error("renom-symbols", _keep_symbols)
