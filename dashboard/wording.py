"""Wording: the words, numbers and dates of the interface, in French and English."""

from __future__ import annotations

import gettext
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_compact_decimal, format_decimal, format_percent

LOCALE_FOLDER = Path(__file__).with_name("locale")
DOMAIN = "dashboard"
NAMES = {"en": "English", "fr": "Français"}
NOTHING = "–"

# D3 reads dates and numbers by these (d3-time-format and d3-format locale definitions).
_D3_TIME = {"en": "%B %-d, %Y", "fr": "%-d %B %Y"}


def mark(message: str) -> str:
    """Return the message unchanged: marks it for the catalogue, to be said later."""
    return message


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    # English is written in the code itself: it has no catalogue to fall behind.
    return gettext.translation(DOMAIN, LOCALE_FOLDER, [language], fallback=True)


@dataclass(frozen=True, slots=True)
class Wording:
    """Says things in one language and one time zone.

    Called with an English message it returns the sentence in ``language`` with ``{fields}``
    filled in. Numbers that are None come out as a dash: unknown is not zero. Days of another
    year than ``year`` are told with theirs.
    """

    language: str
    zone: ZoneInfo
    year: int | None = None

    def __call__(self, message: str, /, **fields: object) -> str:
        text = _catalogue(self.language).gettext(message)
        return text.format(**fields) if fields else text

    def plural(self, one: str, many: str, n: int, /, **fields: object) -> str:
        """Return the singular or plural sentence for ``n``; ``{n}`` is the formatted number."""
        text = _catalogue(self.language).ngettext(one, many, n)
        return text.format(n=self.number(n), **fields)

    @property
    def locale(self) -> Locale:
        """Babel's locale of the language: British day-month order for English."""
        return Locale.parse("en_GB" if self.language == "en" else self.language)

    def number(self, value: float | None, *, digits: int = 0) -> str:
        """Return a number with the language's separators and at most ``digits`` decimals."""
        if value is None:
            return NOTHING
        return format_decimal(round(value, digits) + 0, locale=self.locale)

    def compact(self, value: float) -> str:
        """Return a number short enough for a tile: 12 400 stays, 1 240 000 becomes 1.24M."""
        if abs(value) < 100_000:
            return self.number(value)
        return format_compact_decimal(value, locale=self.locale, fraction_digits=2)

    def signed(self, value: float | None, *, digits: int = 0) -> str:
        """Return a number with its sign; zero has none."""
        if value is None:
            return NOTHING
        rounded = round(value, digits) + 0
        text = self.number(abs(rounded), digits=digits)
        return ("+" if rounded > 0 else "−" if rounded < 0 else "") + text

    def percent(self, share: float | None) -> str:
        """Return a share of 0..1 as a percentage, one decimal below 10 %."""
        if share is None:
            return NOTHING
        pattern = self.locale.percent_formats[None].pattern
        if 0 < abs(share) < 0.0995:
            pattern = pattern.replace("#,##0", "#,##0.0")
        return format_percent(share, pattern, locale=self.locale)

    def day(self, moment: datetime) -> str:
        """Return the local day: 5 Mar, or 5 Mar 2015."""
        local = moment.astimezone(self.zone)
        this_year = self.year is None or local.year == self.year
        return format_date(local, "d MMM" if this_year else "d MMM y", locale=self.locale)

    def moment(self, moment: datetime | None, *, now: datetime | None = None) -> str:
        """Return the local day and time; only the time when that is the day of ``now``."""
        if moment is None:
            return NOTHING
        local = moment.astimezone(self.zone)
        time = format_time(local, "HH:mm", locale=self.locale)
        if now is not None and local.date() == now.astimezone(self.zone).date():
            return time
        return f"{self.day(local)} {time}"

    def exact(self, moment: datetime) -> str:
        """Return day, time and zone in full."""
        local = moment.astimezone(self.zone)
        return format_datetime(local, "EEEE d MMMM y HH:mm z", locale=self.locale)

    def ago(self, moment: datetime | None, *, now: datetime) -> str:
        """Return the distance from ``now`` in words: 3 hours ago, in 5 minutes."""
        if moment is None:
            return self("never")
        return format_timedelta(moment - now, add_direction=True, locale=self.locale)

    def span(self, length: timedelta) -> str:
        """Return a length of time in words: 1 hour, 7 days."""
        if length > timedelta(days=1) and not length % timedelta(days=1):
            return self.plural("{n} day", "{n} days", length.days)
        if length > timedelta(days=3):
            return self.plural("{n} day", "{n} days", round(length / timedelta(days=1)))
        if length >= timedelta(hours=1) and not length % timedelta(hours=1):
            return self.plural("{n} hour", "{n} hours", length // timedelta(hours=1))
        return format_timedelta(length, threshold=1.5, locale=self.locale)

    def language_name(self, code: str) -> str:
        """Return the name of a language by its ISO code, the code itself when unknown."""
        return self.locale.languages.get(code, code)

    def listing(self, names: Iterable[str]) -> str:
        """Return names separated by commas."""
        return ", ".join(names)

    def d3(self) -> dict[str, object]:
        """Return the locale definition by which Vega writes dates and numbers."""
        locale = self.locale
        months = locale.months["format"]
        days = locale.days["format"]
        order = [6, 0, 1, 2, 3, 4, 5]
        return {
            "time": {
                "dateTime": _D3_TIME.get(self.language, _D3_TIME["en"]) + " %H:%M",
                "date": "%d/%m/%Y",
                "time": "%H:%M",
                "periods": ["AM", "PM"],
                "days": [days["wide"][i] for i in order],
                "shortDays": [days["abbreviated"][i] for i in order],
                "months": [months["wide"][i] for i in range(1, 13)],
                "shortMonths": [months["abbreviated"][i] for i in range(1, 13)],
            },
            "number": {
                "decimal": locale.number_symbols["latn"]["decimal"],
                "thousands": locale.number_symbols["latn"]["group"],
                "grouping": [3],
                "currency": ["", ""],
                "percent": self.percent(1).removeprefix("100"),
            },
        }
