"""Say what is wrong or doubtful in a query, in plain words, with the place and a correction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from lark import Token

from renom.errors import QueryError
from renom.query.fields import ALIASES, FIELDS, nearest
from renom.query.parser import SPELLINGS, lex, parse, place, prepare
from renom.query.tree import And, Node, Not, Or, Query, Term, terms, walk
from renom.query.wording import say

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
    "&&": "AND",
}
_SMART = re.compile("[“”„‟«»〝〞＂]")
_SHORT = 3
_MOST = 30
_USUAL = 5
_LONGEST_MENDED = 2_000
_LOWER_NEAR = re.compile(r"o?near/\d{1,4}f?", re.IGNORECASE)


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


def lint(text: str, *, language: str = "en") -> list[Finding]:
    """Return what is wrong or doubtful in ``text``, in reading order; never raises.

    The messages are in ``language``, ``en`` or ``fr``.
    """
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
    remarks = [_smart_quotes(text), _marks(text, tokens), _words(text, tokens)]
    remarks.append(_mixed(text, tokens, query))
    if query is not None:
        remarks.append(_logic(text, query))
    for some in remarks:
        findings += islice(some, _MOST)
    findings.sort(key=lambda one: (one.line, one.column, _RANKS[one.severity]))
    if language == "en":
        return findings
    return [replace(one, message=say(one.message, language)) for one in findings]


def _broken(text: str, error: QueryError) -> Finding:
    hint = f": {error.hint}" if error.hint else ""
    proposal = _mended(text, error)
    return Finding(f"{error.message}{hint}", error.line, error.column, "error", proposal)


def _mended(text: str, error: QueryError) -> str:
    """Return ``text`` with the likely correction of ``error`` when that can be read, else ''."""
    if len(text) > _LONGEST_MENDED:
        return ""
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
    if other := re.match(r"\|\|?", after):
        tries.insert(0, f"{before}OR{after[other.end() :]}")
    if vague := re.match(r"O?NEAR/?(?=[\s(]|$)", after):
        tries.insert(0, f"{before}{vague.group().rstrip('/')}/{_USUAL}{after[vague.end() :]}")
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


def _marks(text: str, tokens: list[Token]) -> Iterator[Finding]:
    """Remark on a dash that stands alone: most often an exclusion with a space too many."""
    for match in re.finditer(r"(?<=\s)-\s+(?=[\w\"({])", _outside(text)) if tokens else ():
        line, column = place(text, match.start())
        proposal = f"{text[: match.start()]}NOT {text[match.end() :]}"
        message = "- that stands alone is left out; to exclude what follows, write NOT"
        yield Finding(message, line, column, "warning", _readable(proposal))


def _outside(text: str) -> str:
    """Return ``text``, same length, with comments and what stands in quotes blanked."""
    try:
        text = prepare(text)
    except QueryError:
        return ""
    return re.sub(r'"[^"]*"', lambda match: "_" * len(match.group()), text)


def _readable(proposal: str) -> str:
    """Return the proposal when it can be read, else nothing; a long query gets none."""
    if len(proposal) > _LONGEST_MENDED:
        return ""
    try:
        parse(proposal)
    except QueryError:
        return ""
    return proposal


def _words(text: str, tokens: list[Token]) -> Iterator[Finding]:
    """Remark on single tokens: operators in lower case or French, wildcards, other dialects."""
    for number, token in enumerate(tokens):
        written, at = str(token), token.start_pos or 0
        line, column = token.line or 1, token.column or 1
        before, after = text[:at], text[at + len(written) :]
        between = 0 < number < len(tokens) - 1
        if token.type == "WORD" and between and written in _OPERATORS:
            operator = _OPERATORS[written]
            message = f"{written} is searched as a word; the operator is written {operator}"
            yield Finding(message, line, column, "warning", before + operator + after)
        elif token.type == "WORD" and between and _LOWER_NEAR.fullmatch(written):
            operator = _near(written)
            message = f"{written} is searched as words; the operator is written {operator}"
            yield Finding(message, line, column, "warning", before + operator + after)
        elif token.type == "NEAR" and written.startswith("O"):
            message = f"{written} is read as {_near(written)}"
            yield Finding(message, line, column, "info", before + _near(written) + after)
        elif token.type == "MINUS":
            spaced = before if before.endswith((" ", "\n", "(")) or not before else f"{before} "
            yield Finding(
                "- before a word is read as NOT", line, column, "info", f"{spaced}NOT {after}"
            )
        elif token.type == "NOT" and number and tokens[number - 1].type == "_AND":
            and_ = tokens[number - 1].start_pos or 0
            shorter = text[:and_] + text[and_ + 3 :].lstrip()
            yield Finding("AND NOT is read as NOT", line, column, "info", shorter)
        else:
            yield from _dialect(token, before, after, line, column)
            yield from _wildcards(token, before, after, line, column)


def _near(written: str) -> str:
    """Return how ``ONEAR/5`` or ``near/5`` is written here."""
    operator = written.upper().replace("F", "f")
    return f"{operator[1:].rstrip('f')}f" if operator.startswith("O") else operator


def _dialect(token: Token, before: str, after: str, line: int, column: int) -> Iterator[Finding]:
    """Say how a field of another tool was read."""
    if token.type not in ("LABELLED", "FIELD"):
        return
    name, _, value = token.partition(":")
    if (known := ALIASES.get(name.lower())) and name.lower() not in FIELDS:
        proposal = f"{before}{known}:{value}{after}"
        yield Finding(f"{name}: is read as {known}:", line, column, "info", proposal)
    elif (spelling := SPELLINGS.get(name.lower())) and value:
        word = spelling.format(value.lstrip("#@"))
        message = f"{name}:{value[:40]} is read as {word[:40]}"
        yield Finding(message, line, column, "info", before + word + after)


def _wildcards(token: Token, before: str, after: str, line: int, column: int) -> Iterator[Finding]:
    if token.type not in ("WORD", "LABELLED", "QUOTED", "BRACED"):
        return
    written = str(token)
    if written.startswith(("site:", "url:", "author:")):
        return
    value = written.partition(":")[2] or written
    if leading := re.match(r'["{#@]*([*?]+)\w', value):
        start = len(written) - len(value) + leading.start(1)
        shorter = written[:start] + written[start:].lstrip("*?")
        message = f"{written[:40]} starts with a wildcard: it finds much that isn't meant"
        yield Finding(message, line, column, "warning", _readable(before + shorter + after))
    elif (short := re.search(r"(?<![\w*?])(\w+)\*", value)) and len(short.group(1)) < _SHORT:
        message = f"{short.group()} finds every word that starts with {short.group(1)}"
        shorter = written.replace(short.group(), short.group(1), 1)
        yield Finding(message, line, column, "warning", _readable(before + shorter + after))


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
                message = f"{str(term)[:100]} is both wanted and excluded: this never finds it"
                proposal = _readable(str(_allowing(query.root, node, term)))
                yield Finding(message, line, column, "warning", proposal)


def _excluded(node: And) -> Iterator[Term]:
    """Yield wanted terms that hold, word for word, a term that the same AND excludes."""
    banned = [
        term for item in node.items if isinstance(item, Not) for term in _alternatives(item.item)
    ]
    same = {term for term in banned if not _plain(term)}
    parts = {_folded(term) for term in banned if _plain(term)}
    widths = sorted({len(part) for part in parts})
    for item in node.items:
        if not isinstance(item, Not):
            for term in terms(item, positive_only=True):
                if term in same or not parts.isdisjoint(_runs(term, widths)):
                    yield term


def _runs(term: Term, widths: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield every run of ``widths`` words that any text with ``term`` holds."""
    if any(word.wild for word in term.words):
        return
    words = _folded(term)
    for width in widths:
        for at in range(len(words) - width + 1):
            yield words[at : at + width]


def _folded(term: Term) -> tuple[str, ...]:
    return tuple(word.folded for word in term.words)


def _plain(term: Term) -> bool:
    return not any(word.exact or word.wild or word.accented or word.sigil for word in term.words)


def _allowing(root: Node, where: And, term: Term) -> Node:
    """Return the tree without what ``where`` excludes of ``term``."""
    if root == where:
        kept: list[Node] = []
        for item in where.items:
            if isinstance(item, Not):
                rest = [one for one in _all_of(item.item) if not _excludes(one, term)]
                if not rest:
                    continue
                item = Not(rest[0] if len(rest) == 1 else Or(tuple(rest)))
            kept.append(item)
        return kept[0] if len(kept) == 1 else And(tuple(kept))
    if isinstance(root, And | Or):
        return type(root)(tuple(_allowing(item, where, term) for item in root.items))
    return Not(_allowing(root.item, where, term)) if isinstance(root, Not) else root


def _all_of(node: Node) -> tuple[Node, ...]:
    return node.items if isinstance(node, Or) else (node,)


def _excludes(node: Node, term: Term) -> bool:
    if not isinstance(node, Term):
        return False
    return node == term if not _plain(node) else _folded(node) in _runs(term, [len(node.words)])


def _alternatives(node: Node) -> Iterator[Term]:
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Or):
        for item in node.items:
            yield from _alternatives(item)


def _where(text: str, term: Term) -> tuple[int, int]:
    word = term.words[0].text
    return place(text, max(text.find(word), 0))
