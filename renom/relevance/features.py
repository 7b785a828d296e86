"""Features: what a classifier sees of a text around a brand's name."""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterable

from renom.brand import Brand
from renom.query.text import Token, fold, tokens

Groups = tuple[Counter[int], ...]
"""Counts of hashed features, one counter a group, in the order of ``WEIGHTS``."""

WEIGHTS = (1.0, 0.5, 0.7, 0.8, 0.5)
"""Length of each group's vector: words, pairs, letters, neighbours of the name, signs."""

_URL = re.compile(r"https?://([^/\s]+)\S*")
_LONG = 160
_AROUND = 40
_START = 30
_NAMES = 8
_NEAR = 3
_LETTERS = 4


def names_of(brand: Brand) -> frozenset[str]:
    """Return the folded words of the brand's name, aliases and handles."""
    said = (brand.name, *brand.aliases, *brand.handles.values())
    return frozenset(token.folded for text in said for token in tokens(text))


def context_of(brand: Brand) -> tuple[str, ...]:
    """Return the folded context words; one of several words is kept as words between spaces."""
    phrases = (" ".join(token.folded for token in tokens(text)) for text in brand.context)
    return tuple(dict.fromkeys(phrase for phrase in phrases if phrase))


def evidence(text: str, context: Iterable[str]) -> int:
    """Return how many of the folded context words or phrases the text holds (plural s ignored)."""
    found = [token.folded for token in tokens(text)]
    spread = f" {' '.join(found)} "
    return sum(f" {word} " in spread or f" {word}s " in spread for word in context)


def features(text: str, names: frozenset[str]) -> Groups:
    """Return the hashed features of ``text``, the brand's ``names`` masked.

    Of a long text only its start and what stands around the name are seen.
    """
    groups: Groups = tuple(Counter() for _ in WEIGHTS)
    words, pairs, letters, near, signs = groups
    hosts = _URL.findall(text)
    found = tokens(_URL.sub(" ", text))
    folded = ["\0" if token.folded in names else token.folded for token in found]
    places = [place for place, word in enumerate(folded) if word == "\0"][:_NAMES]
    for place in _seen(len(found), places):
        word, token = folded[place], found[place]
        if word == "\0":
            signs[_hash("name", _shape(token))] += 1
            continue
        words[_hash("w", word)] += 1
        if token.sigil:
            signs[_hash("s", token.sigil)] += 1
            words[_hash("w", token.sigil + word)] += 1
        for part in _parts(word):
            letters[_hash("c", part)] += 1
        if place + 1 < len(folded):
            pairs[_hash("b", f"{word} {folded[place + 1]}")] += 1
    for place in places:
        _neighbours(near, folded, place)
    for host in hosts:
        signs[_hash("url", "")] += 1
        signs[_hash("url", fold(host).removeprefix("www."))] += 1
    if not places:
        signs[_hash("name", "none")] += 1
    foreign = sum(char > "\u024f" and char.isalpha() for char in text)
    if foreign * 10 > len(text):
        signs[_hash("script", "other")] += 1
    return groups


def _seen(length: int, places: list[int]) -> Iterable[int]:
    if length <= _LONG:
        return range(length)
    kept = set(range(_START if places else _LONG))
    for place in places:
        kept.update(range(max(0, place - _AROUND), min(length, place + _AROUND + 1)))
    return sorted(kept)


def _shape(token: Token) -> str:
    text = token.text
    case = "upper" if text.isupper() else "title" if text[:1].isupper() else "lower"
    return case + token.sigil


def _parts(word: str) -> Iterable[str]:
    """Yield runs of letters: inflected forms of a word share most of them."""
    padded = f" {word[:30]} "
    if len(word) <= _LETTERS:
        return (padded,)
    return (padded[i : i + _LETTERS] for i in range(len(padded) - _LETTERS + 1))


def _neighbours(near: Counter[int], folded: list[str], place: int) -> None:
    for distance in range(1, _NEAR + 1):
        for side, other in (("l", place - distance), ("r", place + distance)):
            if 0 <= other < len(folded) and folded[other] != "\0":
                near[_hash(side, folded[other])] += 1
                if distance == 1:
                    near[_hash(f"{side}1", folded[other])] += 1


def _hash(kind: str, text: str) -> int:
    return zlib.crc32(f"{kind}\0{text}".encode("utf-8", "replace"))


def damped(count: int) -> float:
    """Return 1 + ln(count): a word said ten times is not ten times the evidence."""
    return 1.0 + math.log(count)
