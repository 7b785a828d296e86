"""View: one text prepared for many queries, each part made when first asked for."""

from __future__ import annotations

from array import array

from renom.query.document import Document
from renom.query.text import folded_tokens, places


class View:
    """The tokens of a document's text by folded form, and their places.

    ``index`` maps folded token to its positions, which count tokens from 0; ``size`` is their
    number. Building is linear in the text; places in characters are only made when asked for.
    """

    __slots__ = ("_ends", "_starts", "_title", "document", "index", "size", "text")

    def __init__(self, document: Document, text: str) -> None:
        self.document = document
        self.text = text
        words = folded_tokens(text)
        self.size = len(words)
        index: dict[str, list[int]] = {}
        for position, word in enumerate(words):
            if word in index:
                index[word].append(position)
            else:
                index[word] = [position]
        self.index = index
        self._starts: array[int] | None = None
        self._ends: array[int] | None = None
        self._title: View | None = None

    @property
    def title(self) -> View:
        """The view of the title alone; its positions and characters are those of the text."""
        if self._title is None:
            self._title = View(self.document, self.document.title or "")
        return self._title

    def place(self, position: int) -> tuple[int, int]:
        """Return (start, end) in characters of the token at ``position``."""
        if self._starts is None or self._ends is None:
            self._starts, self._ends = array("Q"), array("Q")
            for start, end in places(self.text):
                self._starts.append(start)
                self._ends.append(end)
        return self._starts[position], self._ends[position]
