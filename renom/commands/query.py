"""Check, try out and explain Boolean queries."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from renom.commands import sample
from renom.commands._output import out, print_json, safe
from renom.commands._session import EXIT_FAILED, Json, open_app
from renom.errors import ConfigError
from renom.query import (
    And,
    Document,
    Field,
    Finding,
    Matcher,
    Near,
    Node,
    Not,
    Or,
    Range,
    Span,
    Term,
    Within,
    lint,
    parse,
)

app = typer.Typer(no_args_is_help=True, help="Check, try out and explain Boolean queries.")
app.command("sample")(sample.command)

_TOGETHER = 1_000
_LONGEST_LINE = 10_000_000

Query = Annotated[str, typer.Argument(help="Boolean query; see docs/query.md.")]


@app.command("lint")
def check(
    query: Annotated[str | None, typer.Argument(help="Boolean query.")] = None,
    config: Annotated[
        bool, typer.Option("--config", help="Every query of the configuration instead.")
    ] = False,
    language: Annotated[str, typer.Option(help="Of the messages: en or fr.")] = "en",
    json: Json = False,
) -> None:
    """Say what is wrong or doubtful, where, and what to write: `renom query lint 'a and b'`."""
    if (query is None) is not config:
        raise ConfigError("name a query, or --config for those of the configuration")
    if language not in ("en", "fr"):
        raise ConfigError(f"--language {language}: en or fr")
    texts = _configured() if query is None else {"": query}
    findings = {name: lint(text, language=language) for name, text in texts.items()}
    if json:
        print_json(
            [
                {"name": name, "query": texts[name], "findings": some}
                for name, some in findings.items()
            ]
        )
    else:
        for name, some in findings.items():
            for finding in some:
                _print_finding(name, texts[name], finding)
        _print_count([finding for some in findings.values() for finding in some])
    if any(finding.severity == "error" for some in findings.values() for finding in some):
        raise typer.Exit(EXIT_FAILED)


def _configured() -> dict[str, str]:
    """Return the queries of the configuration by where they stand."""
    settings = open_app(need_file=True).config
    found = {f"brand {brand.name}": brand.query for brand in settings.brands}
    for rule in settings.rules:
        if isinstance(text := rule.options.get("query"), str):
            found[f"rule {rule.name}"] = text
    return found


def _print_finding(name: str, text: str, finding: Finding) -> None:
    style = {"error": "red", "warning": "yellow", "info": "dim"}[finding.severity]
    head = f"{name}: " if name else ""
    place = f"{finding.line}:{finding.column}"
    out.print(safe(f"{head}{place} {finding.severity}: {finding.message}", style=style))
    lines = text.splitlines() or [""]
    line = lines[min(finding.line, len(lines)) - 1]
    start = max(0, finding.column - 60)
    out.print(safe(f"    {line[start : start + 120]}"))
    out.print(safe(f"    {' ' * (finding.column - 1 - start)}^", style=style))
    if finding.proposal:
        out.print(safe(f"    write: {finding.proposal[:500]}", style="green"))


def _print_count(findings: list[Finding]) -> None:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    out.print(safe(f"{errors} errors, {warnings} warnings", style="dim"))


@app.command("test")
def try_out(
    query: Query,
    file: Annotated[
        Path, typer.Argument(help="Texts one a line, UTF-8, gzipped too; - for standard input.")
    ],
    limit: Annotated[int, typer.Option(min=0, help="Show at most so many.")] = 100,
    json: Json = False,
) -> None:
    """Show what a query finds in a file: `renom query test 'orange NOT jus' texts.txt`."""
    matcher = Matcher({"": parse(query)})
    texts = matched = 0
    matches: list[dict[str, Any]] = []
    lines = _lines(file)
    while batch := list(islice(lines, _TOGETHER)):
        found = matcher.match_many(Document(line) for line in batch)
        for number, (line, spans) in enumerate(zip(batch, found, strict=True), start=texts + 1):
            if not spans:
                continue
            matched += 1
            if json:
                matches.append({"line": number, "spans": spans[""]})
            elif matched <= limit:
                out.print(Text(f"{number}: ", style="dim") + marked(line, spans[""]))
        texts += len(batch)
    if json:
        print_json({"texts": texts, "matched": matched, "matches": matches})
        return
    more = f" ({matched - limit} more not shown)" if matched > limit else ""
    out.print(safe(f"{matched} of {texts} texts match{more}", style="dim"))


def _lines(file: Path) -> Iterator[str]:
    """Yield the lines of a file without their ends. Raises ConfigError."""
    if str(file) == "-":
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    try:
        with file.open("rb") as start:
            packed = start.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rb") if packed else file.open("rb") as lines:
            while line := lines.readline(_LONGEST_LINE):
                yield line.decode("utf-8-sig", "replace").rstrip("\r\n")
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{file} can't be read: {reason}") from None


def marked(text: str, spans: tuple[Span, ...]) -> Text:
    """Return outside text as inert Rich text with ``spans`` highlighted."""
    shown, at = Text(), 0
    for start, end in spans:
        shown.append_text(safe(text[at:start])).append_text(
            safe(text[start:end], style="bold yellow")
        )
        at = end
    return shown.append_text(safe(text[at:]))


@app.command("explain")
def explain(query: Query, json: Json = False) -> None:
    """Print how a query is understood, as a tree: `renom query explain 'a OR b c'`."""
    parsed = parse(query)
    if json:
        print_json({"query": str(parsed), "tree": plain(parsed.root)})
        return
    for line in drawn(parsed.root):
        out.print(safe(line))


def drawn(node: Node, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a tree, each part below what it belongs to."""
    indent = "  " * depth
    if isinstance(node, And | Or):
        yield indent + ("all of" if isinstance(node, And) else "any of")
    elif isinstance(node, Near):
        order = "in this order, " if node.ordered else ""
        yield f"{indent}near each other, {order}at most {node.distance} words between"
    elif isinstance(node, Not):
        yield f"{indent}not"
    elif isinstance(node, Within):
        yield f"{indent}in the {node.name}"
    elif isinstance(node, Term):
        yield f"{indent}{_term(node)}"
    else:
        yield f"{indent}{node}"
    for item in _below(node):
        yield from drawn(item, depth + 1)


def _term(term: Term) -> str:
    notes = []
    if any(word.exact for word in term.words):
        notes.append("case and accents as written")
    elif any(word.accented for word in term.words):
        notes.append("accents as written")
    names = {"#": "hashtag", "@": "handle"}
    notes += [names[word.sigil] for word in term.words if word.sigil]
    return f"{term}  ({', '.join(notes)})" if notes else str(term)


def _below(node: Node) -> tuple[Node, ...]:
    if isinstance(node, And | Or | Near):
        return node.items
    return (node.item,) if isinstance(node, Not | Within) else ()


def plain(node: Node) -> dict[str, Any]:
    """Return a tree as JSON objects: ``is``, what it holds and the ``items`` below it."""
    shown: dict[str, Any] = {"is": type(node).__name__.lower()}
    if isinstance(node, Near):
        shown |= {"distance": node.distance, "ordered": node.ordered}
    elif isinstance(node, Term):
        shown["text"] = str(node)
    elif isinstance(node, Field):
        shown |= {"field": node.name, "value": node.value}
    elif isinstance(node, Range):
        shown |= {"field": node.name, "low": node.low, "high": node.high}
    elif isinstance(node, Within):
        shown["field"] = node.name
    if below := _below(node):
        shown["items"] = [plain(item) for item in below]
    return shown
