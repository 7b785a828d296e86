"""View: one text prepared for many queries, each part made when first asked for."""

from __future__ import annotations

from array import array

from renom.query.document import Document
from renom.query.text import places, spread


class View:
    """The tokens of a document's text, which ``spread`` holds between spaces.

    ``words`` are the distinct folded tokens. Every part is linear in the text.
    """

    __slots__ = ("_ends", "_index", "_starts", "_title", "document", "text", "tokens", "words")

    def __init__(self, document: Document, text: str, spread: str) -> None:
        self.document = document
        self.text = text
        self.tokens = spread.split()
        self.words = frozenset(self.tokens)
        self._index: dict[str, list[int]] | None = None
        self._starts: array[int] | None = None
        self._ends: array[int] | None = None
        self._title: View | None = None

    @property
    def index(self) -> dict[str, list[int]]:
        """Positions of each folded token, counted in tokens from 0."""
        if self._index is None:
            index: dict[str, list[int]] = {word: [] for word in self.words}
            for position, token in enumerate(self.tokens):
                index[token].append(position)
            self._index = index
        return self._index

    @property
    def title(self) -> View:
        """The view of the title alone; its positions and characters are those of the text."""
        if self._title is None:
            title = self.document.title or ""
            self._title = View(self.document, title, spread(title))
        return self._title

    def place(self, position: int) -> tuple[int, int]:
        """Return (start, end) in characters of the token at ``position``."""
        if self._starts is None or self._ends is None:
            self._starts, self._ends = array("Q"), array("Q")
            for start, end in places(self.text):
                self._starts.append(start)
                self._ends.append(end)
        return self._starts[position], self._ends[position]
