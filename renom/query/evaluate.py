"""Turn a query's tree into tests on a view. Everything is linear in the text.

A test answers twice: ``holds(view)``, as fast as it can, and ``mark(view, marks)``, which adds
the stretches of tokens that made it hold. Text tests also give all their ``stretches``.

Stretches of ``Near`` are minimal intervals (Clarke, Cormack, Burkowski 1995, "An algebra for
structured text search"): none holds another, so there are never more of them than tokens.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Sequence
from operator import itemgetter

from renom.query.globs import glob
from renom.query.labels import label_test, range_test
from renom.query.text import LONGEST_TOKEN, exact, fold_case, sigil_before
from renom.query.tree import And, Field, Near, Node, Not, Range, Term, Within, Word
from renom.query.view import View

Stretch = tuple[int, int]
"""First token and token after the last."""

_NONE: tuple[int, ...] = ()


class Test(ABC):
    """One node of a tree, ready to run."""

    __slots__ = ()

    @abstractmethod
    def holds(self, view: View) -> bool:
        """Whether the node is true of the view."""

    @abstractmethod
    def mark(self, view: View, marks: set[Stretch]) -> None:
        """Add what to highlight; only called when the node holds."""

    def stretches(self, view: View) -> list[Stretch]:
        """Return every stretch that matches, by start (text nodes only)."""
        raise NotImplementedError


class _PlainWord(Test):
    """One word without wildcard, accent, case or sigil: a look-up."""

    __slots__ = ("word",)

    def __init__(self, word: Word) -> None:
        self.word = word.folded

    def holds(self, view: View) -> bool:
        return self.word in view.words

    def stretches(self, view: View) -> list[Stretch]:
        return [(at, at + 1) for at in view.index.get(self.word, _NONE)]

    def mark(self, view: View, marks: set[Stretch]) -> None:
        marks.update(self.stretches(view))


class _Positions:
    """Where one word stands, with its wildcards, accents, case and sigil."""

    __slots__ = ("any", "fits", "folded", "form", "pattern", "sigil", "wanted")

    def __init__(self, word: Word) -> None:
        self.any, self.folded, self.sigil = word.any, word.folded, word.sigil
        self.fits: Callable[[str], object] | None = None
        if word.wild and not word.any:
            head = self.folded.rstrip("*")
            prefix = "*" not in head and "?" not in head
            self.fits = _starts(head) if prefix else glob(self.folded).fullmatch
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
            found = view.index.get(self.folded, _NONE)
        else:
            fits = self.fits
            fitting = [
                positions
                for token, positions in view.index.items()
                if fits(token) and len(token) <= LONGEST_TOKEN
            ]
            found = fitting[0] if len(fitting) == 1 else sorted(p for ps in fitting for p in ps)
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


def _starts(head: str) -> Callable[[str], bool]:
    return lambda token: token.startswith(head)


class _Words(Test):
    """Words side by side."""

    __slots__ = ("needed", "words")

    def __init__(self, term: Term) -> None:
        self.words = tuple(_Positions(word) for word in term.words)
        plain = [word.folded for word in term.words if not word.wild]
        self.needed = tuple(sorted(plain, key=len, reverse=True))

    def holds(self, view: View) -> bool:
        return bool(self.stretches(view))

    def stretches(self, view: View) -> list[Stretch]:
        for word in self.needed:
            if word not in view.words:
                return []
        width = len(self.words)
        starts: Sequence[int] = self.words[0](view)
        for offset in range(1, width):
            if not starts:
                return []
            follow = self.words[offset](view)
            if isinstance(follow, range):
                starts = [start for start in starts if start + offset < len(view.tokens)]
            else:
                allowed = set(follow) if len(follow) > 8 else follow
                starts = [start for start in starts if start + offset in allowed]
        return [(start, start + width) for start in starts]

    def mark(self, view: View, marks: set[Stretch]) -> None:
        marks.update(self.stretches(view))


class _Any(Test):
    """OR."""

    __slots__ = ("tests",)

    def __init__(self, tests: Sequence[Test]) -> None:
        self.tests = tuple(tests)

    def holds(self, view: View) -> bool:
        return any(test.holds(view) for test in self.tests)

    def stretches(self, view: View) -> list[Stretch]:
        return sorted({stretch for test in self.tests for stretch in test.stretches(view)})

    def mark(self, view: View, marks: set[Stretch]) -> None:
        for test in self.tests:
            if test.holds(view):
                test.mark(view, marks)


class _AnyPlain(_Any):
    """OR of plain words: one set operation, however many words."""

    __slots__ = ("words",)

    def __init__(self, tests: Sequence[_PlainWord]) -> None:
        super().__init__(tests)
        self.words = frozenset(test.word for test in tests)

    def holds(self, view: View) -> bool:
        return not self.words.isdisjoint(view.words)


class _All(Test):
    """AND."""

    __slots__ = ("ordered", "tests")

    def __init__(self, tests: Sequence[Test]) -> None:
        self.tests = tuple(tests)
        self.ordered = tuple(sorted(tests, key=_cost))

    def holds(self, view: View) -> bool:
        for test in self.ordered:  # noqa: SIM110 - the hottest loop; all() is slower
            if not test.holds(view):
                return False
        return True

    def mark(self, view: View, marks: set[Stretch]) -> None:
        for test in self.tests:
            test.mark(view, marks)


class _None(Test):
    """NOT: nothing to highlight."""

    __slots__ = ("test",)

    def __init__(self, test: Test) -> None:
        self.test = test

    def holds(self, view: View) -> bool:
        return not self.test.holds(view)

    def mark(self, view: View, marks: set[Stretch]) -> None:
        return


class _Title(Test):
    """A test inside the title."""

    __slots__ = ("test",)

    def __init__(self, test: Test) -> None:
        self.test = test

    def holds(self, view: View) -> bool:
        return bool(view.document.title) and self.test.holds(view.title)

    def mark(self, view: View, marks: set[Stretch]) -> None:
        self.test.mark(view.title, marks)


class _Value(Test):
    """A field's value; nothing to highlight in the text."""

    __slots__ = ("fits",)

    def __init__(self, node: Field | Range) -> None:
        self.fits = label_test(node) if isinstance(node, Field) else range_test(node)

    def holds(self, view: View) -> bool:
        return self.fits(view.document)

    def mark(self, view: View, marks: set[Stretch]) -> None:
        return


class _Near(Test):
    """NEAR: parts with at most ``distance`` other tokens in the stretch that holds them."""

    __slots__ = ("distance", "needed", "ordered", "size", "tests")

    def __init__(self, node: Near) -> None:
        # The same word twice must stand at two places.
        self.tests = tuple((test_of(item), count) for item, count in Counter(node.items).items())
        self.distance, self.ordered, self.size = node.distance, node.ordered, len(node.items)
        self.needed = tuple(test.word for test, _ in self.tests if isinstance(test, _PlainWord))

    def holds(self, view: View) -> bool:
        return bool(self.stretches(view))

    def stretches(self, view: View) -> list[Stretch]:
        for word in self.needed:
            if word not in view.words:
                return []
        found = [test.stretches(view) for test, _ in self.tests]
        if not all(found):
            return []
        if self.size == 2:
            left, right = found[0], found[-1]
            near = _following(left, right, self.distance)
            if not self.ordered:
                near += _following(right, left, self.distance)
        else:
            near = self._windows(found)
        return _minimal(near)

    def _windows(self, found: list[list[Stretch]]) -> list[Stretch]:
        """Return the smallest windows that hold every part as often as it was written."""
        counts = [count for _, count in self.tests]
        events = sorted(
            (start, end, part) for part, places in enumerate(found) for start, end in places
        )
        windows: list[Stretch] = []
        have = [0] * len(counts)
        missing = len(counts)
        first = 0
        for last, (_, _, part) in enumerate(events):
            have[part] += 1
            missing -= have[part] == counts[part]
            while not missing:
                leaving = events[first][2]
                if have[leaving] == counts[leaving]:
                    self._keep(events[first : last + 1], windows)
                    missing += 1
                have[leaving] -= 1
                first += 1
        return windows

    def _keep(self, events: list[tuple[int, int, int]], windows: list[Stretch]) -> None:
        """Add the window of ``events`` when its parts stand at places of their own, and near."""
        start, end = events[0][0], max(event[1] for event in events)
        covered = {at for first, last, _ in events for at in range(first, last)}
        least = sum(
            count * min(last - first for first, last, at in events if at == part)
            for part, (_, count) in enumerate(self.tests)
        )
        if len(covered) >= least and end - start - least <= self.distance:
            windows.append((start, end))

    def mark(self, view: View, marks: set[Stretch]) -> None:
        windows = self.stretches(view)
        starts = [start for start, _ in windows]
        for test, _ in self.tests:
            inner: set[Stretch] = set()
            test.mark(view, inner)
            for start, end in inner:
                at = bisect_right(starts, start) - 1
                if at >= 0 and end <= windows[at][1]:
                    marks.add((start, end))


def _following(left: list[Stretch], right: list[Stretch], distance: int) -> list[Stretch]:
    """Return each ``left`` joined to the ``right`` that follows within ``distance`` and ends first.

    One pass: ``queue`` holds the stretches in reach that may still end first, by start and end.
    """
    found: list[Stretch] = []
    queue: deque[Stretch] = deque()
    coming = 0
    for start, end in sorted(left, key=itemgetter(1)):
        while coming < len(right) and right[coming][0] <= end + distance:
            while queue and queue[-1][1] >= right[coming][1]:
                queue.pop()
            queue.append(right[coming])
            coming += 1
        while queue and queue[0][0] < end:
            queue.popleft()
        if queue:
            found.append((start, queue[0][1]))
    return found


def _minimal(stretches: list[Stretch]) -> list[Stretch]:
    """Return the stretches that hold no other one, by start."""
    kept: list[Stretch] = []
    for start, end in sorted(stretches, key=lambda stretch: (-stretch[0], stretch[1])):
        if not kept or end < kept[-1][1]:
            kept.append((start, end))
    kept.reverse()
    return kept


def _cost(test: Test) -> int:
    """Rank tests so that AND fails early and cheaply."""
    kinds: tuple[type[Test] | tuple[type[Test], ...], ...] = (
        _PlainWord,
        _AnyPlain,
        _Value,
        _Words,
    )
    return next((rank for rank, kind in enumerate(kinds) if isinstance(test, kind)), len(kinds))


def test_of(node: Node) -> Test:
    """Return the test of a tree."""
    if isinstance(node, Term):
        word = node.words[0]
        lone = len(node.words) == 1
        special = word.wild or word.exact or word.accented or word.sigil
        return _PlainWord(word) if lone and not special else _Words(node)
    if isinstance(node, Near):
        return _Near(node)
    if isinstance(node, Not):
        return _None(test_of(node.item))
    if isinstance(node, Within):
        return _Title(test_of(node.item))
    if isinstance(node, Field | Range):
        return _Value(node)
    tests = [test_of(item) for item in node.items]
    if isinstance(node, And):
        return _All(tests)
    plain = [test for test in tests if isinstance(test, _PlainWord)]
    return _AnyPlain(plain) if len(plain) == len(tests) else _Any(tests)
