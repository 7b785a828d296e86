"""Match one text against many queries at once.

One multi-pattern scan (Aho-Corasick) over the folded text finds the anchors that occur in it;
only the queries of these anchors are tested, on an index of the text's tokens made once.
"""

from __future__ import annotations

from collections.abc import Mapping

from ahocorasick_rs import AhoCorasick

from renom.query.anchors import anchors_of
from renom.query.document import Document
from renom.query.evaluate import Test, test_of
from renom.query.text import spread
from renom.query.tree import Query
from renom.query.view import View

Span = tuple[int, int]
"""Start and end of a highlight in characters of ``Document.text``, end excluded."""

_CHUNK = 1 << 16


class Matcher:
    """Every query of ``queries`` (name to query), ready to be tested on documents.

    Building takes some milliseconds per thousand queries, so a changed set is simply rebuilt.
    Safe to share between threads.
    """

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._names = tuple(queries)
        self._tests: tuple[Test, ...] = tuple(test_of(query.root) for query in queries.values())
        always = []
        anchored: dict[str, list[int]] = {}
        for number, query in enumerate(queries.values()):
            anchors = anchors_of(query.root)
            if anchors is None:
                always.append(number)
            for anchor in anchors or ():
                anchored.setdefault(anchor, []).append(number)
        self._always = tuple(always)
        self._anchored = tuple(map(tuple, anchored.values()))
        self._longest = max(map(len, anchored), default=0)
        self._scan = AhoCorasick(list(anchored)) if anchored else None

    def match(self, document: Document) -> dict[str, tuple[Span, ...]]:
        """Return the names whose query matches, each with the spans to highlight.

        Names come in the order they were given; spans by start, without overlap, and none when
        only fields decided.
        """
        view, found = self._find(document)
        if view is None:
            return {}
        return {self._names[number]: spans_of(self._tests[number], view) for number in found}

    def names(self, document: Document) -> tuple[str, ...]:
        """Return only the names whose query matches: :meth:`match` without highlights."""
        return tuple([self._names[number] for number in self._find(document)[1]])

    def _find(self, document: Document) -> tuple[View | None, list[int]]:
        """Return the view, when one was needed, and the numbers of the queries that match."""
        text = spread(document.text)
        hits = self._hits(text)
        if not hits and not self._always:
            return None, []
        candidates = set(self._always)
        for hit in hits:
            candidates.update(self._anchored[hit])
        view = View(document, document.text, text)
        tests = self._tests
        return view, sorted([number for number in candidates if tests[number].holds(view)])

    def _hits(self, text: str) -> set[int]:
        """Return the numbers of the anchors that occur in a spread text."""
        if self._scan is None:
            return set()
        find = self._scan.find_matches_as_indexes
        if len(text) <= _CHUNK:
            return {hit for hit, _, _ in find(text, overlapping=True)}
        hits: set[int] = set()
        for start in range(0, len(text), _CHUNK):  # bounds the memory of the answers
            piece = text[start : start + _CHUNK + self._longest - 1]
            hits.update([hit for hit, _, _ in find(piece, overlapping=True)])
        return hits


def matches(query: Query, document: Document) -> bool:
    """Whether ``query`` matches ``document``. For many texts or queries, use a Matcher."""
    return test_of(query.root).holds(View(document, document.text, spread(document.text)))


def spans(query: Query, document: Document) -> tuple[Span, ...]:
    """Return what to highlight of ``query`` in ``document.text``; nothing when it doesn't match."""
    test, view = test_of(query.root), View(document, document.text, spread(document.text))
    return spans_of(test, view) if test.holds(view) else ()


def spans_of(test: Test, view: View) -> tuple[Span, ...]:
    """Return the spans of a test that holds, by start, touching words of one phrase as one."""
    marks: set[tuple[int, int]] = set()
    test.mark(view, marks)
    merged: list[tuple[int, int]] = []
    for first, last in sorted(marks):
        start, end = view.place(first)[0], view.place(last - 1)[1]
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
