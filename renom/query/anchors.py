"""Choose, for each query, literals of which at least one must be in any text that matches.

One scan for all anchors of all queries then names the few queries worth testing on a text. An
anchor is searched in the *spread* text (``renom.query.text.spread``), where every token stands
between spaces: `` orange `` is the word, `` orang`` the start of one, ``phone `` the end of one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache

from renom.query.tree import And, Near, Node, Or, Term, Within, Word, terms

_PART = re.compile(r"[^*?]+")

# Words so common in French or English that they tell almost nothing, however long.
_COMMON = """
a about after all alors also am an and any are as at au aussi aux avant avec avoir be been best
but by c ca can car ce cela ces cette chez comme contre could d dans de depuis des deux do du
elle en encore entre est et etait ete etre fait for from get good had has have he her his how i
if il ils in into is it its j je just l la le les leur like lui m ma mais make me meme mes mon
more most my n ne new no nos not notre nous of on one only or ou our out par pas peu people plus
pour pourquoi qu quand que quel qui quoi s sa said sans se ses si so some son sont sous sur t
than that the their them then there these they this time to tous tout tres tu un une up us very
vos votre vous was we well were what when which who will with would you your y
"""


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.split())


def anchor_of(word: Word) -> str:
    """Return the most telling literal of ``word`` with the spaces that bound it, or nothing."""
    spread = f" {word.folded} "
    parts = [part for part in _PART.findall(spread) if part.strip()]
    return max(parts, key=lambda part: len(part.strip()), default="")


def anchors_by_query(roots: Sequence[Node]) -> list[frozenset[str] | None]:
    """Return the anchors of each tree of a set of queries.

    A literal that many of the queries hold (``mobile``, ``service``) is common in the texts they
    are asked of too, so others are preferred.
    """
    held = [
        Counter(
            anchor
            for term in terms(root, positive_only=True)
            for anchor in set(map(anchor_of, term.words))
        )
        for root in roots
    ]
    uses: Counter[str] = Counter()
    for own in held:
        uses.update(own.keys())
    shares = {anchor: _share(anchor) * times for anchor, times in uses.items() if anchor}
    return [
        # A literal that serves several parts of a query stands for all of them.
        _anchors(root, lambda anchor, own=own: shares[anchor] / own[anchor] ** 2)  # type: ignore[misc]
        for root, own in zip(roots, held, strict=True)
    ]


def anchors_of(node: Node) -> frozenset[str] | None:
    """Return the anchors of one tree, or None when a text without any literal can match."""
    return anchors_by_query([node])[0]


def _anchors(node: Node, cost: Callable[[str], float]) -> frozenset[str] | None:
    """Return the anchors of a tree.

    A term is anchored by its rarest word, AND and NEAR by their rarest part, OR by all parts.
    """
    if isinstance(node, Term):
        return frozenset([min(filter(None, map(anchor_of, node.words)), key=cost)])
    if isinstance(node, Within):
        return _anchors(node.item, cost)
    if isinstance(node, Or):
        parts = [_anchors(item, cost) for item in node.items]
        if any(part is None for part in parts):
            return None
        return frozenset(anchor for part in parts if part is not None for anchor in part)
    if isinstance(node, And | Near):
        known = [part for item in node.items if (part := _anchors(item, cost)) is not None]
        return min(known, key=lambda part: sum(map(cost, part)), default=None)
    return None


def _share(anchor: str) -> float:
    """Guess how often a literal occurs: less the longer it is; whole words less than parts."""
    literal = anchor.strip()
    if literal in _common():
        return 1.0
    bounded = len(anchor) - len(literal)
    return 1 / (len(literal) + bounded) ** 2
