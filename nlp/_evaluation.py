"""Measure the room on labelled files, with simple baselines on the same texts in the same run."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nlp import _metrics, entities, language, vader
from renom.contracts import Pending
from renom.enrichment import LABELS, Enrichment, Entity
from renom.errors import RenomError
from renom.mention import Mention

Row = dict[str, Any]
Report = dict[str, Any]

_ENTITY_TYPES = {
    "per": "person",
    "person": "person",
    "org": "organisation",
    "corporation": "organisation",
    "group": "organisation",
    "loc": "place",
    "location": "place",
    "product": "product",
    "creative-work": "product",
    "misc": "other",
}
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def rows(path: Path) -> Iterator[Row]:
    """Yield the objects of a ``.jsonl`` or ``.jsonl.gz`` file, or of every such file in a folder.

    Raises RenomError naming the file and the line that cannot be read.
    """
    found = sorted(path.glob("*.jsonl*")) if path.is_dir() else [path]
    if not found or not all(file.is_file() for file in found):
        raise RenomError(f"No labelled file at {path}.", "Give a .jsonl, a .jsonl.gz or a folder.")
    for file in found:
        opened = gzip.open if file.suffix == ".gz" else open
        try:
            with opened(file, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield _row(line, file, number)
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise RenomError(f"{file} cannot be read: {error}.") from error


def _row(line: str, file: Path, number: int) -> Row:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RenomError(f"{file}, line {number}: not JSON ({error.msg}).") from error
    if not isinstance(row, dict):
        raise RenomError(f"{file}, line {number}: not a JSON object.")
    return row


def _text(row: Row) -> str:
    title, text = row.get("title"), row.get("text")
    return f"{title}\n{text}" if title else str(text or "")


def _answered(
    answer: Callable[[Row], tuple[str | None, float]], found: Sequence[Row]
) -> tuple[list[tuple[str | None, float]], float]:
    """Return the answers and texts per second; the first text, which loads things, is free."""
    answer(found[0])
    start = time.perf_counter()
    answers = [answer(row) for row in found]
    return answers, round(len(found) / max(time.perf_counter() - start, 1e-9), 1)


def _report(
    task: str,
    gold: Sequence[str],
    given: Sequence[tuple[str | None, float]],
    rate: float,
    baselines: Mapping[str, Sequence[str | None]],
    **more: Any,
) -> Report:
    answers = [answer for answer, _ in given]
    majority = Counter(gold).most_common(1)[0][0]
    compared = {"majority": [majority] * len(gold), **baselines}
    return {
        "task": task,
        "tier": "rules",
        "n": len(gold),
        **_metrics.classification(gold, answers),
        "ece": _metrics.calibration_error(
            [confidence for _, confidence in given],
            [a == b for a, b in zip(gold, answers, strict=True)],
        ),
        "texts_per_second": rate,
        "baselines": {
            name: _metrics.classification(gold, other) for name, other in compared.items()
        },
        **more,
    }


def _sentiment(found: Sequence[Row]) -> Report:
    labelled = [row for row in found if row.get("label") in LABELS and _text(row).strip()]
    spoken = {
        id(row): row.get("lang") or language.language_of(_text(row)) or "en" for row in labelled
    }
    used = [row for row in labelled if spoken[id(row)] in vader.LANGUAGES]
    if not used:
        raise RenomError(
            "No text with a label positive, neutral or negative in French or English.",
            "Each line needs text, label and, if known, lang.",
        )

    def answer(row: Row) -> tuple[str | None, float]:
        sentiment = vader.sentiment_of_text(_text(row), spoken[id(row)])
        return sentiment.label, sentiment.confidence

    def rules(code: str) -> list[str | None]:
        return [_usual_label(vader.score(_text(row), code)) for row in used]

    given, rate = _answered(answer, used)
    gold = [str(row["label"]) for row in used]
    return _report(
        "sentiment",
        gold,
        given,
        rate,
        {"vader": rules("en"), "french_vader": rules("fr")},
        by_language={
            code: _part(gold, given, [spoken[id(row)] == code for row in used])
            for code in sorted({spoken[id(row)] for row in used})
        },
        skipped=len(found) - len(used),
    )


def _usual_label(compound: float) -> str:
    """Return the label by the thresholds that VADER's authors give."""
    return "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"


def _part(
    gold: Sequence[str], given: Sequence[tuple[str | None, float]], keep: Sequence[bool]
) -> dict[str, Any]:
    pairs = [(a, b[0]) for a, b, kept in zip(gold, given, keep, strict=True) if kept]
    measured = _metrics.classification([a for a, _ in pairs], [b for _, b in pairs])
    return {"n": len(pairs), **measured}


def _language(found: Sequence[Row]) -> Report:
    used = [
        (row, str(code))
        for row in found
        if (code := row.get("lang") or row.get("label")) and 2 <= len(str(code)) <= 3
    ]
    if not used:
        raise RenomError("No text with a language.", "Each line needs text and lang (or label).")
    texts = [row for row, _ in used]

    def group(code: str | None) -> str | None:
        return code if code in ("fr", "en", None) else "other"

    def answer(row: Row) -> tuple[str | None, float]:
        code, confidence = language.identify(_text(row))
        return group(code), confidence

    given, rate = _answered(answer, texts)
    library = [group(language.library_answer(_text(row))) for row in texts]
    return _report(
        "language",
        [group(code) or "other" for _, code in used],
        given,
        rate,
        {"fasttext": library},
        skipped=len(found) - len(used),
    )


Span = tuple[int, int, str]


def spans(tokens: Sequence[str], tags: Sequence[str]) -> tuple[str, set[Span]]:
    """Return the text of BIO-tagged tokens joined by spaces, and (start, end, type) of names.

    Types that Renom has no word for are left out.
    """
    found: set[Span] = set()
    position, start, kind = 0, 0, ""
    for token, tag in zip([*tokens, ""], [*tags, "O"], strict=True):
        head, _, name = tag.partition("-")
        if kind and (head != "I" or name != kind):
            if kind.lower() in _ENTITY_TYPES:
                found.add((start, position - 1, _ENTITY_TYPES[kind.lower()]))
            kind = ""
        if head == "B" or (head == "I" and not kind):
            start, kind = position, name
        position += len(token) + 1
    return " ".join(tokens), found


def _entities(found: Sequence[Row]) -> Report:
    used = [row for row in found if row.get("tokens") and row.get("tags")]
    if not used:
        raise RenomError("No tagged text.", "Each line needs tokens, tags (BIO) and lang.")
    texts, gold = zip(*(spans(row["tokens"], row["tags"]) for row in used), strict=True)
    types = {kind for one in gold for _, _, kind in one}
    codes = [str(row.get("lang") or "en") for row in used]
    enricher = entities.Entities("entities", entities.Entities.Options())
    enricher.enrich([_pending(0, texts[0], codes[0])])
    start = time.perf_counter()
    batch = [_pending(i, *pair) for i, pair in enumerate(zip(texts, codes, strict=True))]
    given = [_own(partial["entities"], types) for partial in enricher.enrich(batch)]
    seconds = time.perf_counter() - start
    bare = [_own(one, types) for one in entities.bare(texts, codes)]
    return {
        "task": "entities",
        "tier": "rules",
        "n": len(used),
        **_overlap(gold, given, types),
        "ece": None,
        "texts_per_second": round(len(used) / seconds, 1),
        "baselines": {"spacy": _overlap(gold, bare, types)},
        "skipped": len(found) - len(used),
    }


def _pending(number: int, text: str, code: str) -> Pending:
    mention = Mention(
        "file", str(number), "evaluate", None, "post", text, _EPOCH, _EPOCH, language=code
    )
    return Pending(number, mention, (), Enrichment(mention.key, language=code))


def _own(found: object, types: set[str]) -> set[Span]:
    assert isinstance(found, tuple)
    named: Iterable[Entity] = found
    return {(one.start, one.end, one.type) for one in named if one.type in types}


def _overlap(
    gold: Sequence[set[Span]], given: Sequence[set[Span]], types: set[str]
) -> dict[str, Any]:
    """Score exact spans with their type: micro ``f1``, macro over types, ``per_class``."""
    pairs = list(zip(gold, given, strict=True))

    def count(kind: str | None) -> dict[str, float]:
        a = [{s for s in one if kind in (None, s[2])} for one, _ in pairs]
        b = [{s for s in one if kind in (None, s[2])} for _, one in pairs]
        right = sum(len(x & y) for x, y in zip(a, b, strict=True))
        return _metrics.prf(right, sum(map(len, b)), sum(map(len, a)))

    per_class = {kind: count(kind) for kind in sorted(types)}
    micro = count(None)
    return {
        "f1": micro["f1"],
        "precision": micro["precision"],
        "recall": micro["recall"],
        "macro_f1": round(sum(one["f1"] for one in per_class.values()) / len(per_class), 4),
        "macro_recall": round(sum(one["recall"] for one in per_class.values()) / len(per_class), 4),
        "accuracy": round(sum(x == y for x, y in pairs) / len(pairs), 4),
        "per_class": per_class,
    }


TASKS: Mapping[str, Callable[[Sequence[Row]], Report]] = {
    "sentiment": _sentiment,
    "language": _language,
    "entities": _entities,
}
"""What can be measured, by task."""


def evaluate(task: str, path: Path) -> Report:
    """Measure ``task`` on the labelled file or folder at ``path``.

    Returns ``task``, ``tier``, ``n``, ``macro_f1``, ``macro_recall``, ``accuracy``, ``per_class``,
    ``ece``, ``texts_per_second``, ``baselines`` (the same figures by name) and ``skipped``, the
    lines without a usable label. Accuracy of entities is the share of texts with no mistake.
    Raises RenomError when the task is unknown or the file holds nothing to measure on.
    """
    if task not in TASKS:
        raise RenomError(f"Unknown task {task!r}.", f"Known: {', '.join(sorted(TASKS))}.")
    return TASKS[task](list(rows(path)))
