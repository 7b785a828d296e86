"""Feeling by rules: equal to vaderSentiment in English, its own rules in French."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from nlp import _vader_english, _vader_french
from nlp.training import french_lexicon
from nlp.vader import Vader, sentiment_of_text
from renom.contracts import Pending

MIXED = """never so this good bad GREAT least at very kind of but no not without doubt the shit yeah
right to die for bus stop really hardly isn't nor or love hate sort hand mouth 😀 💔 :) :( !!! ??? ?
meh awesome, terrible. "fine" kinda bomb kiss death"""


def _package_score(text: str) -> float:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = getattr(_package_score, "analyzer", None) or SentimentIntensityAnalyzer()
    _package_score.analyzer = analyzer  # type: ignore[attr-defined]
    return float(analyzer.polarity_scores(text)["compound"])


def test_english_scores_equal_the_package_on_made_up_texts() -> None:
    """Random rows of the words that the rules treat apart, where the rules meet most often."""
    rng = random.Random(3)
    for _ in range(4_000):
        text = " ".join(rng.choices(MIXED.split(), k=rng.randint(1, 14)))
        assert _vader_english.compound(text) == pytest.approx(_package_score(text), abs=1e-3), text


def test_english_scores_equal_the_package_on_real_texts(data: Path) -> None:
    for name in ("airline_tweets/tweets", "vader_ground_truth/movie", "reddit_technology/comments"):
        with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            texts = [json.loads(line)["text"] for line, _ in zip(lines, range(700), strict=False)]
        for text in texts:
            assert _vader_english.compound(text) == pytest.approx(_package_score(text), abs=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "Service impeccable, je recommande vivement !",
        "pas mal du tout",
        "Je ne suis pas déçu",
        "Rien à redire",
        "MERCI, vous êtes au top 😍",
        "J'adore cette appli",
        "C'était pas mauvais",
        "aucun problème de livraison",
        "génial",
        "genial",
        "Cher mais vraiment excellent",
        "geniaaaaal",
    ],
)
def test_french_praise(text: str) -> None:
    assert sentiment_of_text(text, "fr").label == "positive"


@pytest.mark.parametrize(
    "text",
    [
        "Service déplorable, à fuir",
        "pas terrible",
        "Ça laisse à désirer",
        "Je n'aime pas du tout",
        "j'aime vraiment pas",
        "Ce n'est plus agréable",
        "aucune gentillesse",
        "L'appli ne marche plus depuis la mise à jour",
        "Très déçue",
        "tres decue",
        "arnaque totale !!!",
        "Le cadre est joli mais la nourriture est infecte et le serveur odieux",
        "peu convaincant",
        "je recommande pas",
        "C'est nul 😡",
    ],
)
def test_french_blame(text: str) -> None:
    assert sentiment_of_text(text, "fr").label == "negative"


@pytest.mark.parametrize(
    "text",
    ["Le magasin ouvre à 9 h", "Rendez-vous mardi à la gare", "https://super.fr/genial", "."],
)
def test_french_facts_have_no_feeling(text: str) -> None:
    assert sentiment_of_text(text, "fr").label == "neutral"


def test_stronger_words_and_marks_score_higher() -> None:
    score = _vader_french.compound
    assert score("c'est très bon !!!") > score("c'est très bon") > score("c'est bon") > 0
    assert score("c'est un peu lent") > score("c'est lent") > score("c'est vraiment lent")
    assert score("Le plus beau") > 0 > score("Ce n'est plus beau")
    assert score("c'est NUL et cher") < score("c'est nul et cher")


def test_confidence_grows_with_the_score_and_label_agrees() -> None:
    texts = ["moyen", "lent", "nul", "nul et lent", "nul, lent, sale et arnaque totale !!!"]
    found = sorted((sentiment_of_text(t, "fr") for t in texts), key=lambda s: abs(s.score))
    polar = [one for one in found if one.label != "neutral"]
    assert [one.confidence for one in polar] == sorted(one.confidence for one in polar)
    assert all(one.label == "negative" and one.score < 0 for one in polar)


def test_other_languages_get_no_answer(pending: Callable[..., Pending]) -> None:
    batch = [
        pending("C'est nul", language="fr"),
        pending("Sehr schlecht", language="de"),
        pending("Love it", language="en"),
        pending("👍"),
    ]
    found = Vader("vader", Vader.Options()).enrich(batch)
    assert [bool(partial) for partial in found] == [True, False, True, False]


def test_the_shipped_lexicon_is_what_the_stems_inflect_to() -> None:
    made = french_lexicon.lexicon(french_lexicon.STEMS.read_text("utf-8"))
    shipped = {}
    for line in french_lexicon.LEXICON.read_text("utf-8").splitlines():
        form, value, part = line.split("\t")
        shipped[form] = (float(value), part)
    assert shipped == made
    assert all(-4 <= value <= 4 and value for value, _ in shipped.values())


@pytest.mark.parametrize(
    ("part", "stem", "forms"),
    [
        ("a", "génial", {"génial", "géniale", "géniaux", "géniales"}),
        ("a", "beau/belle", {"beau", "beaux", "belle", "belles"}),
        ("a", "trompeur", {"trompeur", "trompeuse"}),
        ("v", "gérer", {"gère", "gérait", "gérée"}),
        ("v", "déranger", {"dérange", "dérangeait", "dérangeant"}),
        ("v", "énerver", {"énerve", "énervent", "énervée"}),
        ("v", "réussir", {"réussit", "réussissent", "réussie"}),
        ("v", "ennuyer", {"ennuie", "ennuyé", "ennuiera"}),
    ],
)
def test_french_inflection(part: str, stem: str, forms: set[str]) -> None:
    assert forms <= set(french_lexicon.inflect(part, stem))
