"""Tell which column of a file holds what, by its name in French or English and by its values."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

_Check = Callable[[list[Any]], bool]

_WORDS: dict[str, str] = {
    "id": "id|identifiant|uuid|guid|response id|respondent id|id reponse|id repondant|numero|"
    "ticket id|tweet id|review id|external id|reference|ref|no|num",
    "text": "text|texte|verbatim|verbatims|commentaire|commentaires|comment|comments|avis|"
    "review text|review body|review|full text|message|body|content|contenu|corps|tweet|post|"
    "feedback|reponse|answer|remarque|remarques|description|snippet|extrait|opinion|"
    "votre commentaire|votre avis|texte de l avis|open answer|reponse libre|free text",
    "title": "title|titre|subject|objet|sujet|thread title|headline|review title|titre de l avis",
    "published_at": "time|published at|published|date de publication|publication date|created at|"
    "created|date de creation|creation date|date|datetime|date heure|date de reponse|date reponse|"
    "response date|review date|date de l avis|date avis|submitted at|submission date|"
    "date de soumission|posted at|sent at|date d envoi|horodatage|horodateur|timestamp|jour|day|"
    "completed at|completion time|heure de fin|end date|date de fin|start date|date de debut",
    "rating10": "rating10|note sur 10|note 10|rating out of 10|note de 0 a 10",
    "nps": "nps|nps score|note nps|score nps|likelihood to recommend|recommandation|"
    "note de recommandation|probabilite de recommandation|recommend score",
    "rating": "rating|note|notes|score|stars|etoiles|nombre d etoiles|star rating|review rating|"
    "note globale|overall rating|overall score|csat|csat score|satisfaction|evaluation|"
    "note de satisfaction",
    "label": "label|sentiment|sentiments|polarite|polarity|tonalite|tonality|ressenti|"
    "sentiment label|airline sentiment",
    "label_confidence": "label confidence|sentiment confidence|airline sentiment confidence",
    "brand": "brand|marque|target|company|entreprise|enseigne|airline|societe",
    "aspects": "aspects|opinions|categories|aspect|negative reason|negativereason|reason|motif|"
    "raison|thematique|theme|themes",
    "language": "lang|language|langue|locale|language code|code langue",
    "author": "author|auteur|account|compte|user|username|user name|utilisateur|"
    "nom d utilisateur|pseudo|pseudonyme|handle|screen name|from|expediteur|reviewer|client|"
    "customer|nom|name|author name|nom de l auteur",
    "followers": "followers|followers count|follower count|abonnes|nombre d abonnes|nb abonnes",
    "likes": "likes|like count|favorites|favourites|favorite count|j aime|thumbs up|helpful|"
    "points|upvotes|nombre de j aime",
    "replies": "replies|reply count|reponses|nombre de reponses|comments|comment count|"
    "commentaires|num comments|nombre de commentaires",
    "shares": "shares|share count|retweets|retweet count|partages|reposts|nombre de partages",
    "quotes": "quotes|quote count|citations",
    "views": "views|view count|vues|impressions|nombre de vues",
    "url": "url|link|lien|permalink|permalien|adresse|web address|uri",
    "platform": "source|platform|plateforme|canal|channel|site|media|reseau|network",
    "kind": "kind|type|nature",
    "place": "country|country code|pays|place|code pays",
    "parent": "parent id|in reply to|in reply to id|in reply to status id",
}
_PHRASES = {
    "nps": r"recommand\w+.*\b(?:0|10|ami|proche|collegue)|likely.*recommend|0 (?:a|to) 10",
    "text": r"commentaire|verbatim|pourquoi|dites nous|qu avez vous|expliquez|remarque|suggestion|"
    r"\bcomments?\b|\bwhy\b|tell us|explain|feedback|review text|\bavis\b",
    "published_at": r"^date\b|\bdate$|horodat|timestamp|created|submitted|publi(?:e|shed)",
    "rating": r"\bnote\b|\bstars?\b|etoiles|\brating\b|satisf",
    "language": r"^lang",
    "url": r"\burl\b|permalink|\blien\b",
}
"""Long headers, such as the question of a survey, by what they contain."""

FIELDS: tuple[str, ...] = tuple(_WORDS)
"""What a column may hold."""

ALIASES = {
    "time": "published_at", "date": "published_at", "lang": "language", "source": "platform",
    "target": "brand", "aspect": "aspects", "retweets": "shares", "account": "author",
    "sentiment": "label", "verbatim": "text", "note": "rating",
}  # fmt: skip
"""Other words for a field that a mapping may use."""

_SYNONYMS = {name: tuple(words.split("|")) for name, words in _WORDS.items()}
_SCALE = re.compile(r"\b(?:sur|/|out of|of|0 (?:a|to|-)|1 (?:a|to|-)|0|1)\s?(5|10|20|100)\b")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column holds what in one kind of file, and how to read it.

    ``columns`` maps a field (see FIELDS) to a column name; ``rating_scale`` is (worst, best);
    ``guessed`` names the fields that nobody stated.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    rating_scale: tuple[float, float] | None = None
    date_format: str | None = None
    timezone: str | None = None
    kind: str | None = None
    platform: str | None = None
    guessed: frozenset[str] = frozenset()


def folded(name: str) -> str:
    """Return a column name in lower case without accents and signs: ``Date de réponse`` is
    ``date de reponse``, ``createdAt`` is ``created at``."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def guess_mapping(columns: Sequence[str], sample: Sequence[Mapping[str, Any]]) -> ColumnMap:
    """Guess what the columns hold, from their names and the values of some rows.

    The first fitting name wins; names that contain a telling phrase come after exact ones; the
    text is, failing all, the column with the longest texts.
    """
    values = {name: [row.get(name) for row in sample[:200]] for name in columns}
    known = {folded(name): name for name in reversed(columns)}
    found: dict[str, str] = {}

    def take(wanted: str, column: str) -> bool:
        present = [value for value in values[column] if value not in (None, "")]
        if column in found.values() or (present and not _CHECKS.get(wanted, _any)(present)):
            return False
        found[wanted] = column
        return True

    for wanted, words in _SYNONYMS.items():
        any(take(wanted, known[word]) for word in words if word in known)
    for wanted, phrase in _PHRASES.items():
        if wanted not in found:
            any(take(wanted, name) for name in columns if re.search(phrase, folded(name)))
    if "text" not in found:
        _take_longest(values, found)
    scale = None
    if "rating" in found:
        scale = guess_scale(found["rating"], values[found["rating"]])
    return ColumnMap(found, rating_scale=scale, guessed=frozenset(found))


def guess_scale(column: str, values: Sequence[Any]) -> tuple[float, float] | None:
    """Return the scale a rating column seems to have: (1, 5), (0, 5), (0, 10), (0, 20), (0, 100).

    The name decides (``Note sur 10``), else the greatest value; None when there is no number.
    """
    numbers = [number for number in map(as_number, values) if number is not None]
    stated = _SCALE.search(folded(column))
    if stated is None and not numbers:
        return None
    best = float(stated[1]) if stated else next(
        (top for top in (5.0, 10.0, 20.0, 100.0) if max(numbers) <= top), None
    )  # fmt: skip
    if best is None or (numbers and min(numbers) < 0):
        return None
    if best == 5.0 and not any(number < 1 for number in numbers):
        return (1.0, 5.0)
    return (0.0, best)


def complete(stated: ColumnMap, guess: ColumnMap) -> ColumnMap:
    """Return the stated mapping with the guess in its gaps; no column is used twice."""
    columns = dict(stated.columns)
    used = set(columns.values())
    ratings = {"rating", "rating10", "nps"}
    for name, column in guess.columns.items():
        double = name in ratings and ratings & set(stated.columns)
        if name not in columns and column not in used and not double:
            columns[name] = column
            used.add(column)
    same = columns.get("rating") == guess.columns.get("rating")
    return replace(
        stated,
        columns=columns,
        rating_scale=stated.rating_scale or (guess.rating_scale if same else None),
        guessed=frozenset(columns) - frozenset(stated.columns),
    )


def field_named(name: str) -> str:
    """Return the field a word of a mapping means; raise ValueError naming near ones."""
    word = name.strip().lower()
    wanted = ALIASES.get(word, word)
    if wanted in FIELDS:
        return wanted
    near = get_close_matches(word, [*FIELDS, *ALIASES], n=1)
    tail = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(sorted(FIELDS))}"
    raise ValueError(f"unknown field {name!r}{tail}")


def missing_columns(mapping: ColumnMap, columns: Sequence[str]) -> list[str]:
    """Return a sentence for each mapped column that the file does not have."""
    said = []
    for name, column in mapping.columns.items():
        if column not in columns:
            near = get_close_matches(column, columns, n=1, cutoff=0.5)
            tail = f"; did you mean {near[0]!r}?" if near else ""
            said.append(f"the file has no column {column!r} for {name}{tail}")
    return said


# -- saved mappings --------------------------------------------------------------------------


def signature(columns: Sequence[str]) -> str:
    """Return what files of one kind share: a hash of their column names, in any order."""
    names = "\n".join(sorted(folded(name) for name in columns))
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def load_mappings(path: Path) -> dict[str, tuple[str, ColumnMap]]:
    """Return the saved mappings by name, each with the signature of its kind of file.

    An absent file holds none. Raises ValueError naming what is wrong in it.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.exists():
        return {}
    try:
        tree = YAML(typ="safe").load(path.read_text(encoding="utf-8")) or {}
        return {str(name): _loaded(item) for name, item in tree.items()}
    except (YAMLError, AttributeError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} does not hold saved mappings") from error


def _loaded(item: Mapping[str, Any]) -> tuple[str, ColumnMap]:
    scale = item.get("rating_scale")
    mapping = ColumnMap(
        {field_named(str(name)): str(column) for name, column in item["map"].items()},
        rating_scale=(float(scale[0]), float(scale[1])) if scale else None,
        date_format=item.get("date_format"),
        timezone=item.get("timezone"),
        kind=item.get("kind"),
        platform=item.get("platform"),
    )
    return str(item["signature"]), mapping


def save_mapping(path: Path, name: str, columns: Sequence[str], mapping: ColumnMap) -> None:
    """Save ``mapping`` under ``name`` for files with these columns, beside those saved before."""
    from ruamel.yaml import YAML

    yaml = YAML()
    tree = (yaml.load(path.read_text(encoding="utf-8")) if path.exists() else None) or {}
    item: dict[str, Any] = {"signature": signature(columns), "map": dict(mapping.columns)}
    if mapping.rating_scale:
        item["rating_scale"] = list(mapping.rating_scale)
    for key in ("date_format", "timezone", "kind", "platform"):
        if getattr(mapping, key):
            item[key] = getattr(mapping, key)
    tree[name] = item
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def recognise(
    columns: Sequence[str], saved: Mapping[str, tuple[str, ColumnMap]]
) -> tuple[str, ColumnMap] | None:
    """Return the name and mapping saved for this kind of file, the last one saved first."""
    wanted = signature(columns)
    for name, (known, mapping) in reversed(list(saved.items())):
        if known == wanted:
            return name, mapping
    return None


# -- values ----------------------------------------------------------------------------------


def as_number(value: object) -> float | None:
    """Read a number as people type it: ``4``, ``4,5``, ``4/5``, ``4 étoiles``, ``★★★☆☆``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value == value and abs(value) < 1e15 else None
    if not isinstance(value, str):
        return None
    text = value.strip()[:60]
    if "★" in text or "⭐" in text:
        return float(text.count("★") + text.count("⭐"))
    match = re.match(r"[^\d-]{0,20}?(-?\d{1,9}(?:[.,]\d{1,6})?)(?![\d.,]*\d)", text)
    return float(match[1].replace(",", ".")) if match else None


def _any(values: list[Any]) -> bool:
    return bool(values)


def _numeric(values: list[Any]) -> bool:
    return sum(as_number(value) is not None for value in values) >= 0.8 * len(values)


def _wordy(values: list[Any]) -> bool:
    texts = [value for value in values if isinstance(value, str)]
    return sum(bool(re.search(r"[^\W\d_]{2}", text)) for text in texts) >= 0.5 * len(values)


def _short(values: list[Any]) -> bool:
    fitting = sum(not isinstance(value, str) or len(value) < 80 for value in values)
    return fitting >= 0.9 * len(values)


def _web(values: list[Any]) -> bool:
    return any(isinstance(value, str) and "://" in value for value in values)


def _dated(values: list[Any]) -> bool:
    fitting = sum(not isinstance(v, str) or bool(re.search(r"\d", v)) for v in values)
    return fitting >= 0.5 * len(values)


_CHECKS: dict[str, _Check] = {
    "text": _wordy,
    "title": _wordy,
    "published_at": _dated,
    "url": _web,
    "language": _short,
    "author": _short,
    "platform": _short,
    "kind": _short,
    "label": _short,
    **dict.fromkeys(
        ("rating", "rating10", "nps", "label_confidence", "followers", "likes", "replies",
         "shares", "quotes", "views"), _numeric
    ),
}  # fmt: skip


def _take_longest(values: Mapping[str, list[Any]], found: dict[str, str]) -> None:
    lengths = {}
    for name, column in values.items():
        texts = [text for text in column if isinstance(text, str) and text.strip()]
        words = sum(len(text.split()) for text in texts) / max(1, len(texts))
        distinct = len(set(texts)) > len(texts) / 2
        if name not in found.values() and words >= 3 and distinct and not _web(texts):
            lengths[name] = words
    if lengths:
        found["text"] = max(lengths, key=lambda name: lengths[name])
