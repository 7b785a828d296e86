"""The demo world: enough texts, all different, plausible in time, and nobody real in it."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from renom.demo.world import (
    FOLDER,
    PARIS,
    SPAN,
    Ago,
    World,
    load_world,
    normalised,
    published_at,
    slugify,
)
from renom.query import Document, Matcher, parse

# A quiet night, a working afternoon, both clock changes of 2026, New Year, a leap day.
MOMENTS = [
    datetime(2026, 3, 11, 15, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 59, tzinfo=UTC),
    datetime(2026, 1, 1, 3, 10, tzinfo=UTC),
    datetime(2028, 2, 29, 22, 45, tzinfo=UTC),
]
NOW = MOMENTS[0]

# Real names that a writer about coffee, shops, parcels, banks and the web might let slip.
REAL = """
    nespresso nestlé lavazza illy malongo senseo tassimo starbucks costa keurig delonghi krups
    philips bialetti segafredo carte\x20noire jacques\x20vabre lobodis vergnano kenco nescafé
    amazon ebay vinted leboncoin fnac darty boulanger carrefour leclerc auchan lidl monoprix
    tesco sainsbury asda waitrose supervalu dunnes chronopost colissimo la\x20poste dpd
    mondial\x20relay royal\x20mail evri hermes an\x20post dhl fedex paypal stripe adyen klarna
    visa mastercard revolut monzo barclays lloyds natwest bnp crédit\x20agricole boursorama
    lcl société\x20générale twitter facebook instagram tiktok youtube reddit whatsapp linkedin
    trustpilot google apple microsoft mastodon bluesky que\x20choisir cnil dgccrf which\x20magazine
    le\x20monde le\x20figaro libération bbc guardian irish\x20times financial\x20times afp reuters
""".replace("\x20", "_").split()


@pytest.fixture(scope="module")
def world() -> World:
    return load_world()


def ages(world: World, event: str, now: datetime = NOW) -> list[timedelta]:
    return sorted(now - published_at(text, now) for text in world.told(event))


def test_there_are_enough_different_texts(world: World) -> None:
    originals = [text for text in world.texts if text.same_as is None]
    assert len(originals) >= 420
    assert len({normalised(text.text) for text in originals}) == len(originals)
    assert world.counts().texts == len(originals)


def test_no_two_originals_are_near_copies(world: World) -> None:
    def shingles(words: list[str]) -> frozenset[tuple[str, ...]]:
        return frozenset(zip(words, words[1:], words[2:], strict=False))

    originals = [text for text in world.texts if text.same_as is None]
    sets = [(text.id, shingles(normalised(text.text).split())) for text in originals]
    for (one, a), (other, b) in combinations(sets, 2):
        assert len(a & b) <= 0.15 * len(a | b), (one, other)


def test_every_kind_and_language_has_its_share(world: World) -> None:
    counts = world.counts()
    originals = [text for text in world.of_kind("article") if text.same_as is None]
    assert len(originals) >= 45
    assert sum(text.lang == "en" for text in originals) >= 15
    assert counts.kinds["review"] >= 110
    assert counts.kinds["survey"] >= 60
    assert counts.kinds["email"] >= 40
    assert counts.kinds["post"] >= 150
    assert counts.kinds["comment"] >= 30
    assert 0.55 <= counts.languages["fr"] / len(world.texts) <= 0.65
    assert all(counts.ratings[stars] >= 10 for stars in (1, 2, 3, 4, 5))


def test_articles_are_as_long_as_articles(world: World) -> None:
    for text in world.of_kind("article"):
        assert 80 <= len(text.text.split()) <= 250, text.id
        assert "\n\n" in text.text, text.id
        assert all((text.title, text.section, text.author)), text.id


def test_own_brand_gets_about_half_of_the_quiet_weeks(world: World) -> None:
    quiet = [brand for text in world.texts if text.event != "incident" for brand in text.brands]
    assert 0.5 <= quiet.count("aubelune") / len(quiet) <= 0.62
    assert quiet.count("pause") >= 80
    assert quiet.count("grindle") >= 70


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_every_time_lies_in_the_last_sixty_days(world: World, now: datetime) -> None:
    for text in world.texts:
        moment = published_at(text, now)
        assert moment.tzinfo is UTC
        assert now - SPAN <= moment < now, text.id


@pytest.mark.parametrize("now", MOMENTS, ids=str)
def test_an_answer_or_reprint_comes_after_what_it_follows(world: World, now: datetime) -> None:
    followers = [text for text in world.texts if text.parent or text.same_as]
    assert len(followers) >= 40
    for text in followers:
        before = world.text(text.parent or text.same_as or "")
        assert published_at(before, now) < published_at(text, now), text.id


def test_people_sleep_at_night(world: World) -> None:
    clocked = [text for text in world.texts if text.ago.clock is not None]
    hours = [published_at(text, NOW).astimezone(PARIS).hour for text in clocked]
    assert len(clocked) >= 400
    assert sum(hour < 6 for hour in hours) / len(hours) < 0.02
    assert sum(8 <= hour < 22 for hour in hours) / len(hours) > 0.85


def test_offices_write_less_on_weekends(world: World) -> None:
    office = [
        text
        for text in world.of_kind("article", "email", "survey")
        if text.event is None and text.parent is None
    ]
    for now in (NOW + timedelta(days=shift) for shift in range(7)):
        days = [published_at(text, now).astimezone(PARIS).weekday() for text in office]
        assert sum(day >= 5 for day in days) / len(days) < 0.2


def test_the_incident_is_a_burst_that_begins_a_day_ago(world: World) -> None:
    when = ages(world, "incident")
    assert len(when) >= 80
    assert timedelta(hours=24) < when[-1] <= timedelta(hours=26)
    assert when[0] < timedelta(minutes=30)
    assert sum(age <= timedelta(hours=6) for age in when) > len(when) / 2
    assert sum(age <= timedelta(hours=12) for age in when) > 0.75 * len(when)


def test_the_incident_stands_out_from_the_days_before(world: World) -> None:
    per_day = [0] * 60
    for text in world.about("aubelune"):
        per_day[(NOW - published_at(text, NOW)).days] += 1
    assert per_day[0] >= 8 * max(per_day[1:])
    assert sum(count == 0 for count in per_day[1:57]) == 0


def test_the_incident_is_told_in_both_languages_on_every_channel(world: World) -> None:
    told = world.told("incident")
    assert {text.kind for text in told} == {
        "article",
        "post",
        "comment",
        "review",
        "survey",
        "email",
    }
    assert {text.outlet for text in told} >= {"piaf", "zinc", "crema", "comptoir-noir", "meridien"}
    assert sum(text.lang == "en" for text in told) >= 30
    assert all("aubelune" in text.brands for text in told)
    assert all(text.rating <= 2 for text in told if text.rating is not None)
    assert all(text.nps <= 2 for text in told if text.nps is not None)


def test_weak_signals_come_before_the_incident(world: World) -> None:
    first = ages(world, "incident")[-1]
    signals = ages(world, "early-signal")
    assert 2 <= len(signals) <= 12
    assert first < signals[0]
    assert signals[-1] < timedelta(days=4)


def test_earlier_events_lie_where_they_should(world: World) -> None:
    award, recall = ages(world, "award"), ages(world, "recall")
    assert len(award) >= 15
    assert len(recall) >= 25
    assert timedelta(days=30) < award[0]
    assert award[-1] < timedelta(days=37)
    assert timedelta(days=15) < recall[0]
    assert recall[-1] < timedelta(days=23)


def test_some_articles_are_reprinted_word_for_word(world: World) -> None:
    copies = [text for text in world.texts if text.same_as is not None]
    assert len(copies) >= 5
    for copy in copies:
        original = world.text(copy.same_as or "")
        assert copy.text == original.text
        assert copy.outlet != original.outlet
        assert copy.brands == original.brands


def test_queries_find_every_text_about_a_brand_and_no_other(world: World) -> None:
    matcher = Matcher({key: parse(brand.query) for key, brand in world.brands.items()})
    decoys = [text for text in world.texts if not text.brands]
    assert len(decoys) >= 8
    for text in world.texts:
        found = matcher.names(Document(text=text.text, title=text.title))
        assert set(found) == set(text.brands), text.id


def test_a_name_alone_would_catch_the_decoys(world: World) -> None:
    naive = Matcher({"pause": parse("pause OR (aube AND lune)")})
    decoys = [text for text in world.texts if not text.brands]
    assert all(naive.names(Document(text=text.text, title=text.title)) for text in decoys)


def test_nobody_real_is_named(world: World) -> None:
    everything = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.yaml"))
    )
    pattern = "|".join(re.escape(name.replace("_", " ")) for name in REAL)
    # "Apple", "Costa" or "Which" would be names; the common words in lower case are not.
    common = {"apple", "visa", "costa", "hermes", "guardian"}
    found = {hit for hit in re.findall(rf"(?i)\b(?:{pattern})\b", everything) if hit not in common}
    assert found == set()


def test_the_world_says_that_it_is_fictional(world: World) -> None:
    assert world.disclaimer_fr.startswith("Monde fictif")
    assert world.disclaimer_en.startswith("Fictional world")
    for path in FOLDER.glob("*.yaml"):
        assert re.search("[Ff]ictional", path.read_text(encoding="utf-8")[:400]), path.name


def test_every_page_has_its_own_name(world: World) -> None:
    for outlet in world.outlets.values():
        slugs = [text.slug for text in world.at(outlet.key)]
        if outlet.kind == "press":
            slugs = [text.slug for text in world.at(outlet.key) if text.kind == "article"]
            assert len(set(slugs)) == len(slugs), outlet.key
    assert slugify("Débits en cascade : l'œuvre d'Aubelune !") == (
        "debits-en-cascade-l-oeuvre-d-aubelune"
    )


def test_each_outlet_and_product_is_used(world: World) -> None:
    for outlet in world.outlets:
        assert world.at(outlet), outlet
    for product in world.products.values():
        reviews = [text for text in world.of_kind("review") if text.product == product.key]
        assert len(reviews) >= 4, product.key
        assert all(product.brand in text.brands for text in reviews), product.key


def test_own_brand_makes_promises_and_texts_speak_of_them(world: World) -> None:
    assert [brand.name for brand in world.brands.values() if brand.role == "own"] == ["Aubelune"]
    assert len(world.brands["aubelune"].promises) >= 4
    words = " ".join(text.text for text in world.about("aubelune"))
    for sign in ("48 h", "deux clics", "deux minutes", "two clicks", "dix ans"):
        assert sign in words


@pytest.mark.parametrize(
    ("written", "age"),
    [
        ("26h", timedelta(hours=26)),
        ("5h 20m", timedelta(hours=5, minutes=20)),
        ("40m", timedelta(minutes=40)),
        ("2d 3h", timedelta(days=2, hours=3)),
        ("1d 15:30", timedelta(days=1, minutes=30)),
    ],
)
def test_ago_reads_both_forms(written: str, age: timedelta) -> None:
    assert NOW - Ago.parse(written).before(NOW) == age


@pytest.mark.parametrize("written", ["", "yesterday", "0d 23:59", "3d 25:00", "-2h", "5"])
def test_ago_refuses_what_it_cannot_place(written: str) -> None:
    with pytest.raises(ValueError):
        Ago.parse(written)


def test_a_broken_world_names_every_mistake(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    folder.mkdir()
    shutil.copy(FOLDER / "world.yaml", folder)
    (folder / "texts.yaml").write_text(
        """
defaults: {kind: review, lang: en, about: aubelune, product: solo, title: Good, by: Ann}
texts:
- {id: a1, ago: 3d 10:00, rating: 5, text: "The same words, twice!"}
- {id: a2, ago: 3d 11:00, rating: 9, text: "the same words twice"}
- {id: a3, ago: soon, rating: 4, text: "No time at all"}
- {id: a4, ago: 3d 12:00, rating: 4, about: nobody, text: "Who is this about?"}
- {id: a5, ago: 80d 12:00, rating: 4, on: piaf, parent: a0, text: "Far too old"}
- {id: a6, ago: 2h, rating: 4, text: "Fine", colour: red}
""",
        encoding="utf-8",
    )
    with pytest.raises(ValueError) as caught:
        load_world(folder)
    told = str(caught.value)
    for part in (
        "a2: same words as a1",
        "a2: rating 9",
        "a3: not a time ago",
        "a4: unknown brand 'nobody'",
        "a5: older than 60 days",
        "a5: Piaf does not publish review",
        "a5: answers 'a0'",
        "a6: ",
    ):
        assert part in told
