"""Judging relevance: matches go and come back, tallies follow, collecting again changes nothing."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from storage_making import NOW, mention

from renom.contracts import Batch, Given, SetAside
from renom.errors import StorageError
from renom.mention import Author
from renom.reading import Selection
from renom.relevance import rank
from storage.store import Store

FRUIT = mention(1, "Un jus d'orange pressée bien frais")
OPERATOR = mention(2, "La fibre Orange est coupée")
BOTH = mention(3, "Orange rachète Free ? L'orange et le free jazz")


def collect(store: Store, **how: object) -> object:
    matches = {FRUIT.key: ("Orange",), OPERATOR.key: ("Orange",), BOTH.key: ("Orange", "Free")}
    batch = Batch((FRUIT, OPERATOR, BOTH), cursor=None)
    return store.save_batch("presse", batch, matches, now=NOW, **how)


def volume(store: Store, *brands: str) -> int:
    return store.tally(Selection(brands=brands)).mentions


def rebuilt_is_kept(store: Store) -> bool:
    kept = {name: store.tally(Selection(brands=(name,))) for name in ("Orange", "Free")}
    store.rebuild_tallies()
    return kept == {name: store.tally(Selection(brands=(name,))) for name in kept}


def test_a_mention_judged_not_relevant_leaves_and_does_not_come_back(store: Store) -> None:
    collect(store)
    store.judge(FRUIT.key, "Orange", False, by="Léa", now=NOW)
    assert volume(store, "Orange") == 2
    assert volume(store) == 2
    assert store.found([FRUIT.key]) == ()
    collect(store)
    assert volume(store, "Orange") == 2
    assert rebuilt_is_kept(store)
    assert not store.search(Selection(query="jus")).found


def test_one_match_of_several_goes_alone(store: Store) -> None:
    collect(store)
    store.judge(BOTH.key, "Free", False, by="Léa", now=NOW)
    assert store.found([BOTH.key])[0].brands == ("Orange",)
    assert (volume(store, "Orange"), volume(store, "Free"), volume(store)) == (3, 0, 3)
    collect(store)
    assert store.found([BOTH.key])[0].brands == ("Orange",)
    assert rebuilt_is_kept(store)


@pytest.mark.parametrize("brand", ["Orange", "Free"])
def test_the_last_word_holds(store: Store, brand: str) -> None:
    collect(store)
    before = store.tally(Selection(brands=(brand,)))
    store.judge(BOTH.key, brand, False, by="Léa", now=NOW)
    store.judge(BOTH.key, brand, True, by="Paul", now=NOW)
    assert store.tally(Selection(brands=(brand,))) == before
    [judged] = store.judgements(brand)
    assert (judged.relevant, judged.by, judged.text) == (True, "Paul", BOTH.text)


def test_a_mention_comes_back_whole(store: Store) -> None:
    written = dataclasses.replace(FRUIT, author=Author("léa", followers=3), title="Cuisine")
    given = {written.key: Given(brands=("Orange",), also_match=True)}
    store.save_batch("presse", Batch((written,), cursor=None, given=given), {}, now=NOW)
    store.judge(written.key, "Orange", False, by="", now=NOW)
    assert store.judgements("Orange")[0].text == written.full_text
    [aside] = store.set_aside("Orange")
    assert (aside.mention, aside.probability) == (written, None)
    store.judge(written.key, "Orange", True, by="", now=NOW)
    assert store.found([written.key])[0].mention == written
    assert store.found([written.key])[0].brands == ("Orange",)
    assert store.set_aside("Orange") == ()


def test_what_the_classifier_holds_back_can_be_taken_back(store: Store) -> None:
    held = mention(9, "Orange sanguine ou navel ?")
    collect(store, aside=[SetAside(held, "Orange", 0.04), SetAside(FRUIT, "Free", 0.1)])
    assert [(one.mention, one.probability) for one in store.set_aside("Orange")] == [(held, 0.04)]
    assert volume(store, "Orange") == 3
    store.judge(held.key, "Orange", True, by="Léa", now=NOW)
    assert volume(store, "Orange") == 4


def test_only_the_newest_are_kept_aside_unless_judged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.judgements.MOST_ASIDE", 2)
    held = [mention(n, f"orange numéro {n}") for n in range(20, 26)]
    for age, one in enumerate(held):
        later = NOW + timedelta(minutes=age)
        store.save_batch(
            "presse", Batch((), cursor=None), {}, now=later, aside=[SetAside(one, "Orange", 0.1)]
        )
        if age == 0:
            store.judge(one.key, "Orange", False, by="", now=later)
    assert {one.mention.key for one in store.set_aside("Orange")} == {
        held[0].key,
        held[4].key,
        held[5].key,
    }


def test_what_must_be_forgotten_is_forgotten_aside_too(store: Store) -> None:
    held = mention(9, "Orange sanguine", author=Author("léa"))
    aside = [SetAside(held, "Orange", 0.04)]
    collect(store, aside=aside)
    store.judge(held.key, "Orange", False, by="", now=NOW)
    assert store.erase_author("web", "léa") == 1
    assert (store.set_aside("Orange"), store.judgements("Orange")) == ((), ())
    collect(store, aside=aside)
    store.save_batch("presse", Batch((), cursor=None, deleted=(held.key,)), {}, now=NOW)
    assert store.set_aside("Orange") == ()
    collect(store, aside=aside)
    store.apply_retention(NOW)
    assert store.set_aside("Orange") == ()


def test_samples_grow_and_leave_out_what_matches(store: Store) -> None:
    collect(store)
    assert store.sample("Orange", limit=3)[:2] == store.sample("Orange", limit=2)
    keys = [found.mention.key for found in store.sample("Orange", limit=3)]
    assert keys == sorted(keys, key=rank)
    unmatched = store.sample("Free", limit=9, matching=False)
    assert {found.mention.key for found in unmatched} == {FRUIT.key, OPERATOR.key}


def test_an_unknown_mention_cannot_be_judged(store: Store) -> None:
    with pytest.raises(StorageError, match="no mention"):
        store.judge("web:nothing", "Orange", False, by="", now=NOW)
