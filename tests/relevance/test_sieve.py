"""The sieve in the pipeline: what it holds back, when it learns, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from renom.brand import Brand
from renom.contracts import Batch
from renom.mention import Mention
from renom.pipeline import BrandMatcher, match_batch
from renom.relevance import Lessons, Sieve

NOW = datetime(2026, 5, 20, 14, 37, tzinfo=UTC)
ORANGE = Brand("Orange", "orange", context=("fibre", "forfait"))
FREE = Brand("Free", "free")

POOL = [
    text
    for n in range(30)
    for text in (
        f"la fibre Orange du forfait mobile est en panne numéro {n}",
        f"panne du réseau mobile Orange chez nous depuis {n} heures",
        f"une recette de gâteau au jus d'orange pour {n} personnes",
        f"le jus de {n} oranges et le zeste d'une orange en cuisine",
    )
]
LABELS = tuple((text, "jus" not in text) for text in POOL[:40])


def mention(text: str) -> Mention:
    return Mention("web", text[:60], "presse", None, "post", text, NOW, NOW)


def lessons(asked: list[str], labels: tuple[tuple[str, bool], ...]) -> Callable[[Brand], Lessons]:
    def of(brand: Brand) -> Lessons:
        asked.append(brand.name)
        return Lessons(labels if brand.name == "Orange" else (), lambda: POOL)

    return of


def matched(sieve: Sieve | None, *texts: str, now: datetime = NOW) -> tuple[set[str], set[str]]:
    batch = Batch(tuple(mention(text) for text in texts), cursor=None)
    found, _, aside = match_batch(batch, BrandMatcher([ORANGE, FREE], sieve), now=now)
    return set(found), {one.mention.text for one in aside if one.probability < 0.3}


def test_what_is_clearly_not_about_the_brand_is_set_aside() -> None:
    sieve = Sieve([ORANGE, FREE], lessons([], LABELS))
    fruit, phone = "Gâteau au zeste et jus d'orange", "Orange : panne de fibre mobile chez nous"
    kept, aside = matched(sieve, fruit, phone)
    assert aside == {fruit}
    assert kept == {mention(phone).key}


def test_without_a_sieve_or_lessons_the_words_decide() -> None:
    fruit = "Gâteau au zeste et jus d'orange"
    assert matched(None, fruit) == ({mention(fruit).key}, set())
    bare = Sieve([ORANGE], lambda brand: Lessons((), list))
    assert matched(bare, fruit) == ({mention(fruit).key}, set())


def test_a_brand_matched_beside_keeps_the_mention() -> None:
    sieve = Sieve([ORANGE, FREE], lessons([], LABELS))
    both = "Un jus d'orange free, recette de gâteau au zeste"
    kept, aside = matched(sieve, both)
    assert (kept, aside) == ({mention(both).key}, {both})


def test_lessons_are_asked_for_once_a_minute_and_only_when_needed() -> None:
    asked: list[str] = []
    sieve = Sieve([ORANGE, FREE], lessons(asked, LABELS))
    matched(sieve, "rien du tout")
    assert asked == []
    matched(sieve, "une orange", "deux orange", "trois orange")
    assert asked == ["Orange"]
    first = sieve.model("Orange", now=NOW)
    assert sieve.model("Orange", now=NOW + timedelta(minutes=2)) is first
    assert asked == ["Orange", "Orange"]
    assert sieve.model("Orange", now=NOW + timedelta(hours=7)) is not first
