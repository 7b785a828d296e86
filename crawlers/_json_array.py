"""Read the items of a JSON array one by one, a cut or damaged array as far as it goes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_ITEM = 4_000_000
_NEXT = re.compile(r"[\s,]*")
_OBJECT_AFTER = re.compile(r"[}\]\n]\s*,?\s*(?=\{)")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of the array that could not be read, and why."""

    reason: str


def array_items(chunks: Iterable[str]) -> Iterator[object]:
    """Yield the items of the array whose text, from after its ``[``, comes in ``chunks``.

    What cannot be read is yielded as Broken, and reading goes on at the next object, if one
    begins within the 4 million characters that an item may have. Memory: one chunk, one item.
    """
    source = iter(chunks)
    text, at, more = "", 0, True
    while True:
        at = _NEXT.match(text, at).end()  # type: ignore[union-attr]
        if text.startswith("]", at):
            return
        failure = "the array is cut off" if at >= len(text) else ""
        if at < len(text):
            try:
                item, end = _DECODER.raw_decode(text, at)
            except RecursionError:
                failure = "nested too deeply"
            except ValueError as error:
                failure = f"not JSON: {error}".split(": line")[0]
            else:
                # A number at the end of the text may go on in the next chunk.
                if end < len(text) or not more:
                    yield item
                    at = end
                    continue
        if more and len(text) - at < LONGEST_ITEM:
            piece = next(source, None)
            more = piece is not None
            text, at = text[at:] + (piece or ""), 0
            continue
        yield Broken(failure or "the item is too long")
        found = _OBJECT_AFTER.search(text, at + 1)
        if found is None:
            return
        at = found.end()
