"""Score English feeling by the rules of VADER 3.3.2, in a leaner form with equal scores.

The rules and their constants are those of the package vaderSentiment, which also carries the
lexicon; its notice::

    The MIT License (MIT)

    Copyright (c) 2016 C.J. Hutto

    Permission is hereby granted, free of charge, to any person obtaining a copy of this software
    and associated documentation files (the "Software"), to deal in the Software without
    restriction, including without limitation the rights to use, copy, modify, merge, publish,
    distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the
    Software is furnished to do so, subject to the following conditions:

    The above copyright notice and this permission notice shall be included in all copies or
    substantial portions of the Software.

    THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING
    BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
    NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
    DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
    OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.

Hutto, C.J. & Gilbert, E.E. (2014). VADER: A Parsimonious Rule-based Model for Sentiment
Analysis of Social Media Text. ICWSM-14.
"""

from __future__ import annotations

import math
import string
from functools import cache
from typing import NamedTuple

CAPITALS = 0.733
NEGATION = -0.74
_ALPHA = 15.0
_FADE = (1.0, 0.95, 0.9)


class Tables(NamedTuple):
    """What vaderSentiment ships: valence, booster, negation, special case and emoji by string."""

    lexicon: dict[str, float]
    boosters: dict[str, float]
    negations: frozenset[str]
    special: dict[str, float]
    emojis: dict[str, str]


@cache
def tables() -> Tables:
    """Read the lexicons and word lists out of the package vaderSentiment, once a process."""
    from vaderSentiment import vaderSentiment as package  # type: ignore[import-untyped]

    analyzer = package.SentimentIntensityAnalyzer()
    return Tables(
        lexicon=analyzer.lexicon,
        boosters=package.BOOSTER_DICT,
        negations=frozenset(package.NEGATE),
        special=package.SPECIAL_CASES,
        emojis={key: text for key, text in analyzer.emojis.items() if len(key) == 1},
    )


def describe_emojis(text: str, emojis: dict[str, str]) -> str:
    """Return ``text`` with each emoji replaced by its description, spaced as VADER spaces it."""
    if text.isascii():
        return text.strip()
    out: list[str] = []
    after_space = True
    for char in text:
        description = emojis.get(char)
        if description is None:
            out.append(char)
            after_space = char == " "
        else:
            out.append(description if after_space else f" {description}")
            after_space = False
    return "".join(out).strip()


def normalise(total: float) -> float:
    """Map a sum of valences to -1..1."""
    return max(-1.0, min(1.0, total / math.sqrt(total * total + _ALPHA)))


def emphasis(text: str) -> float:
    """Return what the exclamation and question marks of ``text`` add to the sum."""
    marks = text.count("?")
    asked = 0.0 if marks < 2 else marks * 0.18 if marks <= 3 else 0.96
    return min(text.count("!"), 4) * 0.292 + asked


def _tokens(text: str) -> list[str]:
    found = []
    for token in text.split():
        stripped = token.strip(string.punctuation)
        found.append(token if len(stripped) <= 2 else stripped)
    return found


def _negated(word: str, negations: frozenset[str]) -> bool:
    return word in negations or "n't" in word


def _special_cases(valence: float, lower: list[str], i: int, t: Tables) -> float:
    one, two, three = lower[i - 1], lower[i - 2], lower[i - 3]
    here = lower[i]
    before = (f"{three} {two} {one}", f"{three} {two}", f"{two} {one}")
    for phrase in (f"{one} {here}", f"{two} {one} {here}", before[2], before[0], before[1]):
        if phrase in t.special:
            valence = t.special[phrase]
            break
    if i + 1 < len(lower):
        valence = t.special.get(f"{here} {lower[i + 1]}", valence)
    if i + 2 < len(lower):
        valence = t.special.get(f"{here} {lower[i + 1]} {lower[i + 2]}", valence)
    for phrase in before:
        valence += t.boosters.get(phrase, 0.0)
    return valence


def _negate(valence: float, lower: list[str], i: int, distance: int, t: Tables) -> float:
    """Apply the negation found ``distance`` words before word ``i``."""
    word = lower[i - distance]
    if distance > 1:
        near = lower[i - 1]
        between = (near,) if distance == 2 else (lower[i - 2], near)
        # "never so good" and "never this good" praise. At distance three VADER's operator
        # precedence lets a lone "so" or "this" just before the word praise too: kept, so that
        # scores stay equal.
        if word == "never" and any(w in ("so", "this") for w in between):
            return valence * 1.25
        if distance == 3 and near in ("so", "this"):
            return valence * 1.25
        if word == "without" and "doubt" in between:
            return valence
    return valence * NEGATION if _negated(word, t.negations) else valence


def _valence(words: list[str], lower: list[str], i: int, mixed: bool, t: Tables) -> float:
    lexicon = t.lexicon
    here = lower[i]
    valence = lexicon[here]
    if here == "no" and i + 1 < len(lower) and lower[i + 1] in lexicon:
        valence = 0.0
    if (
        (i > 0 and lower[i - 1] == "no")
        or (i > 1 and lower[i - 2] == "no")
        or (i > 2 and lower[i - 3] == "no" and lower[i - 1] in ("or", "nor"))
    ):
        valence = lexicon[here] * NEGATION
    if mixed and words[i].isupper():
        valence += CAPITALS if valence > 0 else -CAPITALS
    for distance in range(1, min(i, 3) + 1):
        previous = lower[i - distance]
        if previous in lexicon:
            continue
        boost = t.boosters.get(previous)
        if boost is not None:
            boost = -boost if valence < 0 else boost
            if mixed and words[i - distance].isupper():
                boost += CAPITALS if valence > 0 else -CAPITALS
            valence += boost * _FADE[distance - 1]
        valence = _negate(valence, lower, i, distance, t)
        if distance == 3:
            valence = _special_cases(valence, lower, i, t)
    if i > 0 and lower[i - 1] == "least" and (i < 2 or lower[i - 2] not in ("at", "very")):
        valence *= NEGATION
    return valence


def _weigh_contrast(valences: list[float], turn: int) -> None:
    """Halve what stands before ``but`` and raise what follows.

    VADER looks each value up by equality and so changes the first equal one: kept, so that
    scores stay equal.
    """
    for k in range(len(valences)):
        first = valences.index(valences[k])
        if first < turn:
            valences[first] *= 0.5
        elif first > turn:
            valences[first] *= 1.5


def compound(text: str) -> float:
    """Return VADER's compound score of an English text, in -1..1."""
    t = tables()
    text = describe_emojis(text, t.emojis)
    words = _tokens(text)
    if not words:
        return 0.0
    lower = [word.lower() for word in words]
    capitals = sum(map(str.isupper, words))
    mixed = 0 < capitals < len(words)
    lexicon, boosters = t.lexicon, t.boosters
    valences = [
        _valence(words, lower, i, mixed, t)
        if word in lexicon
        and word not in boosters
        and not (word == "kind" and i + 1 < len(lower) and lower[i + 1] == "of")
        else 0.0
        for i, word in enumerate(lower)
    ]
    if "but" in lower:
        _weigh_contrast(valences, lower.index("but"))
    total = sum(valences)
    if total > 0:
        total += emphasis(text)
    elif total < 0:
        total -= emphasis(text)
    return round(normalise(total), 4)
