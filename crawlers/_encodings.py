"""Decode bytes whose encoding is declared wrongly, twice differently, or not at all."""

from __future__ import annotations

import codecs
from collections.abc import Iterable

# What browsers read under these names (WHATWG Encoding standard): supersets of the declared one.
_MEANT = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
    "iso8859-11": "cp874",
}
_SEVEN_BIT = ("iso2022", "hz", "utf-7")
_REFUSED = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})


def known_encoding(name: str | None) -> str | None:
    """Return Python's name of a declared text encoding, widened as browsers do, or None."""
    if not name:
        return None
    try:
        info = codecs.lookup(name.strip().strip("\"'")[:40])
    except (LookupError, ValueError, UnicodeError):
        return None
    if not getattr(info, "_is_text_encoding", True) or info.name in _REFUSED:
        return None
    return _MEANT.get(info.name, info.name)


def decode(data: bytes, declared: Iterable[str | None] = ()) -> tuple[str, str]:
    """Return the text of ``data`` and the encoding that was used.

    A byte order mark wins. Bytes that are valid UTF-8 beyond ASCII are UTF-8 whatever is
    declared: no other encoding's text is so by accident. Then the first declared encoding that
    fits; then UTF-8 with a few damaged bytes; then cp1252. A character cut off at the very end
    is dropped.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace"), name
    known = list(dict.fromkeys(filter(None, map(known_encoding, declared))))
    if data.isascii():
        for name in known:
            if name.startswith(_SEVEN_BIT):
                return data.decode(name, "replace"), name
        return data.decode("ascii"), "utf-8"
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(data), "utf-8"
    except UnicodeDecodeError:
        pass
    for name in known:
        if name in ("utf-8", "cp1252"):
            continue
        try:
            return data.decode(name), name
        except (UnicodeError, ValueError):
            continue
    if mostly_utf8(data):
        return data.decode("utf-8", "replace"), "utf-8"
    return data.decode("cp1252", "replace"), "cp1252"


def mostly_utf8(data: bytes) -> bool:
    """Tell whether ``data`` is UTF-8 with damage: ten good sequences for each bad one."""
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text if char > "\x7f") - bad
    return good >= 10 * bad
