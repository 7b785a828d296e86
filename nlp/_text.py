"""Prepare text for understanding: fold, strip what is not language, cut into words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

URL = re.compile(
    r"(?:https?://|www\.)\S+|\bhttps?\b|(?<![\w.-])[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}\.(?:com|fr|org|net|eu|io|ly)/\S*",
    re.I,
)
HANDLE = re.compile(r"(?<!\w)@\w+")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,63}")
_NOISE = re.compile(r"\bRT\b|&(?:amp|gt|lt|quot|nbsp|#\d+);|<[^<>]{1,200}>")
_APOSTROPHES = "’ʼ‘`´"
_MARKS = re.compile("[\u0300-\u036f\u064b-\u065f]+")
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "Œ": "OE", "Æ": "AE"})

WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
"""A word of letters, apostrophes and hyphens inside it kept (``aujourd'hui``, ``peut-être``)."""

ELISION = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|quelqu)'(?=\w)", re.I)
"""The elided French article, pronoun or conjunction at a word's head (``l'``, ``qu'``)."""


def words_of(text: str) -> frozenset[str]:
    """Return the words of a list written as one string."""
    return frozenset(text.split())


def straighten(text: str) -> str:
    """Return ``text`` with every kind of apostrophe as ``'``."""
    for sign in _APOSTROPHES:  # five searches cost less than one translation
        text = text.replace(sign, "'")
    return text


def plain(text: str) -> str:
    """Return ``text`` without addresses, handles, markup left-overs and hash signs.

    Apostrophes are straight in the result and white space is single.
    """
    text = straighten(text)
    if "." in text or "http" in text:
        text = URL.sub(" ", text)
    if "@" in text:
        text = HANDLE.sub(" ", _EMAIL.sub(" ", text))
    text = _NOISE.sub(" ", text)
    return " ".join(text.replace("#", " ").split())


def fold_text(text: str) -> str:
    """Return ``text`` in lower case without accents and ligatures, for comparing."""
    text = text.casefold()
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    return _MARKS.sub("", text)


fold = lru_cache(maxsize=65_536)(fold_text)
"""As :func:`fold_text`, remembered: for single words."""
