"""Score French feeling with VADER's mechanics and a French lexicon written for Renom.

Beside VADER's own (valences summed, intensifiers that fade with distance, capitals, exclamation
marks, contrast) it knows what French does differently: negation in two parts around the verb
(``je n'aime pas``) or colloquially after it (``j'aime pas``), ``plus`` that denies with *ne* and
compares without, elision, words written without their accents, and phrases such as ``pas
terrible`` or ``laisse à désirer`` that mean something other than their words.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from nlp import _text
from nlp._vader_english import CAPITALS, emphasis, normalise, tables

_NEGATION = -0.74
_NEGATED_BLAME = -0.5
_FADE = (1.0, 0.95, 0.9)
_BOOST = 0.293

_TOKEN = re.compile(r"\d+/\d+|\d+ ?%|[^\W\d_]+(?:-[^\W\d_]+)*'?|\d+|[.,;:!?()\"«»…\n]+")
_BREAKS = frozenset('.,;:!?()"«»…\n')
_SENTENCE_ENDS = frozenset(".!?…\n")
_REPEATS = re.compile(r"([^\W\d_])\1{2,}")
_SIGN = re.compile("[\u2100-\U0010ffff]")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])")

_DENY = _text.words_of(
    """pas jamais aucun aucune sans ni guere nullement aucunement rien zero non point"""
)
_DENY_AFTER = _text.words_of("pas plus jamais guere rien point aucun aucune")
_MORE = _text.words_of(
    """tres trop vraiment super hyper ultra mega giga grave carrement franchement absolument
    totalement completement si tellement enormement beaucoup extremement fort bien plus
    particulierement incroyablement exceptionnellement tout tant entierement parfaitement
    sacrement vachement drolement terriblement profondement hautement vivement plutot-tres
    reellement veritablement sincerement tellment trooop trop-trop toujours tous"""
)
_LESS = _text.words_of(
    """assez plutot presque moyennement legerement relativement quasi quasiment parfois
    occasionnellement rarement moins partiellement vaguement modérément moderement"""
)
_LITTLE = frozenset(("peu",))
_CONTRAST = _text.words_of(
    """mais cependant toutefois neanmoins pourtant sauf hormis malheureusement"""
)
_CONTRAST_PAIRS = frozenset((("par", "contre"), ("en", "revanche")))

# Written without accents these mean something else: only the accented form has feeling.
_ACCENT_MATTERS = _text.words_of(
    """tue tues peche sale sur lasse lasses gene genes manque vole volee regale style styles"""
)


class _Lexicon(NamedTuple):
    words: dict[str, tuple[float, str]]
    phrases: dict[tuple[str, str], list[tuple[tuple[str, ...], float]]]  # by their first two
    signs: dict[str, float]


def _read_words() -> dict[str, tuple[float, str]]:
    words: dict[str, tuple[float, str]] = {}
    text = (files("nlp") / "resources" / "french_lexicon.tsv").read_text("utf-8")
    for line in text.splitlines():
        form, valence, part = line.split("\t")
        words[form] = (float(valence), part)
    for form, entry in list(words.items()):
        folded = _text.fold(form)
        if folded not in _ACCENT_MATTERS:
            words.setdefault(folded, entry)
    return words


def _read_phrases() -> dict[tuple[str, str], list[tuple[tuple[str, ...], float]]]:
    by_head: dict[tuple[str, str], dict[tuple[str, ...], float]] = {}
    text = (files("nlp") / "resources" / "french_phrases.txt").read_text("utf-8")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        valence, _, phrases = line.partition(" ")
        for phrase in phrases.split(";"):
            words = tuple(_text.fold(w) for w in _TOKEN.findall(phrase))
            by_head.setdefault((words[0], words[1]), {}).setdefault(words, float(valence))
    return {
        head: sorted(found.items(), key=lambda item: -len(item[0]))
        for head, found in by_head.items()
    }


def _read_signs() -> dict[str, float]:
    """Return valences of emoticons and emojis, an emoji's being that of its description."""
    t = tables()
    signs = {key: value for key, value in t.lexicon.items() if not any(map(str.isalnum, key))}
    signs |= {
        key: t.lexicon[key]
        for key in (":d", ":p", "xd", "=d", ";d", ":o", "<3", "</3", ":3")
        if key in t.lexicon
    }
    for emoji, description in t.emojis.items():
        value = sum(t.lexicon.get(word, 0.0) for word in description.split())
        if value:
            signs[emoji] = max(-3.5, min(3.5, value))
    return signs


@cache
def lexicon() -> _Lexicon:
    """Read words, phrases and signs, once a process."""
    return _Lexicon(_read_words(), _read_phrases(), _read_signs())


class _Words(NamedTuple):
    written: list[str]
    lower: list[str]
    folded: list[str]
    signs: float


def _split(text: str, signs: dict[str, float]) -> _Words:
    """Cut into words and punctuation; take emoticons and emojis out and sum their valences."""
    total = 0.0
    text = _text.straighten(text)
    if not text.isascii():
        total += sum(signs.get(sign, 0.0) for sign in _SIGN.findall(text))
    for piece in text.split():
        if not piece.isalpha() and not piece.isdigit():
            total += signs.get(piece.lower(), 0.0)
    if "http" in text or "www." in text or "/" in text:
        text = _text.URL.sub(" ", text)
    if "@" in text:
        text = _text.HANDLE.sub(" ", text)
    if "#" in text:
        text = " ".join(_CAMEL.sub(" ", p) if p.startswith("#") else p for p in text.split(" "))
    written = _TOKEN.findall(_REPEATS.sub(r"\1", text) if _REPEATS.search(text) else text)
    lower = [word.lower() for word in written]
    return _Words(written, lower, [_text.fold(word) for word in lower], total)


def _phrase_valences(folded: list[str], lex: _Lexicon) -> dict[int, tuple[float, int]]:
    """Return start -> (valence, length in words) of the phrases found, longest first."""
    found: dict[int, tuple[float, int]] = {}
    covered = 0
    for i, pair in enumerate(pairwise(folded)):
        if i >= covered and pair in lex.phrases:
            for words, valence in lex.phrases[pair]:
                if tuple(folded[i : i + len(words)]) == words:
                    found[i] = (valence, len(words))
                    covered = i + len(words)
                    break
    return found


def _denied_before(folded: list[str], i: int) -> bool:
    for distance in range(1, 5):
        if i < distance:
            return False
        word = folded[i - distance]
        if word[0] in _BREAKS:
            return False
        if distance <= 3 and word in _DENY:
            return not (word == "sans" and distance > 2)
        if word == "plus" and _has_ne(folded, i - distance):
            return True
    return False


def _has_ne(folded: list[str], i: int) -> bool:
    for word in reversed(folded[max(0, i - 4) : i]):
        if word[0] in _BREAKS:
            return False
        if word in ("ne", "n'"):
            return True
    return False


def _denied_after(folded: list[str], i: int) -> bool:
    """Tell whether a verb at ``i`` is denied by what follows: ``aime (vraiment) pas``."""
    for word in folded[i + 1 : i + 3]:
        if word[0] in _BREAKS:
            return False
        if word in _DENY_AFTER:
            return word in ("pas", "jamais") or _has_ne(folded, i)
    return False


def _word_valence(words: _Words, i: int, entry: tuple[float, str], mixed: bool) -> float:
    valence, part = entry
    sign = 1.0 if valence > 0 else -1.0
    if mixed and words.written[i].isupper() and len(words.written[i]) > 2:
        valence += sign * CAPITALS
    folded = words.folded
    denied = _denied_before(folded, i) or (part == "v" and _denied_after(folded, i))
    for distance in range(1, min(i, 3) + 1):
        word = folded[i - distance]
        if word[0] in _BREAKS:
            break
        if word in _MORE:
            valence += sign * _BOOST * _FADE[distance - 1]
        elif word in _LESS:
            valence -= sign * _BOOST * _FADE[distance - 1]
        elif word in _LITTLE and distance == 1:
            if i > 1 and folded[i - 2] == "un":
                valence -= sign * _BOOST
            else:
                denied = not denied
    if part == "v" and i + 1 < len(folded) and folded[i + 1] in _MORE:
        valence += sign * _BOOST
    if denied:
        valence *= _NEGATION if valence > 0 else _NEGATED_BLAME
    return valence


def _contrast(folded: list[str], valences: list[float]) -> None:
    """Halve what stands before a contrast in its sentence and raise what follows it."""
    start = 0
    turn = -1
    for i, word in enumerate([*folded, "."]):
        if word[0] in _SENTENCE_ENDS:
            if turn >= 0:
                for k in range(start, turn):
                    valences[k] *= 0.5
                for k in range(turn, min(i, len(valences))):
                    valences[k] *= 1.5
            start, turn = i + 1, -1
        elif turn < 0 and (
            word in _CONTRAST or (i > 0 and (folded[i - 1], word) in _CONTRAST_PAIRS)
        ):
            turn = i


def compound(text: str) -> float:
    """Return the feeling of a French text in -1..1, 0 when it holds no word of feeling."""
    lex = lexicon()
    words = _split(text, lex.signs)
    total = words.signs
    if words.written:
        capitals = sum(word.isupper() for word in words.written if len(word) > 1)
        mixed = 0 < capitals < len(words.written)
        phrases = _phrase_valences(words.folded, lex)
        valences = [0.0] * len(words.written)
        covered = 0
        for i, word in enumerate(words.lower):
            if i in phrases:
                valence, length = phrases[i]
                covered = max(covered, i + length)
                if valence > 0 and words.folded[covered : covered + 1] in (["pas"], ["jamais"]):
                    valence *= _NEGATION
                valences[i] = valence
            elif i >= covered:
                entry = lex.words.get(word) or lex.words.get(words.folded[i])
                if entry is not None:
                    valences[i] = _word_valence(words, i, entry, mixed)
        _contrast(words.folded, valences)
        total += sum(valences)
    if total > 0:
        total += emphasis(text)
    elif total < 0:
        total -= emphasis(text)
    return round(normalise(total), 4)
