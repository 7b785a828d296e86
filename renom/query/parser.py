"""Read query text into a tree, or say in plain words what is wrong and where.

The grammar is LALR(1), read by lark. Operators bind in this order, tightest first: ``NEAR``,
``NOT``, ``AND`` (or nothing between two words), ``OR``. Whatever the text, the answer is a
:class:`Query` or a :class:`QueryError`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from lark import Lark, Token, Tree, UnexpectedInput

from renom.errors import QueryError
from renom.query.fields import (
    LABEL_FIELDS,
    RANGE_FIELDS,
    TEXT_FIELDS,
    read_label,
    read_range,
    require_field,
)
from renom.query.tree import And, Near, Node, Not, Or, Query, Term, Within, Word
from renom.query.words import phrase, read_words

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_QUERY = 20_000
DEEPEST_NESTING = 100
MOST_TERMS = 10_000
FARTHEST = 1_000
MOST_NEARS = 500
MOST_NEARS_IN_A_ROW = 20
MOST_NEAR_WORDS = 50
_DEPTH_HINT = f"at most {DEEPEST_NESTING} levels; most parentheses can be left out"

_GRAMMAR = r"""
start: or_
?or_: and_ (_OR and_)*
?and_: not_ (_AND? not_)*
?not_: (NOT | MINUS) not_ -> negated
    | near
?near: atom (NEAR atom)*
?atom: WORD
    | QUOTED
    | BRACED
    | LABELLED
    | FIELD (QUOTED | BRACED | RANGE) -> field
    | FIELD _OPEN or_ _CLOSE -> field_group
    | _OPEN or_ _CLOSE

_OPEN: "("
_CLOSE: ")"
_AND.5: /AND(?![^\s()"{}\[\]])/
_OR.5: /OR(?![^\s()"{}\[\]])/
NOT.5: /NOT(?![^\s()"{}\[\]])/
NEAR.5: /O?NEAR\/[0-9]{1,6}f?(?![^\s()"{}\[\]])/
FIELD.4: /[A-Za-z_]+:(?=["{\[(])/
LABELLED.4: /[A-Za-z_]+:[^\s()"{}\[\]]+/
QUOTED: /"[^"]*"(~[0-9]{1,6})?/
BRACED: /\{[^{}]*\}/
RANGE: /\[[^\[\]]*\]/
MINUS.3: /-(?=[^\s)\]}])/
_PLUS.3: /\+(?=[\w"({#@])/
_MARK.4: /[-–—,;:.\/?…·•!]+(?=[\s()]|$)/
WORD: /[^\s()"{}\[\]]+/
%ignore /\s+/
%ignore _PLUS
%ignore _MARK
"""

# Quotation marks as keyboards, word processors and French writers type them; same length.
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»〝〞＂", '"'))
_COMMENT = re.compile(r"<<<.*?>>>", re.DOTALL)
_VISIBLE = re.compile(r"[^\n]")


@cache
def _reader() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic", maybe_placeholders=False)


def parse(text: str, *, refuse_negative: bool = False) -> Query:
    """Read ``text``; raise QueryError with message, hint, line and column when it can't be read.

    ``refuse_negative`` also refuses a query that only says what must be missing (``NOT x``):
    brand definitions need something to find, a search box with filters does not. Refuses more
    than 20,000 characters, 100 levels or 10,000 words.
    """
    if len(text) > LONGEST_QUERY:
        limit = f"a query has at most {LONGEST_QUERY:,} characters"
        raise QueryError(f"the query is {len(text):,} characters long", limit)
    clean = prepare(text)
    check_pairs(clean)
    try:
        tree = _reader().parse(clean)
    except UnexpectedInput as error:
        raise _explain(clean, error) from None
    builder = _Builder(clean)
    query = Query(text, builder.node(tree.children[0], None, 0))
    if refuse_negative and not query.positive:
        raise QueryError(
            "the query only says what must be missing, so almost everything would match",
            "add at least one word or field that must be there",
        )
    return query


def lex(text: str) -> list[Token]:
    """Return the tokens of ``text`` as the grammar names them; raise QueryError if it can't."""
    clean = prepare(text[:LONGEST_QUERY])
    try:
        return list(_reader().lex(clean))
    except UnexpectedInput as error:
        raise _explain(clean, error) from None


def prepare(text: str) -> str:
    """Return ``text``, same length, with comments blanked and typographic quotes made plain."""
    text = _COMMENT.sub(lambda match: _VISIBLE.sub(" ", match.group()), text)
    if (start := text.find("<<<")) >= 0:
        raise _error(text, start, "a comment is not closed", "end it with >>>")
    return text.translate(_QUOTES)


def place(text: str, offset: int) -> tuple[int, int]:
    """Return (line, column) of a character offset, both counting from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _error(text: str, offset: int, message: str, hint: str = "") -> QueryError:
    line, column = place(text, offset)
    return QueryError(message, hint, column=column, line=line)


_PAIRS = {")": "(", "]": "[", "}": "{"}
_NAMES = {"(": "parenthesis", "[": "square bracket", "{": "brace", '"': "quotation mark"}


def check_pairs(text: str) -> None:
    """Raise QueryError for a quote, parenthesis, bracket or brace without its other half."""
    open_: list[tuple[str, int]] = []
    quote = -1
    for offset, char in enumerate(text):
        if char == '"':
            quote = offset if quote < 0 else -1
        elif quote >= 0:
            continue
        elif char in "([{":
            open_.append((char, offset))
            if len(open_) > DEEPEST_NESTING:
                raise _error(text, offset, "the query is nested too deeply", _DEPTH_HINT)
        elif char in ")]}":
            if not open_ or open_[-1][0] != _PAIRS[char]:
                name = _NAMES[_PAIRS[char]]
                hint = f"remove it, or add {_PAIRS[char]} before it"
                raise _error(text, offset, f"this closing {name} was never opened", hint)
            open_.pop()
    if quote >= 0:
        raise _error(
            text, quote, "a quotation mark is not closed", 'add " at the end of the phrase'
        )
    if open_:
        char, offset = open_[-1]
        close = next(end for end, start in _PAIRS.items() if start == char)
        raise _error(
            text, offset, f"this {_NAMES[char]} is not closed", f"add {close} where it ends"
        )


def _explain(text: str, error: UnexpectedInput) -> QueryError:
    """Turn lark's refusal into a reader's sentence."""
    found = getattr(error, "token", None)
    offset = error.pos_in_stream
    offset = len(text.rstrip()) if offset is None or offset < 0 else offset
    if not text.strip():
        return QueryError("the query is empty", "write a word to look for")
    if found is None:
        shown = text[offset : offset + 1]
        return _error(text, offset, f"{shown!r} is not expected here", "put it in quotes")
    if found.type == "$END":
        last = text.split()[-1].strip("(")
        end = max(len(text.rstrip()) - len(last), 0)
        return _error(text, end, f"something is missing after {last}", "add a word, or remove it")
    if found.type in ("_AND", "_OR", "NEAR"):
        hint = f"write a word before {found}, or put it in quotes to search for it"
        return _error(text, offset, f"something is missing before {found}", hint)
    if found.type == "_CLOSE":
        hint = "write something before the parenthesis, or remove it"
        return _error(text, offset, "something is missing before this parenthesis", hint)
    if found.type == "RANGE":
        hint = "write the field first, as in rating:[1 TO 2]"
        return _error(text, offset, "a range needs a field", hint)
    return _error(text, offset, f"{str(found)[:40]!r} is not expected here", "put it in quotes")


SPELLINGS = {
    "hashtag": "#{}",
    "mentions": "@{}",
    "raw": "{{{}}}",
    "text": "{}",
    "content": "{}",
}
"""Fields of other tools that are words here, and how such a word is written."""


@dataclass(slots=True)
class _Builder:
    """Turn lark's tree into ours. ``field`` is the field whose value is being read, if any."""

    text: str
    terms: int = 0
    nears: int = 0

    def node(self, part: Tree[Token] | Token, field: str | None, depth: int) -> Node:
        """Return the node of one grammar rule or token."""
        if isinstance(part, Token):
            return (
                self._labelled(part, field)
                if part.type == "LABELLED"
                else self._value(field, part, str(part))
            )
        if depth >= DEEPEST_NESTING:
            raise QueryError("the query is nested too deeply", _DEPTH_HINT)
        if part.data == "negated":
            return self._negated(part, field, depth)
        if part.data == "near":
            return self._near(part.children, field, depth)
        if part.data in ("field", "field_group"):
            return self._field(part.children, field, depth)
        items = [self.node(child, field, depth + 1) for child in part.children]
        return _join(Or if part.data == "or_" else And, items)

    def _negated(self, part: Tree[Token] | Token, field: str | None, depth: int) -> Node:
        """Return NOT of what follows; two NOTs are none (and any number is read in a loop)."""
        negative = False
        while isinstance(part, Tree) and part.data == "negated":
            negative = not negative
            part = part.children[1]
        item = self.node(part, field, depth + 1)
        if not negative:
            return item
        return item.item if isinstance(item, Not) else Not(item)

    def _near(self, parts: Sequence[Tree[Token] | Token], field: str | None, depth: int) -> Node:
        left = self.node(parts[0], field, depth + len(parts) // 2)
        for number in range(1, len(parts), 2):
            operator = parts[number]
            assert isinstance(operator, Token)
            if number // 2 >= MOST_NEARS_IN_A_ROW:
                raise _wrong(operator, "too many NEAR in a row", "split the query")
            self.nears += 1
            if self.nears > MOST_NEARS:
                raise _wrong(operator, f"more than {MOST_NEARS} NEAR", "split the query")
            right = self.node(parts[number + 1], field, depth + 1)
            for item in (left, right):
                if not _can_be_near(item):
                    hint = "only words, phrases and (a OR b) can stand beside NEAR"
                    raise _wrong(operator, f"NEAR can't be used with {item}"[:200], hint)
            distance = _distance(operator, operator.split("/")[1].rstrip("f"))
            ordered = operator.startswith("O") or operator.endswith("f")
            left = Near((left, right), distance, ordered)
        return left

    def _labelled(self, token: Token, field: str | None) -> Node:
        """Return the test of ``name:value`` written without quotes."""
        name, _, value = token.partition(":")
        if field is None and value and name.lower() in SPELLINGS:
            return self._words(token, SPELLINGS[name.lower()].format(value.lstrip("#@")))
        name = self._name(token, name, field)
        item = self._value(name, token, value)
        return Within(name, item) if name in TEXT_FIELDS else item

    def _field(self, parts: Sequence[Tree[Token] | Token], field: str | None, depth: int) -> Node:
        """Return the test of a field whose value is quoted, a range or a group."""
        token, value = parts
        assert isinstance(token, Token)
        name = self._name(token, token.rstrip(":"), field)
        item = self.node(value, name, depth + 1)
        return Within(name, item) if name in TEXT_FIELDS else item

    def _name(self, token: Token, name: str, outer: str | None) -> str:
        if outer is not None:
            raise _wrong(token, "a field can't stand inside another field", "move it outside")
        return require_field(name, column=token.column or 1, line=token.line or 1)

    def _value(self, field: str | None, token: Token, written: str) -> Node:
        """Return the test for one word, phrase or range, for ``field`` or for the text."""
        self.terms += 1
        if self.terms > MOST_TERMS:
            raise _wrong(token, f"more than {MOST_TERMS:,} words", "split the query")
        place = {"line": token.line or 1, "column": token.column or 1}
        if field is None or field in TEXT_FIELDS:
            if token.type == "RANGE":
                raise _wrong(token, f"{field}: takes words, not a range", f"write {field}:word")
            return self._words(token, written)
        if field in RANGE_FIELDS:
            return read_range(field, _unquoted(written), **place)
        if token.type == "RANGE":
            raise _wrong(token, f"{field}: takes a value, not a range", f"write {field}:value")
        return read_label(field, _unquoted(written), **place)

    def _words(self, token: Token, written: str) -> Term | Near:
        hint = "write at least one letter or digit"
        if token.type == "QUOTED":
            body, _, distance = written.rpartition('"')
            body = body[1:]
            if distance:
                items = tuple(Term(words) for chunk in body.split() if (words := read_words(chunk)))
                self._check_words(token, written, [word for item in items for word in item.words])
                near = _distance(token, distance[1:])
                if len(items) > MOST_NEAR_WORDS:
                    message = f"more than {MOST_NEAR_WORDS} words near each other"
                    raise _wrong(token, message, "split the query")
                return Near(items, near) if len(items) > 1 else items[0]
            words = phrase(body)
        elif token.type == "BRACED":
            words = phrase(written[1:-1].replace('"', " "), exact=True)
        else:
            if written.startswith(("NEAR", "ONEAR")) and written[4:6] in ("", "/", "R", "R/"):
                raise _wrong(token, "NEAR needs a distance", "write NEAR/5")
            if written.endswith(":") and written[:-1].lower() in TEXT_FIELDS + LABEL_FIELDS:
                raise _wrong(token, f"{written} has no value", "write it without a space")
            words = read_words(written)
        if not words:
            raise _wrong(token, f"there is nothing to search for in {written[:40]!r}", hint)
        self._check_words(token, written, words)
        return Term(tuple(words))

    def _check_words(self, token: Token, written: str, words: Sequence[Word]) -> None:
        self.terms += max(len(words) - 1, 0)
        if not any(word.anchor for word in words):
            hint = "write at least one letter or digit beside the wildcard"
            raise _wrong(token, f"{written[:40]!r} matches everything", hint)
        for word in words:
            if len(word.text) > 100:
                raise _wrong(token, "a word has more than 100 characters", "shorten it with *")
            if not word.anchor and not word.any:
                hint = "write * for any one word"
                raise _wrong(token, f"{word.text[:40]!r} is not a word", hint)


def _distance(token: Token, digits: str) -> int:
    if int(digits) > FARTHEST:
        raise _wrong(token, f"{digits} words is too far", f"at most {FARTHEST}")
    return int(digits)


def _wrong(token: Token, message: str, hint: str) -> QueryError:
    return QueryError(message, hint, column=token.column or 1, line=token.line or 1)


def _join(kind: type[And] | type[Or], items: list[Node]) -> Node:
    """Return one node for ``items``, with items of the same kind merged into it."""
    if len(items) == 1:
        return items[0]
    flat: list[Node] = []
    for item in items:
        flat.extend(item.items if isinstance(item, kind) else (item,))
    return kind(tuple(flat))


def _can_be_near(node: Node) -> bool:
    if isinstance(node, Or):
        return all(_can_be_near(item) for item in node.items)
    return isinstance(node, Term | Near)


def _unquoted(written: str) -> str:
    if written.startswith('"'):
        return written.rpartition('"')[0][1:]
    return written[1:-1] if written.startswith("{") else written
