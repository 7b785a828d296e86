"""Wildcards: ``*`` any characters, ``?`` any one, matched in time linear in the text."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def glob(pattern: str) -> re.Pattern[str]:
    """Return a regular expression for ``*`` and ``?`` that never backtracks over a ``*``."""
    first, *rest = (_literal(part) for part in re.split(r"\*+", pattern))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    # An atomic group takes the leftmost place and never gives it back: right for globs.
    inner = "".join(f"(?>.*?{part})" for part in middle)
    return re.compile(f"{first}{inner}.*{last}", re.DOTALL)


def _literal(part: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in part)
