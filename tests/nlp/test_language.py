"""Language: short texts, noise, and what platforms declare."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from nlp.language import Language, identify, language_of
from renom.contracts import Pending


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Le service client est injoignable depuis lundi", "fr"),
        ("The app keeps crashing since the update", "en"),
        ("mdr trop bien ce resto", "fr"),
        ("j'adore", "fr"),
        ("@bob http://t.co/abc livraison super rapide, merci !", "fr"),
        ("RT @alice: love the new phone https://x.com/1", "en"),
        ("Der Kundendienst ist leider nie erreichbar", "de"),
        ("La entrega fue muy lenta y nadie contesta", "es"),
        ("Il servizio clienti non risponde mai", "it"),
        ("De levering was veel te laat en niemand reageert", "nl"),
    ],
)
def test_language_of_short_texts(text: str, code: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(
    "text", ["😀😀👍", "https://example.org/a", "@bob @eve", "12 345 !!!", "…"]
)
def test_a_text_without_words_has_no_language(text: str) -> None:
    assert language_of(text) is None
    assert identify(text) == (None, 0.0)


def test_a_declaration_decides_where_the_text_cannot() -> None:
    assert language_of("👍", "fr") == "fr"
    assert language_of("Super !", "fr") == "fr"
    assert language_of("ok", "en") == "en"


def test_a_declaration_that_the_text_contradicts_is_given_up() -> None:
    text = "Je suis très déçu par cette livraison, personne ne répond au téléphone"
    assert language_of(text, "en") == "fr"
    assert language_of("They never answer the phone and the parcel is lost", "fr") == "en"


def test_title_and_text_are_read_together(pending: Callable[..., Pending]) -> None:
    batch = [
        pending("👍👍", title="Livraison rapide et très soignée"),
        pending("😀"),
        pending("Great service"),
    ]
    found = Language("language", Language.Options()).enrich(batch)
    assert found == [{"language": "fr"}, {"language": None}, {"language": "en"}]


def test_a_huge_text_costs_no_more_than_its_beginning() -> None:
    language_of("bonjour")
    start = time.perf_counter()
    assert language_of("Le service est lent. " * 500_000) == "fr"
    assert time.perf_counter() - start < 0.5
