"""Turn a word into hashed n-grams, the same in training and in use."""

from __future__ import annotations

from zlib import crc32

SIZE = 1 << 16
"""Buckets that n-grams are hashed into."""

_LONGEST = 24


def buckets(word: str) -> list[int]:
    """Return the buckets of a lower-case word: itself and its n-grams of 1 to 5 bytes of UTF-8."""
    marked = f" {word[:_LONGEST]} ".encode()
    found = [crc32(marked)]
    for n in range(1, 6):
        found += [crc32(marked[i : i + n], n) for i in range(len(marked) - n + 1)]
    return [bucket % SIZE for bucket in found]
