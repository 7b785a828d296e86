"""Read dates as people and their tools write them, in French and English, and never guess
whether 03/04 is in March or in April."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january janvier jan janv", "february fevrier feb fev fevr", "march mars mar",
            "april avril apr avr", "may mai", "june juin jun", "july juillet jul juil",
            "august aout aug", "september septembre sep sept", "october octobre oct",
            "november novembre nov", "december decembre dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CLOCK = re.compile(
    r"(?:\b|T|\s)(\d{1,2})\s?(?::|h)\s?(\d{2})?(?:[:m](\d{2}))?(?:[.,]\d{1,9})?s?\s*([ap]\.?m\.?)?(?![\d])",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(?:\b(?:utc|gmt|z)\b|(?<=[\d\s])([+-])(\d{2}):?(\d{2})\b)", re.IGNORECASE)
_NUMERIC = re.compile(r"\D*?(\d{1,4})\s?([/.-])\s?(\d{1,2})\s?[/.-]\s?(\d{1,4})\D*")
_WORDS = re.compile(r"[a-z]+|\d+")
_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's day 0 has no zone


class UnreadableDate(ValueError):
    """A date that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class DateReader:
    """Reads the dates of one column.

    ``format`` is a strptime format; ``zone`` is where naive times are at home; ``day_first``
    tells 31/12 from 12/31 and is None when the column does not.
    """

    format: str | None = None
    zone: tzinfo = UTC
    day_first: bool | None = None

    def read(self, value: object) -> datetime:
        """Return the moment in UTC; a day without a time is its midnight in the zone.

        Takes text, datetime, date, Unix seconds or milliseconds and Excel's day numbers. Raises
        UnreadableDate.
        """
        try:
            found = self._naive_or_aware(value)
            return (found if found.tzinfo else found.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError:
            raise UnreadableDate(f"not a date: {_shown(value)}") from None

    def _naive_or_aware(self, value: object) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, date):
            return datetime.combine(value, time())
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _numeric_moment(value)
        text = str(value).strip()[:100] if isinstance(value, str) else ""
        if self.format is not None:
            try:
                return datetime.strptime(text, self.format)  # noqa: DTZ007 - the zone follows
            except ValueError:
                raise UnreadableDate(f"not of the form {self.format}: {_shown(value)}") from None
        if len(text) >= 10 and text[4:5] == "-":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                pass
        if re.fullmatch(r"\d+(?:\.\d+)?", text) and len(text) != 8:
            return _numeric_moment(float(text))
        return self._free(text, value)

    def _free(self, text: str, value: object) -> datetime:
        folded = _folded(text)
        offset = _OFFSET.search(folded, 6) if len(folded) > 6 else None
        clock = _CLOCK.search(folded)
        rest = folded
        for found in sorted(filter(None, (offset, clock)), key=lambda match: -match.start()):
            rest = f"{rest[: found.start()]} {rest[found.end() :]}"
        try:
            year, month, day = self._day(rest.strip(), value)
            moment = datetime.combine(date(year, month, day), _time_of(clock))
        except ValueError as error:
            if isinstance(error, UnreadableDate):
                raise
            raise UnreadableDate(f"not a date: {_shown(value)}") from None
        if offset is None:
            return moment
        if offset[1] is None:
            return moment.replace(tzinfo=UTC)
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return moment.replace(tzinfo=timezone(ahead if offset[1] == "+" else -ahead))

    def _day(self, text: str, value: object) -> tuple[int, int, int]:
        numeric = _NUMERIC.fullmatch(text)
        if numeric is not None:
            return self._numeric_day(numeric, value)
        if re.fullmatch(r"\d{8}", text):
            return int(text[:4]), int(text[4:6]), int(text[6:])
        words = _WORDS.findall(text)
        months = [_MONTHS[word] for word in words if word in _MONTHS]
        numbers = [int(word) for word in words if word.isdigit()]
        if len(months) != 1 or len(numbers) < 2:
            raise UnreadableDate(f"not a date: {_shown(value)}")
        day, year = (numbers[1], numbers[0]) if numbers[0] > 31 else (numbers[0], numbers[-1])
        return _full_year(year), months[0], day

    def _numeric_day(self, match: re.Match[str], value: object) -> tuple[int, int, int]:
        first, mark, second, third = match[1], match[2], int(match[3]), match[4]
        if len(first) == 4:
            return int(first), second, int(third)
        if len(first) > 2 or len(third) == 3:
            raise UnreadableDate(f"not a date: {_shown(value)}")
        year, one = _full_year(int(third)), int(first)
        # Points are the continental way to write a date, and never the American one.
        day_first = True if mark == "." or one > 12 else self.day_first
        if day_first is None and second > 12:
            day_first = False
        if day_first is None and one != second:
            raise UnreadableDate(f"day and month cannot be told apart: {_shown(value)}")
        return (year, one, second) if day_first is False else (year, second, one)


def tell_order(values: Iterable[object]) -> tuple[bool | None, object | None]:
    """Tell whether the column's numeric dates put the day first, from those that can be only one.

    Returns ``(day_first, doubtful)``: ``doubtful`` is a value that stays ambiguous, or shows that
    the column holds both orders; None when every value can be read.
    """
    votes: set[bool] = set()
    doubtful: object | None = None
    for value in values:
        match = _NUMERIC.match(_folded(value[:40])) if isinstance(value, str) else None
        if match is None or len(match[1]) > 2 or match[2] == ".":
            continue
        one, two = int(match[1]), int(match[3])
        if one > 12 >= two:
            votes.add(True)
        elif two > 12 >= one:
            votes.add(False)
        elif one != two and doubtful is None:
            doubtful = value
    if len(votes) == 1:
        return votes.pop(), None
    if votes:
        return None, doubtful
    return None, doubtful


def _numeric_moment(value: float) -> datetime:
    if 1e8 <= value < 1e11:
        return datetime.fromtimestamp(value, UTC)
    if 1e11 <= value < 1e14:
        return datetime.fromtimestamp(value / 1000, UTC)
    if 30_000 <= value < 80_000:
        return _EXCEL + timedelta(days=value)
    raise UnreadableDate(f"not a date: {_shown(value)}")


def _time_of(clock: re.Match[str] | None) -> time:
    if clock is None:
        return time()
    hour = int(clock[1])
    half = (clock[4] or "").lower()[:1]
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return time(hour, int(clock[2] or 0), min(int(clock[3] or 0), 59))


def _full_year(year: int) -> int:
    return year if year > 99 else 2000 + year if year < 70 else 1900 + year


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def _shown(value: object) -> str:
    return repr(str(value)[:60])
