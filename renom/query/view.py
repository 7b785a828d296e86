"""View: one text prepared for many queries, each part made when first asked for."""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar, overload

from renom.query.document import Document
from renom.query.spreading import spread
from renom.query.text import exact, places, sigils

_SHORT = 2_000
"""Up to so many characters, looking for a word in the text is faster than splitting it."""

_FEW = 128


_T = TypeVar("_T")


class _made(Generic[_T]):
    """A property made once, when first asked for: ``functools.cached_property`` without a lock."""

    def __init__(self, make: Callable[[Any], _T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, view: None, owner: type[View]) -> _made[_T]: ...
    @overload
    def __get__(self, view: View, owner: type[View]) -> _T: ...
    def __get__(self, view: View | None, owner: type[View]) -> _made[_T] | _T:
        if view is None:
            return self
        value = view.__dict__[self._name] = self._make(view)
        return value


class View:
    """The tokens of a text, which ``spread`` holds between spaces. Every part is linear in it.

    A folded word stands in the text when ``f" {word} "`` is in ``haystack``.
    """

    def __init__(self, document: Document, text: str, spread: str) -> None:
        self.document = document
        self.text = text
        self.spread = spread
        self.near: dict[int, list[tuple[int, int]]] = {}
        self.haystack: Collection[str] = (
            spread if len(spread) <= _SHORT else {f" {word} " for word in self.words}
        )

    @_made
    def tokens(self) -> list[str]:
        """The folded tokens in order."""
        return self.spread.split()

    @_made
    def words(self) -> frozenset[str]:
        """The distinct folded tokens."""
        return frozenset(self.tokens)

    @_made
    def line(self) -> str:
        """The folded tokens, each between single spaces: holds a phrase as it holds a word."""
        return f" {' '.join(self.tokens)} "

    @_made
    def index(self) -> dict[str, list[int]]:
        """Positions of each folded token, counted in tokens from 0."""
        index: dict[str, list[int]] = {word: [] for word in self.words}
        for position, token in enumerate(self.tokens):
            index[token].append(position)
        return index

    def fitting(self, fits: Callable[[str], object]) -> Sequence[int]:
        """Return the positions of the folded tokens that ``fits`` accepts, in order."""
        if len(self.tokens) <= _FEW:
            return [at for at, token in enumerate(self.tokens) if fits(token)]
        found = [places for token, places in self.index.items() if fits(token)]
        return found[0] if len(found) == 1 else sorted(at for places in found for at in places)

    def where(self, word: str) -> Sequence[int]:
        """Return the positions of a folded token."""
        tokens = self.tokens
        if len(tokens) > _FEW:
            return self.index.get(word, ())
        count = tokens.count(word)
        if not count:
            return ()
        first = tokens.index(word)
        if count == 1:
            return (first,)
        return [at for at in range(first, len(tokens)) if tokens[at] == word]

    @_made
    def exact(self) -> str | None:
        """The text as ``{braces}`` read it, or None when it would have to be composed first.

        Part of a composed text is composed, so a word that isn't in it is no token of it.
        """
        if self.text.isascii():
            return self.text
        return exact(self.text) if unicodedata.is_normalized("NFC", self.text) else None

    @_made
    def sigils(self) -> dict[str, str]:
        """The ``#`` and ``@`` that stand before each folded token."""
        return sigils(self.text)

    @_made
    def title(self) -> View:
        """The view of the title alone; its positions and characters are those of the text."""
        title = self.document.title or ""
        return View(self.document, title, spread(title))

    @_made
    def _places(self) -> tuple[Sequence[int], Sequence[int]]:
        if len(self.text) <= _SHORT:
            spans = list(places(self.text))
            return [start for start, _ in spans], [end for _, end in spans]
        starts, ends = array("Q"), array("Q")
        for start, end in places(self.text):
            starts.append(start)
            ends.append(end)
        return starts, ends

    def place(self, position: int) -> tuple[int, int]:
        """Return (start, end) in characters of the token at ``position``."""
        starts, ends = self._places
        return starts[position], ends[position]
