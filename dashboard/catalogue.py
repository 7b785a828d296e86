"""Catalogue: gather the sentences of the interface and keep the translations beside them.

``python -m dashboard.catalogue`` adds new sentences to the .po files, drops those no longer said
and compiles the .mo files. The code is read as a syntax tree: gettext's own extraction does not
see inside formatted strings.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from dashboard.wording import DOMAIN, LOCALE_FOLDER

Message = str | tuple[str, str]

_SAYING = ("say", "mark")
_COUNTING = "plural"
# A date in the file would change it on every run.
_NO_DATE = datetime(2026, 1, 1, tzinfo=UTC)


def messages(folder: Path | None = None) -> Iterator[Message]:
    """Yield every sentence said in the code: a text, or (singular, plural)."""
    for path in sorted((folder or Path(__file__).parent).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (message := _said(node)):
                yield message


def _said(call: ast.Call) -> Message | None:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    texts = [
        argument.value
        for argument in call.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    if name == _COUNTING and len(texts) == 2:
        return texts[0], texts[1]
    return texts[0] if name in (*_SAYING, "self") and texts else None


def update(language: str) -> int:
    """Bring one language's .po and .mo up to date; return how many sentences lack a translation."""
    path = LOCALE_FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(
        locale=language,
        project="renom",
        version="1",
        header_comment=f"# The dashboard's sentences ({language}); see dashboard/catalogue.py.",
        creation_date=_NO_DATE,
        revision_date=_NO_DATE,
        last_translator="Renom",
        language_team=language,
        msgid_bugs_address="-",
        fuzzy=False,
    )
    for message in messages():
        known = old.get(message[0] if isinstance(message, tuple) else message)
        kept = known.string if known is not None and known.id == message else None
        new.add(message, kept, flags=("python-brace-format",))
    with path.open("wb") as file:
        write_po(file, new, sort_output=True, width=100, omit_header=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, new)
    return sum(1 for message in new if message.id and not _complete(message.string))


def _complete(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


if __name__ == "__main__":
    for code in ("fr",):
        missing = update(code)
        print(f"{code}: {missing} without a translation")
