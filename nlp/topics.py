"""Name what a text is about: up to five key phrases in French or English."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import ClassVar, NamedTuple

from nlp import _stopwords, _text
from renom.contracts import Enricher, Partial, Pending

_READ = 5_000
_MOST = 5
_CLAUSE = re.compile(r"[.,;:!?()\"«»…\n|/\[\]]+|\s[-–—]\s|[^\w\s'’#-]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TAG = re.compile(r"#(\w{3,40})")
_JOINTS = _text.words_of("de du des d à a of")

# Endings that look plural and are not; and whole words.
_SINGULAR_ENDS = ("ss", "ès", "us", "is", "as", "os", "ps", "ys")
_SINGULAR = _text.words_of(
    """temps prix colis avis bus frais bas pays fois mois permis choix voix poids corps cours
    discours relais devis sens process business news series concours parcours secours recours
    toujours express propos dos gros tapis repas cas bras succès accès procès excès""",
)


class _Known(NamedTuple):
    shown: dict[str, str]
    phrases: frozenset[str]


@cache
def _known(language: str) -> _Known:
    """Return folded form -> topic of customer experience, and the phrases among them."""
    text = (files("nlp") / "resources" / "topics.txt").read_text("utf-8")
    shown: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == language and not line.startswith("#"):
            for item in line.split():
                read, _, topic = item.partition("=")
                topic = (topic or read).replace("-", " ")
                shown[_text.fold(read.replace("-", " "))] = topic
    return _Known(shown, frozenset(form for form in shown if " " in form))


def singular(word: str, language: str) -> str:
    """Return the singular of a lower-case noun, by its ending alone."""
    if len(word) < 4 or word in _SINGULAR or word.endswith(_SINGULAR_ENDS):
        return word
    if language == "en" and word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if language == "fr" and word.endswith("aux") and not word.endswith("eaux") and len(word) > 5:
        return f"{word[:-3]}al"
    if word.endswith("s") or (language == "fr" and word.endswith(("eaux", "eux"))):
        return word[:-1] if not word.endswith("eux") else word
    return word


class _Word(NamedTuple):
    shown: str
    content: bool
    known: bool


@cache
def _stops(language: str) -> frozenset[str]:
    return _stopwords.stopwords(language)


class _Reader:
    """Reads texts of one language, leaving out the words of given brand names."""

    def __init__(self, language: str, excluded: frozenset[str]) -> None:
        self._language = language
        self._known = _known(language)
        self._stops = _stops(language)
        self._excluded = excluded
        self._seen: dict[str, _Word] = {}

    def topics(self, text: str) -> tuple[str, ...]:
        text = _text.HANDLE.sub(" | ", _text.URL.sub(" | ", _text.straighten(text[:_READ])))
        scores: dict[str, float] = {}
        tags = [tag for tag in _TAG.findall(text) if _text.fold(tag) not in self._excluded]
        for tag in tags:
            scores[f"#{tag.lower()}"] = 2.2
        if tags:
            text = _TAG.sub(" | ", text)
        for clause in _CLAUSE.split(text):
            for topic, score in self._phrases(clause):
                scores[topic] = scores.get(topic, 0.0) + score
        return _best(scores)

    def _word(self, token: str) -> _Word:
        known = self._seen.get(token)
        if known is None:
            lower = token.lower()
            one = singular(lower, self._language)
            folded = _text.fold(one)
            shown = self._known.shown.get(_text.fold(lower)) or self._known.shown.get(folded)
            content = (
                len(folded) > 2
                and folded not in self._stops
                and _text.fold(lower) not in self._stops
                and folded not in self._excluded
            )
            known = _Word(shown or one, content or shown is not None, shown is not None)
            if folded in self._excluded:
                known = _Word(one, content=False, known=False)
            if len(self._seen) < 100_000:
                self._seen[token] = known
        return known

    def _phrases(self, clause: str) -> Iterator[tuple[str, float]]:
        tokens = _WORD.findall(clause.replace("'", " "))
        words = [self._word(token) for token in tokens]
        for i, word in enumerate(words):
            if not word.content:
                continue
            yield word.shown, 2.0 if word.known else 0.6
            if i + 1 < len(words):
                after = words[i + 1]
                if after.content:
                    yield self._pair(word, " ", after)
                elif (
                    i + 2 < len(words) and words[i + 2].content and tokens[i + 1].lower() in _JOINTS
                ):
                    yield self._pair(word, f" {tokens[i + 1].lower()} ", words[i + 2])

    def _pair(self, first: _Word, joint: str, second: _Word) -> tuple[str, float]:
        phrase = f"{first.shown}{joint}{second.shown}".replace(" d ", " d'")
        shown = self._known.shown.get(_text.fold(phrase))
        if shown is not None:
            return shown, 3.0
        return phrase, 1.0 + 0.7 * (first.known + second.known)


def _best(scores: dict[str, float]) -> tuple[str, ...]:
    """Return the highest, one word being dropped when a better phrase says it already."""
    chosen: list[str] = []
    for topic, _ in sorted(scores.items(), key=lambda item: -item[1]):
        inside = any(f" {topic} " in f" {other} " for other in chosen)
        if not inside:
            chosen.append(topic)
            if len(chosen) == _MOST:
                break
    return tuple(chosen)


class Topics(Enricher):
    """Set ``topics`` of French and English mentions, brand names left out."""

    requires: ClassVar[tuple[str, ...]] = ("language",)
    assigns: ClassVar[tuple[str, ...]] = ("topics",)
    version: ClassVar[str] = "1"
    languages: ClassVar[frozenset[str] | None] = frozenset({"fr", "en"})

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"topics": tuple of str}`` for each, empty in other languages."""
        readers = self._readers()
        return [
            {"topics": readers[language].topics(pending.mention.full_text)}
            if (language := pending.enrichment.language) in readers
            else {}
            for pending in batch
        ]

    def _readers(self) -> Mapping[str | None, _Reader]:
        found: Mapping[str | None, _Reader] | None = getattr(self, "_by_language", None)
        if found is None:
            names = [
                _text.fold(name)
                for brand in self.brands
                for name in (brand.name, *brand.aliases, *brand.handles.values())
            ]
            excluded = frozenset(
                word
                for name in names
                for word in (name, name.replace(" ", ""), *_WORD.findall(name))
            )
            found = {language: _Reader(language, excluded) for language in ("fr", "en")}
            self._by_language = found
        return found
