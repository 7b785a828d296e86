"""Find the names of configured brands in text: a trie over folded words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nlp import _text
from renom.brand import Brand

_PIECE = re.compile(r"[^\W_]+|_+")
_TAGGED = re.compile(r"[@#]\w+")


@dataclass(frozen=True, slots=True)
class Found:
    """A brand's name in a text. ``sure`` when its form alone tells it from a common word."""

    brand: str
    start: int
    end: int
    sure: bool


@dataclass(slots=True)
class _Node:
    next: dict[str, _Node] = field(default_factory=dict)
    ends: tuple[tuple[str, str], ...] = ()  # (brand, name as configured)


def _pieces(text: str) -> list[str]:
    return [_text.fold(piece) for piece in _PIECE.findall(text)]


class Gazetteer:
    """Names, aliases, handles and hashtags of brands, found longest first.

    Words are compared without case and accents; a name stands alone or behind an elision
    (``l'Orange``), may carry ``'s`` or a plural ``s``, and is also found written together as a
    hashtag or a handle (``#FreeMobile``).
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._root = _Node()
        self._tags: dict[str, str] = {}
        for brand in brands:
            for name in (brand.name, *brand.aliases):
                self._add(brand.name, name)
            for handle in brand.handles.values():
                self._tags.setdefault(_text.fold(handle.lstrip("@#")), brand.name)

    def _add(self, brand: str, name: str) -> None:
        pieces = _pieces(name)
        if not pieces:
            return
        node = self._root
        for piece in pieces:
            node = node.next.setdefault(piece, _Node())
        node.ends = (*node.ends, (brand, name))
        self._tags.setdefault("".join(pieces), brand)

    def find(self, text: str) -> list[Found]:
        """Return the brands named in ``text`` in order, never overlapping."""
        text = _text.straighten(text)
        if not self._root.next:
            return []
        tagged = list(self._find_tags(text))
        taken = [(m.start(), m.end()) for m in _TAGGED.finditer(text)]
        spans = [(m.group(), m.start(), m.end()) for m in _PIECE.finditer(text)]
        words = [(_text.fold(word), start, end) for word, start, end in spans]
        found = list(tagged)
        i = 0
        while i < len(words):
            hit = self._walk(text, words, i)
            if hit is None:
                i += 1
                continue
            length, one = hit
            if not any(start < one.end and one.start < end for start, end in taken):
                found.append(one)
            i += length
        return sorted(found, key=lambda one: one.start)

    def _find_tags(self, text: str) -> Iterator[Found]:
        for match in _TAGGED.finditer(text):
            brand = self._tags.get(_text.fold(match.group()[1:]))
            if brand is not None:
                yield Found(brand, match.start(), match.end(), sure=True)

    def _walk(
        self, text: str, words: list[tuple[str, int, int]], i: int
    ) -> tuple[int, Found] | None:
        node = self._root
        best: tuple[int, Found] | None = None
        start = words[i][1]
        for k in range(i, len(words)):
            word, begin, end = words[k]
            if k > i and begin - words[k - 1][2] > 3:
                break
            following = node.next.get(word)
            if following is None and len(word) > 4 and word.endswith("s"):
                following = node.next.get(word[:-1])
            if following is None:
                break
            node = following
            if node.ends:
                brand, name = node.ends[0]
                surface = text[start:end]
                sure = k > i or (surface in (name, f"{name}s") and not surface.islower())
                best = (k - i + 1, Found(brand, start, end, sure))
        return best
