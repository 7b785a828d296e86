"""Entities: brands by their names first, spaCy's names cleaned and folded."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from nlp import _names
from nlp.entities import Entities
from renom.brand import Brand
from renom.contracts import Pending
from renom.enrichment import Entity
from renom.errors import EnrichmentError

BRANDS = (
    Brand("Orange", "orange", aliases=("Orange Télécom",), handles={"x": "orange_conseil"}),
    Brand("Free Mobile", '"free mobile"', role="competitor"),
    Brand("L'Oréal", "loreal", role="partner"),
    Brand("iPhone", "iphone", role="product"),
    Brand("C&A", '"C&A"', role="competitor"),
)


def _found(text: str, pending: Callable[..., Pending], **more: object) -> tuple[Entity, ...]:
    options = Entities.Options(models={})
    (partial,) = Entities("e", options, brands=BRANDS).enrich([pending(text, **more)])
    entities = partial["entities"]
    assert isinstance(entities, tuple)
    return entities


@pytest.mark.parametrize(
    ("text", "brand", "surface"),
    [
        ("Je quitte l'Orange actuel", "Orange", "Orange"),
        ("ras le bol d’Orange", "Orange", "Orange"),
        ("Orange's network is down", "Orange", "Orange"),
        ("merci @Orange_Conseil !", "Orange", "@Orange_Conseil"),
        ("vive #FreeMobile", "Free Mobile", "#FreeMobile"),
        ("chez FREE MOBILE", "Free Mobile", "FREE MOBILE"),
        ("chez orange telecom", "Orange", "orange telecom"),
        ("les shampooings L’OREAL", "L'Oréal", "L’OREAL"),
        ("two iPhones", "iPhone", "iPhones"),
        ("soldes chez C&A", "C&A", "C&A"),
    ],
)
def test_a_brand_is_found_under_its_names(
    text: str, brand: str, surface: str, pending: Callable[..., Pending]
) -> None:
    (entity,) = _found(text, pending)
    assert (entity.name, entity.brand, entity.surface) == (brand, brand, surface)
    assert text[entity.start : entity.end] == surface


def test_the_fruit_is_no_brand_unless_the_mention_matched(pending: Callable[..., Pending]) -> None:
    assert _found("une orange bien mûre", pending) == ()
    (entity,) = _found("orange ne répond pas", pending, brands=("Orange",))
    assert entity.brand == "Orange"


def test_a_brand_inside_another_word_or_address_is_not_found(
    pending: Callable[..., Pending],
) -> None:
    assert _found("orangeade, iPhonerie", pending) == ()


def test_names_are_found_in_both_languages_and_brands_outrank_them(
    pending: Callable[..., Pending],
) -> None:
    batch = [
        pending("Orange va licencier, selon Emmanuel Macron à Marseille.", language="fr"),
        pending("Tim Cook from Apple Inc. met the Orange team in London.", language="en"),
        pending("Angela Merkel war in Berlin.", language="de"),
    ]
    found = Entities("e", Entities.Options(), brands=BRANDS).enrich(batch)
    french, english, german = (partial["entities"] for partial in found)
    assert [(e.name, e.brand) for e in french] == [
        ("Orange", "Orange"),
        ("Emmanuel Macron", None),
        ("Marseille", None),
    ]
    assert {"Tim Cook", "Apple", "Orange", "London"} <= {e.name for e in english}
    assert german == ()
    for partial, one in zip(found, batch, strict=True):
        for entity in partial["entities"]:
            assert one.mention.full_text[entity.start : entity.end] == entity.surface


def test_social_noise_is_no_name(pending: Callable[..., Pending]) -> None:
    batch = [
        pending("RT @bob: OMG Thanks http://t.co/x #FAIL Monday 10am", language="en"),
        pending("SUPER RESTAURANT !!! JE RECOMMANDE 😍😍 Merci Bravo", language="fr"),
    ]
    found = Entities("e", Entities.Options(), brands=()).enrich(batch)
    assert [partial["entities"] for partial in found] == [(), ()]


@pytest.mark.parametrize(
    "spellings",
    [
        ("Société Générale", "SOCIETE GENERALE", "la Société Générale SA", "société générale"),
        ("Apple", "Apple Inc.", "apple's", "#Apple", "Apple, Inc"),
        ("SNCF", "sncf", "la SNCF", "l'SNCF"),
        ("François Hollande", "Francois HOLLANDE", "M. François Hollande"),
        ("L'Oréal", "L’ORÉAL", "L'Oréal S.A."),
    ],
)
def test_spellings_fold_to_one_name(spellings: tuple[str, ...]) -> None:
    assert len({_names.one_name(spelling) for spelling in spellings}) == 1


def test_a_model_that_is_not_installed_says_what_to_do(pending: Callable[..., Pending]) -> None:
    enricher = Entities("e", Entities.Options(models={"fr": "fr_core_news_absent"}))
    with pytest.raises(EnrichmentError) as caught:
        enricher.enrich([pending("Bonjour", language="fr")])
    assert "pip install" in caught.value.hint


def test_a_huge_text_is_read_up_to_its_limit(pending: Callable[..., Pending]) -> None:
    enricher = Entities("e", Entities.Options(longest=5_000), brands=BRANDS)
    enricher.enrich([pending("Bonjour Paris", language="fr")])
    text = "Rendez-vous à Marseille avec Orange. " * 300_000
    start = time.perf_counter()
    (partial,) = enricher.enrich([pending(text, language="fr")])
    assert time.perf_counter() - start < 5
    assert len(partial["entities"]) <= 100
    assert all(entity.end <= 5_000 for entity in partial["entities"])
