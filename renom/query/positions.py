"""Find where one word of a query stands in a text, with its wildcards, accents, case and sigil."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from renom.query.globs import glob
from renom.query.text import LONGEST_TOKEN, exact, fold_case, sigil_before
from renom.query.tree import Word
from renom.query.view import View

_MARKS = frozenset(" \n\t.,;:!?'\"()[]/-#@")


class Positions:
    """Where one word stands, with its wildcards, accents, case and sigil."""

    __slots__ = ("any", "fits", "folded", "form", "pattern", "sigil", "wanted")

    def __init__(self, word: Word) -> None:
        self.any, self.folded, self.sigil = word.any, word.folded, word.sigil
        self.fits: Callable[[str], bool] | None = None
        if word.wild and not word.any:
            head = self.folded.rstrip("*")
            self.fits = _starts(head) if is_prefix(word) else _like(self.folded)
        self.form: Callable[[str], str] | None = None
        self.wanted = ""
        self.pattern: re.Pattern[str] | None = None
        if not word.any and (word.exact or word.accented):
            self.form = exact if word.exact else fold_case
            self.wanted = self.form(word.text)
            self.pattern = glob(self.wanted) if word.wild else None

    def __call__(self, view: View) -> Sequence[int]:
        """Return the positions of the word, in order."""
        found: Sequence[int]
        if self.any:
            found = range(len(view.tokens))
        elif self.fits is None:
            found = view.where(self.folded)
        else:
            found = view.fitting(self.fits)
        if found and (self.form or self.sigil):
            return [position for position in found if self._agrees(view, position)]
        return found

    def _agrees(self, view: View, position: int) -> bool:
        start, end = view.place(position)
        if self.sigil and sigil_before(view.text, start) != self.sigil:
            return False
        if self.form is None:
            return True
        token = self.form(view.text[start:end])
        if self.pattern is not None:
            return self.pattern.fullmatch(token) is not None
        return token == self.wanted


def is_plain(word: Word) -> bool:
    return not (word.wild or word.exact or word.accented or word.sigil)


def is_prefix(word: Word) -> bool:
    return word.wild and word.text.rstrip("*").replace("?", "*").count("*") == 0


def padded(words: Sequence[Word]) -> tuple[str, ...]:
    """Return the words that must stand in the text, between spaces, the longest first."""
    whole = {f" {word.folded} " for word in words if not word.wild}
    return tuple(sorted(whole, key=lambda word: (-len(word), word)))


def any_short(spread: str, head: str) -> bool:
    """Whether a token that starts with ``head`` (after a space) is short enough to count."""
    at = spread.find(head)
    while at >= 0:
        end = spread.find(" ", at + 1)
        if end - at <= LONGEST_TOKEN + 1:
            return True
        at = spread.find(head, end)
    return False


def stands(text: str, word: str) -> bool:
    """Whether ``word`` (ASCII) surely stands in ``text``: between ASCII marks, first time."""
    at = text.find(word)
    before, after = text[at - 1 : at], text[at + len(word) : at + len(word) + 1]
    return at > 0 and before in _MARKS and after in _MARKS and bool(after)


def _starts(head: str) -> Callable[[str], bool]:
    return lambda token: token.startswith(head) and len(token) <= LONGEST_TOKEN


def _like(pattern: str) -> Callable[[str], bool]:
    fits = glob(pattern).fullmatch
    return lambda token: len(token) <= LONGEST_TOKEN and fits(token) is not None
