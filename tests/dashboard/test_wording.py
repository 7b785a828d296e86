"""Every sentence exists in both languages; numbers and dates follow the language."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from dashboard import catalogue
from dashboard.wording import LOCALE_FOLDER, Wording

PARIS = ZoneInfo("Europe/Paris")
FR, EN = Wording("fr", PARIS), Wording("en", PARIS)
PO = LOCALE_FOLDER / "fr" / "LC_MESSAGES" / "dashboard.po"
FIELD = re.compile(r"\{(\w+)\}")


def strings(value: object) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (str(value),)


def test_every_sentence_is_translated_with_its_fields() -> None:
    with PO.open("rb") as file:
        french = read_po(file, locale="fr")
    for message in catalogue.messages():
        known = french.get(strings(message)[0])
        assert known is not None, f"run python -m dashboard.catalogue: {message!r} is new"
        assert all(strings(known.string)), f"no French for {message!r}"
        asked = set(FIELD.findall(strings(message)[-1]))
        for text in strings(known.string):
            assert set(FIELD.findall(text)) == asked, text


def test_compiled_catalogue_is_the_written_one() -> None:
    with PO.open("rb") as file:
        written = {strings(m.id): strings(m.string) for m in read_po(file, locale="fr") if m.id}
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = {strings(m.id): strings(m.string) for m in read_mo(file) if m.id}
    assert compiled == written


def test_sentences_inside_formatted_strings_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = f\"<b>{esc(say('Hello'))}</b>\"\n")
    assert list(catalogue.messages(tmp_path)) == ["Hello"]


def test_french_counts_zero_and_one_alike() -> None:
    assert FR.plural("{n} mention", "{n} mentions", 0) == "0 mention"
    assert EN.plural("{n} mention", "{n} mentions", 0) == "0 mentions"
    assert FR.plural("{n} mention", "{n} mentions", 2) == "2 mentions"


def test_numbers_follow_the_language() -> None:
    assert FR.number(12345.67, digits=1) == "12\u202f345,7"
    assert EN.number(12345.67, digits=1) == "12,345.7"
    assert FR.percent(0.5) == "50\xa0%"
    assert EN.percent(0.034) == "3.4%"


def test_unknown_is_a_dash_and_not_zero() -> None:
    assert FR.number(None) == FR.percent(None) == FR.signed(None) == FR.moment(None) == "–"


def test_small_negative_is_not_minus_zero() -> None:
    assert EN.signed(-0.2) == "0"
    assert EN.signed(-3.6) == "−4"
    assert EN.signed(3.6) == "+4"


def test_times_are_told_in_the_readers_zone() -> None:
    moment = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
    assert FR.moment(moment) == "1 févr. 00:30"
    assert EN.moment(moment, now=moment) == "00:30"


def test_lengths_of_time_are_whole_words() -> None:
    assert FR.span(timedelta(days=7)) == "7 jours"
    assert EN.span(timedelta(hours=2)) == "2 hours"
    assert EN.span(timedelta(hours=100)) == "4 days"
    assert EN.span(timedelta(days=1)) == "24 hours"
