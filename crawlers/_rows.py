"""Read CSV, JSON lines, a JSON array or a spreadsheet row by row, also packed with gzip.

Damage costs the rows it hits and no others: a file cut in the middle, a quotation mark never
closed, a line that is no JSON each become a Rejection with its place, and reading goes on.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import itertools
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from crawlers._encodings import known_encoding, mostly_utf8
from crawlers._json_array import Broken, array_items
from renom.contracts import Rejection

Format = Literal["csv", "jsonl", "json", "xlsx"]
SAMPLE = 1000
LONGEST_LINE = 4_000_000
MOST_RECORD_LINES = 200
MOST_COLUMNS = 2000
DELIMITERS = ",;\t|"
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "json", ".xlsx": "xlsx", ".xlsm": "xlsx",
}  # fmt: skip
_SEP_LINE = re.compile(r"sep=(.)\s*$", re.IGNORECASE)


class Unreadable(ValueError):
    """The file as a whole cannot be read; the message says why, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in words (``line 7``) and its values by column name."""

    place: str
    values: dict[str, Any]


@dataclass(slots=True)
class Table:
    """An open file. ``sample`` holds the first rows, ``rows`` all of them, once.

    ``notes`` says in words what was assumed: encoding, delimiter, sheet.
    """

    format: Format
    columns: tuple[str, ...]
    sample: tuple[dict[str, Any], ...]
    rows: Iterator[Row | Rejection]
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read a file, where it is not to be found out. ``max_size`` counts unpacked bytes."""

    format: Format | None = None
    delimiter: str | None = None
    encoding: str | None = None
    sheet: str | None = None
    max_size: int = 2_000_000_000


def open_table(path: Path, reading: Reading) -> Table:
    """Open ``path`` and find out its form. Raises Unreadable, or OSError of the file system."""
    with ExitStack() as unless_it_fails:
        stream = _Bounded(path, reading.max_size)
        unless_it_fails.callback(stream.close)
        kind = reading.format or _format_of(path, stream)
        if kind == "xlsx":
            from crawlers._spreadsheet import read_sheet

            name, records = read_sheet(stream, reading.sheet)
            notes: tuple[str, ...] = (f"sheet {name!r}",)
            rows = _with_header(records, stream, "row")
        elif kind == "csv":
            rows, notes = _csv(stream, reading)
        else:
            encoding, notes = _encoding(stream, reading.encoding)
            text = _text(stream, encoding, newline="\n")
            rows = _json_rows(text, stream, array=kind == "json")
        head = list(itertools.islice(rows, SAMPLE))
        unless_it_fails.pop_all()
    sample = tuple(row.values for row in head if isinstance(row, Row))
    columns = tuple(dict.fromkeys(name for values in sample for name in values))
    return Table(kind, columns, sample, itertools.chain(head, rows), notes, stream.close)


def _format_of(path: Path, stream: _Bounded) -> Format:
    name = path.name.lower().removesuffix(".gz")
    suffix = Path(name).suffix
    start = stream.peek_start()
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            "an old .xls workbook or one protected by a password",
            "save it as .xlsx without a password, or as CSV",
        )
    if suffix in (".json", ".jsonl", ".ndjson", ""):
        first = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
        if first in (b"[", b"{"):
            return "json" if first == b"[" else "jsonl"
    if suffix not in _SUFFIXES and suffix:
        raise Unreadable(
            f"files of type {suffix} are not read",
            "CSV, JSONL, JSON and XLSX are, also packed as .gz; or say which with `format`",
        )
    return _SUFFIXES.get(suffix, "csv")


# -- bytes -----------------------------------------------------------------------------------


class _Bounded(io.BufferedIOBase):
    """A file's bytes, unpacked when it is gzip, up to a limit; damage ends it and is told.

    ``cut`` says why the bytes ended early, "" when they did not.
    """

    LEAST_SUSPECT, MOST_RATIO = 64_000_000, 200

    def __init__(self, path: Path, limit: int) -> None:
        self._path, self._limit = path, limit
        self._open()

    def _open(self) -> None:
        self.cut, self._count = "", 0
        self._file: BinaryIO = self._path.open("rb")
        packed = self._file.read(2) == b"\x1f\x8b"
        self._file.seek(0)
        self._inner: Any = gzip.GzipFile(fileobj=self._file) if packed else self._file
        self._packed = packed

    def rewind(self) -> None:
        """Begin again at the first byte."""
        self._file.close()
        self._open()

    def peek_start(self) -> bytes:
        """Return the first bytes without taking them."""
        start = self.read1(4096)
        self.rewind()
        return start

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; b"" at the end, which may be an early one (``cut``)."""
        if self.cut:
            return b""
        try:
            data: bytes = self._inner.read1(size if 0 < size <= 1_000_000 else 1_000_000)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.cut = "the packed file is cut off or damaged here"
            return b""
        self._count += len(data)
        if self._count > self._limit:
            self.cut = f"larger than {self._limit // 1_000_000:,} MB; the rest was not read"
        elif (
            self._packed
            and self._count > self.LEAST_SUSPECT
            and self._count > self.MOST_RATIO * max(1, self._file.tell())
        ):
            self.cut = "unpacks to far more than any text does; the rest was not read"
        return b"" if self.cut else data

    def read(self, size: int | None = -1) -> bytes:
        """Return ``size`` bytes or all, as far as they go."""
        parts, wanted = [], size if size is not None and size >= 0 else None
        while wanted is None or wanted > 0:
            part = self.read1(-1 if wanted is None else wanted)
            if not part:
                break
            parts.append(part)
            wanted = None if wanted is None else wanted - len(part)
        return b"".join(parts)

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()
        super().close()


def _encoding(stream: _Bounded, stated: str | None) -> tuple[str, tuple[str, ...]]:
    """Find the encoding: byte order mark, strict UTF-8, UTF-8 with damage, else cp1252.

    Reads the file once and rewinds it.
    """
    if stated is not None:
        name = known_encoding(stated)
        if name is None:
            raise Unreadable(f"unknown encoding {stated!r}", "utf-8, cp1252 and others are known")
        return ("utf-8-sig" if name == "utf-8" else name), ()
    decoder = codecs.getincrementaldecoder("utf-8")()
    start = stream.peek_start()
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ("encoding UTF-16, by its mark",)
    encoding, notes = "utf-8-sig", ()  # type: tuple[str, tuple[str, ...]]
    while chunk := stream.read1(1_000_000):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            if mostly_utf8(chunk):
                notes = ("encoding UTF-8 with damaged characters",)
            else:
                encoding, notes = "cp1252", ("not UTF-8, read as Windows-1252 (cp1252)",)
            break
    stream.rewind()
    return encoding, notes


def _text(stream: Any, encoding: str, *, newline: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding, errors="replace", newline=newline)


# -- CSV -------------------------------------------------------------------------------------


def _csv(stream: _Bounded, reading: Reading) -> tuple[Iterator[Row | Rejection], tuple[str, ...]]:
    encoding, notes = _encoding(stream, reading.encoding)
    text = _text(stream, encoding, newline="")
    lines = iter(lambda: text.readline(LONGEST_LINE), "")
    head = list(itertools.islice(lines, 200))
    skipped = 0
    delimiter = reading.delimiter
    if head and (stated := _SEP_LINE.match(head[0])):
        delimiter, skipped = delimiter or stated[1], 1
        head = head[1:]
    delimiter = delimiter or find_delimiter(head)
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    last = [""]
    records = _csv_records(_watched(itertools.chain(head, lines), last), delimiter, skipped)
    rows = _with_header(records, stream, "line", last)
    return rows, (*notes, f"delimiter {shown}")


def _watched(lines: Iterator[str], last: list[str]) -> Iterator[str]:
    """Pass lines on; ``last`` holds the one passed last."""
    for line in lines:
        last[0] = line
        yield line


def find_delimiter(lines: list[str]) -> str:
    """Return which of ``,;<tab>|`` cuts the lines into the most columns, consistently.

    (csv.Sniffer decides by quotes around one value and takes seconds on some samples.)
    """
    best, best_score = ",", 0.0
    sample = [line[:10_000] for line in lines[:100]]
    for delimiter in DELIMITERS:
        try:
            widths = [len(record) for record in csv.reader(sample, delimiter=delimiter) if record]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = sum(width == widths[0] for width in widths) / len(widths) + widths[0] / 10_000
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _csv_records(
    lines: Iterator[str], delimiter: str, skipped: int
) -> Iterator[tuple[int, list[Any] | Broken]]:
    """Yield (line number, cells).

    A quotation mark that is never closed swallows what follows: such a record meets a mark in an
    impossible place, the end of the file, or has more than 200 lines. Then only its first line is
    lost and the others are read anew. A stray mark within one line is taken as it stands.
    """
    csv.field_size_limit(LONGEST_LINE)
    waiting: deque[str] = deque()
    taken: list[str] = []
    number = skipped

    def feed() -> Iterator[str]:
        while True:
            line = waiting.popleft() if waiting else next(lines, None)
            if line is None:
                if taken:
                    raise _Unclosed
                return
            if len(taken) >= MOST_RECORD_LINES:
                waiting.appendleft(line)
                raise _Unclosed
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    while True:
        taken.clear()
        record: list[str] | Broken | None
        try:
            record = next(reader, None)
        except (_Unclosed, csv.Error) as error:
            alone = len(taken) == 1 and not isinstance(error, _Unclosed)
            record = _as_it_stands(taken[0], delimiter) if alone else _NEVER_CLOSED
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
            reader = csv.reader(feed(), delimiter=delimiter, strict=True)
        if record is None:
            return
        first = number + 1
        number += len(taken)
        if isinstance(record, Broken) or any(cell.strip() for cell in record):
            yield first, record


def _as_it_stands(line: str, delimiter: str) -> list[str] | Broken:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error as error:
        return Broken(str(error))


_NEVER_CLOSED = Broken("a quotation mark is never closed")


class _Unclosed(Exception):
    """A quoted value does not end."""


def _with_header(
    records: Iterator[tuple[int, list[Any] | Broken]],
    stream: _Bounded,
    word: str,
    last: list[str] | None = None,
) -> Iterator[Row | Rejection]:
    """Turn records into rows named by the first one; say where the file was cut."""
    names: list[str] = []
    held: tuple[int, list[Any]] | None = None

    def row(number: int, record: list[Any]) -> Row | Rejection:
        place = f"{word} {number}"
        extra = [cell for cell in record[len(names) :] if cell not in ("", None)]
        if extra:
            return Rejection(
                place,
                f"{len(record)} values where the header has {len(names)}: "
                "a text with an unquoted delimiter?",
            )
        return Row(place, dict(zip(names, record, strict=False)))

    # One record is held back: the last one of a cut file may be half a row.
    for number, record in records:
        if held is not None:
            yield row(*held)
            held = None
        if isinstance(record, Broken):
            yield Rejection(f"{word} {number}", record.reason)
        elif not names:
            names = _names(record)
        else:
            held = (number, record)
    half = last is not None and not last[0].endswith(("\n", "\r"))
    if held is not None and (stream.cut or (half and len(held[1]) < len(names))):
        yield Rejection(f"{word} {held[0]}", stream.cut or "the row is cut off")
    elif held is not None:
        yield row(*held)
    elif stream.cut:
        yield Rejection("end of file", stream.cut)


def _names(record: list[Any]) -> list[str]:
    if len(record) > MOST_COLUMNS:
        raise Unreadable(f"the header has more than {MOST_COLUMNS:,} columns")
    names: list[str] = []
    for number, cell in enumerate(record, start=1):
        name = " ".join(str(cell if cell is not None else "").split())[:200] or f"column {number}"
        names.append(f"{name} ({number})" if name in names else name)
    return names


# -- JSON ------------------------------------------------------------------------------------


def _json_rows(
    text: io.TextIOWrapper, stream: _Bounded, *, array: bool
) -> Iterator[Row | Rejection]:
    if array:
        yield from _array_rows(text)
    else:
        yield from _line_rows(text)
    if stream.cut:
        yield Rejection("end of file", stream.cut)


def _array_rows(text: io.TextIOWrapper) -> Iterator[Row | Rejection]:
    start = text.read(65_536)
    chunks = itertools.chain([start.partition("[")[2]], iter(lambda: text.read(1_000_000), ""))
    for number, item in enumerate(array_items(chunks), start=1):
        if isinstance(item, dict):
            yield Row(f"item {number}", item)
        else:
            reason = item.reason if isinstance(item, Broken) else "not an object"
            yield Rejection(f"item {number}", reason)


def _line_rows(text: io.TextIOWrapper) -> Iterator[Row | Rejection]:
    number = 0
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE and not line.endswith("\n"):
            while (rest := text.readline(LONGEST_LINE)) and not rest.endswith("\n"):
                pass
            yield Rejection(f"line {number}", f"longer than {LONGEST_LINE:,} characters")
            continue
        if not line.strip():
            continue
        try:
            item = json.loads(line)
        except RecursionError:
            yield Rejection(f"line {number}", "nested too deeply")
        except ValueError as error:
            yield Rejection(f"line {number}", f"not JSON: {error}")
        else:
            if isinstance(item, dict):
                yield Row(f"line {number}", item)
            else:
                yield Rejection(f"line {number}", "not an object")
