"""Match texts against many queries at once.

One multi-pattern scan (Aho-Corasick) over the folded texts finds the anchors that occur in them;
only the queries of these anchors are tested. Texts are folded and scanned many at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ahocorasick_rs import BytesAhoCorasick

from renom.query.anchors import anchors_by_query
from renom.query.document import Document
from renom.query.evaluate import Test, test_of
from renom.query.spreading import END, spread, spread_joined
from renom.query.tree import Query
from renom.query.view import View

Span = tuple[int, int]
"""Start and end of a highlight in characters of ``Document.text``, end excluded."""

_CHUNK = 1 << 16
_TOGETHER = 256

_Hits = tuple[int, int, int, set[int]]
"""Number of a text, its start and end in the joined texts, the queries to test on it."""


class Matcher:
    """Every query of ``queries`` (name to query), ready to be tested on documents.

    Building takes some milliseconds per thousand queries, so a changed set is simply rebuilt.
    Safe to share between threads.
    """

    def __init__(self, queries: Mapping[str, Query]) -> None:
        self._names = tuple(queries)
        self._tests: tuple[Test, ...] = tuple(test_of(query.root) for query in queries.values())
        self._holds = tuple(test.holds for test in self._tests)
        always = []
        anchored: dict[str, list[int]] = {}
        roots = [query.root for query in queries.values()]
        for number, anchors in enumerate(anchors_by_query(roots)):
            if anchors is None:
                always.append(number)
            for anchor in anchors or ():
                anchored.setdefault(anchor, []).append(number)
        self._always = tuple(always)
        self._anchored = tuple(map(tuple, anchored.values()))
        patterns = [anchor.encode() for anchor in anchored]
        self._longest = max(map(len, patterns), default=0)
        self._scan = BytesAhoCorasick(patterns) if patterns else None

    def match(self, document: Document) -> dict[str, tuple[Span, ...]]:
        """Return the names whose query matches, each with the spans to highlight.

        Names come in the order they were given; spans by start, without overlap, and none when
        only fields decided.
        """
        return self.match_many([document])[0]

    def match_many(self, documents: Iterable[Document]) -> list[dict[str, tuple[Span, ...]]]:
        """Return what :meth:`match` says of each document, in order: faster than one by one."""
        given = list(documents)
        answers: list[dict[str, tuple[Span, ...]]] = [{} for _ in given]
        names, tests = self._names, self._tests
        for number, view, found in self._find(given):
            answers[number] = {names[query]: spans_of(tests[query], view) for query in found}
        return answers

    def names(self, document: Document) -> tuple[str, ...]:
        """Return only the names whose query matches: :meth:`match` without highlights."""
        return self.names_many([document])[0]

    def names_many(self, documents: Iterable[Document]) -> list[tuple[str, ...]]:
        """Return what :meth:`names` says of each document, in order: faster than one by one."""
        given = list(documents)
        answers: list[tuple[str, ...]] = [()] * len(given)
        names = self._names
        for number, _, found in self._find(given):
            answers[number] = tuple([names[query] for query in found])
        return answers

    def _find(self, documents: Sequence[Document]) -> Iterator[tuple[int, View, list[int]]]:
        """Yield (number of the document, its view, queries that match) where any matches."""
        holds, always = self._holds, self._always
        texts = [document.text for document in documents]
        for first, batch in _batches(texts):
            folded = spread_joined(batch)
            hits = self._long_hits(folded) if len(batch) == 1 else self._hits(folded)
            for number, start, end, found in _everywhere(folded, hits) if always else hits:
                found.update(always)
                document = documents[first + number]
                view = View(document, document.text, folded[start:end].decode())
                matching = [query for query in found if holds[query](view)]
                if matching:
                    matching.sort()
                    yield first + number, view, matching

    def _hits(self, folded: bytes) -> list[_Hits]:
        """Return where in ``folded`` anchors occur: each text that has any, in order."""
        hits: list[_Hits] = []
        if self._scan is None:
            return hits
        anchored = self._anchored
        number = bound = 0
        for hit, at, _ in self._scan.find_matches_as_indexes(folded, overlapping=True):
            if at >= bound:  # the first hit in another text
                start = folded.rfind(END, bound, at) + 1
                number += folded.count(END, bound, at)
                start = start or bound
                bound = folded.find(END, at)
                bound = bound if bound >= 0 else len(folded)
                queries = set(anchored[hit])
                hits.append((number, start, bound, queries))
            else:
                queries.update(anchored[hit])
        return hits

    def _long_hits(self, folded: bytes) -> list[_Hits]:
        """Do the same for a single text, in pieces, which bounds the memory of the answers."""
        if self._scan is None:
            return []
        queries: set[int] = set()
        for start in range(0, len(folded), _CHUNK):
            piece = folded[start : start + _CHUNK + self._longest - 1]
            found = self._scan.find_matches_as_indexes(piece, overlapping=True)
            for hit in {hit for hit, _, _ in found}:
                queries.update(self._anchored[hit])
        return [(0, 0, len(folded), queries)] if queries else []


def _everywhere(folded: bytes, hits: list[_Hits]) -> Iterator[_Hits]:
    """Yield every text of ``folded``, with the queries of its anchors if it has any."""
    known = {number: queries for number, _, _, queries in hits}
    start = 0
    for number, piece in enumerate(folded.split(END)):
        yield number, start, start + len(piece), known.get(number) or set()
        start += len(piece) + 1


def _batches(texts: Sequence[str], first: int = 0) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield (number of the first, texts) some hundreds at a time, a long text alone."""
    for start in range(0, len(texts), _TOGETHER):
        batch = texts[start : start + _TOGETHER]
        if len(batch) > 1 and sum(map(len, batch)) > _CHUNK:
            middle = len(batch) // 2
            yield from _batches(batch[:middle], first + start)
            yield from _batches(batch[middle:], first + start + middle)
        else:
            yield first + start, batch


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
