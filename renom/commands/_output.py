"""What commands print: tables for people, JSON for programs, nothing that a terminal obeys."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False)

# C0 and C1 controls, bidirectional overrides: text from outside must not drive the terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def safe(text: object, *, width: int | None = None, style: str = "") -> Text:
    """Return outside text as inert Rich text, on one line and cut to ``width`` when given."""
    plain = _CONTROL.sub("", str(text))
    if width is not None:
        plain = " ".join(plain.split())
        plain = plain if len(plain) <= width else plain[: width - 1] + "…"
    return Text(plain, style=style)


def table(*columns: str, title: str = "", right: Sequence[str] = ()) -> Table:
    """Return an empty table in the house style; ``right`` names right-aligned columns."""
    made = Table(title=title or None, box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left")
    return made


def jsonable(value: Any) -> Any:
    """Return dataclasses, datetimes and tuples as what JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: jsonable(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(k): jsonable(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [jsonable(v) for v in value]
    return value


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    json.dump(jsonable(value), sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
    sys.stdout.flush()


def print_lines(values: Iterable[Any]) -> None:
    """Print JSON lines on stdout."""
    for value in values:
        sys.stdout.write(json.dumps(jsonable(value), ensure_ascii=False) + "\n")


def progress(*, total: bool = False) -> Progress:
    """Return a progress display on stderr; it draws nothing where stderr is no terminal."""
    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}")]
    if total:
        columns += [BarColumn(bar_width=30), MofNCompleteColumn()]
    columns.append(TextColumn("{task.fields[detail]}"))
    return Progress(*columns, console=err, transient=True)


def ago(moment: datetime | None, now: datetime) -> str:
    """Return how long ago, short: ``3 min``, ``5 h``, ``12 d``; ``never`` for None."""
    if moment is None:
        return "never"
    seconds = (now - moment).total_seconds()
    sign = "in " if seconds < 0 else ""
    seconds = abs(seconds)
    for size, unit in ((86400.0, "d"), (3600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{sign}{seconds / size:.0f} {unit}"
    return f"{sign}{seconds:.0f} s"
