"""Read a sheet of an XLSX workbook, after a look at how large it would become.

python-calamine holds a sheet as a full rectangle: two cells at opposite corners of a small file
would ask for terabytes. So the archive's stated sizes and the cells' own addresses are checked
before it is opened.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from crawlers._json_array import Broken

MOST_PACKED = 200_000_000
MOST_UNPACKED = 1_000_000_000
MOST_CELLS = 50_000_000
_ADDRESS = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')


def read_sheet(
    stream: Any, wanted: str | None
) -> tuple[str, Iterator[tuple[int, list[Any] | Broken]]]:
    """Return the name of a sheet (the first one, unless ``wanted``) and its rows with numbers.

    Raises ``_rows.Unreadable``.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    from crawlers._rows import Unreadable

    data = stream.read(MOST_PACKED + 1)
    if len(data) > MOST_PACKED:
        raise Unreadable(f"the workbook is larger than {MOST_PACKED // 1_000_000} MB")
    packed = io.BytesIO(data)
    try:
        _check_sizes(packed)
        packed.seek(0)
        book = CalamineWorkbook.from_filelike(packed)
        names = book.sheet_names
        name = wanted or next(iter(names), "")
        if name not in names:
            raise Unreadable(
                f"the workbook has no sheet {name!r}", f"it has: {', '.join(names[:20])}"
            )
        sheet = book.get_sheet_by_name(name)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, CalamineError, NotImplementedError) as error:
        raise Unreadable(
            "the workbook is damaged or cut off", "open it in a spreadsheet program and save it"
        ) from error
    first = (sheet.start or (0, 0))[0] + 1
    return name, _numbered(sheet, first)


def _numbered(sheet: Any, first: int) -> Iterator[tuple[int, list[Any] | Broken]]:
    for number, cells in enumerate(sheet.iter_rows(), start=first):
        row = [_cell(cell) for cell in cells]
        while row and row[-1] is None:
            row.pop()
        if row:
            yield number, row


def _cell(value: Any) -> Any:
    """Return None for an empty cell and an int for a whole number: a sheet knows only floats."""
    if value == "":
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _check_sizes(packed: BinaryIO) -> None:
    from crawlers._rows import Unreadable

    with zipfile.ZipFile(packed) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MOST_UNPACKED:
            raise Unreadable(f"the workbook unpacks to more than {MOST_UNPACKED // 10**6:,} MB")
        for member in members:
            if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                columns, rows = _extent(archive, member)
                if columns * rows > MOST_CELLS:
                    raise Unreadable(
                        f"a sheet spans {columns:,} columns by {rows:,} rows",
                        "delete stray cells far from the table, or save it as CSV",
                    )


def _extent(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, int]:
    columns = rows = read = 0
    tail = b""
    with archive.open(member) as part:
        while chunk := part.read(1 << 20):
            read += len(chunk)
            if read > MOST_UNPACKED:
                raise zipfile.BadZipFile("larger than it says")
            for letters, number in _ADDRESS.findall(tail + chunk):
                rows = max(rows, int(number))
                if len(letters) > 1 or not columns:
                    column = 0
                    for letter in letters:
                        column = column * 26 + letter - 64
                    columns = max(columns, column)
            tail = chunk[-16:]
    return max(columns, 26), rows
