"""Turn a query's tree into tests on a view. Everything is linear in the text.

A test answers twice: ``holds(view)``, as fast as it can, and ``mark(view, marks)``, which adds
the stretches of tokens that made it hold. Text tests also give all their ``stretches``.

Stretches of ``Near`` are minimal intervals (Clarke, Cormack, Burkowski 1995, "An algebra for
structured text search"): none holds another, so there are never more of them than tokens.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from renom.query.anchors import anchor_of
from renom.query.labels import label_test, range_test
from renom.query.positions import Positions, any_short, is_plain, is_prefix, padded, stands
from renom.query.stretches import Stretch, Test, following, minimal
from renom.query.text import exact
from renom.query.tree import And, Field, Near, Node, Not, Range, Term, Within, Word
from renom.query.view import View

MOST_MARKS = 20_000
"""When so much of a text is highlighted, further words of the query aren't: time is bounded."""

_FEW_WORDS = 8
_WIDE = {"#": "＃", "@": "＠"}


class _PlainWord(Test):
    """One word without wildcard, accent, case or sigil: a look-up."""

    __slots__ = ("padded", "word")

    def __init__(self, word: Word) -> None:
        self.word = word.folded
        self.padded = f" {self.word} "

    def holds(self, view: View) -> bool:
        return self.padded in view.haystack

    def stretches(self, view: View) -> list[Stretch]:
        if self.padded not in view.haystack:
            return []
        return [(at, at + 1) for at in view.where(self.word)]

    def mark(self, view: View, marks: set[Stretch]) -> None:
        if len(marks) < MOST_MARKS:
            marks.update(self.stretches(view))


class _Words(Test):
    """Words side by side."""

    __slots__ = ("exact", "head", "line", "lone", "needed", "parts", "sigil", "words")

    def __init__(self, term: Term) -> None:
        self.words = tuple(Positions(word) for word in term.words)
        self.needed = padded(term.words)
        self.parts = tuple(anchor_of(word) for word in term.words if word.wild and not word.any)
        self.exact = tuple(exact(word.text) for word in term.words if word.exact and not word.wild)
        self.line = ""
        if all(map(is_plain, term.words)):
            self.line = f" {' '.join(word.folded for word in term.words)} "
        only = term.words[0]
        lone = len(term.words) == 1 and not (only.exact or only.accented or only.sigil)
        self.head = self.parts[0] if lone and is_prefix(only) else ""
        self.lone = ""
        if len(term.words) == 1 and self.exact and not only.sigil and only.text.isascii():
            self.lone = only.text
        tag = len(term.words) == 1 and only.sigil and is_plain(replace(only, sigil=""))
        self.sigil = (only.folded, only.sigil) if tag else None

    def holds(self, view: View) -> bool:
        if not self._may(view):
            return False
        if self.line:
            return self.line in view.line
        if self.head:
            return any_short(view.spread, self.head)
        if self.lone and (text := view.exact) is not None and stands(text, self.lone):
            return True
        if self.sigil:
            word, sigil = self.sigil
            if sigil not in view.text and _WIDE[sigil] not in view.text:
                return False
            return sigil in view.sigils.get(word, "")
        return bool(self._found(view))

    def _may(self, view: View) -> bool:
        """Whether nothing that can be told at once speaks against it."""
        for word in self.needed:
            if word not in view.haystack:
                return False
        for part in self.parts:
            if part not in view.spread:
                return False
        if self.exact and (text := view.exact) is not None:
            for word in self.exact:
                if word not in text:
                    return False
        return True

    def stretches(self, view: View) -> list[Stretch]:
        return self._found(view) if self._may(view) else []

    def _found(self, view: View) -> list[Stretch]:
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
        if len(marks) < MOST_MARKS:
            marks.update(self.stretches(view))


class _Any(Test):
    """OR."""

    __slots__ = ("tests",)

    def __init__(self, tests: Sequence[Test]) -> None:
        self.tests = tuple(tests)

    def holds(self, view: View) -> bool:
        for test in self.tests:  # noqa: SIM110 - a hot loop; any() is slower
            if test.holds(view):
                return True
        return False

    def stretches(self, view: View) -> list[Stretch]:
        return sorted({stretch for test in self.tests for stretch in test.stretches(view)})

    def mark(self, view: View, marks: set[Stretch]) -> None:
        for test in self.tests:
            if len(marks) >= MOST_MARKS:
                return
            if test.holds(view):
                test.mark(view, marks)


class _AnyPlain(_Any):
    """OR of plain words: one set operation when they are many."""

    __slots__ = ("padded", "words")

    def __init__(self, tests: Sequence[_PlainWord]) -> None:
        super().__init__(tests)
        self.words = frozenset(test.word for test in tests)
        self.padded = tuple(test.padded for test in tests[:_FEW_WORDS])

    def holds(self, view: View) -> bool:
        if len(self.words) > _FEW_WORDS:
            return not self.words.isdisjoint(view.words)
        haystack = view.haystack
        for word in self.padded:  # noqa: SIM110 - a hot loop; any() is slower
            if word in haystack:
                return True
        return False


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
        self.needed = tuple(test.padded for test, _ in self.tests if isinstance(test, _PlainWord))

    def holds(self, view: View) -> bool:
        return bool(self.stretches(view))

    def stretches(self, view: View) -> list[Stretch]:
        known = view.near.get(id(self))  # asked again for highlights, and by each NEAR around
        if known is None:
            known = view.near[id(self)] = self._find(view)
        return known

    def _find(self, view: View) -> list[Stretch]:
        for word in self.needed:
            if word not in view.haystack:
                return []
        found = [test.stretches(view) for test, _ in self.tests]
        if not all(found):
            return []
        if self.size == 2:
            left, right = found[0], found[-1]
            near = following(left, right, self.distance)
            if not self.ordered:
                near += following(right, left, self.distance)
        else:
            near = self._windows(found)
        return minimal(near)

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
        if len(marks) >= MOST_MARKS:
            return
        windows = self.stretches(view)
        starts = [start for start, _ in windows]
        for test, _ in self.tests:
            inner: set[Stretch] = set()
            test.mark(view, inner)
            for start, end in inner:
                at = bisect_right(starts, start) - 1
                if at >= 0 and end <= windows[at][1]:
                    marks.add((start, end))


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
        return _PlainWord(word) if lone and is_plain(word) else _Words(node)
    if isinstance(node, Near):
        return _Near(node)
    if isinstance(node, Not):
        return _None(test_of(node.item))
    if isinstance(node, Within):
        return _Title(test_of(node.item))
    if isinstance(node, Field | Range):
        return _Value(node)
    tests = [test_of(item) for item in dict.fromkeys(node.items)]  # each asked once
    if isinstance(node, And):
        return _All(tests)
    plain = [test for test in tests if isinstance(test, _PlainWord)]
    return _AnyPlain(plain) if len(plain) == len(tests) else _Any(tests)
