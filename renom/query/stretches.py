"""What a node of a query can be asked, and how stretches of tokens that match are joined."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from operator import itemgetter

from renom.query.view import View

Stretch = tuple[int, int]
"""First token and token after the last."""


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


def following(left: list[Stretch], right: list[Stretch], distance: int) -> list[Stretch]:
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


def minimal(stretches: list[Stretch]) -> list[Stretch]:
    """Return the stretches that hold no other one, by start."""
    kept: list[Stretch] = []
    for start, end in sorted(stretches, key=lambda stretch: (-stretch[0], stretch[1])):
        if not kept or end < kept[-1][1]:
            kept.append((start, end))
    kept.reverse()
    return kept
