"""Topics: what a text is about, brands and feelings left out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlp.topics import Topics
from renom.brand import Brand
from renom.contracts import Pending

BRANDS = (Brand("Colibri Mobile", "colibri", handles={"x": "colibri_fr"}),)


def _topics(text: str, language: str, pending: Callable[..., Pending]) -> tuple[str, ...]:
    topics = Topics("t", Topics.Options(), brands=BRANDS)
    (partial,) = topics.enrich([pending(text, language=language)])
    found = partial["topics"]
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(
    ("text", "language", "topic"),
    [
        ("La livraison est toujours en retard", "fr", "livraison"),
        ("deux livraisons perdues", "fr", "livraison"),
        ("Le service client ne répond jamais", "fr", "service client"),
        ("l'appli plante sans arrêt", "fr", "application"),
        ("toujours pas remboursée", "fr", "remboursement"),
        ("PRELEVEMENT en double !", "fr", "prélèvement"),
        ("les panneaux solaires", "fr", "panneau solaire"),
        ("Nobody answers at customer service", "en", "customer service"),
        ("my refunds never came", "en", "refund"),
        ("lost my luggage again", "en", "baggage"),
        ("stop #FlightDelay now", "en", "#flightdelay"),
    ],
)
def test_topics_of_customer_experience(
    text: str, language: str, topic: str, pending: Callable[..., Pending]
) -> None:
    assert topic in _topics(text, language, pending)


def test_brand_names_handles_and_feelings_are_no_topics(pending: Callable[..., Pending]) -> None:
    text = "@colibri_fr Colibri Mobile c'est nul, vraiment horrible, merci #ColibriMobile"
    assert _topics(text, "fr", pending) == ()


def test_at_most_five_topics_and_none_in_other_languages(pending: Callable[..., Pending]) -> None:
    text = "Le prix, la livraison, le colis, le vendeur, la facture, le site, la garantie, le stock"
    assert len(_topics(text, "fr", pending)) == 5
    (partial,) = Topics("t", Topics.Options()).enrich([pending("Die Lieferung", language="de")])
    assert partial == {}
