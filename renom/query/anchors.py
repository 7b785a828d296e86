"""Choose, for each query, literals of which at least one must be in any text that matches.

One scan for all anchors of all queries then names the few queries worth testing on a text.
"""

from __future__ import annotations

from typing import NamedTuple

from renom.query.tree import And, Near, Node, Or, Term, Within


class Anchor(NamedTuple):
    """A folded literal; ``whole`` says that it must be a token, not only a part of one."""

    literal: str
    whole: bool


def anchors_of(node: Node) -> frozenset[Anchor] | None:
    """Return the anchors of a tree, or None when a text without any literal can match.

    A term is anchored by its longest literal, AND and NEAR by their best part, OR by all parts.
    """
    if isinstance(node, Term):
        literals = [Anchor(word.anchor, not word.wild) for word in node.words if word.anchor]
        return frozenset([max(literals, key=lambda anchor: (len(anchor.literal), anchor.whole))])
    if isinstance(node, Within):
        return anchors_of(node.item)
    if isinstance(node, Or):
        parts = [anchors_of(item) for item in node.items]
        if any(part is None for part in parts):
            return None
        return frozenset(anchor for part in parts if part is not None for anchor in part)
    if isinstance(node, And | Near):
        known = [part for part in map(anchors_of, node.items) if part is not None]
        return max(known, key=_rarity, default=None)
    return None


def _rarity(anchors: frozenset[Anchor]) -> tuple[int, int]:
    """Rank by the shortest literal (long words are rare), then by how few there are."""
    return min(len(anchor.literal) for anchor in anchors), -len(anchors)
