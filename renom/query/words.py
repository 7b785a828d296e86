"""Split the words of a query by the same rules as text, with wildcards kept inside words."""

from __future__ import annotations

import re

from renom.query.text import IDEOGRAPHS, INNER, SYMBOLS, exact, sigil_before
from renom.query.tree import Word

_letter = rf"(?:(?![{IDEOGRAPHS}])[^\W_]|[*?])"
_run = f"{_letter}+(?:[{INNER}]+{_letter}*)*"
_WORDS = re.compile(f"[{IDEOGRAPHS}]|{_run}(?:_+{_run})*|[{SYMBOLS}]")
_ESCAPED = re.compile(r"\\[*?]")
_BRACES = re.compile(r"\{([^{}]*)\}")
_APOSTROPHES = re.compile("[\u02bb\u02bc\u02bd]")


def read_words(written: str, *, exactly: bool = False) -> tuple[Word, ...]:
    """Return the words of ``written``; ``{...}`` inside it holds exact ones.

    A ``?`` that stands alone is punctuation (``ça va ?``) and left out, and so is what is
    written ``\\*`` or ``\\?``: in a text, these characters separate words like any other mark.
    """
    written = _ESCAPED.sub("..", written)
    words: list[Word] = []
    end = 0
    for match in _BRACES.finditer(written):
        words += _split(written[end : match.start()], exactly)
        words += _split(match.group(1), True)
        end = match.end()
    words += _split(written[end:], exactly)
    return tuple(words)


def phrase(written: str, *, exact: bool = False) -> tuple[Word, ...]:
    """Return the words of a quoted or braced phrase."""
    return read_words(written, exactly=exact)


def _split(written: str, exactly: bool) -> list[Word]:
    written = _APOSTROPHES.sub("'", exact(written))
    words = []
    for match in _WORDS.finditer(written):
        if match.group().strip("?"):
            sigil = sigil_before(written, match.start())
            words.append(Word(match.group(), exactly, sigil))
    return words
