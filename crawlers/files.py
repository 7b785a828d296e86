"""Files: survey answers, review and social exports in CSV, JSON lines, JSON or XLSX."""

from __future__ import annotations

import glob
import hashlib
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from crawlers._columns import (
    ColumnMap,
    complete,
    field_named,
    guess_mapping,
    load_mappings,
    missing_columns,
    recognise,
)
from crawlers._dates import DateReader, tell_order
from crawlers._row_mention import RejectedRow, RowReader
from crawlers._rows import Format, Reading, Table, Unreadable, open_table
from renom.contracts import Batch, Cursor, Duration, Given, Rejection, Source, SourceOptions
from renom.errors import SourceDenied, SourceError, SourceUnavailable
from renom.mention import Kind, Mention

BATCH = 1000
MOST_FILES = 10_000
_PATTERNS = ("*.csv", "*.tsv", "*.jsonl", "*.ndjson", "*.json", "*.xlsx", "*.xlsm")

log = logging.getLogger(__name__)


class FilesOptions(SourceOptions):
    """Options of a file source.

    ``path`` is a file, a folder or a glob. ``map`` says which column holds what
    (``{text: Verbatim, rating: Note}``); what it leaves open is looked up in the saved
    ``mappings`` (a YAML file), then guessed. ``rating_scale`` is [worst, best]; ``date_format`` a
    strptime format; ``timezone`` is where times without a zone are at home; ``published_at`` is
    the date of rows that have none; ``brand`` files every row under one brand (queries may add
    others; a brand column is believed alone); ``labels`` off
    leaves sentiment labels and aspects that the file carries to our own understanding.
    """

    path: str
    map: dict[str, str] = Field(default_factory=dict)
    mappings: str | None = None
    kind: Kind | None = None
    platform: str | None = None
    language: str | None = None
    brand: str | None = None
    labels: bool = True
    published_at: datetime | None = None
    rating_scale: tuple[float, float] | None = None
    date_format: str | None = None
    timezone: str = "UTC"
    format: Format | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: str | None = None
    sheet: str | None = None
    max_size: float = Field(default=2000.0, gt=0)
    backfill: Duration = timedelta(days=36_500)

    @field_validator("map")
    @classmethod
    def _known_fields(cls, value: dict[str, str]) -> dict[str, str]:
        return {field_named(name): column for name, column in value.items()}

    @field_validator("platform")
    @classmethod
    def _platform_name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", value):
            raise ValueError("must be a lower-case name such as survey or trustpilot")
        return value

    @field_validator("rating_scale")
    @classmethod
    def _scale_order(cls, value: tuple[float, float] | None) -> tuple[float, float] | None:
        if value is not None and not value[0] < value[1]:
            raise ValueError("must be [worst, best], the worst lower than the best")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown time zone {value!r}; write Europe/Paris or UTC") from None
        return value


class FilesSource(Source):
    """Reads exports.

    The cursor remembers size and time of each file and how many of its rows are kept, so an
    unchanged file is not read again and a killed import continues where it was. A changed file
    is read from its beginning: rows known by their identity are updated, not doubled.
    """

    Options = FilesOptions
    platform: ClassVar[str] = "import"

    def fetch(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Yield the rows of new and changed files, about 1,000 at a time.

        A file that cannot be read beside others is a rejection; alone it raises SourceDenied.
        ``unknown_brands`` counts, after a run, the brand values that name no configured brand.
        """
        self.unknown_brands: Counter[str] = Counter()
        known: dict[str, Any] = dict((cursor or {}).get("files", {}))
        paths = self._paths()
        failures: list[SourceError] = []
        for path in paths:
            key = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
            stamp = _stamp(path)
            old = known.get(key, {})
            same = old.get("stamp") == stamp
            if same and old.get("done"):
                yield Batch(unchanged=old.get("rows", 0))
                continue
            try:
                for batch, rows, done in self._read(path, old["rows"] if same else 0, now):
                    known = {**known, key: {"stamp": stamp, "rows": rows, "done": done}}
                    yield replace(batch, cursor={"files": known})
            except SourceError as error:
                failures.append(error)
                if len(paths) > 1:
                    yield Batch(rejected=(Rejection(path.name, error.message),))
        if self.unknown_brands:
            names = ", ".join(repr(name[:40]) for name, _ in self.unknown_brands.most_common(5))
            log.warning(
                "%s: %d rows name a brand that is not configured (%s); the queries decide",
                self.name, self.unknown_brands.total(), names,
            )  # fmt: skip
        if failures and len(failures) == len(paths):
            raise failures[0]

    def check(self) -> str:
        """Look at the files and say what their columns are taken for."""
        said = []
        for path in self._paths()[:5]:
            table, mapping = self.open(path)
            table.close()
            pairs = ", ".join(f"{name} = {column}" for name, column in mapping.columns.items())
            said.append(f"{path.name}: {pairs}")
        return "; ".join(said)

    def open(self, path: Path) -> tuple[Table, ColumnMap]:
        """Open a file and find out what its columns hold: stated, saved, guessed, in this order.

        ``renom import`` shows it before it imports. The caller closes the table. Raises
        SourceUnavailable or SourceDenied.
        """
        reading = Reading(
            self.options.format,
            self.options.delimiter,
            self.options.encoding,
            self.options.sheet,
            int(self.options.max_size * 1_000_000),
        )
        try:
            table = open_table(path, reading)
        except Unreadable as error:
            raise SourceDenied(f"{path.name}: {error}", error.hint, source=self.name) from error
        except OSError as error:
            raise SourceUnavailable(
                f"{path.name} cannot be read: {error.strerror or 'damaged'}", source=self.name
            ) from error
        try:
            return table, self._mapping(path, table)
        except SourceError:
            table.close()
            raise

    # -- one file ----------------------------------------------------------------------------

    def _read(self, path: Path, skip: int, now: datetime) -> Iterator[tuple[Batch, int, bool]]:
        """Yield (batch, rows read so far, whether that is all), leaving out the first ``skip``."""
        table, mapping = self.open(path)
        for note in table.notes:
            log.info("%s: %s", path.name, note)
        try:
            reader = self._reader(path, table, mapping)
            floor = now - self.options.backfill
            mentions: list[Mention] = []
            rejected: list[Rejection] = []
            given: dict[str, Given] = {}
            count = taken = 0
            for row in table.rows:
                count += 1
                if isinstance(row, Rejection):
                    if count > skip:
                        rejected.append(row)
                else:
                    try:
                        mention, said = reader.read(row.values, now=now)
                    except RejectedRow as error:
                        if count > skip:
                            rejected.append(Rejection(row.place, str(error)))
                    else:
                        if count > skip and mention.published_at >= floor:
                            mentions.append(mention)
                            if said is not None and not self.options.labels:
                                said = Given(said.brands, also_match=said.also_match)
                            if said is not None:
                                given[mention.key] = _both(given.get(mention.key), said)
                taken = len(mentions) + len(rejected)
                if taken >= BATCH:
                    yield (
                        Batch(tuple(mentions), rejected=tuple(rejected), given=given),
                        count,
                        False,
                    )
                    mentions, rejected, given = [], [], {}
            yield Batch(tuple(mentions), rejected=tuple(rejected), given=given), count, True
        finally:
            table.close()

    def _reader(self, path: Path, table: Table, mapping: ColumnMap) -> RowReader:
        options = self.options
        stated = options.published_at
        zone = ZoneInfo(mapping.timezone or options.timezone)
        if stated is not None and stated.tzinfo is None:
            stated = stated.replace(tzinfo=zone)
        return RowReader(
            source=self.name,
            mapping=mapping,
            dates=self._dates(path, table, mapping, zone),
            brands=self.brands,
            platform=options.platform,
            kind=options.kind or _kind(mapping.kind),
            language=options.language,
            brand=options.brand,
            published_at=stated.astimezone(UTC) if stated is not None else None,
            unknown_brands=self.unknown_brands,
        )

    def _mapping(self, path: Path, table: Table) -> ColumnMap:
        options = self.options
        if not table.sample:
            first = next((row for row in table.rows if isinstance(row, Rejection)), None)
            if first is None:
                raise SourceDenied(f"{path.name} holds no rows", source=self.name)
            raise SourceDenied(
                f"{path.name} holds no row that can be read; {first.item}: {first.reason}",
                source=self.name,
            )
        stated = ColumnMap(options.map, options.rating_scale, options.date_format, None)
        saved = self._saved(table.columns)
        if saved is not None:
            stated = complete(stated, saved)
            stated = replace(
                stated,
                date_format=stated.date_format or saved.date_format,
                rating_scale=stated.rating_scale or saved.rating_scale,
                timezone=saved.timezone, kind=saved.kind, platform=saved.platform,
            )  # fmt: skip
        mapping = complete(stated, guess_mapping(table.columns, table.sample))
        problems = missing_columns(mapping, table.columns)
        shown = ", ".join(table.columns[:40])
        if problems:
            raise SourceDenied(
                f"{path.name}: {'; '.join(problems)}", f"its columns: {shown}", source=self.name
            )
        if "text" not in mapping.columns:
            raise SourceDenied(
                f"{path.name}: no column seems to hold the text",
                f"say which one: map {{text: COLUMN}}; its columns: {shown}",
                source=self.name,
            )
        if "published_at" not in mapping.columns and options.published_at is None:
            raise SourceDenied(
                f"{path.name}: no column seems to hold a date",
                f"map published_at to one of its columns ({shown}), or state one date for all "
                "rows: published_at: 2026-01-31",
                source=self.name,
            )
        return mapping

    def _saved(self, columns: tuple[str, ...]) -> ColumnMap | None:
        if self.options.mappings is None:
            return None
        try:
            found = recognise(columns, load_mappings(Path(self.options.mappings)))
        except ValueError as error:
            raise SourceDenied(str(error), source=self.name) from error
        return found[1] if found else None

    def _dates(self, path: Path, table: Table, mapping: ColumnMap, zone: ZoneInfo) -> DateReader:
        form = mapping.date_format
        column = mapping.columns.get("published_at")
        if form is not None or column is None:
            return DateReader(format=form, zone=zone)
        day_first, doubtful = tell_order(row.get(column) for row in table.sample)
        if doubtful is not None:
            raise SourceDenied(
                f"{path.name}: day and month of {str(doubtful)[:40]!r} in column {column!r} "
                "cannot be told apart",
                "state date_format: '%d/%m/%Y' if the day comes first, '%m/%d/%Y' if the month "
                "does (with ' %H:%M' behind it if there are times)",
                source=self.name,
            )
        return DateReader(zone=zone, day_first=day_first)

    def _paths(self) -> list[Path]:
        """Return the files meant, oldest first. Raises SourceUnavailable when there is none."""
        stated = Path(self.options.path).expanduser()
        if stated.is_dir():
            found = [
                p for form in _PATTERNS for p in (*stated.glob(form), *stated.glob(f"{form}.gz"))
            ]
        elif stated.exists() or not glob.has_magic(str(stated)):
            found = [stated]
        else:
            found = [Path(name) for name in glob.glob(str(stated), recursive=True)]
        files = [path for path in found if path.is_file()][:MOST_FILES]
        if not files:
            raise SourceUnavailable(
                f"no file at {self.options.path}", "check path; a folder or a glob is fine too",
                source=self.name,
            )  # fmt: skip
        return sorted(files, key=lambda path: (path.stat().st_mtime_ns, str(path)))


def _both(first: Given | None, second: Given) -> Given:
    """Join what two rows say of one mention: a tweet listed under two brands belongs to both."""
    if first is None:
        return second
    aspects = {aspect.name: aspect for aspect in (*first.aspects, *second.aspects)}
    return Given(
        brands=tuple(dict.fromkeys((*first.brands, *second.brands))),
        sentiment=second.sentiment or first.sentiment,
        aspects=tuple(aspects.values()),
    )


def _kind(name: str | None) -> Kind | None:
    return next((kind for kind in get_args(Kind) if kind == name), None)


def _stamp(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]
