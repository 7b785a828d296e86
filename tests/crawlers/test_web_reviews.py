"""schema.org reviews in three syntaxes and the forms that sites give them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from crawlers._extraction import Hints, extract

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
URL = "https://shop.example/p/bouilloire"


def reviews_of(html: str, url: str = URL):
    return extract(html.encode(), url, hints=Hints(now=NOW)).reviews


def ld(*blocks: object) -> str:
    texts = (json.dumps(block).replace("</", "<\\/") for block in blocks)
    scripts = "".join(f'<script type="application/ld+json">{text}</script>' for text in texts)
    return f"<html><head>{scripts}</head><body><p>Bouilloire</p></body></html>"


REVIEW = {
    "@type": "Review",
    "reviewBody": "Livrée en retard, carton abîmé.",
    "name": "Déçue",
    "author": {"@type": "Person", "name": "Zoé"},
    "datePublished": "2026-11-18",
    "reviewRating": {"@type": "Rating", "ratingValue": "2", "bestRating": "5"},
}
MICRODATA = """<html><body><div itemscope itemtype="http://schema.org/Product">
<h1 itemprop="name">Bouilloire</h1><div itemprop="review" itemscope
itemtype="http://schema.org/Review"><span itemprop="name">Déçue</span>
<span itemprop="author" itemscope itemtype="http://schema.org/Person"><b itemprop="name">Zoé</b>
</span><meta itemprop="datePublished" content="2026-11-18"><div itemprop="reviewRating" itemscope
itemtype="http://schema.org/Rating"><span itemprop="ratingValue">2</span>/<span
itemprop="bestRating">5</span></div><p itemprop="reviewBody">Livrée en retard, carton abîmé.</p>
</div></div></body></html>"""
RDFA = """<html><body vocab="http://schema.org/"><div typeof="Product"><h1 property="name">
Bouilloire</h1><div property="review" typeof="Review"><span property="name">Déçue</span>
<span property="author" typeof="Person"><b property="name">Zoé</b></span>
<meta property="datePublished" content="2026-11-18"><div property="reviewRating" typeof="Rating">
<span property="ratingValue">2</span>/<span property="bestRating">5</span></div>
<p property="reviewBody">Livrée en retard, carton abîmé.</p></div></div></body></html>"""


@pytest.mark.parametrize(
    "html",
    [
        ld({"@type": "Product", "name": "Bouilloire", "review": REVIEW}),
        ld({"@type": "Product", "name": "Bouilloire", "review": [REVIEW]}),
        ld({"@graph": [{**REVIEW, "itemReviewed": {"@type": "Product", "name": "Bouilloire"}}]}),
        ld(
            [
                {
                    **REVIEW,
                    "@type": ["Review"],
                    "author": "Zoé",
                    "itemReviewed": {"name": "Bouilloire"},
                }
            ]
        ),
        MICRODATA,
        RDFA,
    ],
    ids=["object", "list", "graph", "standing alone", "microdata", "rdfa"],
)
def test_the_same_review_in_every_form(html: str):
    (review,) = reviews_of(html).found
    assert review.text == "Livrée en retard, carton abîmé."
    assert (review.title, review.author, review.product) == ("Déçue", "Zoé", "Bouilloire")
    assert review.rating == (2.0, 1.0, 5.0)
    assert review.published_at == datetime(2026, 11, 18, tzinfo=UTC)


def test_review_in_two_syntaxes_is_one():
    both = MICRODATA.replace(
        "<body>", ld({"name": "Bouilloire", "@type": "Product", "review": REVIEW})
    )
    assert len(reviews_of(both).found) == 1


@pytest.mark.parametrize(
    ("rating", "expected"),
    [
        ({"ratingValue": "4,5"}, (4.5, 1.0, 5.0)),
        ({"ratingValue": 9, "bestRating": 10}, (9.0, 1.0, 10.0)),
        ({"ratingValue": "4/5"}, (4.0, 1.0, 5.0)),
        ({"ratingValue": "8 sur 10"}, (8.0, 1.0, 10.0)),
        ({"ratingValue": "80%"}, (80.0, 0.0, 100.0)),
        ({"ratingValue": 0, "worstRating": 0}, (0.0, 0.0, 5.0)),
        ("3", (3.0, 1.0, 5.0)),
        ({"ratingValue": 9}, None),
        ({"ratingValue": "1e400"}, (1.0, 1.0, 5.0)),
        ({"ratingValue": "NaN"}, None),
        ({"ratingValue": {"@value": {"x": []}}}, None),
        ({"ratingValue": 4, "bestRating": 1, "worstRating": 5}, None),
    ],
)
def test_rating_scales(rating: object, expected: object):
    (review,) = reviews_of(ld({**REVIEW, "reviewRating": rating})).found
    assert review.rating == expected


def test_identity_is_stable_over_order_and_page_and_changes_with_the_author():
    def key(review: dict, url: str = URL) -> str:
        product = {
            "@type": "Product",
            "@id": "https://shop.example/p/bouilloire#p",
            "review": review,
        }
        return reviews_of(ld(product), url).found[0].key

    assert key(REVIEW) == key(REVIEW, URL + "?page=2")
    assert key(REVIEW) == key({**REVIEW, "@id": "#review-3"}) == key({**REVIEW, "@id": "#review-4"})
    assert key(REVIEW) != key({**REVIEW, "author": "Paul"})
    named = {**REVIEW, "@id": "https://shop.example/reviews/8f3a92c1"}
    assert key(named) == key({**named, "reviewBody": "Texte corrigé."}) != key(REVIEW)


def test_bad_reviews_are_counted_and_the_good_kept():
    found = reviews_of(
        ld(
            REVIEW,
            {**REVIEW, "reviewBody": "", "name": ""},
            {**REVIEW, "reviewBody": ["<b>Bien</b> &amp; vite<script>x()</script>"], "author": []},
            {**REVIEW, "reviewBody": "Du futur", "datePublished": "2126-01-01"},
            {"@type": "ClaimReview", "reviewBody": "Faux."},
        )
    )
    assert [review.text for review in found.found] == [
        "Livrée en retard, carton abîmé.",
        "Bien & vite",
    ]
    assert found.refused == {"review without text": 1, "review dated 2126-01-01": 1}


def test_broken_and_hostile_json_ld_costs_only_itself():
    deep = '{"review":' * 3000 + "1" + "}" * 3000
    html = ld(REVIEW).replace(
        "</head>",
        f'<script type="application/ld+json">{deep}</script>'
        '<script type="application/ld+json">{"@type": "Review", </script>'
        '<script type="application/ld+json">{"@type":"Review","reviewBody":"Virgule de trop",}'
        "</script></head>",
    )
    texts = {review.text for review in reviews_of(html).found}
    assert "Livrée en retard, carton abîmé." in texts


def test_number_of_reviews_is_bounded():
    many = [{**REVIEW, "reviewBody": f"Avis numéro {n}"} for n in range(1_200)]
    found = reviews_of(ld({"@type": "Product", "review": many}))
    assert len(found.found) == 1_000
    assert found.refused == {"more than 1000 reviews on one page": 1}
