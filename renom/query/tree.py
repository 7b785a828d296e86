"""The parsed query: a small frozen tree that prints back to equivalent text.

Eight nodes. Text: :class:`Term`, :class:`Near`. Logic: :class:`And`, :class:`Or`, :class:`Not`.
Fields: :class:`Within` (words inside one text field), :class:`Field` (a label equals a value),
:class:`Range` (a number or time lies between bounds, both included).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from renom.query.text import fold, fold_case, fold_token, index_form

RESERVED = frozenset({"AND", "OR", "NOT", "NEAR", "ONEAR"})
_BARE = re.compile(r"[#@]?[\w*?]+")
_LITERAL = re.compile(r"[^*?]+")


@dataclass(frozen=True, slots=True)
class Word:
    """One token to look for. ``*`` and ``?`` in ``text`` are wildcards inside the token.

    ``exact`` demands the written case and accents; otherwise case never counts, and accents
    count when the word itself carries one. ``sigil`` is ``#`` or ``@`` when the token must be a
    hashtag or a handle. ``Word("*")`` is any one token, allowed inside phrases.
    """

    text: str
    exact: bool = False
    sigil: str = ""

    @property
    def folded(self) -> str:
        """The word without case and accents, wildcards kept."""
        return fold_token(self.text)

    @property
    def accented(self) -> bool:
        """Whether accents must agree because the word is written with one (and is not exact)."""
        return not self.exact and fold_case(self.text) != fold(self.text)

    @property
    def wild(self) -> bool:
        """Whether the word holds a wildcard."""
        return "*" in self.text or "?" in self.text

    @property
    def any(self) -> bool:
        """Whether the word stands for any one token."""
        return self.text == "*"

    @property
    def anchor(self) -> str:
        """The longest literal part of the folded word; empty for ``*``."""
        return max(_LITERAL.findall(self.folded), key=len, default="")

    @property
    def index_prefix(self) -> tuple[str, bool] | None:
        """What a full-text index can ask for: (index form, is it only a prefix), or None.

        The answer is a superset of the word's matches; None (``*phone``) means the index cannot
        narrow this word down.
        """
        if not self.wild:
            return index_form(self.folded), False
        head = re.split(r"[*?]", self.folded, maxsplit=1)[0]
        return (index_form(head), True) if head else None

    def __str__(self) -> str:
        text = f"{self.sigil}{self.text}"
        return f"{{{text}}}" if self.exact else text


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand side by side in this order; most terms are one word."""

    words: tuple[Word, ...]

    def __str__(self) -> str:
        if all(word.exact for word in self.words):
            return "{" + " ".join(f"{word.sigil}{word.text}" for word in self.words) + "}"
        only = str(self.words[0])
        if len(self.words) == 1 and _BARE.fullmatch(only) and only not in RESERVED:
            return only
        return '"' + " ".join(map(str, self.words)) + '"'


@dataclass(frozen=True, slots=True)
class Near:
    """Parts close together: at most ``distance`` other tokens inside the stretch that holds them.

    Two or more ``items`` (Term, Near, or an Or of these); ``ordered`` demands the written order
    and is only used with two.
    """

    items: tuple[Node, ...]
    distance: int
    ordered: bool = False

    def __str__(self) -> str:
        if len(self.items) > 2:
            chunks = (
                "-".join(map(str, item.words)) for item in self.items if isinstance(item, Term)
            )
            return f'"{" ".join(chunks)}"~{self.distance}'
        operator = f" NEAR/{self.distance}{'f' if self.ordered else ''} "
        return operator.join(_inside(item) for item in self.items)


@dataclass(frozen=True, slots=True)
class And:
    """All ``items`` hold."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        parts = []
        for number, item in enumerate(self.items):
            joint = "" if number == 0 else " " if isinstance(item, Not) else " AND "
            parts.append(joint + _inside(item))
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of ``items`` holds."""

    items: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_inside(item) for item in self.items)


@dataclass(frozen=True, slots=True)
class Not:
    """``item`` does not hold."""

    item: Node

    def __str__(self) -> str:
        return f"NOT {_inside(self.item)}"


@dataclass(frozen=True, slots=True)
class Within:
    """``item`` (Term, Near and logic over them) holds inside one text field: ``title``."""

    name: str
    item: Node

    def __str__(self) -> str:
        inner = str(self.item)
        return f"{self.name}:{inner}" if isinstance(self.item, Term) else f"{self.name}:({inner})"


@dataclass(frozen=True, slots=True)
class Field:
    """A label of the mention equals ``value`` (folded; ``*`` and ``?`` as wildcards).

    ``site`` also matches sub-domains, ``url`` matches a part, ``author`` handle or name.
    """

    name: str
    value: str

    def __str__(self) -> str:
        bare = re.fullmatch(r"\w[\w.*?/-]*", self.value)
        return f"{self.name}:{self.value}" if bare else f'{self.name}:"{self.value}"'


@dataclass(frozen=True, slots=True)
class Range:
    """A number or time lies in ``low``..``high``, both included; None leaves a side open.

    Numbers (rating on its original scale, engagement, followers) are float, ``published`` holds
    aware UTC datetimes. A mention that lacks the value never matches.
    """

    name: str
    low: float | datetime | None
    high: float | datetime | None

    def __str__(self) -> str:
        return f"{self.name}:[{_bound(self.low)} TO {_bound(self.high)}]"


Node = Term | Near | And | Or | Not | Within | Field | Range


def _inside(node: Node) -> str:
    """Print ``node`` as a part of another, in parentheses unless it is one piece."""
    if isinstance(node, Near) and len(node.items) > 2:
        return str(node)
    if isinstance(node, Near | And | Or | Not) and not isinstance(node, Not):
        return f"({node})"
    return str(node)


def _bound(value: float | datetime | None) -> str:
    if value is None:
        return "*"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(int(value)) if value.is_integer() else repr(value)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that can be read: the ``text`` as written and its tree. Equal when trees are."""

    text: str = field(compare=False)
    root: Node

    @property
    def positive(self) -> bool:
        """Whether a match needs something to be there, rather than only something missing."""
        return _positive(self.root)

    def __str__(self) -> str:
        return str(self.root)


def _positive(node: Node) -> bool:
    if isinstance(node, Not):
        return False
    if isinstance(node, And):
        return any(_positive(item) for item in node.items)
    if isinstance(node, Or):
        return all(_positive(item) for item in node.items)
    return _positive(node.item) if isinstance(node, Within) else True


def walk(node: Node) -> Iterator[Node]:
    """Yield ``node`` and everything below it, parents first."""
    yield node
    if isinstance(node, Near | And | Or):
        for item in node.items:
            yield from walk(item)
    elif isinstance(node, Not | Within):
        yield from walk(node.item)


def terms(node: Node, *, positive_only: bool = False) -> Iterator[Term]:
    """Yield the terms of a tree in order; ``positive_only`` leaves out what NOT excludes."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Near | And | Or):
        for item in node.items:
            yield from terms(item, positive_only=positive_only)
    elif isinstance(node, Within) or (isinstance(node, Not) and not positive_only):
        yield from terms(node.item, positive_only=positive_only)
