"""Know the fields of the query language: their names, what values they take, how to read one."""

from __future__ import annotations

import difflib
import re
from calendar import monthrange
from datetime import UTC, datetime

from renom.errors import QueryError
from renom.mention import KINDS
from renom.query.text import exact, fold
from renom.query.tree import Field, Range

TEXT_FIELDS: tuple[str, ...] = ("title",)
"""Fields searched word by word, like the text itself."""

LABEL_FIELDS: tuple[str, ...] = (
    "author",
    "site",
    "url",
    "language",
    "country",
    "platform",
    "source",
    "kind",
    "sentiment",
    "brand",
    "aspect",
    "emotion",
    "touchpoint",
)
"""Fields that equal a value."""

RANGE_FIELDS: tuple[str, ...] = ("rating", "engagement", "followers", "published")
"""Fields that lie between two bounds."""

FIELDS: tuple[str, ...] = TEXT_FIELDS + LABEL_FIELDS + RANGE_FIELDS

ALIASES: dict[str, str] = {
    "lang": "language",
    "langue": "language",
    "titre": "title",
    "headline": "title",
    "auteur": "author",
    "username": "author",
    "domain": "site",
    "domainurl": "site",
    "host": "site",
    "links": "url",
    "link": "url",
    "pays": "country",
    "sourcecountry": "country",
    "authorfollowers": "followers",
    "note": "rating",
    "publishdate": "published",
    "date": "published",
    "marque": "brand",
}
"""Names that other tools, or French, use for a field. The linter says how they were read."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "sentiment": ("negative", "neutral", "positive"),
}
_CODES = {"language": (re.compile(r"[a-z]{2,3}"), "fr"), "country": (re.compile(r"[a-z]{2}"), "FR")}
_RANGE = re.compile(r"\[\s*(\S+)\s+TO\s+(\S+)\s*\]", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def nearest(name: str, known: tuple[str, ...]) -> str:
    """Return the member of ``known`` that ``name`` was most likely meant to be, or nothing."""
    found = difflib.get_close_matches(fold(name)[:40], known, n=1, cutoff=0.6)
    return found[0] if found else ""


def require_field(name: str, *, column: int = 1, line: int = 1) -> str:
    """Return the known field called ``name`` (any case, or an alias), or raise QueryError."""
    if name.lower() in FIELDS:
        return name.lower()
    if name.lower() in ALIASES:
        return ALIASES[name.lower()]
    if name.lower() in ("http", "https"):
        hint = 'put an address in quotes, or write url:"example.org/page"'
    elif close := nearest(name, FIELDS):
        hint = f"did you mean {close}: ? To search for the words themselves, use quotes"
    else:
        hint = f"fields are {', '.join(FIELDS)}; to search for the words themselves, use quotes"
    raise QueryError(f"{name!r} is not a field", hint, column=column, line=line)


def read_label(name: str, value: str, *, column: int = 1, line: int = 1) -> Field:
    """Return the test ``name:value`` of a label field; raise QueryError when it can't be true."""
    place = {"column": column, "line": line}
    value = " ".join(exact(value).split())
    if not value.strip("*"):
        raise QueryError(f"{name}: has no value", f"write {name}:something", **place)
    folded = fold(value)
    if name in _CHOICES and folded not in _CHOICES[name]:
        close = nearest(value, _CHOICES[name])
        hint = f"did you mean {name}:{close} ?" if close else f"one of {', '.join(_CHOICES[name])}"
        raise QueryError(f"{value!r} is not a {name}", hint, **place)
    if name in _CODES and not _CODES[name][0].fullmatch(folded):
        hint = f"write the code, as in {name}:{_CODES[name][1]}"
        raise QueryError(f"{value!r} is not a {name} code", hint, **place)
    if name in _CHOICES or name in _CODES:
        value = folded.upper() if name == "country" else folded
    if name == "author":
        value = value.removeprefix("@") or value
    return Field(name, value)


def read_range(name: str, text: str, *, column: int = 1, line: int = 1) -> Range:
    """Return ``name:[low TO high]``, or of ``5``, ``>=5``, ``<=5``; raise QueryError otherwise."""
    place = {"column": column, "line": line}
    sample = "2026-01-01 TO 2026-01-31" if name == "published" else "1 TO 2"
    hint = f"write {name}:[{sample}], with * for an open side"
    text = text.strip()
    if match := _RANGE.fullmatch(text):
        low_text, high_text = match.groups()
    elif text.startswith(">="):
        low_text, high_text = text[2:], "*"
    elif text.startswith("<="):
        low_text, high_text = "*", text[2:]
    elif text.startswith((">", "<", "[")):
        raise QueryError(f"{text!r} is not a range of {name}", hint, **place)
    else:
        low_text = high_text = text
    bound = _moment if name == "published" else _number
    low, high = bound(low_text, last=False), bound(high_text, last=True)
    for written, value in ((low_text, low), (high_text, high)):
        if value is None and written != "*":
            what = "a date" if name == "published" else "a number"
            raise QueryError(f"{written!r} is not {what}", hint, **place)
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        fix = f"{name}:[{high_text} TO {low_text}]"
        raise QueryError(f"the range of {name} is empty", f"did you mean {fix} ?", **place)
    return Range(name, low, high)


def _number(text: str, *, last: bool) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and text.isascii() else None


def _moment(text: str, *, last: bool) -> datetime | None:
    """Read a year, month, day or ISO time; ``last`` takes the end of the period."""
    try:
        if match := _DAY.fullmatch(text):
            year, month, day = (int(part) if part else None for part in match.groups())
            start = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
            if not last:
                return start
            end_month = month or 12
            end_day = day or monthrange(start.year, end_month)[1]
            return datetime(start.year, end_month, end_day, 23, 59, 59, 999_999, tzinfo=UTC)
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
