"""Say what is wrong or doubtful in a query, in plain words, with the place and a correction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from lark import Token

from renom.errors import QueryError
from renom.query.fields import FIELDS, nearest
from renom.query.parser import lex, parse, place
from renom.query.tree import And, Node, Not, Or, Query, Term, terms, walk

Severity = Literal["error", "warning", "info"]
_RANKS: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}

_OPERATORS = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "et": "AND",
    "ou": "OR",
    "sauf": "NOT",
    "ET": "AND",
    "OU": "OR",
    "SAUF": "NOT",
}
_SMART = re.compile("[“”„‟«»〝〞＂]")
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark on a query. ``line`` and ``column`` count from 1.

    ``error``: the query can't be used; ``warning``: it likely does not do what was meant;
    ``info``: how it was understood. ``proposal`` is the whole query corrected, or empty.
    """

    message: str
    line: int
    column: int
    severity: Severity
    proposal: str = ""


def lint(text: str) -> list[Finding]:
    """Return what is wrong or doubtful in ``text``, in reading order; never raises."""
    findings: list[Finding] = []
    query: Query | None = None
    try:
        query = parse(text)
    except QueryError as error:
        findings.append(_broken(text, error))
    try:
        tokens = lex(text)
    except QueryError:
        tokens = []
    findings += _smart_quotes(text)
    findings += _words(text, tokens)
    findings += _mixed(text, tokens, query)
    if query is not None:
        findings += _logic(text, query)
    return sorted(findings, key=lambda one: (one.line, one.column, _RANKS[one.severity]))


def _broken(text: str, error: QueryError) -> Finding:
    hint = f": {error.hint}" if error.hint else ""
    proposal = _mended(text, error)
    return Finding(f"{error.message}{hint}", error.line, error.column, "error", proposal)


def _mended(text: str, error: QueryError) -> str:
    """Return ``text`` with the likely correction of ``error`` when that can be read, else ''."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    offset = starts[min(error.line, len(starts)) - 1] + error.column - 1
    before, after = text[:offset], text[offset:]
    tries = [before + after[1:]]  # what closes without opening
    if opened := re.match(r'[(\[{"«“]', after):
        close = {"(": ")", "[": "]", "{": "}"}.get(opened.group(), '"')
        missing = max(text.count(opened.group()) - text.count(close), 1)
        tries[:0] = [text.rstrip() + close, text.rstrip() + close * missing]
    if turned := re.match(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", after):
        low, high = turned.groups()
        tries.insert(0, f"{before}[{high} TO {low}]{after[turned.end() :]}")
    if name := re.match(r"([A-Za-z_]+):", after):
        if likely := nearest(name.group(1), FIELDS):
            tries.insert(0, f"{before}{likely}:{after[name.end() :]}")
        quoted = re.sub(r"^\S+", lambda match: f'"{match.group()}"', after)
        tries.insert(1, before + quoted)
    if operator := re.match(r"(AND|OR|NOT|-)\s*", after):
        tries.insert(0, (before.rstrip() + " " + after[operator.end() :]).strip())
    for candidate in tries:
        try:
            parse(candidate)
        except QueryError:
            continue
        return candidate
    return ""


def _smart_quotes(text: str) -> Iterator[Finding]:
    if match := _SMART.search(text):
        line, column = place(text, match.start())
        message = f"typographic quotes ({match.group()}) are read as plain ones"
        yield Finding(message, line, column, "info", _SMART.sub('"', text))


def _words(text: str, tokens: list[Token]) -> Iterator[Finding]:
    """Remark on single tokens: operators in lower case or French, wildcards, other dialects."""
    for number, token in enumerate(tokens):
        written, at = str(token), token.start_pos or 0
        line, column = token.line or 1, token.column or 1
        between = 0 < number < len(tokens) - 1
        if token.type == "WORD" and written in _OPERATORS and between:
            operator = _OPERATORS[written]
            message = f"{written} is searched as a word; the operator is written {operator}"
            proposal = text[:at] + operator + text[at + len(written) :]
            yield Finding(message, line, column, "warning", proposal)
        elif token.type in ("WORD", "LABELLED", "QUOTED", "BRACED"):
            yield from _wildcards(written, line, column)
        elif token.type == "MINUS":
            yield Finding("- before a word is read as NOT", line, column, "info")
        elif token.type == "NEAR" and written.startswith("O"):
            ordered = f"{written[1:].rstrip('f')}f"
            proposal = text[:at] + ordered + text[at + len(written) :]
            yield Finding(f"{written} is read as {ordered}", line, column, "info", proposal)
        elif token.type == "NOT" and number and tokens[number - 1].type == "_AND":
            yield Finding("AND NOT is read as NOT", line, column, "info")


def _wildcards(written: str, line: int, column: int) -> Iterator[Finding]:
    value = written.partition(":")[2] or written
    if re.match(r'["{#@]*[*?]+\w', value) and not written.startswith(("site:", "url:", "author:")):
        message = f"{written[:40]} starts with a wildcard: it finds much that isn't meant"
        yield Finding(message, line, column, "warning")
    elif (short := re.search(r"(?<![\w*?])(\w+)\*", value)) and len(short.group(1)) < _SHORT:
        message = f"{short.group()} finds every word that starts with {short.group(1)}"
        yield Finding(message, line, column, "warning")


@dataclass(slots=True)
class _Level:
    """The operators seen between one pair of parentheses, each with its first token."""

    seen: dict[str, Token] = field(default_factory=dict)
    operand: bool = False


def _mixed(text: str, tokens: list[Token], query: Query | None) -> Iterator[Finding]:
    """Remark on operators that stand side by side without parentheses."""
    proposal = str(query) if query is not None else ""
    levels = [_Level()]
    for token in tokens:
        level = levels[-1]
        kind = token.type
        if kind == "_CLOSE":
            yield from _level(levels.pop(), proposal)
            levels = levels or [_Level()]
            levels[-1].operand = True
            continue
        operator = {"_OR": "OR", "_AND": "AND", "NEAR": "NEAR"}.get(kind)
        if operator is None and level.operand and kind != "RANGE":
            operator = "AND"  # two words side by side, or NOT
        if operator:
            level.seen.setdefault(operator, token)
        level.operand = kind not in ("_OR", "_AND", "NEAR", "NOT", "MINUS", "FIELD")
        if kind == "_OPEN":
            level.operand = False
            levels.append(_Level())
    for level in reversed(levels):
        yield from _level(level, proposal)


def _level(level: _Level, proposal: str) -> Iterator[Finding]:
    seen = level.seen
    for first, others in (("NEAR", ("AND", "OR")), ("OR", ("AND",))):
        other = next((name for name in others if name in seen), None)
        if first in seen and other:
            token = seen[first]
            message = f"{first} mixed with {other} needs parentheses to say what belongs together"
            line, column = token.line or 1, token.column or 1
            yield Finding(message, line, column, "warning", proposal)


def _logic(text: str, query: Query) -> Iterator[Finding]:
    """Remark on what the whole query says."""
    if not query.positive:
        message = "the query only says what must be missing: a brand needs something to find"
        yield Finding(message, 1, 1, "warning")
    for node in walk(query.root):
        if isinstance(node, And):
            for term in _excluded(node):
                line, column = _where(text, term)
                message = f"{term} is both wanted and excluded: this never finds it"
                yield Finding(message, line, column, "warning")


def _excluded(node: And) -> Iterator[Term]:
    """Yield wanted terms that hold, word for word, a term that the same AND excludes."""
    banned = [
        term for item in node.items if isinstance(item, Not) for term in _alternatives(item.item)
    ]
    for item in node.items:
        if isinstance(item, Not):
            continue
        for term in terms(item, positive_only=True):
            if any(_holds(term, other) for other in banned):
                yield term


def _alternatives(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Or):
        for item in node.items:
            yield from _alternatives(item)


def _holds(term: Term, part: Term) -> bool:
    """Whether every text with ``term`` also has ``part`` (only said of plain words)."""
    if any(word.exact or word.wild or word.accented or word.sigil for word in part.words):
        return term == part
    if any(word.wild for word in term.words):
        return False
    whole = [word.folded for word in term.words]
    wanted = [word.folded for word in part.words]
    return any(whole[at : at + len(wanted)] == wanted for at in range(len(whole)))


def _where(text: str, term: Term) -> tuple[int, int]:
    word = term.words[0].text
    return place(text, max(text.find(word), 0))
